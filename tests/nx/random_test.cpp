// What the golden draws, which all start at 0, do not reach: counters of 64 bits.
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "expect.hpp"
#include "raven/nx.hpp"
#include "raven/nx/gateway.hpp"

namespace {

using nx::Array;

std::vector<uint32_t> pairs(uint32_t key0, uint32_t key1, uint64_t start, int64_t count) {
  nx::RandomBitsAttrs attrs;
  attrs.shape = {count};
  attrs.kind = nx::RandomBitsKind::pair;
  const Array key = nx::array(std::vector<uint32_t>{key0, key1});
  return nx::apply(nx::Op::RandomBits, {key, nx::scalar(start, nx::u64)}, attrs).to_vector<uint32_t>();
}

// Threefry-2x32 with 20 rounds: the known answers of Random123 (kat_vectors).
TEST(RandomBits, KnownAnswers) {
  EXPECT_EQ(pairs(0, 0, 0, 1), (std::vector<uint32_t>{0x6b200159, 0x99ba4efe}));
  EXPECT_EQ(pairs(~0u, ~0u, ~uint64_t{0}, 1), (std::vector<uint32_t>{0x1cb996fc, 0xbb002be7}));
  EXPECT_EQ(pairs(0x13198a2e, 0x03707344, 0x243f6a8885a308d3, 1), (std::vector<uint32_t>{0xc4923a9c, 0x483df7a0}));
}

TEST(FoldIn, TakesOneInteger) {
  const Array k = nx::random::key(1);
  EXPECT_FALSE(nx::all(nx::random::fold_in(k, 7) == nx::random::fold_in(k, 8)).item<bool>());
  EXPECT_TRUE(nx::all(nx::random::fold_in(k, 7) == nx::random::fold_in(k, nx::scalar(7, nx::i32))).item<bool>());
  EXPECT_RAISES(nx::DTypeError, nx::random::fold_in(k, 7.5), "nx.random.fold_in: data is real, expected an integer");
  EXPECT_RAISES(nx::DTypeError, nx::random::fold_in(k, nx::scalar(7.5, nx::f32)), "nx.random.fold_in: data is real, expected an integer");
  EXPECT_RAISES(nx::ShapeError, nx::random::fold_in(k, nx::array({1, 2})), "nx.random.fold_in: data has shape (2,), expected a 0-d array");
}

/// Some of 2^16 draws would round up to `high` in these ranges.
TEST(Uniform, NeverGivesHigh) {
  const Array k = nx::random::key(3);
  const std::pair<double, double> ranges[] = {{0.0, 1.0}, {1.0, 1.0000002}, {16777214.0, 16777216.0}, {-16777216.0, -16777214.0},
                                              {1.0, 2.0}, {-1e30, 3e30}};
  for (const auto& [low, high] : ranges) {
    const Array x = nx::random::uniform(k, {1 << 16}, {.low = low, .high = high, .dtype = nx::f32});
    EXPECT_LT(nx::max(x).item<float>(), static_cast<float>(high)) << low << " " << high;
    EXPECT_GE(nx::min(x).item<float>(), static_cast<float>(low)) << low << " " << high;
  }
  const double base = 0x1p53;
  const Array y = nx::random::uniform(k, {1 << 12}, {.low = base - 1, .high = base, .dtype = nx::f64});
  EXPECT_EQ(nx::max(y).item<double>(), base - 1);
  EXPECT_ARRAY(double, nx::random::uniform(k, {2}, {.low = 2, .high = 2}), {2}, {2, 2});
}

TEST(Uniform, RefusesRangesThatAreNone) {
  const Array k = nx::random::key(3);
  constexpr double inf = std::numeric_limits<double>::infinity();
  EXPECT_RAISES(nx::ValueError, nx::random::uniform(k, {2}, {.low = 5, .high = 1}), "nx.random.uniform: got [5, 1), expected low ≤ high");
  EXPECT_THROW(nx::random::uniform(k, {2}, {.low = std::nan(""), .high = 1}), nx::ValueError);
  EXPECT_RAISES(nx::OverflowError, nx::random::uniform(k, {2}, {.low = 0, .high = inf}),
                "nx.random.uniform: the range [0, inf) is not finite");
  EXPECT_RAISES(nx::OverflowError, nx::random::uniform(k, {2}, {.low = 0, .high = 1e39, .dtype = nx::f32}),
                "nx.random.uniform: the range [0, 1e+39) does not fit f32");
}

TEST(RandomBits, TheCounterCarriesIntoItsHighWord) {
  const uint64_t start = (uint64_t{1} << 32) - 5;
  const std::vector<uint32_t> run = pairs(1, 2, start, 40);
  for (uint64_t i = 0; i < 40; ++i) {
    const std::vector<uint32_t> one = pairs(1, 2, start + i, 1);
    EXPECT_EQ(run[2 * i], one[0]) << i;
    EXPECT_EQ(run[2 * i + 1], one[1]) << i;
  }
  EXPECT_NE(pairs(1, 2, uint64_t{1} << 32, 1), pairs(1, 2, 0, 1));
}

}  // namespace
