#pragma once
// tanh, sigmoid and the activations of neural networks with their derivatives.
//
// Negative arguments are written with e = e^{-|x|}, never with e^{|x|}, so that tails keep their relative accuracy:
// sigmoid(-a) = e / (1 + e), silu(-a) = -a e / (1 + e), gelu(-a) = -a Q(a), Q the upper tail of the normal
// distribution. A factor on e is applied before the result may become subnormal.
#include "raven/vmath/error_function.hpp"
#include "raven/vmath/exponential.hpp"
#include "raven/vmath/logarithm.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {

/// Hyperbolic tangent. ≤ 2 ULP; tanh(±0) = ±0, tanh(±inf) = ±1.
/// f32: x + x³ P(x²) below 0.6, 1 - 2 / (e^{2|x|} + 1) beyond.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 tanh(D& d, typename D::F32 x) {
  const auto a = d.abs(x), z = x * x, one = d.f32(1), two = d.f32(2);
  const auto near = d.fma(detail::polynomial(d, z, coefficients::tanh_f32), z * x, x);
  const auto bounded = d.min(a, d.f32(10));  // also for NaN, which takes the near side
  const auto e = detail::exp_parts(d, bounded + bounded);
  const auto power = d.real(d.bits(e.fraction) + d.shl(e.exponent, 23));
  const auto far = one - two / (power + one);
  return d.copysign(d.select(a >= d.f32(0.6f), far, near), x);
}
/// f64: t / (t + 2), t = e^{2|x|} - 1.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 tanh(D& d, typename D::F64 x) {
  const auto bounded = d.min(d.f64(22), d.abs(x));
  const auto t = expm1(d, bounded + bounded);
  return d.copysign(t / (t + d.f64(2)), x);
}

