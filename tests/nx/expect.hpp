#pragma once
// Helpers of nx tests: elements against a list, and errors by type and message.
#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/nx.hpp"

namespace nx_test {

/// Shape and elements of x equal these, bit for bit apart from the payload of NaN (so −0 ≠ +0).
template <class T>
void expect_array(const nx::Array& x, const nx::Shape& shape, const std::vector<T>& expected, const char* file, int line) {
  const ::testing::ScopedTrace trace(file, line, "");
  ASSERT_TRUE(x.defined());
  ASSERT_EQ(x.dtype(), nx::dtype_of<T>);
  EXPECT_EQ(x.shape(), shape);
  const std::vector<T> values = x.to_vector<T>();
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const T a = values[i], b = expected[i];
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(a) && std::isnan(b)) continue;
      EXPECT_TRUE(a == b && std::signbit(a) == std::signbit(b)) << "element " << i << ": " << a << " expected " << b;
    } else {
      EXPECT_EQ(a, b) << "element " << i;
    }
  }
}
#define EXPECT_ARRAY(T, x, shape, ...) ::nx_test::expect_array<T>(x, nx::Shape shape, std::vector<T> __VA_ARGS__, __FILE__, __LINE__)

#define EXPECT_RAISES(Type, statement, text)                                      \
  try {                                                                           \
    (void)(statement);                                                            \
    ADD_FAILURE() << "expected " #Type;                                           \
  } catch (const Type& error) {                                                   \
    EXPECT_EQ(std::string(error.what()), std::string(text));                      \
  }

}  // namespace nx_test
