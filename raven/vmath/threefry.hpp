#pragma once
// Threefry-2x32, 20 rounds (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011), written
// over a domain: the block function of nx's keyed random numbers, with the same bits as JAX's.
#include <cstdint>
#include <type_traits>

#include "raven/vmath/domain.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {

/// The pair (x0, x1) becomes the block of counter (x0, x1) under the key (k0, k1).
template <class D>
RAVEN_VMATH_INLINE void threefry2x32(D& d, typename D::I32 k0, typename D::I32 k1, typename D::I32& x0, typename D::I32& x1) {
  const auto k2 = k0 ^ k1 ^ d.i32(0x1BD11BDA);
  const auto round = [&](auto rotation) RAVEN_VMATH_LAMBDA {
    constexpr int r = decltype(rotation)::value;
    x0 = x0 + x1;
    x1 = (d.shl(x1, r) | d.shr(x1, 32 - r)) ^ x0;
  };
  const auto four = [&](auto a, auto b, auto c, auto e, auto add0, auto add1, int32_t count) RAVEN_VMATH_LAMBDA {
    round(a), round(b), round(c), round(e);
    x0 = x0 + add0;
    x1 = x1 + add1 + d.i32(count);
  };
  constexpr std::integral_constant<int, 13> r13{};
  constexpr std::integral_constant<int, 15> r15{};
  constexpr std::integral_constant<int, 26> r26{};
  constexpr std::integral_constant<int, 6> r6{};
  constexpr std::integral_constant<int, 17> r17{};
  constexpr std::integral_constant<int, 29> r29{};
  constexpr std::integral_constant<int, 16> r16{};
  constexpr std::integral_constant<int, 24> r24{};
  x0 = x0 + k0;
  x1 = x1 + k1;
  four(r13, r15, r26, r6, k1, k2, 1);
  four(r17, r29, r16, r24, k2, k0, 2);
  four(r13, r15, r26, r6, k0, k1, 3);
  four(r17, r29, r16, r24, k1, k2, 4);
  four(r13, r15, r26, r6, k2, k0, 5);
}

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
