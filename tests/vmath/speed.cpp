// vmath_speed: nanoseconds per element of every function at every level, 4,096 elements in the first-level cache.
#include <algorithm>
#include <chrono>

#include "vmath/support.hpp"

namespace vmath_test {
namespace {

template <class T, class Loop>
double nanoseconds(Loop loop, const std::vector<T>& x, const std::vector<T>& y, int repeats) {
  std::vector<T> out(x.size());
  double best = 1e9;
  for (int r = 0; r < repeats; ++r) {
    const auto start = std::chrono::steady_clock::now();
    loop(x.data(), y.data(), out.data(), static_cast<int64_t>(x.size()));
    const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
    best = std::min(best, elapsed.count() / static_cast<double>(x.size()));
  }
  return best;
}

void run() {
  const auto all = levels();
  std::printf("ns per element%*s", 8, "");
  for (const Level& level : all) std::printf(" %8s f32 %8s f64", level.name, level.name);
  std::printf("\n");
  for (int k = 0; k < all[0].count; ++k) {
    const std::string name = all[0].functions[k].name;
    const bool positive = name.starts_with("log") || name == "pow" || name == "rsqrt", unit = name == "erfinv";
    std::vector<float> x(4096), y(4096);
    std::vector<double> wide_x(4096), wide_y(4096);
    for (size_t i = 0; i < x.size(); ++i) {
      const double u = static_cast<double>(mix(i) >> 11) * 0x1p-53;
      x[i] = static_cast<float>(positive ? 10 * u + 1e-3 : unit ? 1.9 * u - 0.95 : 12 * u - 6);
      y[i] = static_cast<float>(4 * u - 2);
      wide_x[i] = x[i], wide_y[i] = y[i];
    }
    std::printf("%-22s", name.c_str());
    for (const Level& level : all) {
      const int repeats = level.name == std::string("portable") ? 20 : 300;
      std::printf(" %12.3f %12.3f", nanoseconds(level.functions[k].f32, x, y, repeats),
                  nanoseconds(level.functions[k].f64, wide_x, wide_y, repeats));
    }
    std::printf("\n");
  }
}

}  // namespace
}  // namespace vmath_test

int main() {
  vmath_test::run();
}
