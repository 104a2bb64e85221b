// Reading and writing by index: views, copy-on-write, allocation counts, errors. The golden files hold the shapes.
#include "expect.hpp"
#include "raven/base/allocator.hpp"

namespace {

using namespace nx;

TEST(Index, Reads) {
  const Array x = reshape(arange(24), {2, 3, 4});
  EXPECT_ARRAY(int64_t, x(1, 2, -1), (Shape{}), {23});
  EXPECT_ARRAY(int64_t, x(0, s(1, 3), s(none, none, 2)), ({2, 2}), {4, 6, 8, 10});
  EXPECT_ARRAY(int64_t, x(ellipsis, 0), ({2, 3}), {0, 4, 8, 12, 16, 20});
  EXPECT_ARRAY(int64_t, x(0, "::-1"_s, {1, 2}), ({2, 3}), {9, 5, 1, 10, 6, 2});
  EXPECT_EQ(x(0, _, {1, 2}).shape(), (Shape{2, 3}));
  EXPECT_EQ(x({0, 1}, _, {1, 2}).shape(), (Shape{2, 3}));
  EXPECT_EQ(x(_, {0, 1}, {1, 2}).shape(), (Shape{2, 2}));
  EXPECT_EQ(x(newaxis, 0, newaxis).shape(), (Shape{1, 1, 3, 4}));
  EXPECT_ARRAY(int64_t, x(x > 21), {2}, {22, 23});
  EXPECT_EQ(static_cast<const Array&>(x)(1).shape(), (Shape{3, 4}));
}

TEST(Index, WritesChangeOneHandleOnly) {
  Array x = zeros({3, 2});
  const Array y = x, view = x(1);
  x.at(1, 0) = 5;
  x.at(_, 1) += array({1, 2, 3});
  x.at(s(none, none, -2), 0) = array({7, 8});
  EXPECT_ARRAY(double, x, ({3, 2}), {8, 1, 5, 2, 7, 3});
  EXPECT_ARRAY(double, y, ({3, 2}), {0, 0, 0, 0, 0, 0});
  EXPECT_ARRAY(double, view, {2}, {0, 0});
  const Array z = x.at(x > 4).set(0);
  EXPECT_ARRAY(double, z, ({3, 2}), {0, 1, 0, 2, 0, 3});
  EXPECT_ARRAY(double, x, ({3, 2}), {8, 1, 5, 2, 7, 3});
  x.at({0, 0, 2}) += 1;  // repeated indices all add
  EXPECT_ARRAY(double, x, ({3, 2}), {10, 3, 5, 2, 8, 4});
  x.at(0) = x(1);
  x.at(1) -= 1;
  x.at(2) /= 2;
  EXPECT_ARRAY(double, x, ({3, 2}), {5, 2, 4, 1, 4, 2});
  Array i = array({1, 2});
  i.at(0) = 3.9;  // a cast, as NumPy
  EXPECT_ARRAY(int64_t, i, {2}, {3, 2});
}

TEST(Index, LargeUpdatesOfRegions) {
  // long enough for several threads, in strips of columns that leave tails
  constexpr int64_t rows = 1500, columns = 301;
  Array x = reshape(arange(rows * columns), {rows, columns});
  const Array y = reshape(arange(rows * 100), {rows, 100});
  x.at(_, s(7, 107)) += y;
  x.at(s(none, none, -3), s(200, none)) += 1;
  const std::vector<int64_t> got = x.to_vector<int64_t>();
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      int64_t expected = i * columns + j;
      if (j >= 7 && j < 107) expected += i * 100 + (j - 7);
      if (j >= 200 && (rows - 1 - i) % 3 == 0) expected += 1;
      ASSERT_EQ(got[static_cast<size_t>(i * columns + j)], expected) << i << ", " << j;
    }
  }
}

TEST(Index, SingleWritesAllocateNothing) {
  Array x = zeros({1000});
  const int64_t before = raven::Allocator::stats().allocations;
  for (int i = 0; i < 1000; ++i) x.at(i) = i;
  for (int i = 0; i < 1000; ++i) x.at(i) += 1;
  EXPECT_EQ(raven::Allocator::stats().allocations, before);
  EXPECT_EQ(x(999).item<double>(), 1000);
}

TEST(Index, ErrorsLeaveTheArrayWhole) {
  Array x = reshape(arange(6), {2, 3});
  EXPECT_RAISES(IndexError, x(2), "nx.index: index 2 is out of bounds for axis 0 of size 2 (valid: -2..1)");
  EXPECT_RAISES(IndexError, x(0, 0, 0), "nx.index: too many indices: 3 for an array of rank 2 and shape (2, 3)");
  EXPECT_RAISES(IndexError, x(_, {0, 3}), "nx.gather: index 3 is out of bounds for axis 1 of size 3 (valid: -3..2)");
  EXPECT_RAISES(ValueError, x(s(none, none, 0)), "nx.index: the slice step of axis 0 is 0");
  EXPECT_RAISES(IndexError, x(ellipsis, ellipsis), "nx.index: an index may hold one ellipsis only");
  EXPECT_RAISES(IndexError, x(array({true})), "nx.index: the mask has shape (1,), which does not match axis 0 of (2, 3)");
  EXPECT_RAISES(IndexError, x(array({0.5})), "nx.index: an index array is f64, expected integers or b1");
  EXPECT_THROW((x.at(0) = array({1, 2})), ShapeError);
  EXPECT_THROW((x.at({5}) = 1), IndexError);
  EXPECT_THROW((x.at(0, 9) = 1), IndexError);
  EXPECT_ARRAY(int64_t, x, ({2, 3}), {0, 1, 2, 3, 4, 5});
  EXPECT_THROW("1:x"_s, ValueError);
}

TEST(Order, SortIsStableWithNanLast) {
  const double nan = NAN;
  const Array x = array({2.0, nan, -0.0, 0.0, 1.0});
  EXPECT_ARRAY(double, sort(x), {5}, {-0.0, 0, 1, 2, nan});
  EXPECT_ARRAY(int64_t, argsort(x, {.descending = true}), {5}, {0, 4, 2, 3, 1});
  const auto [values, indices] = top_k(array({{3, 1, 3}, {0, 5, 5}}), 2);
  EXPECT_ARRAY(int64_t, values, ({2, 2}), {3, 3, 5, 5});
  EXPECT_ARRAY(int64_t, indices, ({2, 2}), {0, 2, 1, 2});
  std::vector<int64_t> many;
  for (int64_t i = 0; i < 5000; ++i) many.push_back((i * 7919) % 5000 - 2500);
  const auto sorted = sort(array(std::vector<int64_t>(many))).to_vector<int64_t>();
  for (int64_t i = 0; i < 5000; ++i) ASSERT_EQ(sorted[static_cast<size_t>(i)], i - 2500);
  EXPECT_RAISES(ValueError, top_k(x, 6), "nx.top_k: k = 6 is not in 0..5, the size of axis 0");
}

TEST(Order, Nonzero) {
  const auto where_true = nonzero(array({{0, 1}, {2, 0}}));
  ASSERT_EQ(where_true.size(), 2u);
  EXPECT_ARRAY(int64_t, where_true[0], {2}, {0, 1});
  EXPECT_ARRAY(int64_t, where_true[1], {2}, {1, 0});
}

}  // namespace
