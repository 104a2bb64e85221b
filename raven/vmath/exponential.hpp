#pragma once
// exp, exp2, expm1.
//
// x = n ln 2 + r with |r| ≤ ln 2 / 2; e^x = 2^n e^r. rint comes from adding 1.5 · 2^23 (or 2^52), whose low bits then
// hold n. Clamping keeps NaN: min(bound, x) and max(bound, x) return the second operand when one is NaN. f64 exp itself
// takes steps of ln 2 / 16 and the power from a table, which halves the polynomial.
#include "raven/vmath/polynomial.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {
namespace detail {

/// e^x as fraction · 2^exponent, fraction in [0.70, 1.42].
template <class V, class K>
struct Exponential {
  V fraction;
  K exponent;
};

/// e^(x + low) as (1 + fraction) · 2^exponent for x inside the clamped range of the format; `low` is the rest of a pair
/// and may be absent. The remainder keeps its rounding error, which alone would cost a quarter of an ULP.
template <class D, class V, class... Low>
RAVEN_VMATH_INLINE Exponential<V, IntegerOf<D, V>> exp_remainder(D& d, V x, Low... low) {
  constexpr bool single = is_single<D, V>;
  const V magic = constant<V>(d, Format<single>::magic);
  const V t = d.fma(x, constant<V>(d, 1.44269504088896340736), magic), n = t - magic;
  const auto exponent = d.bits(t) - d.bits(magic);
  const V ln2_high = constant<V>(d, single ? coefficients::ln2_f32[0] : coefficients::ln2_f64[0]);
  const V ln2_low = constant<V>(d, single ? coefficients::ln2_f32[1] : coefficients::ln2_f64[1]);
  const V rest = d.fma(-n, ln2_high, x);  // exact
  V correction;
  if constexpr (sizeof...(low) == 0)
    correction = -n * ln2_low;
  else
    correction = d.fma(-n, ln2_low, low...);
  const V r = rest + correction, tail = (rest - r) + correction;
  V q;
  if constexpr (single)
    q = polynomial(d, r, coefficients::exp_f32);
  else
    q = polynomial(d, r, coefficients::exp_f64);
  return {r + d.fma(r * r, q, tail), exponent};
}

/// e^x, or e^(x + low), as fraction · 2^exponent. f32 without `low` can afford to drop the remainder's rounding error.
template <class D, class V, class... Low>
RAVEN_VMATH_INLINE Exponential<V, IntegerOf<D, V>> exp_parts(D& d, V x, Low... low) {
  const V one = constant<V>(d, 1);
  if constexpr (is_single<D, V> && sizeof...(low) == 0) {
    const V magic = d.f32(Format<true>::magic), t = d.fma(x, d.f32(1.44269504f), magic), n = t - magic;
    const V r = d.fma(-n, d.f32(coefficients::ln2_f32[1]), d.fma(-n, d.f32(coefficients::ln2_f32[0]), x));
    return {d.fma(d.fma(polynomial(d, r, coefficients::exp_f32), r, one), r, one), d.bits(t) - d.bits(magic)};
  } else {
    const auto e = exp_remainder(d, x, low...);
    return {one + e.fraction, e.exponent};
  }
}

/// x clamped to where e^x neither overflows nor vanishes for certain.
template <class D, class V>
RAVEN_VMATH_INLINE V clamp_exponent(D& d, V x) {
  constexpr bool single = is_single<D, V>;
  return d.max(constant<V>(d, single ? -104.0 : -746.0), d.min(constant<V>(d, single ? 89.0 : 710.0), x));
}

/// e^x = 2^(steps/16) (1 + rest) for |x| ≤ 746: `power` is 2^(steps/16) but for steps · 2^48, to be added to its bits.
template <class D>
struct SixteenthSteps {
  typename D::F64 power, rest;
  typename D::I64 steps;
};
template <class D>
RAVEN_VMATH_INLINE SixteenthSteps<D> exp_steps(D& d, typename D::F64 x) {
  using F64 = typename D::F64;
  const F64 magic = d.f64(0x1.8p48);  // x + magic is a multiple of 1/16
  const F64 t = d.fma(x, d.f64(1.44269504088896340736), magic), n = t - magic;
  const F64 r = d.fma(-n, d.f64(coefficients::ln2_f64[1]), d.fma(-n, d.f64(coefficients::ln2_f64[0]), x));
  const auto steps = d.bits(t) - d.bits(magic);
  const auto index = d.to_i32(steps & d.i64(15));
  const F64 p = d.fma(r * r, polynomial(d, r, coefficients::exp_step_f64), r);
  return {d.lookup(coefficients::exp2_step_f64, index), p + d.lookup(coefficients::exp2_step_rest_f64, index), steps};
}

/// e^z in f64 for |z| ≤ 700, relative error 2^-33: for f32 results.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 exp_mixed(D& d, typename D::F64 z) {
  using F64 = typename D::F64;
  const F64 magic = d.f64(Format<false>::magic);
  const F64 t = d.fma(z, d.f64(1.44269504088896340736), magic), n = t - magic;
  const F64 r = d.fma(n, d.f64(-0.69314718055994530942), z);
  const F64 p = d.fma(d.fma(polynomial(d, r, coefficients::exp_mixed), r, d.f64(1)), r, d.f64(1));
  return p * d.real(d.shl(d.bits(t) + d.i64(Format<false>::bias), 52));  // the upper bits of `magic` are shifted out
}

}  // namespace detail

