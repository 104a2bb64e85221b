#pragma once
// Exact fused multiply-add for CPUs that have none: one rounding, to nearest even, as IEEE 754 defines it.
#include <cstdint>
#include <cstring>

#include "raven/vmath/lanes.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {

/// a·b + c of one lane in integers: right for every input, subnormal and overflowing ones included.
[[gnu::noinline, maybe_unused]] static double fma_exact(double a, double b, double c) {
  __extension__ typedef unsigned __int128 Wide;
  uint64_t abits, bbits, cbits;
  std::memcpy(&abits, &a, 8), std::memcpy(&bbits, &b, 8), std::memcpy(&cbits, &c, 8);
  const auto field = [](uint64_t bits) { return static_cast<int>(bits >> 52) & 2047; };
  const bool finite_product = field(abits) != 2047 && field(bbits) != 2047;
  if (!finite_product || a == 0 || b == 0) return a * b + c;  // NaN, infinity or an exact zero product: no rounding
  if (field(cbits) == 2047) return c + c;                     // before a·b can overflow to an infinity of its own
  const auto mantissa = [&](uint64_t bits) {
    const uint64_t low = bits & ((uint64_t{1} << 52) - 1);
    return field(bits) != 0 ? low | uint64_t{1} << 52 : low;
  };
  const auto exponent = [&](uint64_t bits) { return (field(bits) != 0 ? field(bits) : 1) - 1075; };
  const auto length = [](Wide w) {
    const auto high = static_cast<uint64_t>(w >> 64), low = static_cast<uint64_t>(w);
    return high != 0 ? 128 - __builtin_clzll(high) : low != 0 ? 64 - __builtin_clzll(low) : 0;
  };
  // Both terms as integer · 2^exponent with the leading bit at 125. A term that is shifted right leaves a sticky bit:
  // at least 20 bits below it are zero, and cancellation of more than one bit needs a shift of at most 1.
  const auto shift_sticky = [](Wide w, int n) {
    if (n >= 127) return Wide{w != 0};
    const Wide kept = w >> n;
    return kept << n == w ? kept : kept | 1;
  };
  Wide product = static_cast<Wide>(mantissa(abits)) * mantissa(bbits), addend = mantissa(cbits);
  int product_exponent = exponent(abits) + exponent(bbits), addend_exponent = exponent(cbits);
  bool negative = (abits ^ bbits) >> 63;
  const bool subtract = ((abits ^ bbits ^ cbits) >> 63) != 0;
  const int product_shift = 126 - length(product);
  product <<= product_shift, product_exponent -= product_shift;
  if (addend != 0) {
    const int addend_shift = 126 - length(addend);
    addend <<= addend_shift, addend_exponent -= addend_shift;
    if (product_exponent >= addend_exponent) {
      addend = shift_sticky(addend, product_exponent - addend_exponent);
    } else {
      product = shift_sticky(product, addend_exponent - product_exponent);
      product_exponent = addend_exponent;
    }
    if (!subtract) {
      product += addend;
    } else if (product >= addend) {
      product -= addend;
    } else {
      product = addend - product, negative = !negative;
    }
    if (product == 0) return 0.0;  // x - x is +0 when rounding to nearest
  }
  // Round at the last bit of a double with this leading bit, or at 2^-1074.
  const int leading = product_exponent + length(product) - 1;
  int last = leading - 52 < -1074 ? -1074 : leading - 52;
  const int drop = last - product_exponent;
  Wide kept = product;
  if (drop >= 128) {
    kept = 0;
  } else if (drop > 0) {
    kept = product >> drop;
    const Wide rest = product - (kept << drop), half = Wide{1} << (drop - 1);
    kept += static_cast<Wide>(rest > half || (rest == half && (kept & 1) != 0));
  } else {
    kept <<= -drop;
  }
  auto fraction = static_cast<uint64_t>(kept);
  if (fraction >> 53) fraction >>= 1, ++last;
  uint64_t bits = fraction;
  if (fraction >> 52) {
    const int biased = last + 1075;
    bits = biased >= 2047 ? uint64_t{2047} << 52
                          : (static_cast<uint64_t>(biased) << 52) + (fraction - (uint64_t{1} << 52));
  }
  bits |= static_cast<uint64_t>(negative) << 63;
  double result;
  std::memcpy(&result, &bits, 8);
  return result;
}