namespace detail {

/// |x|, at most the bound of its format; NaN stays.
template <class D, class V>
RAVEN_VMATH_INLINE V bounded_magnitude(D& d, V x, double single_bound, double double_bound) {
  return d.min(constant<V>(d, is_single<D, V> ? single_bound : double_bound), d.abs(x));
}

/// e / (1 + e) below 0 and 1 / (1 + e) above: the quotient is corrected by its remainder and the rounding of 1 + e, so
/// that only the error of e and one rounding are left.
template <class D, class V>
RAVEN_VMATH_INLINE V sigmoid(D& d, V x) {
  const V one = constant<V>(d, 1), zero = constant<V>(d, 0);
  const auto parts = exp_parts(d, -bounded_magnitude(d, x, 104.0, 746.0), zero);
  const V e = scale(d, parts.fraction, parts.exponent);
  const auto negative = x < zero;
  const V numerator = d.select(negative, e, one);
  const auto sum = fast_two_sum(one, e);
  const V quotient = numerator / sum.high;
  const V rest = d.fma(-quotient, sum.low, d.fma(-quotient, sum.high, numerator));
  return d.fma(rest, d.select(negative, one - quotient, quotient), quotient);
}

/// g(x) = x s(z(x)) for a logistic s, from z(|x|) as a pair: for x < 0 it is -|x| e / (1 + e), e = e^{-z}.
/// `a` is |x| bounded so that e has vanished at the bound. A function and its derivative at one place have the
/// exponential and the reciprocal, which is most of both, in common.
template <class D, class V>
RAVEN_VMATH_INLINE V gated(D& d, V x, V a, Pair<V> z) {
  const V one = constant<V>(d, 1);
  const auto parts = exp_remainder(d, -z.high, -z.low);
  const V reciprocal = one / (one + scale(d, one + parts.fraction, parts.exponent));
  const V tail = scale(d, d.fma(parts.fraction, a, a), parts.exponent);
  return d.select(x < constant<V>(d, 0), -tail, x) * reciprocal;
}

/// g'(x) = s + x s (1 - s) z'; slope = z'(|x|). With r = 1 / (1 + e) it is r + a z' e r² for x ≥ 0 and
/// e r² (1 + e - a z') for x < 0.
template <class D, class V>
RAVEN_VMATH_INLINE V gated_gradient(D& d, V x, V a, Pair<V> z, V slope) {
  const V one = constant<V>(d, 1);
  const auto parts = exp_parts(d, -z.high, -z.low);
  const V e = scale(d, parts.fraction, parts.exponent);
  // The square would double the error of the sum, so that comes back.
  const auto sum = fast_two_sum(one, e);
  const V near = one / sum.high, reciprocal = d.fma(-sum.low, near * near, near), square = reciprocal * reciprocal;
  const V positive = d.fma(a * slope * e, square, reciprocal);
  const V negative = scale(d, parts.fraction * d.fma(-a, slope, sum.high), parts.exponent) * square;
  return d.select(x < constant<V>(d, 0), negative, positive);
}

/// z = 2 sqrt(2/π) (a + 0.044715 a³) as a pair: e^{-z} multiplies its relative error by z.
template <class D, class V>
RAVEN_VMATH_INLINE Pair<V> gelu_tanh_argument(D& d, V a) {
  const auto argument = [&](const auto& linear, const auto& cubic) RAVEN_VMATH_LAMBDA {
    const auto square = two_product(d, a, a);
    const V c = constant<V>(d, cubic[0]), l = constant<V>(d, linear[0]);
    const auto term = two_product(d, square.high, c);
    const auto sum = two_sum(l, term.high);
    const V low = d.fma(square.high, constant<V>(d, cubic[1]), d.fma(square.low, c, term.low)) +
                  (sum.low + constant<V>(d, linear[1]));
    const auto z = two_product(d, a, sum.high);
    return Pair<V>{z.high, d.fma(a, low, z.low)};
  };
  if constexpr (is_single<D, V>) {
    return argument(coefficients::gelu_tanh_scale_f32, coefficients::gelu_tanh_cubic_f32);
  } else {
    return argument(coefficients::gelu_tanh_scale_f64, coefficients::gelu_tanh_cubic_f64);
  }
}

/// Q(a) = scaled · e^exponent, Q(a) = erfc(a/√2)/2, for bounded a ≥ 0: `scaled` is e^{a²/2} Q(a) but for a
/// relative error that the exponent's low part makes good.
template <class V>
struct NormalTail {
  V scaled;
  Pair<V> exponent;
};
template <class D, class V>
RAVEN_VMATH_INLINE NormalTail<V> normal_tail(D& d, V a) {
  auto exponent = negative_square(d, a, 0.5);
  if constexpr (is_single<D, V>) {
    // r = 1 / (a + 2.5). Its error matters: the result moves by 1 + 2.5 r of its relative error, so that comes back.
    const auto sum = fast_two_sum(d.f32(2.5f), a);  // exact for any a: 2.5 is a multiple of the last place of the sum
    const V r = d.f32(1) / sum.high;
    const V error = d.fma(-r, sum.low, d.fma(-r, sum.high, d.f32(1)));
    exponent.low = d.fma(error, d.fma(r, d.f32(2.5f), d.f32(1)), exponent.low);
    return {r * polynomial_split(d, r - d.f32(0.2265625f), coefficients::normal_tail_f32), exponent};
  } else {
    return {d.f64(0.5) * erfc_scaled(d, a * d.f64(0.70710678118654752440)), exponent};
  }
}

template <class D, class V>
RAVEN_VMATH_INLINE V gelu(D& d, V x) {
  const V a = bounded_magnitude(d, x, 15.0, 39.5);
  const auto q = normal_tail(d, a);
  V tail = exp_times(d, q.exponent, a * q.scaled);
  if constexpr (!is_single<D, V>) {  // as in erfc
    const V half = constant<V>(d, 0.5), near = d.fma(-half, erf_near(d, a * d.f64(0.70710678118654752440)), half);
    tail = d.select(a < d.f64(0.7), a * near, tail);
  }
  return d.select(x < constant<V>(d, 0), -tail, x - tail);
}

/// Φ(x) + x φ(x); for x < 0 it is e^{-a²/2} (e^{a²/2} Q(a) - a / sqrt(2π)).
template <class D, class V>
RAVEN_VMATH_INLINE V gelu_gradient(D& d, V x) {
  const V a = bounded_magnitude(d, x, 15.0, 39.5);
  const auto q = normal_tail(d, a);
  const V factor = d.fma(a, constant<V>(d, -0.39894228040143267794), q.scaled);
  const V tail = exp_times(d, q.exponent, factor);
  return d.select(x < constant<V>(d, 0), tail, constant<V>(d, 1) - tail);
}

template <class D, class V>
RAVEN_VMATH_INLINE V softplus(D& d, V x) {
  const V e = vmath::exp(d, -d.abs(x)), s = e / (e + constant<V>(d, 2)), z = s * s;
  V log1p;
  if constexpr (is_single<D, V>)
    log1p = d.fma(z * s, polynomial(d, z, coefficients::atanh_f32), s + s);
  else
    log1p = d.fma(z * s, polynomial(d, z, coefficients::atanh_wide_f64), s + s);
  return d.max(constant<V>(d, 0), x) + log1p;
}

}  // namespace detail

