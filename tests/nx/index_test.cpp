// Reading and writing by index: views, copy-on-write, allocation counts, errors. The golden files hold the shapes.
#include <limits>

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

TEST(Index, AWriteIntoARepeatedArrayChangesOneElement) {
  Array x = broadcast_to(array({1, 2, 3}), {2, 3});  // its base has no other handle
  x.at(0, 1) = 7;
  EXPECT_ARRAY(int64_t, x, ({2, 3}), {1, 7, 3, 1, 2, 3});
  Array y = full({3}, array({1.0}));
  for (int i = 0; i < 3; ++i) y.at(i) += i;
  EXPECT_ARRAY(double, y, {3}, {1, 2, 3});
  Array row = broadcast_to(array({4, 5}), {1, 2});  // one row: nothing is repeated
  row.at(0, 0) = 6;
  EXPECT_ARRAY(int64_t, row, ({1, 2}), {6, 5});
}

TEST(Index, DifferencesAreTakenInTheDtypeOfTheTarget) {
  Array x = zeros({2});
  x.at(0) -= array({uint8_t{1}});
  x.at({1}) -= array({uint8_t{200}});
  EXPECT_ARRAY(double, x, {2}, {-1, -200});
  Array y = zeros({1}, {.dtype = i64});
  y.at(s(0, 1)) -= array({std::numeric_limits<int32_t>::min()});
  EXPECT_ARRAY(int64_t, y, {1}, {int64_t{1} << 31});
  Array b = array({true});
  EXPECT_RAISES(DTypeError, b.at(0) -= array({true}), "nx.subtract: the array is b1, which has no difference; use logical_xor");
}

TEST(Index, NoCombinationLosesWhatItsTargetCannotHold) {
  Array x = arange(1, 4);
  const Array half = array({0.5});
  const auto refused = [&](auto&& statement) {
    EXPECT_THROW(statement(), DTypeError);
    EXPECT_ARRAY(int64_t, x, {3}, {1, 2, 3});
  };
  refused([&] { x.at(0) += 0.5; });
  refused([&] { x.at(s(0, 2)) *= 2.5; });
  refused([&] { x.at(s(0, 2)) -= 0.5; });
  refused([&] { x.at({0, 1}) *= half; });
  refused([&] { x.at(x > 1) += 1.5; });
  refused([&] { (void)x.at({0}).max(2.5); });
  refused([&] { (void)x.at(0).add(half); });
  x.at(0) = 2.75;  // set casts, as NumPy's
  EXPECT_ARRAY(int64_t, x, {3}, {2, 2, 3});
}

TEST(Index, StepsBeyondTheAxis) {
  Array x = arange(5);
  const int64_t far = int64_t{1} << 40;
  x.at(s(1, none, far)) = 9;
  EXPECT_ARRAY(int64_t, x, {5}, {0, 9, 2, 3, 4});
  EXPECT_ARRAY(int64_t, slice(x, {1}, {5}, {far}), {1}, {9});
}

TEST(Index, NoRankBeyond64) {
  Array x = scalar(1.0, f64);
  for (int i = 0; i < 64; ++i) x = expand_dims(x, 0);
  EXPECT_EQ(x.ndim(), 64);
  EXPECT_RAISES(ShapeError, expand_dims(x, 0), "nx.expand_dims: the result would have 65 axes, expected at most 64");
}

// An allocation that fails in the middle leaves the array as it was.
TEST(Index, AWriteThatRunsOutOfMemoryLosesNothing) {
  const Array index = array({1, 0, 1}), mask = array({true, false, true});
  const auto write = [&](int kind, Array& x) {
    if (kind == 0) x.at(index) += array({10.0, 20.0, 30.0});
    if (kind == 1) x.at(mask) = 0;
    if (kind == 2) x.at(index) /= 2;
    if (kind == 3) x.at(s(0, 2)) = array({1.0, 2.0});
  };
  for (int kind = 0; kind < 4; ++kind) {
    Array expected = array({1.5, 2.5, 3.5});
    write(kind, expected);
    bool failed = true;
    for (int64_t n = 1; failed && n < 100; ++n) {
      Array x = array({1.5, 2.5, 3.5});
      raven::Allocator::fail_after(n);
      try {
        write(kind, x);
        failed = false;
      } catch (const raven::MemoryError&) {
        ASSERT_TRUE(x.defined()) << "kind " << kind << ", allocation " << n;
        raven::Allocator::fail_after(0);
        EXPECT_ARRAY(double, x, {3}, {1.5, 2.5, 3.5});
      }
      raven::Allocator::fail_after(0);
      if (!failed) EXPECT_TRUE(all(x == expected).item<bool>()) << "kind " << kind;
    }
    EXPECT_FALSE(failed) << "kind " << kind;
  }
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