/// e^x. ≤ 1 ULP; overflow gives +inf, results below the normal range are rounded once.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 exp(D& d, typename D::F32 x) {
  const auto e = detail::exp_parts(d, detail::clamp_exponent(d, x));
  return detail::scale(d, e.fraction, e.exponent);
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 exp(D& d, typename D::F64 x) {
  const auto e = detail::exp_steps(d, x);
  const auto power = d.real(d.bits(e.power) + d.shl(e.steps, 48));
  const auto fast = d.fma(power, e.rest, power);
  return d.rare(!(d.abs(x) <= d.f64(708)), fast, [&]() RAVEN_VMATH_LAMBDA {
    const auto g = detail::exp_steps(d, detail::clamp_exponent(d, x));
    const auto fraction = d.real(d.bits(g.power) + d.shl(g.steps & d.i64(15), 48));
    return detail::scale(d, d.fma(fraction, g.rest, fraction), d.sar(g.steps, 4));
  });
}

namespace detail {
template <class D, class V>
RAVEN_VMATH_INLINE V exp2(D& d, V x) {
  constexpr bool single = is_single<D, V>;
  const V magic = constant<V>(d, Format<single>::magic), one = constant<V>(d, 1);
  const V clamped = d.max(constant<V>(d, single ? -151.0 : -1076.0), d.min(constant<V>(d, single ? 129.0 : 1025.0), x));
  const V t = clamped + magic, r = clamped - (t - magic);  // r is exact: whole x have r = 0 and the result 2^x
  V p;
  if constexpr (single)
    p = polynomial(d, r, coefficients::exp2_f32);
  else
    p = polynomial(d, r, coefficients::exp2_f64);
  return scale(d, d.fma(p, r, one), d.bits(t) - d.bits(magic));
}
}  // namespace detail

/// 2^x. ≤ 1 ULP; exact for whole x.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 exp2(D& d, typename D::F32 x) {
  return detail::exp2(d, x);
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 exp2(D& d, typename D::F64 x) {
  return detail::exp2(d, x);
}

/// e^x - 1, accurate near 0. ≤ 1 ULP; expm1(±0) = ±0, expm1(-inf) = -1.
/// f32: 2^n (e^r - 1) + (2^n - 1) in f64.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 expm1(D& d, typename D::F32 x) {
  using F64 = typename D::F64;
  const F64 wide = d.to_f64(d.max(d.f32(-20.0f), d.min(d.f32(90.0f), x)));
  const F64 magic = d.f64(detail::Format<false>::magic), one = d.f64(1);
  const F64 t = d.fma(wide, d.f64(1.44269504088896340736), magic);
  const F64 r = d.fma(t - magic, d.f64(-0.69314718055994530942), wide);
  const F64 p = d.fma(r * r, detail::polynomial(d, r, coefficients::expm1_mixed), r);
  const F64 power = d.real(d.shl(d.bits(t) + d.i64(1023), 52));
  return d.copysign(d.to_f32(d.fma(power, p, power - one)), x);
}

/// f64: at half scale, so that 2^1024 is never needed; the sum of the large terms keeps its rounding error.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 expm1(D& d, typename D::F64 x) {
  using F64 = typename D::F64;
  const F64 clamped = d.max(d.f64(-40.0), d.min(d.f64(710.0), x));
  const F64 magic = d.f64(detail::Format<false>::magic), half = d.f64(0.5);
  const F64 t = d.fma(clamped, d.f64(1.44269504088896340736), magic), n = t - magic;
  const F64 rest = d.fma(n, d.f64(-coefficients::ln2_f64[0]), clamped), ln2_low = d.f64(-coefficients::ln2_f64[1]);
  const F64 r = d.fma(n, ln2_low, rest), tail = d.fma(n, ln2_low, rest - r);
  const F64 p = d.fma(r * r, detail::polynomial(d, r, coefficients::expm1_f64), tail);
  const F64 power = d.real(d.shl(d.bits(t) + d.i64(1022), 52));  // 2^(n-1)
  const auto sum = detail::two_sum(power - half, power * r);
  const F64 result = sum.high + (sum.low + power * p);
  const F64 doubled = result + result;
  return d.select(d.abs(x) < d.f64(0x1p-54), x, doubled);  // there e^x - 1 = x, and half of it may be inexact
}

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
