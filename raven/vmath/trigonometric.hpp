#pragma once
// sin, cos, tan for every finite argument.
//
// x = q π/2 + r with |r| ≤ π/4; for sin and cos in f32, computed in f64, x = q π + r with |r| ≤ π/2, which needs one
// polynomial instead of two. Up to |x| = 1e5 (q < 2^16) π/2 is subtracted in parts of 37 bits, whose products with q
// are exact; beyond that the reduction of Payne and Hanek runs off the fast path: x · 2/π modulo 4 from a table of
// 2^(32 g) · 2/π mod 4 in four doubles.
#include "raven/vmath/polynomial.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {
namespace detail {

inline constexpr double reduction_limit = 1e5;

/// r = high + low in [-π/4, π/4] and the quadrant, of which two bits count.
template <class D>
struct Reduced {
  typename D::F64 high, low;
  typename D::I64 quadrant;
};

template <class D>
RAVEN_VMATH_INLINE Reduced<D> reduce(D& d, typename D::F64 x) {
  using F64 = typename D::F64;
  const auto& part = coefficients::half_pi_f64;
  const F64 magic = d.f64(Format<false>::magic);
  const F64 t = d.fma(x, d.f64(0.63661977236758134308), magic), n = t - magic;
  const F64 rest = d.fma(n, d.f64(-part[0]), x);
  const auto second = two_sum(rest, n * d.f64(-part[1]));
  const auto third = two_sum(second.high, n * d.f64(-part[2]));
  const F64 low = d.fma(n, d.f64(-part[3]), second.low + third.low);
  return {third.high, low, d.bits(t)};
}

/// For any x; infinity and NaN give NaN. Relative error of the remainder below 2^-60.
template <class D>
RAVEN_VMATH_INLINE Reduced<D> reduce_large(D& d, typename D::F64 x) {
  using F64 = typename D::F64;
  using I64 = typename D::I64;
  const F64 magic = d.f64(Format<false>::magic), a = d.abs(x);
  // |x| = m · 2^e with an integer m of 53 bits; g = max(e, 0) / 32. Scaled by 2^(-32 g) it is still an integer, so
  // dropping multiples of 4 from 2^(32 g) · 2/π changes the product by multiples of 4.
  const I64 e = d.sar(d.bits(a), 52) - d.i64(1075);
  const I64 group = d.shr(d.select(e < d.i64(0), d.i64(0), e), 5);
  const F64 scaled = a * d.real(d.shl(d.i64(1023) - d.shl(group, 5), 52));
  const auto row = d.shl(d.to_i32(group), 2);
  I64 quadrant = d.i64(0);
  // v modulo 4 to [-1/2, 1/2], its whole part counted. From 2^54 on a double is a multiple of 4.
  const auto fraction = [&](F64 v) RAVEN_VMATH_LAMBDA {
    const F64 fours = (v * d.f64(0.25) + magic) - magic;
    const F64 below = d.select(d.abs(v) < d.f64(0x1p54), v - fours * d.f64(4), v - v);
    const F64 t = below + magic;
    quadrant = quadrant + d.bits(t);
    return below - (t - magic);
  };
  const auto product = [&](int k) RAVEN_VMATH_LAMBDA {
    return two_product(d, scaled, d.lookup(coefficients::two_over_pi, row + d.i32(k)));
  };
  const auto p0 = product(0), p1 = product(1), p2 = product(2);
  const F64 last = scaled * d.lookup(coefficients::two_over_pi, row + d.i32(3));
  const auto s0 = two_sum(fraction(p0.high), fraction(p0.low));
  const auto s1 = two_sum(fraction(s0.high), fraction(p1.high));
  const auto s2 = two_sum(fraction(s1.high), p1.low);
  const auto s3 = two_sum(s2.high, p2.high);
  const F64 tail = ((s0.low + s1.low) + (s2.low + s3.low)) + (p2.low + last);
  const auto sum = fast_two_sum(fraction(s3.high), tail);
  const auto r = two_product(d, sum.high, d.f64(coefficients::half_pi_pair_f64[0]));
  const F64 low = d.fma(sum.high, d.f64(coefficients::half_pi_pair_f64[1]),
                        d.fma(sum.low, d.f64(coefficients::half_pi_pair_f64[0]), r.low));
  return {r.high, low, quadrant};
}

template <class D, class V>
struct SineCosine {
  V sine, cosine;
};

/// sin and cos of the remainder: sin r + low cos r, cos r - low sin r, to first order in low.
template <class D>
RAVEN_VMATH_INLINE SineCosine<D, typename D::F64> sine_cosine(D& d, const Reduced<D>& x) {
  using F64 = typename D::F64;
  const F64 r = x.high, z = r * r, one = d.f64(1);
  const F64 half = d.f64(0.5) * z;
  const F64 cubic = r * (z * polynomial(d, z, coefficients::sin_f64));
  const F64 sine = r + (cubic + d.fma(-half, x.low, x.low));
  const F64 near = one - half;
  const F64 cosine =
      near + (((one - near) - half) + d.fma(z * z, polynomial(d, z, coefficients::cos_f64), -(r * x.low)));
  return {d.copysign(sine, r), cosine};  // the sum would lose the sign of r = -0
}

/// sin (cos with `turn` = 1) from the quadrant; `sign` is xored into the sign bit.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 by_quadrant(D& d, SineCosine<D, typename D::F64> v, typename D::I64 quadrant) {
  const auto odd = (quadrant & d.i64(1)) != d.i64(0);
  return d.real(d.bits(d.select(odd, v.cosine, v.sine)) ^ d.shl(quadrant & d.i64(2), 62));
}