/// x + y rounded to odd: of the two doubles that bracket an inexact sum, the one with an odd mantissa. Rounding that
/// once more to a format at least two bits narrower equals rounding the exact sum (Boldo and Melquiond, 2008).
template <int n>
RAVEN_VMATH_INLINE Lanes<double, n> add_to_odd(Lanes<double, n> x, Lanes<double, n> y) {
  using F = Lanes<double, n>;
  using I = Lanes<int64_t, n>;
  using Bits = typename I::Vector;
  const F sum = x + y, part = sum - x;
  const F error = (x - (sum - part)) + (y - part);  // two-sum: x + y = sum + error exactly
  const Bits bits = (Bits)sum.v;
  const Bits away = ((bits ^ (Bits)error.v) >> 63) | 1;  // +1 when the error points away from zero, else -1
  // An infinite or NaN sum has a NaN error, and NaN != 0: exclude it by the exponent.
  const Bits exponent = bits & 0x7ff0000000000000;
  const Bits inexact = (error != F{}).v & (Bits)(exponent != 0x7ff0000000000000) & ((bits & 1) - 1);
  return {(typename F::Vector)(bits + (away & inexact))};
}

// The two that follow are called, not inlined: a polynomial has dozens of them, and inlined they made half of a static
// program and minutes of compilation for a level that only CPUs without fma use.

/// f32: the product is exact in double (48 of 53 bits), the sum is rounded to odd there, then once to f32 (24 bits,
/// fewer when subnormal). Nothing over- or underflows in double.
template <int n>
[[gnu::noinline]] Lanes<float, n> software_fma(Lanes<float, n> a, Lanes<float, n> b, Lanes<float, n> c) {
  using Double = typename Lanes<double, n>::Vector;
  const Lanes<double, n> product{__builtin_convertvector(a.v, Double) * __builtin_convertvector(b.v, Double)};
  const Lanes<double, n> addend{__builtin_convertvector(c.v, Double)};
  return {__builtin_convertvector(add_to_odd(product, addend).v, typename Lanes<float, n>::Vector)};
}

/// f64: product and sum as unevaluated pairs, the tails added with rounding to odd (Boldo and Melquiond, "Emulation of
/// FMA and correctly rounded sums"). Proven when neither the product nor its tail over- or underflows: 2^-450 ≤ |a|,
/// |b| ≤ 2^450 and |c| ≤ 2^900; an exact zero product needs none of it; other lanes go one by one.
template <int n>
[[gnu::noinline]] Lanes<double, n> software_fma(Lanes<double, n> a, Lanes<double, n> b, Lanes<double, n> c) {
  using F = Lanes<double, n>;
  using Bits = typename Lanes<int64_t, n>::Vector;
  const Bits exponent_a = ((Bits)a.v >> 52) & 2047, exponent_b = ((Bits)b.v >> 52) & 2047;
  const Bits exponent_c = ((Bits)c.v >> 52) & 2047;
  const Bits unsafe = (Bits)(exponent_a < 574) | (Bits)(exponent_a > 1472) | (Bits)(exponent_b < 574) |
                      (Bits)(exponent_b > 1472) | (Bits)(exponent_c > 1922);
  const Bits zero = (a == F{}).v | (b == F{}).v;
  const Bits slow = unsafe & ~(zero & (Bits)(exponent_a < 2047) & (Bits)(exponent_b < 2047));
  const F splitter{typename F::Vector{} + 134217729.0};  // 2^27 + 1: the upper 26 bits (Veltkamp)
  const F a_scaled = a * splitter, a_high = a_scaled - (a_scaled - a), a_low = a - a_high;
  const F b_scaled = b * splitter, b_high = b_scaled - (b_scaled - b), b_low = b - b_high;
  const F product = a * b;
  const F product_tail = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low);
  const F tail_sum = c + product_tail, tail_part = tail_sum - c;
  const F tail_error = (c - (tail_sum - tail_part)) + (product_tail - tail_part);
  const F sum = product + tail_sum, sum_part = sum - product;
  const F sum_error = (product - (sum - sum_part)) + (tail_sum - sum_part);
  const F fast = sum + add_to_odd(tail_error, sum_error), plain = product + c;
  F result{(zero | slow) ? plain.v : fast.v};
  int64_t lanes[n];
  std::memcpy(lanes, &slow, sizeof lanes);
  int64_t any = 0;
  for (int i = 0; i < n; ++i) any |= lanes[i];
  if (__builtin_expect(any != 0, 0)) {
    for (int i = 0; i < n; ++i) {
      if (lanes[i] != 0) result.v[i] = fma_exact(a.v[i], b.v[i], c.v[i]);
    }
  }
  return result;
}

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
