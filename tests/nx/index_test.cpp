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
  EXPECT_RAISES(DTypeError, b.at(0) -= array({true}), "nx.index: the array is b1, which has no difference; use logical_xor");
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
  EXPECT_RAISES(IndexError, x(_, {0, 3}), "nx.index: index 3 is out of bounds for axis 1 of size 3 (valid: -3..2)");
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

TEST(Index, AListOfTruthsIsAMask) {
  Array x = array({10, 20, 30});
  EXPECT_ARRAY(int64_t, x({true, false, true}), {2}, {10, 30});
  EXPECT_ARRAY(int64_t, x({1, 0, 1}), {3}, {20, 10, 20});
  x.at({false, true, false}) = 5;
  EXPECT_ARRAY(int64_t, x, {3}, {10, 5, 30});
  EXPECT_RAISES(IndexError, x({true, false}), "nx.index: the mask has shape (2,), which does not match axis 0 of (3,)");
}

TEST(Index, UnsignedNumbersDoNotCountFromTheEnd) {
  Array x = array({10, 20, 30});
  const size_t before = size_t{0} - 1;
  EXPECT_RAISES(IndexError, x(before), "nx.index: index ≥ 9223372036854775807 is out of bounds for axis 0 of size 3 (valid: -3..2)");
  EXPECT_THROW((x.at(before) = 1), IndexError);
  EXPECT_RAISES(AxisError, sum(x, before), "nx.sum: axis 9223372036854775807 is out of bounds for an array of rank 1 (valid: -1..0)");
  EXPECT_ARRAY(int64_t, x(s(size_t{1}, before)), {2}, {20, 30});
  EXPECT_ARRAY(int64_t, x(uint8_t{2}), (Shape{}), {30});
}

TEST(Index, StepsBeyondTheAxisTakeItsFirstElement) {
  constexpr int64_t longest = std::numeric_limits<int64_t>::max();
  Array x = reshape(arange(24), {4, 6});
  EXPECT_ARRAY(int64_t, x(s(1, none, longest), s(none, none, longest)), ({1, 1}), {6});
  EXPECT_ARRAY(int64_t, x(s(none, none, std::numeric_limits<int64_t>::min()), 0), {1}, {18});
  EXPECT_ARRAY(int64_t, slice(x, {1, 0}, {4, 6}, {longest, longest}), ({1, 1}), {6});
  EXPECT_ARRAY(int64_t, x(s(none, none, longest))({0, 0}, 1), {2}, {1, 1});
  x.at(s(1, none, longest), s(none, none, longest)) = -1;
  x.at(s(2, none, longest)) += 100;
  EXPECT_EQ(x(1, 0).item<int64_t>(), -1);
  EXPECT_EQ(x(2, 5).item<int64_t>(), 117);
  EXPECT_EQ(x(3, 5).item<int64_t>(), 23);
}

TEST(Index, WhatHappensAtEqualIndices) {
  const Array x = array({8.0, 8.0});
  Array divided = x, multiplied = x;
  divided.at({0, 0}) /= 2;
  multiplied.at({0, 0}) *= 2;
  EXPECT_ARRAY(double, divided, {2}, {4, 8});
  EXPECT_ARRAY(double, multiplied, {2}, {32, 8});
  Array y = x;
  EXPECT_ARRAY(double, y.at({0, 0}).div(2), {2}, {4, 8});
  EXPECT_ARRAY(double, y.at({0, 0}).sub(2), {2}, {4, 8});
  EXPECT_ARRAY(double, y.at(1).pow(2), {2}, {8, 64});
  EXPECT_ARRAY(double, y, {2}, {8, 8});
}

TEST(Index, RowsInOrder) {
  Array x = reshape(arange(6), {3, 2});
  int64_t expected = 0;
  for (const Array row : x) {
    EXPECT_ARRAY(int64_t, row, {2}, {expected, expected + 1});
    x.at(2, 0) = 99;  // the walk sees x as it was
    expected += 2;
  }
  EXPECT_EQ(expected, 6);
  for (const Array row : zeros({0, 4})) ADD_FAILURE() << row.str();
  EXPECT_RAISES(ShapeError, array(1).begin(), "nx.begin: a 0-d array has no rows to walk along; use item");
}

TEST(Item, RefusesWhatTheTypeCannotHold) {
  EXPECT_EQ(array(-128).item<int8_t>(), -128);
  EXPECT_EQ(array(255).item<uint8_t>(), 255);
  EXPECT_RAISES(OverflowError, array(-129).item<int8_t>(), "nx.item: the value -129 does not fit int8; ask for a wider type");
  EXPECT_RAISES(OverflowError, array(256).item<uint8_t>(), "nx.item: the value 256 does not fit uint8; ask for a wider type");
  EXPECT_RAISES(OverflowError, array(-1).item<uint64_t>(), "nx.item: the value -1 does not fit uint64; ask for a wider type");
  EXPECT_RAISES(OverflowError, array(int64_t{1} << 40).item<int>(), "nx.item: the value 1099511627776 does not fit int32; ask for a wider type");
  const Array most = scalar(UINT64_MAX, u64);
  EXPECT_EQ(most.item<uint64_t>(), UINT64_MAX);
  EXPECT_RAISES(OverflowError, most.item<int64_t>(), "nx.item: the value 18446744073709551615 does not fit int64; ask for a wider type");
  EXPECT_THROW((void)static_cast<int64_t>(most), OverflowError);
  EXPECT_EQ(array(-2.75).item<int>(), -2);
  EXPECT_EQ(array(-0.75).item<uint8_t>(), 0);
  EXPECT_EQ(array(255.9).item<uint8_t>(), 255);
  EXPECT_EQ(array(-2147483648.5).item<int>(), std::numeric_limits<int>::min());
  EXPECT_THROW(array(256.0).item<uint8_t>(), OverflowError);
  EXPECT_THROW(array(-1.0).item<uint8_t>(), OverflowError);
  EXPECT_THROW(array(-2147483649.0).item<int>(), OverflowError);
  EXPECT_THROW(array(0x1p63).item<int64_t>(), OverflowError);
  EXPECT_EQ(array(0x1p63).item<uint64_t>(), uint64_t{1} << 63);
  EXPECT_EQ(array(-0x1p63).item<int64_t>(), std::numeric_limits<int64_t>::min());
  EXPECT_THROW(array(double{NAN}).item<int>(), OverflowError);
  EXPECT_TRUE(array(0.5).item<bool>());
  EXPECT_FALSE(array(0).item<bool>());
}

