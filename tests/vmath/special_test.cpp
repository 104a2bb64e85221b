// Special values (C Annex F) and exact cases, in both precisions at every level.
#include "gtest/gtest.h"
#include "vmath/support.hpp"

namespace vmath_test {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

struct Case {
  const char* name;
  double x, y, want;  // y: second argument of pow
};
constexpr Case cases[] = {
    {"exp", 0.0, 0, 1},
    {"exp", -0.0, 0, 1},
    {"exp", inf, 0, inf},
    {"exp", -inf, 0, 0},
    {"exp", nan, 0, nan},
    {"exp", 1e4, 0, inf},
    {"exp", -1e4, 0, 0},
    {"exp2", 0.0, 0, 1},
    {"exp2", 10, 0, 1024},
    {"exp2", -3, 0, 0.125},
    {"exp2", 127, 0, 0x1p127},
    {"exp2", -149, 0, 0x1p-149},
    {"exp2", inf, 0, inf},
    {"exp2", -inf, 0, 0},
    {"exp2", nan, 0, nan},
    {"expm1", 0.0, 0, 0.0},
    {"expm1", -0.0, 0, -0.0},
    {"expm1", inf, 0, inf},
    {"expm1", -inf, 0, -1},
    {"expm1", nan, 0, nan},
    {"expm1", 0x1p-140, 0, 0x1p-140},
    {"log", 1, 0, 0.0},
    {"log", 0.0, 0, -inf},
    {"log", -0.0, 0, -inf},
    {"log", -1, 0, nan},
    {"log", inf, 0, inf},
    {"log", nan, 0, nan},
    {"log", -inf, 0, nan},
    {"log2", 1, 0, 0.0},
    {"log2", 0x1p-140, 0, -140},
    {"log2", 1024, 0, 10},
    {"log2", 0.0, 0, -inf},
    {"log2", -1, 0, nan},
    {"log2", inf, 0, inf},
    {"log2", nan, 0, nan},
    {"log10", 1, 0, 0.0},
    {"log10", 1e10, 0, 10},
    {"log10", 1000, 0, 3},
    {"log10", 0.0, 0, -inf},
    {"log10", -1, 0, nan},
    {"log10", inf, 0, inf},
    {"log1p", 0.0, 0, 0.0},
    {"log1p", -0.0, 0, -0.0},
    {"log1p", -1, 0, -inf},
    {"log1p", -2, 0, nan},
    {"log1p", inf, 0, inf},
    {"log1p", nan, 0, nan},
    {"log1p", 0x1p-140, 0, 0x1p-140},
    {"sin", 0.0, 0, 0.0},
    {"sin", -0.0, 0, -0.0},
    {"sin", inf, 0, nan},
    {"sin", -inf, 0, nan},
    {"sin", nan, 0, nan},
    {"sin", -0x1p-140, 0, -0x1p-140},
    {"cos", 0.0, 0, 1},
    {"cos", -0.0, 0, 1},
    {"cos", inf, 0, nan},
    {"cos", nan, 0, nan},
    {"tan", 0.0, 0, 0.0},
    {"tan", -0.0, 0, -0.0},
    {"tan", inf, 0, nan},
    {"tanh", 0.0, 0, 0.0},
    {"tanh", -0.0, 0, -0.0},
    {"tanh", inf, 0, 1},
    {"tanh", -inf, 0, -1},
    {"tanh", nan, 0, nan},
    {"tanh", 0x1p-140, 0, 0x1p-140},
    {"sigmoid", 0.0, 0, 0.5},
    {"sigmoid", inf, 0, 1},
    {"sigmoid", -inf, 0, 0.0},
    {"sigmoid", nan, 0, nan},
    {"erf", 0.0, 0, 0.0},
    {"erf", -0.0, 0, -0.0},
    {"erf", inf, 0, 1},
    {"erf", -inf, 0, -1},
    {"erf", nan, 0, nan},
    {"erfc", 0.0, 0, 1},
    {"erfc", -0.0, 0, 1},
    {"erfc", inf, 0, 0.0},
    {"erfc", -inf, 0, 2},
    {"erfc", nan, 0, nan},
    {"erfinv", 0.0, 0, 0.0},
    {"erfinv", -0.0, 0, -0.0},
    {"erfinv", 1, 0, inf},
    {"erfinv", -1, 0, -inf},
    {"erfinv", 1.5, 0, nan},
    {"erfinv", nan, 0, nan},
    {"erfinv", inf, 0, nan},
    {"rsqrt", 4, 0, 0.5},
    {"rsqrt", 0.0, 0, inf},
    {"rsqrt", -0.0, 0, -inf},
    {"rsqrt", inf, 0, 0.0},
    {"rsqrt", -1, 0, nan},
    {"gelu", 0.0, 0, 0.0},
    {"gelu", -0.0, 0, -0.0},
    {"gelu", inf, 0, inf},
    {"gelu", -inf, 0, -0.0},
    {"gelu", nan, 0, nan},
    {"gelu", 100, 0, 100},
    {"gelu_gradient", 0.0, 0, 0.5},
    {"gelu_gradient", inf, 0, 1},
    {"gelu_gradient", -inf, 0, -0.0},
    {"gelu_gradient", nan, 0, nan},
    {"gelu_tanh", 0.0, 0, 0.0},
    {"gelu_tanh", -0.0, 0, -0.0},
    {"gelu_tanh", inf, 0, inf},
    {"gelu_tanh", -inf, 0, -0.0},
    {"gelu_tanh", nan, 0, nan},
    {"gelu_tanh_gradient", 0.0, 0, 0.5},
    {"gelu_tanh_gradient", inf, 0, 1},
    {"gelu_tanh_gradient", -inf, 0, -0.0},
    {"silu", 0.0, 0, 0.0},
    {"silu", -0.0, 0, -0.0},
    {"silu", inf, 0, inf},
    {"silu", -inf, 0, -0.0},
    {"silu", nan, 0, nan},
    {"silu_gradient", 0.0, 0, 0.5},
    {"silu_gradient", inf, 0, 1},
    {"silu_gradient", -inf, 0, -0.0},
    {"silu_gradient", nan, 0, nan},
    {"softplus", inf, 0, inf},
    {"softplus", -inf, 0, 0.0},
    {"softplus", nan, 0, nan},
    {"softplus", 1000, 0, 1000},
    {"pow", nan, 0.0, 1},
    {"pow", nan, -0.0, 1},
    {"pow", 1, nan, 1},
    {"pow", 1, inf, 1},
    {"pow", nan, 1, nan},
    {"pow", 2, nan, nan},
    {"pow", 0.0, 3, 0.0},
    {"pow", -0.0, 3, -0.0},
    {"pow", -0.0, 2, 0.0},
    {"pow", 0.0, -3, inf},
    {"pow", -0.0, -3, -inf},
    {"pow", -0.0, -2, inf},
    {"pow", -0.0, 0.5, 0.0},
    {"pow", -0.0, -0.5, inf},
    {"pow", -0.0, -inf, inf},
    {"pow", -1, inf, 1},
    {"pow", -1, -inf, 1},
    {"pow", 0.5, inf, 0.0},
    {"pow", 0.5, -inf, inf},
    {"pow", -2, inf, inf},
    {"pow", 2, -inf, 0.0},
    {"pow", inf, 2, inf},
    {"pow", inf, -2, 0.0},
    {"pow", -inf, 3, -inf},
    {"pow", -inf, 2, inf},
    {"pow", -inf, -3, -0.0},
    {"pow", -inf, -2, 0.0},
    {"pow", -inf, 0.5, inf},
    {"pow", -2, 3, -8},
    {"pow", -2, 2, 4},
    {"pow", -2, 0.5, nan},
    {"pow", -2, -1, -0.5},
    {"pow", 3, 2, 9},
    {"pow", 10, 3, 1000},
    {"pow", -8, 1.0 / 3, nan},
    {"pow", 0x1p-140, 0.5, 0x1p-70},
    {"pow", -0x1p-140, 1, -0x1p-140},
    {"pow", -3, 0x1p30, inf},
    {"pow", -0.5, 16777215, -0.0},
    {"pow", 7, 7, 823543},
    {"pow", 2, 100, 0x1p100},
};

TEST(VmathSpecial, AnnexF) {
  for (const Level& level : levels()) {
    for (const Case& c : cases) {
      for (int k = 0; k < level.count; ++k) {
        const Function& function = level.functions[k];
        if (std::strcmp(function.name, c.name) != 0) continue;
        double wide = 0;
        function.f64(&c.x, &c.y, &wide, 1);
        EXPECT_TRUE(same(wide, c.want)) << level.name << " f64 " << c.name << "(" << c.x << ", " << c.y
                                        << ") = " << wide;
        const auto x = static_cast<float>(c.x), y = static_cast<float>(c.y), want = static_cast<float>(c.want);
        float single = 0;
        function.f32(&x, &y, &single, 1);
        EXPECT_TRUE(same(single, want)) << level.name << " f32 " << c.name << "(" << x << ", " << y << ") = " << single;
      }
    }
  }
}

TEST(VmathSpecial, ExactPowers) {
  const Level level = levels().back();
  const auto f64 = [&](const char* name, double x) {
    for (int k = 0; k < level.count; ++k) {
      if (std::strcmp(level.functions[k].name, name) != 0) continue;
      double out;
      level.functions[k].f64(&x, &x, &out, 1);
      return out;
    }
    return nan;
  };
  for (int n = -1074; n <= 1023; ++n) {
    EXPECT_EQ(f64("exp2", n), std::ldexp(1.0, n));
    EXPECT_EQ(f64("log2", std::ldexp(1.0, n)), n);
  }
  double power = 1;
  for (int n = 0; n <= 22; ++n, power *= 10) EXPECT_EQ(f64("log10", power), n);
}

}  // namespace
}  // namespace vmath_test
