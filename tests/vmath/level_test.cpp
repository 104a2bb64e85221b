// Every level gives the same bits.
#include "gtest/gtest.h"
#include "vmath/support.hpp"

namespace vmath_test {
namespace {

TEST(VmathLevels, SimdLayer) {
  for (const Level& level : levels()) {
    const char* failure = level.check_simd();
    EXPECT_EQ(failure, nullptr) << level.name << ": " << (failure ? failure : "");
  }
}

// Random bits, sums that cancel, subnormal results and the limits of the range.
TEST(VmathLevels, FmaRoundsOnce) {
  constexpr int64_t n = 1 << 18;
  std::vector<float> a(n), b(n), c(n), got(n);
  std::vector<double> x(n), y(n), z(n), wide(n);
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t u = mix(3 * i), v = mix(3 * i + 1), w = mix(3 * i + 2);
    a[i] = float_of(static_cast<uint32_t>(u)), b[i] = float_of(static_cast<uint32_t>(v)),
    c[i] = float_of(static_cast<uint32_t>(w));
    x[i] = double_of(u), y[i] = double_of(v), z[i] = double_of(w);
    const double nudge = static_cast<double>(static_cast<int64_t>(w % 9) - 4);
    switch (i % 6) {
      case 1:  // a·b + c cancels to a few last places
        a[i] = std::ldexp(1 + static_cast<float>(u % 8388608) * 0x1p-23f, static_cast<int>(u >> 50) % 60 - 30);
        b[i] = std::ldexp(1 + static_cast<float>(v % 8388608) * 0x1p-23f, static_cast<int>(v >> 50) % 60 - 30);
        c[i] = static_cast<float>(-a[i] * b[i] * (1 + nudge * 0x1p-24));
        x[i] = std::ldexp(1 + static_cast<double>(u >> 12) * 0x1p-52, static_cast<int>(u % 800) - 400);
        y[i] = std::ldexp(1 + static_cast<double>(v >> 12) * 0x1p-52, static_cast<int>(v % 800) - 400);
        z[i] = -x[i] * y[i] * (1 + nudge * 0x1p-53);
        break;
      case 2:  // subnormal results
        a[i] = std::ldexp(static_cast<float>(u % 16777216), -80),
        b[i] = std::ldexp(static_cast<float>(v % 16777216), -85);
        c[i] = std::ldexp(static_cast<float>(static_cast<int>(w) >> 8), -160 + static_cast<int>(w % 9));
        x[i] = std::ldexp(1 + static_cast<double>(u >> 12) * 0x1p-52, static_cast<int>(u % 1000) - 500);
        y[i] = std::ldexp(1 + static_cast<double>(v >> 12) * 0x1p-52,
                          -1044 - (static_cast<int>(u % 1000) - 500) + static_cast<int>(v % 40) - 20);
        z[i] = std::ldexp(static_cast<double>(static_cast<int64_t>(w) >> 20), -1090 + static_cast<int>(w % 40));
        break;
      case 3:  // zeros, infinities
        x[i] = u & 1 ? 0.0 : -0.0, z[i] = w & 1 ? 0.0 : -0.0;
        a[i] = u & 1 ? 0.0f : -0.0f, c[i] = w & 1 ? 0.0f : -0.0f;
        if (w & 2) z[i] = INFINITY, c[i] = -INFINITY;
        break;
      case 4:  // near overflow
        x[i] = std::ldexp(1 + static_cast<double>(u >> 12) * 0x1p-52, 512),
        y[i] = std::ldexp(1 + static_cast<double>(v >> 12) * 0x1p-52, 511);
        z[i] = -std::ldexp(1 + static_cast<double>(w >> 12) * 0x1p-52, 1023);
        break;
      case 5: {  // a·b is half a last place of c but for a part that a sum in double loses: rounding twice goes wrong
        const int sign = u & 1 ? 1 : -1;
        c[i] = static_cast<float>(sign) * (1 + static_cast<float>(w % 8388608) * 0x1p-23f);
        a[i] = 0x1p-12f * (1 + 0x1p-20f), b[i] = (v & 1 ? 1 : -1) * 0x1p-12f * (1 - 0x1p-20f);
        z[i] = sign * (1 + static_cast<double>(w >> 12) * 0x1p-52);
        x[i] = 0x1p-26 * (1 + 0x1p-30), y[i] = (v & 1 ? 1 : -1) * 0x1p-27 * (1 - 0x1p-30);
        break;
      }
      default: break;
    }
  }
  for (const Level& level : levels()) {
    level.fma_f32(a.data(), b.data(), c.data(), got.data(), n);
    level.fma_f64(x.data(), y.data(), z.data(), wide.data(), n);
    int64_t wrong_f32 = 0, wrong_f64 = 0;
    for (int64_t i = 0; i < n; ++i) {
      wrong_f32 += !same(got[i], std::fma(a[i], b[i], c[i]));
      wrong_f64 += !same(wide[i], std::fma(x[i], y[i], z[i]));
    }
    EXPECT_EQ(wrong_f32, 0) << level.name;
    EXPECT_EQ(wrong_f64, 0) << level.name;
  }
}

TEST(VmathLevels, SameBitsF32) {
  const auto all = levels();
  constexpr int64_t block = 1 << 14;
  std::vector<float> x(block), y(block), want(block), got(block);
  for (int k = 0; k < all[0].count; ++k) {
    int64_t different = 0;
    for (uint64_t start = 0; start < (1u << 20); start += block) {
      for (int64_t i = 0; i < block; ++i) {
        const uint64_t index = start + static_cast<uint64_t>(i);
        x[i] = float_of(static_cast<uint32_t>(index << 12 | mix(index) % 4096));
        y[i] = exponent_for(x[i], index);
      }
      all[0].functions[k].f32(x.data(), y.data(), want.data(), block);
      for (size_t l = 1; l < all.size(); ++l) {
        all[l].functions[k].f32(x.data(), y.data(), got.data(), block - 5);  // an odd tail too
        for (int64_t i = 0; i < block - 5; ++i) different += !same(got[i], want[i]);
      }
    }
    EXPECT_EQ(different, 0) << all[0].functions[k].name;
  }
}

TEST(VmathLevels, SameBitsF64) {
  const auto all = levels();
  for (int k = 0; k < all[0].count; ++k) {
    const Function& function = all[0].functions[k];
    GoldenPoints golden = golden_points(function.name, function.arguments);
    for (uint64_t i = 0; i < 60000; ++i) {
      golden.first.push_back(double_of(mix(2 * i)));
      golden.second.push_back(i % 2 ? double_of(mix(2 * i + 1)) : static_cast<double>(mix(i) % 4001) / 16 - 125);
      if (i % 3 == 0) golden.first.back() = static_cast<double>(static_cast<int64_t>(mix(i)) >> 11) * 0x1p-47;
    }
    const auto n = static_cast<int64_t>(golden.first.size());
    std::vector<double> want(golden.first.size()), got(golden.first.size());
    function.f64(golden.first.data(), golden.second.data(), want.data(), n);
    for (size_t l = 1; l < all.size(); ++l) {
      all[l].functions[k].f64(golden.first.data(), golden.second.data(), got.data(), n);
      int64_t different = 0;
      for (int64_t i = 0; i < n; ++i) different += !same(got[i], want[i]);
      EXPECT_EQ(different, 0) << all[l].name << " " << function.name;
    }
  }
}

}  // namespace
}  // namespace vmath_test
