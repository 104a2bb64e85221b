#pragma once
// What the tests of vmath share: the levels of this machine, golden points, ULP distances, inputs.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "raven/base/cpu.hpp"
#include "vmath/level_functions.hpp"

namespace vmath_test {

/// The levels that this CPU can run, portable first.
inline std::vector<Level> levels() {
  std::vector<Level> all = {portable_level()};
#if defined(__x86_64__)
  if (raven::cpu_info().best >= raven::CpuLevel::v3) all.push_back(v3_level());
  if (raven::cpu_info().best >= raven::CpuLevel::v4) all.push_back(v4_level());
#endif
  return all;
}

inline uint64_t mix(uint64_t z) {  // splitmix64
  z += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

inline float float_of(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
inline uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}
inline double double_of(uint64_t bits) {
  double x;
  std::memcpy(&x, &bits, 8);
  return x;
}
inline uint64_t bits_of(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, 8);
  return bits;
}

/// Equal bits, or both NaN: payloads are not part of the contract.
template <class T>
bool same(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || bits_of(a) == bits_of(b);
}

/// Size of the last place of a float with this finite value: 2^(e − 23), the exponent e no less than −126.
inline double ulp_f32(double value) {
  const auto exponent = static_cast<int64_t>(bits_of(value) >> 52 & 0x7ff) - 1023;
  return double_of(static_cast<uint64_t>(std::max<int64_t>(exponent, -126) - 23 + 1023) << 52);
}
inline double ulp_f64(double value) {
  int exponent;
  std::frexp(value, &exponent);
  return std::ldexp(1.0, (exponent < -1021 ? -1021 : exponent) - 53);
}

/// Error of an f32 result in ULP against a double; infinity when one is NaN, infinite or of the wrong sign of zero.
inline double error_f32(float got, double want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : std::numeric_limits<double>::infinity();
  if (std::isnan(got)) return std::numeric_limits<double>::infinity();
  if (std::isinf(want) || std::isinf(got)) {
    const auto rounded = static_cast<float>(want);
    if (rounded == got) return 0;
    // one of the two sides of the overflow threshold: count the last place of the largest float
    const double limit = std::isinf(got) ? std::copysign(0x1p128, got) : static_cast<double>(got);
    return std::isinf(want) ? std::numeric_limits<double>::infinity() : std::fabs(limit - want) / 0x1p104;
  }
  if (want == 0 && got == 0)
    return std::signbit(want) == std::signbit(got) ? 0 : std::numeric_limits<double>::infinity();
  return std::fabs(static_cast<double>(got) - want) / ulp_f32(want);
}

/// Where the gradients of gelu and silu cross zero: their error is absolute there (functions.def).
inline bool near_root(double x) { return x > -4 && x < 0; }

struct GoldenPoints {
  std::vector<double> first, second, result;
  std::vector<int8_t> rest;  // of the exact result, in 1/250 ULP
};
inline GoldenPoints golden_points(const char* name, int arguments) {
  GoldenPoints points;
  const std::string path = std::string(RAVEN_SOURCE_DIR) + "/tests/golden/vmath/" + name + ".bin";
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return points;
  std::fseek(file, 0, SEEK_END);
  const size_t record = 8 * static_cast<size_t>(arguments + 1) + 1, n = static_cast<size_t>(std::ftell(file)) / record;
  std::rewind(file);
  points.first.resize(n), points.second.resize(n), points.result.resize(n), points.rest.resize(n);
  size_t got = std::fread(points.first.data(), 8, n, file);
  if (arguments == 2) got += std::fread(points.second.data(), 8, n, file);
  got += std::fread(points.result.data(), 8, n, file);
  got += std::fread(points.rest.data(), 1, n, file);
  std::fclose(file);
  if (got != n * static_cast<size_t>(arguments + 2)) points = {};
  return points;
}

/// A second argument for pow whose result with x is mostly in range; every fourth is a small whole number.
inline float exponent_for(float x, uint64_t seed) {
  const uint64_t r = mix(seed);
  if (r % 4 == 0) return static_cast<float>(static_cast<int>(r >> 32) % 20);
  const double log = std::log(std::fabs(static_cast<double>(x)));
  const double wanted = static_cast<double>(static_cast<int64_t>(r >> 20) % 200000 - 105000) / 1000;
  const double y = wanted / log;
  return std::isfinite(y) && y != 0 ? static_cast<float>(y) : float_of(static_cast<uint32_t>(r));
}

}  // namespace vmath_test
