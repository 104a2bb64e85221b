#pragma once
// Helpers that the functions share: constants and formats by value type, polynomials, exact sums, powers of two.
#include <cstdint>
#include <type_traits>

#include "raven/vmath/coefficients.hpp"
#include "raven/vmath/domain.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {
namespace detail {

template <class D, class V>
inline constexpr bool is_single = std::is_same_v<V, typename D::F32>;

/// The integer type with V's width.
template <class D, class V>
using IntegerOf = std::conditional_t<is_single<D, V>, typename D::I32, typename D::I64>;

/// What the algorithms need to know of binary32 and binary64.
template <bool single>
struct Format;
template <>
struct Format<true> {
  static constexpr int mantissa_bits = 23, bias = 127;
  static constexpr double magic = 0x1.8p23;  // x + magic holds rint(x) in its low bits for |x| ≤ 2^22
  static constexpr double smallest_normal = 0x1p-126;
};
template <>
struct Format<false> {
  static constexpr int mantissa_bits = 52, bias = 1023;
  static constexpr double magic = 0x1.8p52;
  static constexpr double smallest_normal = 0x1p-1022;
};

/// c, rounded to V's format, in every lane.
template <class V, class D>
RAVEN_VMATH_INLINE V constant(D& d, double c) {
  if constexpr (is_single<D, V>) {
    return d.f32(static_cast<float>(c));
  } else {
    return d.f64(c);
  }
}
template <class K, class D>
RAVEN_VMATH_INLINE K integer(D& d, int64_t c) {
  if constexpr (std::is_same_v<K, typename D::I32>) {
    return d.i32(static_cast<int32_t>(c));
  } else {
    return d.i64(c);
  }
}

/// Σ c_k x^k by Horner's rule, one fma a step.
template <class D, class V, class T, int size>
RAVEN_VMATH_INLINE V polynomial(D& d, V x, const T (&c)[size]) {
  V p = constant<V>(d, c[size - 1]);
  d.template unroll<size - 1>(
      [&](auto i) RAVEN_VMATH_LAMBDA { p = d.fma(p, x, constant<V>(d, c[size - 2 - decltype(i)::value])); });
  return p;
}

/// The same where c[0] + c[1] is the lowest coefficient in two parts: its rounding no longer counts.
template <class D, class V, class T, int size>
RAVEN_VMATH_INLINE V polynomial_split(D& d, V x, const T (&c)[size]) {
  V p = constant<V>(d, c[size - 1]);
  d.template unroll<size - 2>(
      [&](auto i) RAVEN_VMATH_LAMBDA { p = d.fma(p, x, constant<V>(d, c[size - 2 - decltype(i)::value])); });
  return p + constant<V>(d, c[0]);
}

/// high + low, |low| ≤ ulp(high)/2 unless said otherwise.
template <class V>
struct Pair {
  V high, low;
};

/// a + b exactly (Knuth): no condition on magnitudes.
template <class V>
RAVEN_VMATH_INLINE Pair<V> two_sum(V a, V b) {
  const V sum = a + b, part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}
/// a + b exactly when |a| ≥ |b| or a = 0 (Dekker).
template <class V>
RAVEN_VMATH_INLINE Pair<V> fast_two_sum(V a, V b) {
  const V sum = a + b;
  return {sum, (a - sum) + b};
}
/// a · b exactly, barring underflow of the low part.
template <class D, class V>
RAVEN_VMATH_INLINE Pair<V> two_product(D& d, V a, V b) {
  const V product = a * b;
  return {product, d.fma(a, b, -product)};
}

/// p · 2^n for |n| ≤ 2·bias, rounded once: each factor 2^(n/2) is normal, so only the last product can be inexact.
/// A domain with an instruction for it (`scaled`, the same bits) uses that.
template <class D, class V, class K>
RAVEN_VMATH_INLINE V scale(D& d, V p, K n) {
  if constexpr (requires { d.scaled(p, n); }) {
    return d.scaled(p, n);
  } else {
    using F = Format<is_single<D, V>>;
    const K half = d.sar(n, 1), bias = integer<K>(d, F::bias);
    const V first = d.real(d.shl(half + bias, F::mantissa_bits));
    const V second = d.real(d.shl(n - half + bias, F::mantissa_bits));
    return (p * first) * second;
  }
}

/// x = m · 2^e with √½ ≤ m < √2, for positive normal x. e is a whole number held as a real.
template <class V>
struct Split {
  V mantissa, exponent;
};
template <class D, class V>
RAVEN_VMATH_INLINE Split<V> split(D& d, V x) {
  using F = Format<is_single<D, V>>;
  using K = IntegerOf<D, V>;
  const K bits = d.bits(x), root_half = d.bits(constant<V>(d, 0.70710678118654752440));
  const K e = d.sar(bits - root_half, F::mantissa_bits);
  const V magic = constant<V>(d, F::magic);
  // magic + e, made in its bits: exact, and no conversion from 64-bit integers is needed
  return {d.real(bits - d.shl(e, F::mantissa_bits)), d.real(d.bits(magic) + e) - magic};
}

}  // namespace detail
}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
