#pragma once
// pow, rsqrt.
//
// x^y = e^{y log |x|}; the logarithm is needed to about 2^-66, because y log|x| reaches 745 before the result leaves
// the range. f64 carries log and product as pairs; f32 goes through log2 and exp2 in plain f64.
#include "raven/vmath/exponential.hpp"
#include "raven/vmath/logarithm.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {
namespace detail {

/// log x as a pair, x positive and split: log((1+s)/(1-s)) = 2s + s³ (2/3 + s² P(s²)), s = f / (2 + f) as a pair.
template <class D>
RAVEN_VMATH_INLINE Pair<typename D::F64> log_accurate(D& d, Split<typename D::F64> x) {
  using F64 = typename D::F64;
  const F64 f = x.mantissa - d.f64(1), two = d.f64(2);
  const auto sum = fast_two_sum(two, f);
  const F64 s = f / sum.high;
  const F64 s_low = (d.fma(-s, sum.high, f) - s * sum.low) / sum.high;
  const auto square = two_product(d, s, s);
  const F64 square_low = d.fma(two * s, s_low, square.low);
  // c = 2/3 + s² P
  const F64 rest = square.high * polynomial(d, square.high, coefficients::atanh5_f64);
  auto c = fast_two_sum(d.f64(coefficients::third_f64[0]), rest);
  c.low = c.low + d.f64(coefficients::third_f64[1]);
  // s² c, then times s, as pairs
  const auto cs = two_product(d, square.high, c.high);
  const F64 cs_low = d.fma(square.high, c.low, d.fma(square_low, c.high, cs.low));
  const auto cubic = two_product(d, cs.high, s);
  const F64 cubic_low = d.fma(cs.high, s_low, d.fma(cs_low, s, cubic.low));
  // e ln 2 + 2s + cubic
  const auto first = fast_two_sum(x.exponent * d.f64(coefficients::ln2_f64[0]), two * s);
  const auto second = two_sum(first.high, cubic.high);
  const F64 low = d.fma(two, s_low, d.fma(x.exponent, d.f64(coefficients::ln2_f64[1]), cubic_low));
  return fast_two_sum(second.high, (first.low + second.low) + low);
}

/// |x|^y where |x| is positive, finite and split, and y is finite.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 power_magnitude(D& d, Split<typename D::F64> x, typename D::F64 y) {
  const auto l = log_accurate(d, x);
  const auto product = two_product(d, y, l.high);
  const auto low = d.fma(y, l.low, product.low);
  // Outside ±800 the result is 0 or infinity whatever the low part, which may itself have overflowed.
  const auto inside = d.abs(product.high) < d.f64(800);
  const auto e = exp_parts(d, clamp_exponent(d, product.high), d.select(inside, low, d.f64(0)));
  return scale(d, e.fraction, e.exponent);
}

/// The same in f32, computed in f64 as 2^(y log2 |x|). log2((1+s)/(1-s)) = s P(s²), s = f / (2 + f); the exponent is
/// bounded where the result is 0 or infinity.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 power_magnitude(D& d, Split<typename D::F32> x, typename D::F32 y) {
  const auto m = d.to_f64(x.mantissa), one = d.f64(1), s = (m - one) / (m + one);
  const auto log2 = d.fma(s, polynomial(d, s * s, coefficients::log2_mixed), d.to_f64(x.exponent));
  const auto z = d.max(d.f64(-200), d.min(d.f64(200), d.to_f64(y) * log2));
  const auto magic = d.f64(Format<false>::magic), t = z + magic, r = z - (t - magic);
  const auto p = d.fma(r, polynomial(d, r, coefficients::exp2_mixed), one);
  return d.to_f32(d.real(d.bits(p) + d.shl(d.bits(t), 52)));
}

/// The sign and the special cases of pow (C Annex F), given |x|^y for the usual case.
template <class D, class V>
RAVEN_VMATH_INLINE V power_special(D& d, V x, V y, V magnitude) {
  const V zero = constant<V>(d, 0), one = constant<V>(d, 1), infinity = constant<V>(d, __builtin_inf());
  const V a = d.abs(x), b = d.abs(y), not_a_number = constant<V>(d, __builtin_nan(""));
  // y is whole when adding 2^mantissa_bits loses nothing, odd when half of it is not whole; larger y are even.
  const V big = constant<V>(d, static_cast<double>(int64_t{1} << Format<is_single<D, V>>::mantissa_bits));
  const V half = b * constant<V>(d, 0.5);
  const auto whole = (b >= big) | (((b + big) - big) == b);
  const auto odd = whole & (b < big + big) & (((half + big) - big) != half) & (half < big);
  const auto grows = (a > one) ^ (y < zero);  // the limit at y = ±inf or at x = 0, inf is infinity, else 0
  V r = d.select((a == zero) | (a == infinity) | (b == infinity), d.select(grows, infinity, zero), magnitude);
  r = d.select((b == infinity) & (a == one), one, r);
  r = d.select((x < zero) & (a < infinity) & (b < infinity) & !whole, not_a_number, r);
  r = d.select(odd, d.copysign(r, x), r);
  r = d.select((x != x) | (y != y), x + y, r);
  return d.select((y == zero) | (x == one), one, r);
}

}  // namespace detail

namespace detail {
template <class D, class V>
RAVEN_VMATH_INLINE V power(D& d, V x, V y) {
  using F = Format<is_single<D, V>>;
  const V infinity = constant<V>(d, __builtin_inf()), smallest = constant<V>(d, F::smallest_normal);
  const V fast = power_magnitude(d, split(d, x), y);
  const auto usual = (x >= smallest) & (x < infinity) & (d.abs(y) < infinity);
  return d.rare(!usual, fast, [&]() RAVEN_VMATH_LAMBDA {
    constexpr int shift = F::mantissa_bits + 1;
    const V a = d.abs(x), scaled = a * constant<V>(d, static_cast<double>(int64_t{1} << shift));
    auto parts = split(d, d.select(a < smallest, scaled, a));
    parts.exponent = d.select(a < smallest, parts.exponent - constant<V>(d, shift), parts.exponent);
    return power_special(d, x, y, power_magnitude(d, parts, y));
  });
}
}  // namespace detail

/// x^y. ≤ 1 ULP; C Annex F for signs, zeros, infinities and NaN: pow(x, 0) = pow(1, y) = 1.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 pow(D& d, typename D::F32 x, typename D::F32 y) {
  return detail::power(d, x, y);
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 pow(D& d, typename D::F64 x, typename D::F64 y) {
  return detail::power(d, x, y);
}

/// 1 / sqrt(x) by two correctly rounded operations. ≤ 1.5 ULP; rsqrt(±0) = ±inf, rsqrt(inf) = 0, NaN below 0.
template <class D, class V>
RAVEN_VMATH_INLINE V rsqrt(D& d, V x) {
  return detail::constant<V>(d, 1) / d.sqrt(x);
}

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
