// Arithmetic, logic and functions per element: values of edge cases, promotion, compound assignment, errors.
#include <climits>
#include <cmath>
#include <limits>

#include "expect.hpp"

namespace {

using namespace nx;
const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

TEST(Elementwise, IntegerDivisionNeverTraps) {
  const Array a = array({7, -7, 5, INT_MIN, 0}, {.dtype = i32}), b = array({2, 2, 0, -1, 3}, {.dtype = i32});
  EXPECT_ARRAY(int32_t, floor_divide(a, b), {5}, {3, -4, 0, INT_MIN, 0});
  EXPECT_ARRAY(int32_t, a % b, {5}, {1, 1, 0, 0, 0});
  EXPECT_ARRAY(int32_t, fmod(a, b), {5}, {1, -1, 0, 0, 0});
  EXPECT_ARRAY(int32_t, abs(array({-3, INT_MIN}, {.dtype = i32})), {2}, {3, INT_MIN});
  EXPECT_ARRAY(uint8_t, floor_divide(array({7, 9}, {.dtype = u8}), 2), {2}, {3, 4});
}

TEST(Elementwise, FloorDivideOfRealsAsNumPy) {
  const Array a = array({7.0, -7.0, 5.0, -5.0, 1.0, -1.0, 0.0, 6.0, -0.0}), b = array({2.0, 2.0, inf, inf, 0.0, 0.0, 0.0, 0.1, 3.0});
  EXPECT_ARRAY(double, floor_divide(a, b), {9}, {3, -4, 0, -1, inf, -inf, nan, 59, -0.0});
  EXPECT_ARRAY(double, remainder(array({7.0, -7.0, 6.0, -6.0, -5.0, 1.0}), array({2.0, 2.0, -3.0, 3.0, inf, 0.0})), {6},
               {1, 1, -0.0, 0, inf, nan});
}

TEST(Elementwise, PowerShortcuts) {
  const Array x = array({-inf, 4.0, nan, 0.0});
  EXPECT_ARRAY(double, power(x, 0.5), {4}, {nan, 2, nan, 0});
  EXPECT_ARRAY(double, power(x, 0), {4}, {1, 1, 1, 1});
  EXPECT_ARRAY(double, power(x, -1), {4}, {-0.0, 0.25, nan, inf});
  EXPECT_ARRAY(double, power(x, scalar(0.5, f64)), {4}, {inf, 2, nan, 0});
  EXPECT_ARRAY(int64_t, power(array({3, -2}), 3), {2}, {27, -8});
  EXPECT_ARRAY(int64_t, power(array({3, -2}), 2), {2}, {9, 4});
  EXPECT_EQ(power(array({4}), 0.5).dtype(), f64);
  EXPECT_RAISES(ValueError, power(array({3}), array({2, -1})),
                "nx.power: the exponent -1 of an integer base is negative: the result is no integer; cast the base to a floating dtype");
  EXPECT_THROW(power(array({3}), -2), ValueError);
}

TEST(Elementwise, ShiftsOutOfRange) {
  const Array x = array({1, -8, 5, 5}, {.dtype = i32}), count = array({31, 40, -1, 2}, {.dtype = i32});
  EXPECT_ARRAY(int32_t, x << count, {4}, {INT_MIN, 0, 0, 20});
  EXPECT_ARRAY(int32_t, x >> count, {4}, {0, -1, 0, 1});
  EXPECT_ARRAY(uint8_t, array({255}, {.dtype = u8}) >> 9, {1}, {0});
  EXPECT_THROW(array({1.0}) << 1, DTypeError);
}

TEST(Elementwise, ComparisonsOfIntegersAreExact) {
  const Array u = array(std::vector<uint64_t>{0, UINT64_MAX, uint64_t{1} << 63, (uint64_t{1} << 53) + 1});
  const Array s = array(std::vector<int64_t>{-1, -1, INT64_MIN, (int64_t{1} << 53)});
  EXPECT_ARRAY(bool, u == s, {4}, {false, false, false, false});
  EXPECT_ARRAY(bool, u != s, {4}, {true, true, true, true});
  EXPECT_ARRAY(bool, u > s, {4}, {true, true, true, true});
  EXPECT_ARRAY(bool, u < s, {4}, {false, false, false, false});
  EXPECT_ARRAY(bool, s <= u, {4}, {true, true, true, true});
  EXPECT_ARRAY(bool, s >= u, {4}, {false, false, false, false});
  // A literal that the dtype cannot hold is answered.
  const Array small = array({0, 255}, {.dtype = u8});
  EXPECT_ARRAY(bool, small < 256, {2}, {true, true});
  EXPECT_ARRAY(bool, 256 < small, {2}, {false, false});
  EXPECT_ARRAY(bool, small > -1, {2}, {true, true});
  EXPECT_ARRAY(bool, -1 == small, {2}, {false, false});
  EXPECT_ARRAY(bool, small != 1000, {2}, {true, true});
  EXPECT_ARRAY(bool, array({5}) < UINT64_MAX, {1}, {true});
  EXPECT_ARRAY(bool, small < 254.5, {2}, {true, false});
}

TEST(Elementwise, LogicAndBits) {
  const Array a = array({true, true, false, false}), b = array({true, false, true, false});
  EXPECT_ARRAY(bool, a & b, {4}, {true, false, false, false});
  EXPECT_ARRAY(bool, a | b, {4}, {true, true, true, false});
  EXPECT_ARRAY(bool, a ^ b, {4}, {false, true, true, false});
  EXPECT_ARRAY(bool, !a, {4}, {false, false, true, true});
  EXPECT_ARRAY(bool, logical_and(array({1, 0}), array({2.5, 1.0})), {2}, {true, false});
  EXPECT_ARRAY(bool, logical_xor(array({1, 0}), 7), {2}, {false, true});
  EXPECT_ARRAY(int64_t, ~array({0, 5}), {2}, {-1, -6});
  EXPECT_ARRAY(int64_t, (array({12, 10}) & 6) | 1, {2}, {5, 3});
  EXPECT_RAISES(DTypeError, array({1.0}) & 1, "nx.bitwise_and: got f64, expected bool or an integer dtype; cast with .astype(…)");
}

template <class A, class B>
concept HasAnd = requires(A a, B b) { a && b; };
template <class A, class B>
concept HasOr = requires(A a, B b) { a || b; };
static_assert(!HasAnd<Array, Array> && !HasAnd<Array, bool> && !HasAnd<bool, Array> && !HasOr<Array, Array> && !HasOr<int, Array>);

TEST(Elementwise, Classification) {
  const Array x = array({1.0, nan, inf, -inf});
  EXPECT_ARRAY(bool, isnan(x), {4}, {false, true, false, false});
  EXPECT_ARRAY(bool, isinf(x), {4}, {false, false, true, true});
  EXPECT_ARRAY(bool, isfinite(x), {4}, {true, false, false, false});
  EXPECT_ARRAY(bool, isfinite(array({1})), {1}, {true});
}

TEST(Elementwise, Functions) {
  EXPECT_ARRAY(double, sqrt(array({4.0, 2.25, -1.0})), {3}, {2, 1.5, nan});
  EXPECT_ARRAY(double, sqrt(array({4, 9})), {2}, {2, 3});
  EXPECT_ARRAY(double, log2(array({8.0, 0.0, -1.0})), {3}, {3, -inf, nan});
  EXPECT_ARRAY(double, log10(array({1000.0, 0.01})), {2}, {3, -2});
  EXPECT_ARRAY(double, exp2(array({10.0, -1.0})), {2}, {1024, 0.5});
  EXPECT_ARRAY(double, rsqrt(array({4.0, 0.0})), {2}, {0.5, inf});
  EXPECT_ARRAY(double, sign(array({-3.0, 0.0, 2.0, nan})), {4}, {-1, 0, 1, nan});
  EXPECT_ARRAY(int64_t, sign(array({-3, 0, 2})), {3}, {-1, 0, 1});
  EXPECT_ARRAY(double, square(array({3.0, -2.0})), {2}, {9, 4});
  EXPECT_ARRAY(double, reciprocal(array({4.0, 0.0})), {2}, {0.25, inf});
  EXPECT_ARRAY(double, relu(array({-1.0, 2.0, nan, -0.0})), {4}, {0, 2, nan, 0});
  EXPECT_ARRAY(double, clip(array({-1.0, 0.5, 7.0, nan}), 0, 1), {4}, {0, 0.5, 1, nan});
  EXPECT_ARRAY(int64_t, clip(array({-1, 3, 9}), array({0, 4, 0}), 5), {3}, {0, 4, 5});
  EXPECT_ARRAY(double, clip(array({1.0, 1.0, nan}), array({nan, 0.0, 0.0}), 2), {3}, {nan, 1, nan});
  EXPECT_ARRAY(double, clip(array({1.0, 3.0}), 0, array({2.0, nan})), {2}, {1, nan});
  EXPECT_ARRAY(double, clip(array({1.0}), nan, 2), {1}, {nan});
  EXPECT_ARRAY(double, clip(array({1.0}), 0, nan), {1}, {nan});
  EXPECT_NEAR(softplus(1000.0).item<double>(), 1000, 0);
  EXPECT_NEAR(softplus(0.0).item<double>(), std::log(2), 1e-16);
  EXPECT_NEAR(silu(1.0).item<double>(), 1 / (1 + std::exp(-1)), 1e-16);
  const struct {
    Array (*ours)(const Operand&);
    double (*reference)(double);
  } table[] = {{sin, std::sin}, {cos, std::cos}, {tanh, std::tanh}, {expm1, std::expm1}, {log1p, std::log1p}, {log, std::log},
               {exp, std::exp}, {erf, std::erf}};
  for (const auto& row : table)
    for (double x : {0.1, 0.3, 1.0, 2.5, 19.0}) {
      const double expected = row.reference(x);
      EXPECT_NEAR(row.ours(x).item<double>(), expected, 4e-16 * std::fabs(expected));
    }
  EXPECT_NEAR(erfinv(erf(0.7)).item<double>(), 0.7, 1e-15);
  EXPECT_NEAR(sigmoid(-2.0).item<double>(), 1 / (1 + std::exp(2)), 1e-16);
}

TEST(Elementwise, StridedAndTailsAgreeWithSingleElements) {
  // Every function on 1 … 40 elements, dense and through a transposed view, gives the bits of one element at a time.
  Array (*const functions[])(const Operand&) = {sqrt, rsqrt, exp, exp2, expm1, log, log2, log10, log1p, sin, cos, tanh, sigmoid, erf, abs, floor};
  for (DType dtype : {f32, f64})
    for (auto* f : functions)
      for (int n : {1, 7, 8, 17, 40}) {
        std::vector<double> values;
        for (int i = 0; i < 2 * n; ++i) values.push_back(0.01 + 0.37 * i);
        const Array x = array(values).astype(dtype);
        const std::vector<double> dense = f(x).astype(f64).to_vector<double>();
        const std::vector<double> strided = f(x.reshape({n, 2}).T()).astype(f64).to_vector<double>();
        for (int i = 0; i < 2 * n; ++i) {
          const double one = f(slice(x, {i}, {i + 1}, {1})).astype(f64).item<double>();
          EXPECT_EQ(dense[static_cast<size_t>(i)], one);
          EXPECT_EQ(strided[static_cast<size_t>(i % 2 * n + i / 2)], one);
        }
      }
}

/// Operands that lie across each other are read in transposed tiles: the same elements as from copies.
TEST(Elementwise, MixedLayoutsAgreeWithCopies) {
  const auto numbers = [](const Shape& shape, double seed, DType dtype) {
    std::vector<double> v(static_cast<size_t>(element_count(shape.span())));
    for (size_t i = 0; i < v.size(); ++i) v[i] = std::fmod(static_cast<double>(i) * 37.0 + seed, 251.0);
    return astype(array(std::span<const double>(v), shape), dtype);
  };
  const auto expect_same = [](const Array& got, const Array& expected) {
    ASSERT_EQ(got.shape(), expected.shape());
    EXPECT_EQ(astype(got, f64).to_vector<double>(), astype(expected, f64).to_vector<double>());
  };
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{16, 16}, {17, 200}, {200, 17}, {64, 64}, {131, 259}, {700, 600}}) {
    for (const DType dtype : {f32, f64, u8, i64}) {
      const Array a = numbers({rows, columns}, 1, dtype), b = numbers({columns, rows}, 2, dtype), t = b.T();
      const Array copy = contiguous(t);
      expect_same(a - t, a - copy);
      expect_same(t - a, copy - a);
      expect_same(a < t, a < copy);
      expect_same(where(t < 100, a, t), where(copy < 100, a, copy));
      expect_same(t + numbers({columns}, 3, dtype), copy + numbers({columns}, 3, dtype));
      // The axis across is neither the innermost nor its neighbour, a step of 2, a repeated axis.
      const Array cube = numbers({columns, 3, rows}, 4, dtype), mixed = transpose(cube, {2, 1, 0});
      const Array flat = numbers({rows, 3, columns}, 5, dtype);
      expect_same(flat + mixed, flat + contiguous(mixed));
      const Array wide = numbers({rows, 2 * columns}, 6, dtype), stepped = slice(wide, {0, 0}, {rows, 2 * columns}, {1, 2});
      expect_same(stepped + t, contiguous(stepped) + copy);
    }
  }
}

