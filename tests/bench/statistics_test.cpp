#include "bench/runner/statistics.hpp"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace raven::bench {
namespace {

TEST(Statistics, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median({7}), 7);
}

TEST(Statistics, QuantileIsLinearBetweenOrderStatistics) {
  // numpy.quantile([10, 20, 30, 40], 0.1) = 13
  EXPECT_DOUBLE_EQ(quantile({40, 10, 30, 20}, 0.1), 13);
  EXPECT_EQ(quantile({40, 10, 30, 20}, 0), 10);
  EXPECT_EQ(quantile({40, 10, 30, 20}, 1), 40);
}

TEST(Statistics, NoSamplesGiveNaN) {
  EXPECT_TRUE(std::isnan(median({})));
  EXPECT_TRUE(std::isnan(geometric_mean({})));
}

TEST(Statistics, GeometricMean) {
  const std::vector<double> ratios = {0.5, 2, 4, 0.25};
  EXPECT_DOUBLE_EQ(geometric_mean(ratios), 1);
  const std::vector<double> two = {2, 8};
  EXPECT_DOUBLE_EQ(geometric_mean(two), 4);
}

}  // namespace
}  // namespace raven::bench
