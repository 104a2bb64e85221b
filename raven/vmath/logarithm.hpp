#pragma once
// log, log2, log10, log1p.
//
// x = 2^e m with √½ ≤ m < √2, f = m - 1: log x = e ln 2 + log(1 + f). In f64 log(1 + f) = f - f²/2 + s (f²/2 + R),
// where s = f / (2 + f) and s³-and-beyond of log((1 + s)/(1 - s)) = 2s + s R gives R.
#include "raven/vmath/polynomial.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {
namespace detail {

/// What a logarithm is outside 0 < x < inf: -inf at ±0, NaN below, x itself for +inf and NaN.
template <class D, class V>
RAVEN_VMATH_INLINE V log_special(D& d, V x) {
  const V zero = constant<V>(d, 0), infinity = constant<V>(d, __builtin_inf());
  const V negative = d.select(x == zero, -infinity, constant<V>(d, __builtin_nan("")));
  return d.select(x <= zero, negative, x);
}

/// The pieces of log(1 + f) in f64: f, f²/2 and s (f²/2 + R).
template <class V>
struct LogPieces {
  V f, half_square, rest;
};
template <class D>
RAVEN_VMATH_INLINE LogPieces<typename D::F64> log_pieces(D& d, typename D::F64 f) {
  using F64 = typename D::F64;
  const F64 s = f / (f + d.f64(2)), z = s * s;
  const F64 half_square = d.f64(0.5) * f * f;
  return {f, half_square, s * d.fma(z, polynomial(d, z, coefficients::atanh_f64), half_square)};
}

/// log(1 + f) as a pair with relative error about 2^-55: the low part carries the rounding of f - f²/2.
template <class D>
RAVEN_VMATH_INLINE Pair<typename D::F64> log_pair(D& d, LogPieces<typename D::F64> p) {
  using F64 = typename D::F64;
  const F64 high = p.f - p.half_square;
  const F64 square_error = d.fma(d.f64(0.5) * p.f, p.f, -p.half_square);
  return {high, (((p.f - high) - p.half_square) - square_error) + p.rest};
}

/// e ln 2 + log(1 + f) + low, the small terms first; the rounding of e ln 2 + f is kept.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 log_sum(D& d, LogPieces<typename D::F64> p, typename D::F64 e, typename D::F64 low) {
  const auto small = p.rest + d.fma(e, d.f64(coefficients::ln2_f64[1]), low);
  const auto sum = fast_two_sum(e * d.f64(coefficients::ln2_f64[0]), p.f);
  return sum.high + (sum.low + (small - p.half_square));
}

template <class D>
RAVEN_VMATH_INLINE typename D::F64 log_positive(D& d, Split<typename D::F64> x) {
  return log_sum(d, log_pieces(d, x.mantissa - d.f64(1)), x.exponent, d.f64(0));
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 log2_positive(D& d, Split<typename D::F64> x) {
  const auto l = log_pair(d, log_pieces(d, x.mantissa - d.f64(1)));
  const auto product = two_product(d, l.high, d.f64(coefficients::inverse_ln2_f64[0]));
  const auto low = d.fma(l.high, d.f64(coefficients::inverse_ln2_f64[1]),
                         d.fma(l.low, d.f64(coefficients::inverse_ln2_f64[0]), product.low));
  const auto sum = fast_two_sum(x.exponent, product.high);
  return sum.high + (sum.low + low);
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 log10_positive(D& d, Split<typename D::F64> x) {
  const auto l = log_pair(d, log_pieces(d, x.mantissa - d.f64(1)));
  const auto product = two_product(d, l.high, d.f64(coefficients::inverse_ln10_f64[0]));
  const auto low = d.fma(l.high, d.f64(coefficients::inverse_ln10_f64[1]),
                         d.fma(l.low, d.f64(coefficients::inverse_ln10_f64[0]), product.low));
  const auto sum = fast_two_sum(x.exponent * d.f64(coefficients::log10_2_f64[0]), product.high);
  return sum.high + (sum.low + d.fma(x.exponent, d.f64(coefficients::log10_2_f64[1]), low));
}

/// f32, from normal positive x: f - f²/2 + f³ P(f) with the rounding of e ln 2 + f kept.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 log_positive(D& d, Split<typename D::F32> x) {
  using F32 = typename D::F32;
  const F32 f = x.mantissa - d.f32(1), z = f * f;
  const F32 tail = z * d.fma(f, polynomial(d, f, coefficients::log_f32), d.f32(-0.5f));
  const auto sum = fast_two_sum(x.exponent * d.f32(coefficients::ln2_f32[0]), f);
  return sum.high + (d.fma(x.exponent, d.f32(coefficients::ln2_f32[1]), tail) + sum.low);
}

/// Runs `positive` on the split of x; subnormal x are scaled up and specials replaced, both off the fast path.
template <class D, class V, class Positive>
RAVEN_VMATH_INLINE V log_of(D& d, V x, Positive positive) {
  using F = Format<is_single<D, V>>;
  const V smallest = constant<V>(d, F::smallest_normal), infinity = constant<V>(d, __builtin_inf());
  const auto usual = (x >= smallest) & (x < infinity);
  return d.rare(!usual, positive(split(d, x)), [&]() RAVEN_VMATH_LAMBDA {
    constexpr int shift = F::mantissa_bits + 1;
    const auto subnormal = x < smallest;
    const V power = constant<V>(d, static_cast<double>(int64_t{1} << shift));
    auto parts = split(d, d.select(subnormal, x * power, x));
    parts.exponent = d.select(subnormal, parts.exponent - constant<V>(d, shift), parts.exponent);
    return d.select((x > constant<V>(d, 0)) & (x < infinity), positive(parts), log_special(d, x));
  });
}

/// log(1 + f) in f64, relative error 2^-30: for f32 results. |f| in [√½ - 1, √2 - 1].
template <class D>
RAVEN_VMATH_INLINE typename D::F64 log1p_mixed(D& d, typename D::F64 f) {
  return d.fma(f * f, polynomial(d, f, coefficients::log_mixed), f);
}

}  // namespace detail

