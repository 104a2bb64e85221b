#pragma once
// Comparison of arrays bit by bit. NaN equals NaN: which one an operation gives is not part of the contract.
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "raven/nx.hpp"

namespace tolk_test {

inline std::vector<uint8_t> bytes_of(const nx::Array& x) {
  nx::Array flat = nx::contiguous(nx::reshape(x, {x.size()}));
  if (flat.size() == 0) return {};
  if (nx::is_float(x.dtype())) flat = nx::where(nx::isnan(flat), nx::full_like(flat, NAN), flat);
  return nx::is_bool(x.dtype()) ? flat.astype(nx::u8).to_vector<uint8_t>()
                                : nx::ravel(nx::bitcast(flat, nx::u8)).to_vector<uint8_t>();
}
inline void expect_same_bits(const nx::Array& got, const nx::Array& expected) {
  ASSERT_EQ(got.dtype(), expected.dtype());
  ASSERT_EQ(got.shape(), expected.shape());
  EXPECT_EQ(bytes_of(got), bytes_of(expected));
}

}  // namespace tolk_test
