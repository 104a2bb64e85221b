// The one order of sums (docs/architecture.md), written out plainly, against the kernels: bit for bit, for every number
// of threads, and (the program runs once per level) at every CPU level.
#include <algorithm>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/thread_pool.hpp"
#include "raven/nx.hpp"

namespace {

using nx::Array;

/// Blocks combine in a binary tree by index: neighbours first, one without a partner waits.
template <class T>
T tree(std::vector<T> blocks) {
  for (size_t step = 1; step < blocks.size(); step *= 2)
    for (size_t i = 0; i + step < blocks.size(); i += 2 * step) blocks[i] += blocks[i + step];
  return blocks[0];
}

/// Trailing axes: blocks of 1,024, element i of a block to partial i mod 64, partials halved pairwise.
template <class T>
T sum_of_run(const T* x, int64_t n) {
  std::vector<T> blocks;
  for (int64_t begin = 0; begin < n; begin += 1024) {
    T partial[64];
    std::fill(partial, partial + 64, T(-0.0));
    for (int64_t i = begin; i < std::min(begin + 1024, n); ++i) partial[(i - begin) % 64] += x[i];
    for (int half = 32; half > 0; half /= 2)
      for (int i = 0; i < half; ++i) partial[i] += partial[i + half];
    blocks.push_back(partial[0]);
  }
  return tree(blocks);
}

/// Any other axis: blocks of 16 rows added in order. Column `j` of rows `stride` elements apart.
template <class T>
T sum_of_column(const T* x, int64_t rows, int64_t stride, int64_t j) {
  std::vector<T> blocks;
  for (int64_t begin = 0; begin < rows; begin += 16) {
    T sum = x[begin * stride + j];
    for (int64_t r = begin + 1; r < std::min(begin + 16, rows); ++r) sum += x[r * stride + j];
    blocks.push_back(sum);
  }
  return tree(blocks);
}

template <class T>
class Sum : public testing::Test {
 protected:
  void SetUp() override { former_ = raven::num_threads(); }
  void TearDown() override { raven::set_num_threads(former_); }
  static Array draw(const nx::Shape& shape) {
    return nx::random::normal(nx::random::key(7), shape, {.dtype = nx::dtype_of<T>});
  }

 private:
  int former_ = 1;
};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Sum, Floats);

constexpr int64_t lengths[] = {1, 2, 15, 16, 17, 63, 64, 65, 100, 1000, 1023, 1024, 1025, 2048, 3000, 5121, 100003};

TYPED_TEST(Sum, OfTrailingAxes) {
  for (const int threads : {1, 2, 5}) {
    raven::set_num_threads(threads);
    for (const int64_t n : lengths) {
      const Array x = this->draw({3, n});
      const std::vector<TypeParam> values = x.to_vector<TypeParam>(),
                                   sums = nx::sum(x, 1).template to_vector<TypeParam>();
      for (int64_t r = 0; r < 3; ++r)
        EXPECT_EQ(sums[static_cast<size_t>(r)], sum_of_run(values.data() + r * n, n))
            << n << " elements, " << threads << " threads";
      // The same elements, at another stride and backwards in memory.
      const Array apart = nx::flip(nx::contiguous(nx::flip(nx::stack({x, x}, 2), 1)), 1)(nx::ellipsis, 0);
      EXPECT_EQ(nx::sum(apart, 1).template to_vector<TypeParam>(), sums) << n;
    }
  }
}

TYPED_TEST(Sum, OfLeadingAxes) {
  for (const int threads : {1, 2, 5}) {
    raven::set_num_threads(threads);
    for (const int64_t rows : lengths)
      for (const int64_t width : {2, 7, 130}) {
        if (rows * width > 300000) continue;
        const Array x = this->draw({rows, width});
        const std::vector<TypeParam> values = x.template to_vector<TypeParam>(),
                                     sums = nx::sum(x, 0).template to_vector<TypeParam>();
        for (int64_t j = 0; j < width; ++j)
          EXPECT_EQ(sums[static_cast<size_t>(j)], sum_of_column(values.data(), rows, width, j))
              << rows << " rows of " << width << ", " << threads << " threads";
      }
  }
}

TYPED_TEST(Sum, OfTheMiddleAxisAndOfAll) {
  const Array x = this->draw({3, 50, 11});
  const std::vector<TypeParam> values = x.template to_vector<TypeParam>(),
                               sums = nx::sum(x, 1).template to_vector<TypeParam>();
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 11; ++j)
      EXPECT_EQ(sums[static_cast<size_t>(i * 11 + j)], sum_of_column(values.data() + i * 550, 50, 11, j));
  EXPECT_EQ(nx::sum(x).template item<TypeParam>(), sum_of_run(values.data(), 3 * 550));
}

TEST(Extremes, OfLongAxes) {
  for (const int64_t n : lengths) {
    Array x = nx::random::uniform(nx::random::key(3), {n, 3}, {.dtype = nx::f32});
    x.at(n - 1, 1) = 2, x.at((n - 1) / 2, 1) = -1;
    EXPECT_EQ(nx::max(x, 0)(1).item<float>(), n == 1 ? -1 : 2) << n;
    EXPECT_EQ(nx::min(x, 0)(1).item<float>(), -1) << n;
    EXPECT_EQ(nx::max(nx::contiguous(x.T()), 1)(1).item<float>(), n == 1 ? -1 : 2) << n;
    EXPECT_EQ(nx::argmin(x, {.axis = 0})(1).item<int64_t>(), (n - 1) / 2) << n;
  }
}

}  // namespace