// clang-format off
#define RAVEN_VMATH_BOTH(name, body)                                                        \
  template <class D>                                                                        \
  RAVEN_VMATH_INLINE typename D::F32 name(D& d, typename D::F32 x) { using V [[maybe_unused]] = typename D::F32; return body; } \
  template <class D>                                                                        \
  RAVEN_VMATH_INLINE typename D::F64 name(D& d, typename D::F64 x) { using V [[maybe_unused]] = typename D::F64; return body; }

/// Logistic function 1 / (1 + e^-x). ≤ 2 ULP, relative accuracy in the lower tail.
RAVEN_VMATH_BOTH(sigmoid, detail::sigmoid(d, x))
/// x Φ(x), Φ the normal distribution function. ≤ 4 ULP, relative accuracy in the lower tail; PyTorch's default gelu.
RAVEN_VMATH_BOTH(gelu, detail::gelu(d, x))
/// d gelu / dx = Φ(x) + x φ(x). ≤ 5 ULP; for -4 < x < 0, around its zero at -0.7518, error ≤ 1 eps.
RAVEN_VMATH_BOTH(gelu_gradient, detail::gelu_gradient(d, x))
/// x/2 (1 + tanh(sqrt(2/π) (x + 0.044715 x³))). ≤ 4 ULP; PyTorch's gelu(approximate="tanh"), JAX's default.
RAVEN_VMATH_BOTH(gelu_tanh, ([&]() RAVEN_VMATH_LAMBDA {
  const V a = detail::bounded_magnitude(d, x, 11.0, 22.0);
  return detail::gated(d, x, a, detail::gelu_tanh_argument(d, a)); }()))
/// d gelu_tanh / dx. ≤ 5 ULP; for -4 < x < 0, around its zero at -0.7525, error ≤ 1 eps.
RAVEN_VMATH_BOTH(gelu_tanh_gradient, ([&]() RAVEN_VMATH_LAMBDA {
  const V a = detail::bounded_magnitude(d, x, 11.0, 22.0);
  const V slope = d.fma(a * a, detail::constant<V>(d, 0.21406444881780073), detail::constant<V>(d, 1.5957691216057308));
  return detail::gated_gradient(d, x, a, detail::gelu_tanh_argument(d, a), slope); }()))
/// x sigmoid(x), also called swish. ≤ 4 ULP, relative accuracy in the lower tail.
RAVEN_VMATH_BOTH(silu, ([&]() RAVEN_VMATH_LAMBDA {
  const V a = detail::bounded_magnitude(d, x, 110.0, 760.0);
  return detail::gated(d, x, a, detail::Pair<V>{a, detail::constant<V>(d, 0)}); }()))
/// d silu / dx = s (1 + x (1 - s)), s = sigmoid(x). ≤ 5 ULP; for -4 < x < 0, around its zero at
/// -1.2785, error ≤ 1 eps.
RAVEN_VMATH_BOTH(silu_gradient, ([&]() RAVEN_VMATH_LAMBDA {
  const V a = detail::bounded_magnitude(d, x, 110.0, 760.0);
  return detail::gated_gradient(d, x, a, detail::Pair<V>{a, detail::constant<V>(d, 0)}, detail::constant<V>(d, 1)); }()))
/// log(1 + e^x). ≤ 4 ULP, relative accuracy in the lower tail.
RAVEN_VMATH_BOTH(softplus, detail::softplus(d, x))
#undef RAVEN_VMATH_BOTH
// clang-format on

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