TEST(Elementwise, Rounding) {
  const Array x = array({-2.5, -0.5, 0.5, 1.5, 2.7});
  EXPECT_ARRAY(double, floor(x), {5}, {-3, -1, 0, 1, 2});
  EXPECT_ARRAY(double, ceil(x), {5}, {-2, -0.0, 1, 2, 3});
  EXPECT_ARRAY(double, trunc(x), {5}, {-2, -0.0, 0, 1, 2});
  EXPECT_ARRAY(double, rint(x), {5}, {-2, -0.0, 0, 2, 3});
  EXPECT_ARRAY(double, round(array({2.675, 0.285}), 2), {2}, {2.68, 0.28});
  EXPECT_ARRAY(int64_t, floor(array({3})), {1}, {3});
  EXPECT_ARRAY(int64_t, round(array({1234, 1250}), -2), {2}, {1200, 1200});
}

TEST(Elementwise, CompoundAssignment) {
  Array x = array({1.0, 2.0}, {.dtype = f32});
  const Array before = x;
  x += 1;
  x *= array({2.0, 3.0});  // f64 into f32: same kind
  EXPECT_ARRAY(float, x, {2}, {4, 9});
  EXPECT_ARRAY(float, before, {2}, {1, 2});
  x -= x;
  EXPECT_ARRAY(float, x, {2}, {0, 0});
  Array i = array({7, 8});
  EXPECT_RAISES(DTypeError, i += 0.5,
                "nx.add: the result is f64, which the assigned i64 array cannot hold; write x = x op y, or cast first");
  EXPECT_THROW(i /= 2, DTypeError);
  EXPECT_RAISES(ShapeError, i += zeros({3, 2}, {.dtype = i64}),
                "nx.add: an array of shape (3, 2) cannot be broadcast into the assigned array of shape (2,)");
  EXPECT_ARRAY(int64_t, i, {2}, {7, 8});
  i %= 4;
  i <<= 1;
  EXPECT_ARRAY(int64_t, i, {2}, {6, 0});
  Array b = array({1, 2}, {.dtype = u8});
  EXPECT_THROW(b += array({1, 2}), DTypeError);
  EXPECT_THROW(b += 300, OverflowError);
  EXPECT_ARRAY(uint8_t, b, {2}, {1, 2});
}

