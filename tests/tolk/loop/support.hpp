#pragma once
// Buffers of a call, and a call that must succeed.
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "raven/tolk/loop/loop.hpp"

namespace loop_test {

using namespace tolk::loop;

template <class T>
Buffer buffer_of(std::vector<T>& values) {
  return {values.data(), static_cast<int64_t>(values.size())};
}

inline void run(const Kernel& kernel, const std::vector<Buffer>& buffers, const std::vector<int64_t>& dims,
                bool backwards = false) {
  ASSERT_EQ(interpret(kernel, buffers, dims, 0, 1, backwards), "") << print(kernel);
}

/// Equal bits, any NaN for any NaN.
template <class T>
::testing::AssertionResult same_bits(const std::vector<T>& got, const std::vector<T>& expected) {
  if (got.size() != expected.size()) return ::testing::AssertionFailure() << "sizes differ";
  for (size_t i = 0; i < got.size(); ++i) {
    if (std::memcmp(&got[i], &expected[i], sizeof(T)) == 0 || (got[i] != got[i] && expected[i] != expected[i]))
      continue;
    return ::testing::AssertionFailure() << "element " << i << ": " << got[i] << " expected " << expected[i];
  }
  return ::testing::AssertionSuccess();
}

/// Reproducible numbers.
struct Random {
  uint64_t state = 1;
  uint64_t bits() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// In [-1, 1).
  double real() { return static_cast<double>(static_cast<int64_t>(bits()) >> 11) * 0x1p-52; }
  template <class T>
  std::vector<T> reals(int64_t count, double scale = 1) {
    std::vector<T> values(static_cast<size_t>(count));
    for (T& value : values) value = static_cast<T>(real() * scale);
    return values;
  }
};

}  // namespace loop_test