TEST(Join, BracesOfSplitArePositions) {
  const Array x = arange(6);
  const std::vector<Array> two = split(x, {4});
  ASSERT_EQ(two.size(), 2u);
  EXPECT_ARRAY(int64_t, two[0], {4}, {0, 1, 2, 3});
  EXPECT_ARRAY(int64_t, two[1], {2}, {4, 5});
  EXPECT_EQ(split(x, 3).size(), 3u);
  EXPECT_EQ(split(x, {1, 2}).size(), 3u);
  EXPECT_EQ(split(x, {}).size(), 1u);
  EXPECT_EQ(array_split(x, {3, 5}).size(), 3u);
  EXPECT_EQ(array_split(x, {3}).size(), 2u);
  EXPECT_EQ(array_split(x, 4).size(), 4u);
}

TEST(Arange, NearTheLargestIntegers) {
  constexpr int64_t largest = std::numeric_limits<int64_t>::max();
  EXPECT_ARRAY(int64_t, arange(largest - 2, largest), {2}, {largest - 2, largest - 1});
  EXPECT_ARRAY(int64_t, arange(largest - 2, uint64_t{1} << 63), {3}, {largest - 2, largest - 1, largest});
  EXPECT_ARRAY(uint64_t, arange(UINT64_MAX - 3, UINT64_MAX, 2, {.dtype = u64}), {2}, {UINT64_MAX - 3, UINT64_MAX - 1});
  EXPECT_ARRAY(uint64_t, arange(UINT64_MAX, UINT64_MAX - 2, -1, {.dtype = u64}), {2}, {UINT64_MAX, UINT64_MAX - 1});
  EXPECT_RAISES(OverflowError, arange(UINT64_MAX - 3, UINT64_MAX),
                "nx.arange: the numbers do not fit i64; give {.dtype = nx::u64} or another dtype");
  EXPECT_RAISES(ValueError, zeros_like(Array{}), "nx.zeros_like: the argument is an empty handle (Array{}), which holds no array");
}

TEST(DTypes, FactsAreNumPys) {
  const FloatInfo single = finfo(f32), twice = finfo(f64);
  EXPECT_EQ(single.bits, 32);
  EXPECT_EQ(single.nmant, 23);
  EXPECT_EQ(single.nexp, 8);
  EXPECT_EQ(single.precision, 6);
  EXPECT_EQ(single.eps, 0x1p-23);
  EXPECT_EQ(single.epsneg, 0x1p-24);
  EXPECT_EQ(single.max, 0x1.fffffep127);
  EXPECT_EQ(single.min, -single.max);
  EXPECT_EQ(single.tiny, 0x1p-126);
  EXPECT_EQ(single.smallest_subnormal, 0x1p-149);
  EXPECT_EQ(single.resolution, 1e-6);
  EXPECT_EQ(twice.bits, 64);
  EXPECT_EQ(twice.nmant, 52);
  EXPECT_EQ(twice.nexp, 11);
  EXPECT_EQ(twice.precision, 15);
  EXPECT_EQ(twice.eps, 0x1p-52);
  EXPECT_EQ(twice.smallest_subnormal, 0x1p-1074);
  EXPECT_EQ(twice.resolution, 1e-15);
  EXPECT_EQ(iinfo(u8).max, 255u);
  EXPECT_EQ(iinfo(u8).min, 0);
  EXPECT_EQ(iinfo(u64).max, UINT64_MAX);
  EXPECT_EQ(iinfo(i32).min, INT32_MIN);
  EXPECT_EQ(iinfo(i32).max, uint64_t{INT32_MAX});
  EXPECT_EQ(iinfo(i64).min, INT64_MIN);
  // numpy.can_cast(row, column), in the order of the dtypes.
  const char* safe[] = {"11111111", "01111111", "00110101", "00010001", "00001101", "00000101", "00000011", "00000001"};
  const char* same_kind[] = {"11111111", "01111111", "01111111", "01111111", "00001111", "00001111", "00000011", "00000011"};
  for (int i = 0; i < dtype_count; ++i)
    for (int j = 0; j < dtype_count; ++j) {
      const auto from = static_cast<DType>(i), to = static_cast<DType>(j);
      SCOPED_TRACE(std::string(dtype_name(from)) + " " + std::string(dtype_name(to)));
      EXPECT_EQ(can_cast(from, to), safe[i][j] == '1');
      EXPECT_EQ(can_cast(from, to, Casting::same_kind), same_kind[i][j] == '1');
      EXPECT_EQ(can_cast(from, to, Casting::no), i == j);
      EXPECT_TRUE(can_cast(from, to, Casting::unsafe));
    }
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
