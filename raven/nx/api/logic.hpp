#pragma once
// Comparisons, logic and bits. Comparisons of integers are exact for every pair of types, and a literal outside the
// array's range is answered; a NaN is unequal to everything and not ordered.
#include "raven/nx/api/math.hpp"

namespace nx {

/// a == b, a ≠ b, a < b, a ≤ b, a > b, a ≥ b per element, as b1. NumPy: equal, not_equal, less …
RAVEN_API Array equal(const Operand& a, const Operand& b);
RAVEN_API Array not_equal(const Operand& a, const Operand& b);
RAVEN_API Array less(const Operand& a, const Operand& b);
RAVEN_API Array less_equal(const Operand& a, const Operand& b);
RAVEN_API Array greater(const Operand& a, const Operand& b);
RAVEN_API Array greater_equal(const Operand& a, const Operand& b);

/// Truth of both, of either, of exactly one, of not; numbers are true when not 0. NumPy: logical_and …
RAVEN_API Array logical_and(const Operand& a, const Operand& b);
RAVEN_API Array logical_or(const Operand& a, const Operand& b);
RAVEN_API Array logical_xor(const Operand& a, const Operand& b);
RAVEN_API Array logical_not(const Operand& a);

/// Bit by bit, of integers and bools. NumPy: bitwise_and, bitwise_or, bitwise_xor, invert.
RAVEN_API Array bitwise_and(const Operand& a, const Operand& b);
RAVEN_API Array bitwise_or(const Operand& a, const Operand& b);
RAVEN_API Array bitwise_xor(const Operand& a, const Operand& b);
RAVEN_API Array bitwise_invert(const Operand& a);
inline Array bitwise_not(const Operand& a) { return bitwise_invert(a); }
/// a · 2^count and ⌊a / 2^count⌋ of integers; a count outside [0, width) gives 0, or −1 for a negative a shifted right.
/// NumPy: left_shift, right_shift.
RAVEN_API Array left_shift(const Operand& a, const Operand& count);
RAVEN_API Array right_shift(const Operand& a, const Operand& count);

/// Which elements are NaN, ±inf, neither. NumPy: isnan, isinf, isfinite.
RAVEN_API Array isnan(const Array& x);
RAVEN_API Array isinf(const Array& x);
RAVEN_API Array isfinite(const Array& x);

// Overloads are exact in both arguments: with implicit conversions C++20's reversed == would be ambiguous.
#define NX_COMPARE(op, function)                                                            \
  inline Array operator op(const Array& a, const Array& b) { return function(a, b); }       \
  template <WeakNumber T>                                                                   \
  Array operator op(const Array& a, T b) { return function(a, b); }                         \
  template <WeakNumber T>                                                                   \
  Array operator op(T a, const Array& b) { return function(a, b); }
NX_COMPARE(==, equal)
NX_COMPARE(!=, not_equal)
NX_COMPARE(<, less)
NX_COMPARE(<=, less_equal)
NX_COMPARE(>, greater)
NX_COMPARE(>=, greater_equal)
#undef NX_COMPARE

#define NX_BITS(op, function)                                                               \
  inline Array operator op(const Array& a, const Operand& b) { return function(a, b); }     \
  inline Array operator op(Array&& a, const Operand& b) { return function(std::move(a), b); } \
  template <WeakNumber T>                                                                   \
  Array operator op(T a, const Operand& b) { return function(a, b); }
NX_BITS(&, bitwise_and)
NX_BITS(|, bitwise_or)
NX_BITS(^, bitwise_xor)
NX_BITS(<<, left_shift)
NX_BITS(>>, right_shift)
#undef NX_BITS
NX_ASSIGN(&=, bitwise_and)
NX_ASSIGN(|=, bitwise_or)
NX_ASSIGN(^=, bitwise_xor)
NX_ASSIGN(<<=, left_shift)
NX_ASSIGN(>>=, right_shift)
#undef NX_ASSIGN
inline Array operator~(const Array& a) { return bitwise_invert(a); }
inline Array operator!(const Array& a) { return logical_not(a); }

// && and || cannot work per element, because C++ evaluates only one side when that decides.
template <class T>
Array operator&&(const Array&, const T&) = delete;  // use & on b1 arrays, or nx::logical_and; all(x) for one truth value
template <WeakNumber T>
Array operator&&(T, const Array&) = delete;  // use & on b1 arrays, or nx::logical_and; all(x) for one truth value
template <class T>
Array operator||(const Array&, const T&) = delete;  // use | on b1 arrays, or nx::logical_or; any(x) for one truth value
template <WeakNumber T>
Array operator||(T, const Array&) = delete;  // use | on b1 arrays, or nx::logical_or; any(x) for one truth value

}  // namespace nx
