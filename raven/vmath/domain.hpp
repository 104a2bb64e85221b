#pragma once
// The value domain: what a mathematical function or a register tile is written over.
//
// A function is a template `exp(D& d, typename D::F32 x)`. The domain object `d` decides what an operation does: the
// native domain (native.hpp) computes it in vector registers; a builder domain appends an instruction to the program
// that it carries. One source therefore gives the same bits in eager kernels, compiled kernels and generated text.
//
// Values. All types of a domain have the same number of lanes, so conversions are lane by lane.
//   F32 F64 I32 I64    IEEE binary32/64 and two's-complement integers; cheap to copy; default-constructible
//   M32 M64            one truth value per lane, from comparing 32-bit or 64-bit lanes (a builder may use one type for
//   both) Index              a loop counter or an element offset; an int64_t converts to it pointers           whatever
//   the domain's load accepts: T* natively
//
// Operators on values.
//   reals      + - * /   one IEEE operation each, rounded to nearest even, subnormals kept; unary - flips the sign bit.
//                        Never contracted: x * y + z is two roundings.
//   integers   + - * unary-   wrap modulo 2^width;  & | ^ ~   bitwise
//   both       == != < <= > >=   give a mask; with a NaN all are false but !=, which is true. Integers compare as
//   signed. masks      & | ^ !
//
// Operations of the object (real V: F32, F64; integer K: I32, I64).
//   f32(c) f64(c) i32(c) i64(c)   a constant in every lane
//   fma(a, b, c)      exact a·b + c with one rounding, in every domain and at every level
//   mul_add(a, b, c)  fma or a * b + c, whichever is faster: for code whose bits need not agree between levels
//   sqrt(a)           correctly rounded; NaN below zero, sqrt(-0) = -0
//   min(a, b)         a < b ? a : b: the second operand if either is NaN, and for min(+0, -0)
//   max(a, b)         a > b ? a : b: likewise. So min(bound, x) and max(bound, x) keep a NaN x
//   abs(a) copysign(magnitude, sign)   bit operations: exact for NaN too. abs of the least integer is itself
//   select(m, a, b)   a where m, else b; both are evaluated
//   any(m)            native domain only; functions use `rare`
//   widen(M32) narrow(M64)   the same truth values for lanes of the other width
//   bits(V) → K, real(K) → V   reinterpretation. Unsigned values are integers used with shr and wrapping arithmetic
//   shl shr sar(K, n) 0 ≤ n < width, the same for all lanes: left, right with zeros, right with the sign
//   to_f64(F32 | I32 | I64) to_f32(F64 | I32)   rounded to nearest even, NaN stays NaN
//   to_i32(F32 | F64) to_i64(F64)   truncated towards zero; without meaning for NaN and values out of range
//   to_i64(I32) to_i32(I64)   sign-extended; low 32 bits
//   offset(p, index, scale, add)   the pointer p + index·scale + add, in elements
//   anchor(p)         p, which the optimiser does not write as an offset from another pointer
//   load(p) store(p, v)   consecutive elements, any alignment;   bcast(p)   one element in every lane
//   lookup(table, I32 index)   table[index] in each lane of a constexpr array; the index must be in range
//
// Control.
//   unroll<N>(body)   body(std::integral_constant<int, 0>{}) … N-1, in order: no loop in the program
//   loop<C>(trips, carried, body)   body(k) for k = 0 … trips-1. `carried` points to the C values that body changes (a
//                     builder makes one phi of each); no other value may be assigned inside. Zero or negative trips
//                     leave them as they were
//   rare(m, fast, slow)   select(m, slow(), fast), with slow() evaluated only if some lane is in m. slow() is called
//   for
//                     all lanes then, must not change captured values, and its results outside m are dropped
#include <concepts>

#include "raven/vmath/level.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {

// clang-format off
/// What the functions of this library need from a domain `D`.
template <class D>
concept Domain = requires(D& d, typename D::F32 f, typename D::F64 g, typename D::I32 i, typename D::I64 j,
                          typename D::M32 m, typename D::M64 w, typename D::F32 (*slow32)(), typename D::F64 (*slow64)()) {
  { d.f32(1.0f) } -> std::same_as<typename D::F32>;
  { d.f64(1.0) } -> std::same_as<typename D::F64>;
  { d.i32(1) } -> std::same_as<typename D::I32>;
  { d.i64(1) } -> std::same_as<typename D::I64>;
  { f + f } -> std::same_as<typename D::F32>;
  { g / g } -> std::same_as<typename D::F64>;
  { i ^ i } -> std::same_as<typename D::I32>;
  { f < f } -> std::same_as<typename D::M32>;
  { g < g } -> std::same_as<typename D::M64>;
  { d.fma(f, f, f) } -> std::same_as<typename D::F32>;
  { d.fma(g, g, g) } -> std::same_as<typename D::F64>;
  { d.sqrt(g) } -> std::same_as<typename D::F64>;
  { d.select(m, f, f) } -> std::same_as<typename D::F32>;
  { d.select(w, g, g) } -> std::same_as<typename D::F64>;
  { d.bits(f) } -> std::same_as<typename D::I32>;
  { d.bits(g) } -> std::same_as<typename D::I64>;
  { d.real(i) } -> std::same_as<typename D::F32>;
  { d.real(j) } -> std::same_as<typename D::F64>;
  { d.to_f64(f) } -> std::same_as<typename D::F64>;
  { d.to_f32(g) } -> std::same_as<typename D::F32>;
  { d.to_i64(i) } -> std::same_as<typename D::I64>;
  { d.to_i32(j) } -> std::same_as<typename D::I32>;
  { d.widen(m) } -> std::same_as<typename D::M64>;
  { d.narrow(w) } -> std::same_as<typename D::M32>;
  { d.rare(m, f, slow32) } -> std::same_as<typename D::F32>;
  { d.rare(w, g, slow64) } -> std::same_as<typename D::F64>;
};
// clang-format on

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
