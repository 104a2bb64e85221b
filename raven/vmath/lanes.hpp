#pragma once
// Vectors of lanes and masks with their operators, over the vector extensions of GCC and Clang.
#include <cstdint>
#include <type_traits>

#include "raven/vmath/level.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {

/// Integer of the same width: float → int32_t, double → int64_t.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

/// One truth value per lane, all bits set or none. `B` is int32_t or int64_t.
template <class B, int n>
struct Mask {
  typedef B Vector __attribute__((vector_size(sizeof(B) * n)));
  Vector v;
  RAVEN_VMATH_INLINE friend Mask operator&(Mask a, Mask b) { return {a.v & b.v}; }
  RAVEN_VMATH_INLINE friend Mask operator|(Mask a, Mask b) { return {a.v | b.v}; }
  RAVEN_VMATH_INLINE friend Mask operator^(Mask a, Mask b) { return {a.v ^ b.v}; }
  RAVEN_VMATH_INLINE friend Mask operator!(Mask a) { return {~a.v}; }
};

/// n lanes of T: float, double, int32_t or int64_t. Wider than a register it is a pair (or more) of registers.
template <class T, int n>
struct Lanes {
  typedef T Vector __attribute__((vector_size(sizeof(T) * n)));
  typedef BitsOf<T> Bits __attribute__((vector_size(sizeof(T) * n)));
  typedef std::make_unsigned_t<BitsOf<T>> Unsigned __attribute__((vector_size(sizeof(T) * n)));
  using M = Mask<BitsOf<T>, n>;
  using Element = T;
  static constexpr bool is_real = std::is_floating_point_v<T>;
  Vector v;

  // Integers wrap: signed overflow is undefined in C++, so they are added as unsigned.
  RAVEN_VMATH_INLINE friend Lanes operator+(Lanes a, Lanes b) {
    if constexpr (is_real)
      return {a.v + b.v};
    else
      return {(Vector)((Unsigned)a.v + (Unsigned)b.v)};
  }
  RAVEN_VMATH_INLINE friend Lanes operator-(Lanes a, Lanes b) {
    if constexpr (is_real)
      return {a.v - b.v};
    else
      return {(Vector)((Unsigned)a.v - (Unsigned)b.v)};
  }
  RAVEN_VMATH_INLINE friend Lanes operator*(Lanes a, Lanes b) {
    if constexpr (is_real)
      return {a.v * b.v};
    else
      return {(Vector)((Unsigned)a.v * (Unsigned)b.v)};
  }
  RAVEN_VMATH_INLINE friend Lanes operator/(Lanes a, Lanes b)
    requires is_real
  {
    return {a.v / b.v};
  }
  RAVEN_VMATH_INLINE friend Lanes operator-(Lanes a) {
    if constexpr (is_real)
      return {-a.v};
    else
      return {(Vector)(-(Unsigned)a.v)};
  }
  RAVEN_VMATH_INLINE friend Lanes operator&(Lanes a, Lanes b)
    requires(!is_real)
  {
    return {a.v & b.v};
  }
  RAVEN_VMATH_INLINE friend Lanes operator|(Lanes a, Lanes b)
    requires(!is_real)
  {
    return {a.v | b.v};
  }
  RAVEN_VMATH_INLINE friend Lanes operator^(Lanes a, Lanes b)
    requires(!is_real)
  {
    return {a.v ^ b.v};
  }
  RAVEN_VMATH_INLINE friend Lanes operator~(Lanes a)
    requires(!is_real)
  {
    return {~a.v};
  }
  RAVEN_VMATH_INLINE friend M operator==(Lanes a, Lanes b) { return {(Bits)(a.v == b.v)}; }
  RAVEN_VMATH_INLINE friend M operator!=(Lanes a, Lanes b) { return {(Bits)(a.v != b.v)}; }
  RAVEN_VMATH_INLINE friend M operator<(Lanes a, Lanes b) { return {(Bits)(a.v < b.v)}; }
  RAVEN_VMATH_INLINE friend M operator<=(Lanes a, Lanes b) { return {(Bits)(a.v <= b.v)}; }
  RAVEN_VMATH_INLINE friend M operator>(Lanes a, Lanes b) { return {(Bits)(a.v > b.v)}; }
  RAVEN_VMATH_INLINE friend M operator>=(Lanes a, Lanes b) { return {(Bits)(a.v >= b.v)}; }
};

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
