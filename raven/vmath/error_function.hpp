#pragma once
// erf, erfc, erfinv.
//
// erfc a = e^{-a²} P(t) / (1 + 2a) with t = (a - k)/(a + k) for a ≥ 0: one polynomial for the whole half line (the form
// of Shepherd and Laframboise, 1981; coefficients our own). erf x = x + x P(x²) up to 1.
// erfinv x = x P(w) with w = -log(1 - x²) in the centre and x P(√w) beyond (the form of Giles, 2010).
#include "raven/vmath/exponential.hpp"
#include "raven/vmath/logarithm.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {
namespace detail {

/// e^{a²} erfc(a) for 0 ≤ a ≤ 28, f64.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 erfc_scaled(D& d, typename D::F64 a) {
  const auto k = d.f64(3.75);
  const auto t = (a - k) / (a + k);
  return polynomial_split(d, t, coefficients::erfc_f64) / d.fma(a, d.f64(2), d.f64(1));
}

/// erf x by its series in x², |x| ≤ 1.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 erf_near(D& d, typename D::F32 x) {
  return d.fma(polynomial(d, x * x, coefficients::erf_f32), x, x);
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 erf_near(D& d, typename D::F64 x) {
  return d.fma(polynomial(d, x * x, coefficients::erf_f64), x, x);
}

/// factor · e^(high + low), rounded once when it is subnormal; high is clamped by the caller.
template <class D, class V>
RAVEN_VMATH_INLINE V exp_times(D& d, Pair<V> x, V factor) {
  const auto e = exp_remainder(d, x.high, x.low);
  return scale(d, d.fma(e.fraction, factor, factor), e.exponent);
}

/// -scale · a² as a pair, scale a power of two.
template <class D, class V>
RAVEN_VMATH_INLINE Pair<V> negative_square(D& d, V a, double scale) {
  const auto square = two_product(d, a, a);
  const V factor = constant<V>(d, -scale);
  return {square.high * factor, square.low * factor};
}

/// erfc(a), a ≥ 0, f64.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 erfc_positive(D& d, typename D::F64 a) {
  const auto bounded = d.min(d.f64(27.3), a);  // e^{-27.3²} is below half of the least subnormal
  return exp_times(d, negative_square(d, bounded, 1), erfc_scaled(d, bounded));
}

}  // namespace detail

/// Error function. ≤ 2 ULP; erf(±0) = ±0, erf(±inf) = ±1.
/// f32 above 1: 1 - e^{-g(a)}, g = -log erfc.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 erf(D& d, typename D::F32 x) {
  const auto a = d.abs(x), one = d.f32(1), near = detail::erf_near(d, x);
  const auto g = detail::polynomial(d, d.min(d.f32(3.93f), a), coefficients::erf_tail_f32);
  const auto e = detail::exp_parts(d, -g);
  const auto power = d.real(d.shl(e.exponent + d.i32(127), 23));
  const auto far = d.copysign(d.fma(-e.fraction, power, one), x);
  return d.copysign(d.select(a < one, near, far), x);
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 erf(D& d, typename D::F64 x) {
  const auto a = d.abs(x), one = d.f64(1), near = detail::erf_near(d, x);
  const auto far = one - detail::erfc_positive(d, a);
  return d.copysign(d.select(a < one, near, far), x);
}

/// 1 - erf(x), relative accuracy in the tail. ≤ 3 ULP; erfc(inf) = 0, erfc(-inf) = 2.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 erfc(D& d, typename D::F32 x) {
  const auto a = d.to_f64(d.min(d.f32(10.5f), d.abs(x))), one = d.f64(1), three = d.f64(3);
  const auto scale = d.fma(a, d.f64(2), one), sum = a + three;
  const auto inverse = one / (scale * sum);  // one division for t and for 1 / (1 + 2a)
  const auto t = (a - three) * scale * inverse;
  const auto p = detail::polynomial(d, t, coefficients::erfc_mixed) * sum * inverse;
  const auto positive = p * detail::exp_mixed(d, -(a * a));
  return d.to_f32(d.select(d.widen(x < d.f32(0)), d.f64(2) - positive, positive));
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 erfc(D& d, typename D::F64 x) {
  // below 1/2 the series of erf loses less than the quotient
  const auto a = d.abs(x), positive = detail::erfc_positive(d, a);
  const auto far = d.select(x < d.f64(0), d.f64(2) - positive, positive);
  return d.select(a < d.f64(0.5), d.f64(1) - detail::erf_near(d, x), far);
}

/// Inverse of erf. ≤ 3 ULP; erfinv(±1) = ±inf, NaN for |x| > 1.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 erfinv(D& d, typename D::F32 x) {
  const auto wide = d.to_f64(x), one = d.f64(1);
  const auto minus_log = [&]() RAVEN_VMATH_LAMBDA {
    const auto parts = detail::split(d, d.fma(-wide, wide, one));
    return -d.fma(parts.exponent, d.f64(0.69314718055994530942), detail::log1p_mixed(d, parts.mantissa - one));
  };
  const auto w = minus_log();
  const auto fast = d.to_f32(wide * detail::polynomial(d, w, coefficients::erfinv_mixed));
  const auto a = d.abs(x), edge = d.f32(1);
  return d.rare(!(a <= d.f32(0.9966f)), fast, [&]() RAVEN_VMATH_LAMBDA {
    const auto root = d.sqrt(minus_log());
    const auto tail = d.to_f32(wide * detail::polynomial(d, root, coefficients::erfinv_tail_mixed));
    const auto beyond = d.select(a == edge, d.copysign(d.f32(__builtin_inff()), x), d.f32(__builtin_nanf("")));
    return d.select(a < edge, d.select(a <= d.f32(0.9966f), fast, tail), beyond);
  });
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 erfinv(D& d, typename D::F64 x) {
  const auto one = d.f64(1), a = d.abs(x), limit = d.f64(0.999035);
  const auto minus_log = [&]() RAVEN_VMATH_LAMBDA {
    return -detail::log_positive(d, detail::split(d, (one - a) * (one + a)));
  };
  const auto fast = x * detail::polynomial_split(d, minus_log() - d.f64(3.125), coefficients::erfinv_f64);
  return d.rare(!(a <= limit), fast, [&]() RAVEN_VMATH_LAMBDA {
    const auto root = d.sqrt(minus_log());
    const auto middle = x * detail::polynomial_split(d, root - d.f64(3.25), coefficients::erfinv_middle_f64);
    const auto far = x * detail::polynomial_split(d, root - d.f64(5), coefficients::erfinv_far_f64);
    const auto beyond = d.select(a == one, d.copysign(d.f64(__builtin_inf()), x), d.f64(__builtin_nan("")));
    return d.select(a < one, d.select(root < d.f64(4), middle, far), beyond);
  });
}

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
