// Options of reductions: dtype, initial, where; and the reductions that are members.
#include <cmath>

#include "nx/expect.hpp"

namespace {

TEST(Sums, TakeTheDtypeThatIsGiven) {
  const nx::Array x = nx::array({1, 2, 4}), y = nx::array({1.5, 2.5});
  EXPECT_ARRAY(int64_t, nx::mean(x, {.dtype = nx::i64}), (nx::Shape{}), {2});
  EXPECT_ARRAY(int64_t, nx::mean(-x, {.dtype = nx::i64}), (nx::Shape{}), {-2});
  EXPECT_ARRAY(int64_t, nx::mean(y, {.dtype = nx::i64}), (nx::Shape{}), {1});
  EXPECT_ARRAY(uint8_t, nx::mean(nx::array({200, 200}).astype(nx::u8), {.axis = 0, .keepdims = true, .dtype = nx::u8}), {1}, {72});
  EXPECT_ARRAY(float, nx::mean(x, {.dtype = nx::f32}), (nx::Shape{}), {7.0f / 3});
  EXPECT_ARRAY(bool, nx::sum(x, {.dtype = nx::b1}), (nx::Shape{}), {true});
  EXPECT_ARRAY(bool, nx::prod(nx::array({1, 0}), {.dtype = nx::b1}), (nx::Shape{}), {false});
  EXPECT_ARRAY(int32_t, nx::sum(y, {.dtype = nx::i32}), (nx::Shape{}), {3});
}

// Only what obeys a dtype offers one.
template <class Opts>
concept TakesDType = requires(Opts o) { o.dtype; };
static_assert(TakesDType<nx::SumOpts> && TakesDType<nx::MeanOpts>);
static_assert(!TakesDType<nx::ReduceOpts> && !TakesDType<nx::ExtremumOpts> && !TakesDType<nx::TruthOpts> && !TakesDType<nx::VarOpts>);

// Expected values: NumPy.
TEST(Reductions, CountOnlyWhereTheMaskIsTrue) {
  const nx::Array x = nx::array({{1.0, 2.0, 3.0}, {4.0, 5.0, 9.0}}), m = nx::array({true, false, true}), i = x.astype(nx::i32);
  EXPECT_ARRAY(double, nx::sum(x, {.axis = 1, .where = m}), {2}, {4, 13});
  EXPECT_ARRAY(double, nx::sum(x, {.axis = 1, .initial = 10, .where = m}), {2}, {14, 23});
  EXPECT_ARRAY(int64_t, nx::sum(x > 2, {.axis = 0, .initial = 5, .where = x < 9}), {3}, {6, 6, 6});
  EXPECT_ARRAY(double, nx::prod(x, {.axis = 1, .initial = 2, .where = m}), {2}, {6, 72});
  EXPECT_ARRAY(int64_t, nx::prod(i, {.where = m}), (nx::Shape{}), {108});
  EXPECT_ARRAY(double, nx::max(x, {.axis = 1, .keepdims = true, .initial = 3.5, .where = m}), ({2, 1}), {3.5, 9});
  EXPECT_ARRAY(int32_t, nx::min(i, {.axis = 0, .initial = 2}), {3}, {1, 2, 2});
  EXPECT_ARRAY(double, nx::mean(x, {.axis = 1, .where = m}), {2}, {2, 6.5});
  EXPECT_ARRAY(double, nx::mean(i, {.axis = 0, .keepdims = true, .where = x > 2}), ({1, 3}), {4, 5, 6});
  EXPECT_ARRAY(int64_t, nx::mean(i, {.dtype = nx::i64, .where = m}), (nx::Shape{}), {4});
  EXPECT_ARRAY(double, nx::var(x, {.axis = 1, .where = m}), {2}, {1, 6.25});
  EXPECT_ARRAY(double, nx::var(x, {.axis = 1, .ddof = 1, .where = m}), {2}, {2, 12.5});
  EXPECT_ARRAY(double, nx::std(x, {.axis = 1, .where = m}), {2}, {1, 2.5});
  EXPECT_ARRAY(bool, nx::any(x > 4, {.axis = 1, .where = m}), {2}, {false, true});
  EXPECT_ARRAY(bool, nx::all(x != 2, {.axis = 1, .where = m}), {2}, {true, true});
  EXPECT_TRUE(std::isnan(nx::mean(x, {.where = nx::array({false})}).item<double>()));
  EXPECT_ARRAY(double, nx::max(nx::zeros({0, 2}), {.axis = 0, .initial = -1}), {2}, {-1, -1});
  EXPECT_ARRAY(double, nx::max(nx::zeros({0, 2}), {.axis = 0, .keepdims = true, .initial = -1}), ({1, 2}), {-1, -1});
  EXPECT_RAISES(nx::ValueError, nx::max(x, {.where = m}), "nx.max: where without an initial value; give .initial for results of no elements");
  EXPECT_RAISES(nx::DTypeError, nx::sum(x, {.where = x}), "nx.sum: where is f64, expected b1; compare it with 0");
  EXPECT_THROW(nx::sum(x, {.where = nx::array({true, false})}), nx::ShapeError);
  EXPECT_RAISES(nx::ValueError, nx::min(nx::zeros({0})),
                "nx.min: no elements to compare: shape (0,), axis 0 is empty; give .initial or check the size");
}

TEST(Reductions, AsMembers) {
  const nx::Array x = nx::array({{1, 2, 3}, {4, 5, 9}});
  EXPECT_ARRAY(int64_t, x.sum(), (nx::Shape{}), {24});
  EXPECT_ARRAY(int64_t, x.sum(0), {3}, {5, 7, 12});
  EXPECT_ARRAY(int64_t, x.sum({0, 1}), (nx::Shape{}), {24});
  EXPECT_ARRAY(int64_t, x.prod(-1), {2}, {6, 180});
  EXPECT_ARRAY(int64_t, x.max(1), {2}, {3, 9});
  EXPECT_ARRAY(int64_t, x.min(0), {3}, {1, 2, 3});
  EXPECT_ARRAY(double, x.mean(1), {2}, {2, 6});
  EXPECT_ARRAY(double, x.var(1), {2}, {2.0 / 3, 14.0 / 3});
  EXPECT_EQ(x.std().item<double>(), nx::std(x).item<double>());
  EXPECT_ARRAY(int64_t, x.argmax(0), {3}, {1, 1, 1});
  EXPECT_ARRAY(int64_t, x.argmin(), (nx::Shape{}), {0});
  EXPECT_ARRAY(bool, (x > 3).any(1), {2}, {false, true});
  EXPECT_FALSE((x > 3).all().item<bool>());
}

}  // namespace
