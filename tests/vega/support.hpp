#pragma once
// Trees and numbers that vega's tests share; numbers as tests/golden/vega/schedules_and_adamw.py defines them.
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/nx.hpp"
#include "raven/nx/io/safetensors.hpp"
#include "raven/vega.hpp"

namespace vega::test {

/// Leaves by name, in the order of their names.
using Leaves = std::map<std::string, nx::Array>;

inline uint64_t splitmix64(uint64_t z) {
  z += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

/// Numbers in [−1, 1), a function of (step, leaf, element).
inline nx::Array hashed(uint64_t step, uint64_t leaf, const nx::Shape& shape, nx::DType dtype, double factor = 1) {
  std::vector<double> values(static_cast<size_t>(nx::element_count(shape.span())));
  for (uint64_t e = 0; e < values.size(); ++e)
    values[e] = (static_cast<double>(splitmix64((step << 48 | leaf << 40) | e) >> 11) * 0x1p-52 - 1) * factor;
  return nx::array(std::span<const double>(values), shape).astype(dtype);
}

inline const std::map<std::string, nx::Shape>& golden_shapes() {
  static const std::map<std::string, nx::Shape> shapes{
      {"a", {7, 5}}, {"b", {13}}, {"c", {1, 33}}, {"d", {0, 4}}, {"e", {}}};
  return shapes;
}
inline Leaves golden_params(nx::DType dtype) {
  Leaves out;
  uint64_t t = 0;
  for (const auto& [name, shape] : golden_shapes()) out[name] = hashed(1000, t++, shape, dtype);
  return out;
}
inline Leaves golden_grads(uint64_t step, nx::DType dtype) {
  Leaves out;
  uint64_t t = 0;
  for (const auto& [name, shape] : golden_shapes()) {
    out[name] = hashed(step, t, shape, dtype, std::pow(3.0, static_cast<double>(t) - 2));
    ++t;
  }
  return out;
}

inline nx::io::SafeTensors golden() {
  return nx::io::load_safetensors(RAVEN_SOURCE_DIR "/tests/golden/vega/vega.safetensors");
}

/// An f32 array; a literal alone would be f64, as NumPy's.
inline nx::Array floats(std::vector<float> values) { return nx::array(std::move(values)); }

inline std::vector<double> numbers(const nx::Array& x) { return x.astype(nx::f64).to_vector<double>(); }

inline bool same_bits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}
inline void expect_same_bits(const nx::Array& a, const nx::Array& b, const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  ASSERT_EQ(a.dtype(), b.dtype()) << what;
  const std::vector<double> x = numbers(a), y = numbers(b);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_TRUE(same_bits(x[i], y[i])) << what << "[" << i << "]: " << x[i] << " and " << y[i];
}
/// |a − b| ≤ absolute + relative·|b| for every element.
inline void expect_close(const nx::Array& a, const nx::Array& b, double relative, double absolute,
                         const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  const std::vector<double> x = numbers(a), y = numbers(b);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_LE(std::abs(x[i] - y[i]), absolute + relative * std::abs(y[i]))
        << what << "[" << i << "]: " << x[i] << " and " << y[i];
}

/// The message of the error of type E that `f` throws.
template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

}  // namespace vega::test
