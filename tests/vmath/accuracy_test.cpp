// Error bounds in ULP: f64 against mpmath, f32 against f64.
#include "gtest/gtest.h"
#include "vmath/support.hpp"

namespace vmath_test {
namespace {

TEST(VmathAccuracy, F64AgainstMpmath) {
  for (const Level& level : levels()) {
    for (int k = 0; k < level.count; ++k) {
      const Function& function = level.functions[k];
      const GoldenPoints golden = golden_points(function.name, function.arguments);
      const auto n = static_cast<int64_t>(golden.first.size());
      ASSERT_GE(n, 2000) << function.name;
      std::vector<double> got(golden.first.size());
      function.f64(golden.first.data(), golden.second.data(), got.data(), n);
      double worst = 0, worst_at = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double want = golden.result[i], ulp = ulp_f64(want);
        double error = std::numeric_limits<double>::infinity();
        if (std::isinf(want) || std::isinf(got[i])) {
          if (want == got[i]) error = 0;
        } else {
          error = std::fabs((got[i] - want) / ulp - golden.rest[i] / 250.0);
        }
        if (near_root(golden.first[i]) && error * ulp <= function.absolute * 0x1p-52) continue;
        if (!(error <= worst)) worst = error, worst_at = golden.first[i];
      }
      std::printf("  %-8s f64 %-20s %.3f ULP\n", level.name, function.name, worst);
      EXPECT_LE(worst, function.bound_f64) << level.name << " " << function.name << " at " << std::hexfloat << worst_at;
    }
  }
}

// 2^22 inputs: one in each 1024 neighbours, so every sign and exponent has 8,192.
TEST(VmathAccuracy, F32AgainstF64) {
  const Level level = levels().back();
  constexpr int64_t block = 1 << 14;
  std::vector<float> x(block), y(block), got(block);
  std::vector<double> wide_x(block), wide_y(block), want(block);
  for (int k = 0; k < level.count; ++k) {
    const Function& function = level.functions[k];
    double worst = 0;
    float worst_at = 0;
    for (uint64_t start = 0; start < (1u << 22); start += block) {
      for (int64_t i = 0; i < block; ++i) {
        const uint64_t index = start + static_cast<uint64_t>(i);
        x[i] = float_of(static_cast<uint32_t>(index << 10 | mix(index) % 1024));
        y[i] = exponent_for(x[i], index);
        wide_x[i] = x[i], wide_y[i] = y[i];
      }
      function.f32(x.data(), y.data(), got.data(), block);
      function.f64(wide_x.data(), wide_y.data(), want.data(), block);
      for (int64_t i = 0; i < block; ++i) {
        const double error = error_f32(got[i], want[i]);
        if (near_root(wide_x[i]) && error * ulp_f32(want[i]) <= function.absolute * 0x1p-23) continue;
        if (!(error <= worst)) worst = error, worst_at = x[i];
      }
    }
    std::printf("  %-8s f32 %-20s %.3f ULP at %a\n", level.name, function.name, worst, static_cast<double>(worst_at));
    EXPECT_LE(worst, function.bound_f32) << function.name << " at " << std::hexfloat << worst_at;
  }
}

}  // namespace
}  // namespace vmath_test
