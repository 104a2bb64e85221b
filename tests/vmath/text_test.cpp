// The functions printed as C and as LLVM IR, compiled by the build, give the bits of the native domain.
#include "gtest/gtest.h"
#include "vmath/support.hpp"

extern "C" {
#define VMATH_FUNCTION(name, arguments, single, wide, absolute)        \
  void c_##name##_f32(const float*, const float*, float*, int64_t);    \
  void c_##name##_f64(const double*, const double*, double*, int64_t); \
  void ir_##name##_f32(const float*, const float*, float*, int64_t);   \
  void ir_##name##_f64(const double*, const double*, double*, int64_t);
#include "vmath/functions.def"
#undef VMATH_FUNCTION
}

namespace vmath_test {
namespace {

struct Printed {
  LoopF32 f32;
  LoopF64 f64;
};
constexpr Printed c_text[] = {
#define VMATH_FUNCTION(name, arguments, single, wide, absolute) {c_##name##_f32, c_##name##_f64},
#include "vmath/functions.def"
#undef VMATH_FUNCTION
};

template <class T, class Loop>
int64_t differences(Loop native, Loop printed, const std::vector<T>& x, const std::vector<T>& y) {
  std::vector<T> want(x.size()), got(x.size());
  const auto n = static_cast<int64_t>(x.size());
  native(x.data(), y.data(), want.data(), n);
  printed(x.data(), y.data(), got.data(), n);
  int64_t different = 0;
  for (size_t i = 0; i < x.size(); ++i) different += !same(got[i], want[i]);
  return different;
}

// 2^18 f32 inputs over every exponent; the golden arguments and 2^15 random f64.
void compare_with_native(const Printed* printed, const char* domain) {
  const Level level = levels().back();
  std::vector<float> x(1 << 18), y(1 << 18);
  for (uint64_t i = 0; i < x.size(); ++i) {
    x[i] = float_of(static_cast<uint32_t>(i << 14 | mix(i) % 16384));
    y[i] = exponent_for(x[i], i);
  }
  for (int k = 0; k < level.count; ++k) {
    const Function& function = level.functions[k];
    EXPECT_EQ(differences(function.f32, printed[k].f32, x, y), 0) << domain << " f32 " << function.name;
    GoldenPoints golden = golden_points(function.name, function.arguments);
    for (uint64_t i = 0; i < 1 << 15; ++i) {
      golden.first.push_back(double_of(mix(i)));
      golden.second.push_back(static_cast<double>(mix(~i) % 4001) / 16 - 125);
    }
    golden.first.resize(golden.first.size() / 8 * 8);  // the printed loops take whole vectors
    golden.second.resize(golden.first.size());
    EXPECT_EQ(differences(function.f64, printed[k].f64, golden.first, golden.second), 0)
        << domain << " f64 " << function.name;
  }
}

// The printed C is compiled for x86-64-v3, like the IR: a machine without it cannot run them.
bool can_run() {
  return levels().size() > 1;
}

TEST(VmathText, CGivesTheSameBits) {
  if (!can_run()) GTEST_SKIP() << "needs AVX2 and FMA";
  compare_with_native(c_text, "C");
}

#if defined(VMATH_TEXT_IR)
constexpr Printed ir_text[] = {
#define VMATH_FUNCTION(name, arguments, single, wide, absolute) {ir_##name##_f32, ir_##name##_f64},
#include "vmath/functions.def"
#undef VMATH_FUNCTION
};

TEST(VmathText, LlvmIrGivesTheSameBits) {
  if (!can_run()) GTEST_SKIP() << "needs AVX2 and FMA";
  compare_with_native(ir_text, "IR");
}
#endif

}  // namespace
}  // namespace vmath_test
