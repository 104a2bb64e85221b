// What peers' results are compared by.
#include "bench/runner/checksum.hpp"

#include <cmath>
#include <tuple>

#include "gtest/gtest.h"
#include "raven/nx.hpp"

namespace raven::bench {
namespace {

TEST(Checksum, DependsOnPlacesAndValues) {
  const nx::Array x = hashed({37, 1050});
  const Checksums sums = checksums(x);
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(compare(sums, checksums(x), 0), "");
  EXPECT_NE(compare(sums, checksums(x.T()), default_tolerance), "");
  EXPECT_NE(compare(sums, checksums(nx::flip(x, {1})), default_tolerance), "");
  EXPECT_NE(compare(sums, checksums(x * 1.001), default_tolerance), "");
  EXPECT_EQ(compare(sums, checksums(x * (1 + 1e-6)), default_tolerance), "");
  EXPECT_NE(compare(sums, checksums(x * (1 + 1e-6)), 0), "");
}

TEST(Checksum, TreesNumbersAndNothing) {
  const nx::Array x = nx::ones({4}), y = nx::zeros({2}, {.dtype = nx::b1});
  EXPECT_EQ(checksums(std::vector<nx::Array>{x, nx::Array{}, y}).size(), 2u);
  EXPECT_EQ(checksums(std::tuple{x, y, x}).size(), 3u);
  EXPECT_EQ(compare(checksums(-2.5), checksums(nx::array(-2.5)), 0), "");
  EXPECT_TRUE(checksums(std::string("text")).empty());
  EXPECT_NE(compare({{1, 1}}, {}, 1), "");
  const double nan = NAN;
  EXPECT_NE(compare({{nan, nan}}, {{nan, nan}}, 1), "");
  EXPECT_EQ(compare({{nan, nan}}, {{nan, nan}}, 0), "");
}

// The numbers that bench/peers/protocol.py makes: hashed((5,), 3) and hashed_integers((5,), 1000, 3).
TEST(Checksum, InputsAreThePeers) {
  const nx::Array x = hashed({5}, 3);
  EXPECT_EQ(x.dtype(), nx::f32);
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{-0.7884372472763062f, -0.006322264671325684f, 0.8393522500991821f,
                                                      -0.17885982990264893f, 0.603696346282959f}));
  EXPECT_EQ(hashed({5}, 3, nx::f64).to_vector<double>().size(), 5u);
  EXPECT_EQ(hashed_integers({5}, 1000, 3).to_vector<int64_t>(), (std::vector<int64_t>{756, 913, 916, 297, 804}));
}

}  // namespace
}  // namespace raven::bench