/// Natural logarithm. ≤ 1 ULP; log(±0) = -inf, log(x < 0) = NaN, log(1) = +0.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 log(D& d, typename D::F32 x) {
  return detail::log_of(d, x, [&](auto parts) RAVEN_VMATH_LAMBDA { return detail::log_positive(d, parts); });
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 log(D& d, typename D::F64 x) {
  return detail::log_of(d, x, [&](auto parts) RAVEN_VMATH_LAMBDA { return detail::log_positive(d, parts); });
}

/// Base-2 logarithm. ≤ 1 ULP; exact for powers of two. f32 goes through f64, where every positive f32 is normal.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 log2(D& d, typename D::F32 x) {
  const auto parts = detail::split(d, d.to_f64(x));
  const auto y = detail::log1p_mixed(d, parts.mantissa - d.f64(1));
  const auto fast = d.to_f32(d.fma(y, d.f64(coefficients::inverse_ln2_f64[0]), parts.exponent));
  const auto usual = (x > d.f32(0)) & (x < d.f32(__builtin_inff()));
  return d.rare(!usual, fast, [&]() RAVEN_VMATH_LAMBDA { return detail::log_special(d, x); });
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 log2(D& d, typename D::F64 x) {
  return detail::log_of(d, x, [&](auto parts) RAVEN_VMATH_LAMBDA { return detail::log2_positive(d, parts); });
}

/// Base-10 logarithm. ≤ 1 ULP; exact for powers of ten that are representable.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 log10(D& d, typename D::F32 x) {
  const auto parts = detail::split(d, d.to_f64(x));
  const auto y = detail::log1p_mixed(d, parts.mantissa - d.f64(1));
  const auto fast =
      d.to_f32(d.fma(y, d.f64(coefficients::inverse_ln10_f64[0]), parts.exponent * d.f64(0.30102999566398119521)));
  const auto usual = (x > d.f32(0)) & (x < d.f32(__builtin_inff()));
  return d.rare(!usual, fast, [&]() RAVEN_VMATH_LAMBDA { return detail::log_special(d, x); });
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 log10(D& d, typename D::F64 x) {
  return detail::log_of(d, x, [&](auto parts) RAVEN_VMATH_LAMBDA { return detail::log10_positive(d, parts); });
}

/// log(1 + x), accurate near 0. ≤ 1 ULP; log1p(±0) = ±0, log1p(-1) = -inf. Where 1 + x needs no scaling f is x itself.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 log1p(D& d, typename D::F32 x) {
  const auto wide = d.to_f64(x), one = d.f64(1);
  const auto parts = detail::split(d, one + wide);
  const auto f = d.select(parts.exponent == d.f64(0), wide, parts.mantissa - one);
  const auto y = d.fma(parts.exponent, d.f64(0.69314718055994530942), detail::log1p_mixed(d, f));
  const auto fast = d.copysign(d.to_f32(y), x);
  const auto usual = (x > d.f32(-1)) & (x < d.f32(__builtin_inff()));
  return d.rare(!usual, fast, [&]() RAVEN_VMATH_LAMBDA { return detail::log_special(d, d.f32(1) + x); });
}
/// f64: the part of x lost in 1 + x comes back as a first-order term.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 log1p(D& d, typename D::F64 x) {
  const auto one = d.f64(1), zero = d.f64(0);
  const auto sum = detail::two_sum(one, x);
  const auto parts = detail::split(d, sum.high);
  const auto near = parts.exponent == zero;
  const auto f = d.select(near, x, parts.mantissa - one);
  const auto lost = d.select(near, zero, sum.low / sum.high);
  const auto y = detail::log_sum(d, detail::log_pieces(d, f), parts.exponent, lost);
  const auto fast = d.copysign(y, x);
  const auto usual = (x > -one) & (x < d.f64(0x1p1023));
  return d.rare(!usual, fast, [&]() RAVEN_VMATH_LAMBDA { return log(d, one + x); });
}

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