template <class D>
RAVEN_VMATH_INLINE typename D::F64 sin_large(D& d, typename D::F64 x) {
  const auto r = reduce_large(d, x);
  const auto y = by_quadrant(d, sine_cosine(d, r), r.quadrant);
  return d.select(x < d.f64(0), -y, y);
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 cos_large(D& d, typename D::F64 x) {
  const auto r = reduce_large(d, x);
  return by_quadrant(d, sine_cosine(d, r), r.quadrant + d.i64(1));
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 tangent(D& d, const Reduced<D>& r) {
  const auto v = sine_cosine(d, r);
  const auto odd = (r.quadrant & d.i64(1)) != d.i64(0);
  return d.select(odd, -v.cosine, v.sine) / d.select(odd, v.sine, v.cosine);
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 tan_large(D& d, typename D::F64 x) {
  const auto y = tangent(d, reduce_large(d, x));
  return d.select(x < d.f64(0), -y, y);
}

/// For f32 results, |x| ≤ 1e5: no such x is nearer than 2^-28 to a multiple of π/2, so two parts are enough.
template <class D>
RAVEN_VMATH_INLINE typename D::F64 sine_mixed(D& d, typename D::F64 x, typename D::F64 n, typename D::I64 sign) {
  const auto& pi = coefficients::pi_pair_f64;
  const auto r = d.fma(n, d.f64(-pi[1]), d.fma(n, d.f64(-pi[0]), x)), z = r * r;
  const auto sine = r * d.fma(z, polynomial(d, z, coefficients::sin_wide), d.f64(1));
  return d.real(d.bits(sine) ^ d.shl(sign, 63));
}
/// sin x = ± sin(x - n π) with n = rint(x/π).
template <class D>
RAVEN_VMATH_INLINE typename D::F64 sin_mixed(D& d, typename D::F64 x) {
  const auto magic = d.f64(Format<false>::magic), t = d.fma(x, d.f64(0.31830988618379067154), magic);
  return sine_mixed(d, x, t - magic, d.bits(t));
}
/// cos x = sin(x + π/2) = ± sin(x - (n - ½) π) with n = rint(x/π + ½).
template <class D>
RAVEN_VMATH_INLINE typename D::F64 cos_mixed(D& d, typename D::F64 x) {
  const auto magic = d.f64(Format<false>::magic), half = d.f64(0.5);
  const auto t = d.fma(x, d.f64(0.31830988618379067154), half) + magic;
  return sine_mixed(d, x, (t - magic) - half, d.bits(t));
}

template <class D>
RAVEN_VMATH_INLINE Reduced<D> reduce_mixed(D& d, typename D::F64 x) {
  using F64 = typename D::F64;
  const auto& half_pi = coefficients::half_pi_pair_f64;
  const F64 magic = d.f64(Format<false>::magic);
  const F64 t = d.fma(x, d.f64(0.63661977236758134308), magic), n = t - magic;
  return {d.fma(n, d.f64(-half_pi[1]), d.fma(n, d.f64(-half_pi[0]), x)), d.f64(0), d.bits(t)};
}
template <class D>
RAVEN_VMATH_INLINE SineCosine<D, typename D::F64> sine_cosine_mixed(D& d, typename D::F64 r) {
  const auto z = r * r, one = d.f64(1);
  return {r * d.fma(z, polynomial(d, z, coefficients::sin_mixed), one),
          d.fma(z, d.fma(z, polynomial(d, z, coefficients::cos_mixed), d.f64(-0.5)), one)};
}

/// Runs `fast` for |x| ≤ 1e5 and `large` where some lane is beyond (or not finite).
template <class D, class V, class Large>
RAVEN_VMATH_INLINE V by_size(D& d, V x, V fast, Large large) {
  return d.rare(!(d.abs(x) <= constant<V>(d, reduction_limit)), fast, large);
}

}  // namespace detail

/// Sine. ≤ 1 ULP for every finite x; sin(±0) = ±0, sin(±inf) = NaN.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 sin(D& d, typename D::F32 x) {
  const auto fast = d.to_f32(detail::sin_mixed(d, d.to_f64(x)));
  return detail::by_size(d, x, fast, [&]() RAVEN_VMATH_LAMBDA { return d.to_f32(detail::sin_large(d, d.to_f64(x))); });
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 sin(D& d, typename D::F64 x) {
  const auto r = detail::reduce(d, x);
  const auto fast = detail::by_quadrant(d, detail::sine_cosine(d, r), r.quadrant);
  return detail::by_size(d, x, fast, [&]() RAVEN_VMATH_LAMBDA { return detail::sin_large(d, x); });
}

/// Cosine. ≤ 1 ULP for every finite x; cos(±inf) = NaN.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 cos(D& d, typename D::F32 x) {
  const auto fast = d.to_f32(detail::cos_mixed(d, d.to_f64(x)));
  return detail::by_size(d, x, fast, [&]() RAVEN_VMATH_LAMBDA { return d.to_f32(detail::cos_large(d, d.to_f64(x))); });
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 cos(D& d, typename D::F64 x) {
  const auto r = detail::reduce(d, x);
  const auto fast = detail::by_quadrant(d, detail::sine_cosine(d, r), r.quadrant + d.i64(1));
  return detail::by_size(d, x, fast, [&]() RAVEN_VMATH_LAMBDA { return detail::cos_large(d, x); });
}

/// Tangent, sin / cos. ≤ 2 ULP for every finite x; tan(±0) = ±0, tan(±inf) = NaN.
template <class D>
RAVEN_VMATH_INLINE typename D::F32 tan(D& d, typename D::F32 x) {
  const auto r = detail::reduce_mixed(d, d.to_f64(x));
  const auto v = detail::sine_cosine_mixed(d, r.high);
  const auto odd = (r.quadrant & d.i64(1)) != d.i64(0);
  const auto fast = d.to_f32(d.select(odd, -v.cosine, v.sine) / d.select(odd, v.sine, v.cosine));
  return detail::by_size(d, x, fast, [&]() RAVEN_VMATH_LAMBDA { return d.to_f32(detail::tan_large(d, d.to_f64(x))); });
}
template <class D>
RAVEN_VMATH_INLINE typename D::F64 tan(D& d, typename D::F64 x) {
  const auto fast = detail::tangent(d, detail::reduce(d, x));
  return detail::by_size(d, x, fast, [&]() RAVEN_VMATH_LAMBDA { return detail::tan_large(d, x); });
}

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