TEST(Elementwise, OneElementOperandsGiveNoShape) {
  // The direct path of one-element arrays keeps NumPy's shapes, on either side and with any number of axes.
  const Array x = array({{1.0, 2.0}, {3.0, 4.0}}), one = array({10.0}), deep = ones({1, 1, 1}), none = zeros({0});
  EXPECT_ARRAY(double, x - one, ({2, 2}), {-9, -8, -7, -6});
  EXPECT_ARRAY(double, one - x, ({2, 2}), {9, 8, 7, 6});
  EXPECT_ARRAY(double, Array(one) - x, ({2, 2}), {9, 8, 7, 6});
  EXPECT_ARRAY(double, deep + x, ({1, 2, 2}), {2, 3, 4, 5});
  EXPECT_ARRAY(double, x + deep, ({1, 2, 2}), {2, 3, 4, 5});
  EXPECT_EQ((one + none).shape(), (Shape{0}));
  EXPECT_EQ((deep + none).shape(), (Shape{1, 1, 0}));
  EXPECT_EQ((one + scalar(1.0, f64)).shape(), (Shape{1}));
  EXPECT_EQ((scalar(1.0, f64) + deep).shape(), (Shape{1, 1, 1}));
}

TEST(Elementwise, BitcastAndStopGradient) {
  EXPECT_ARRAY(int32_t, bitcast(array({1.0}, {.dtype = f32}), i32), {1}, {0x3f800000});
  EXPECT_ARRAY(uint8_t, bitcast(array({0x01020304}, {.dtype = i32}), u8), {4}, {4, 3, 2, 1});
  EXPECT_ARRAY(uint32_t, bitcast(array({{1, 0, 0, 0}, {0, 1, 0, 0}}, {.dtype = u8}), u32), ({2, 1}), {1, 256});
  EXPECT_THROW(bitcast(array({1, 2, 3}, {.dtype = u8}), u32), ShapeError);
  EXPECT_THROW(bitcast(array({1}), b1), DTypeError);
  EXPECT_ARRAY(int64_t, stop_gradient(array({3})), {1}, {3});
}

TEST(Elementwise, ErrorsNameTheFunction) {
  EXPECT_RAISES(ShapeError, minimum(zeros({2, 3}), zeros({4})),
                "nx.minimum: shapes (2, 3) and (4,) cannot be broadcast: axis -1 has sizes 3 and 4");
  EXPECT_RAISES(DTypeError, sign(array({true})), "nx.sign: got b1, expected an integer or floating dtype; cast with .astype(…)");
  EXPECT_THROW(less(Array{}, 1), ValueError);
}

}  // namespace
