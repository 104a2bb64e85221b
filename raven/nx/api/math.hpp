#pragma once
// Elementwise arithmetic. Every function broadcasts and promotes as NumPy (nx guide, "dtypes") and takes arrays or weak
// C++ numbers. Errors: ShapeError, DTypeError, OverflowError.
#include "raven/nx/gateway.hpp"

namespace nx {

/// a + b. NumPy: add. Bools: OR.
RAVEN_API Array add(const Operand& a, const Operand& b);
/// a − b. NumPy: subtract.
RAVEN_API Array subtract(const Operand& a, const Operand& b);
/// a · b. NumPy: multiply. Bools: AND.
RAVEN_API Array multiply(const Operand& a, const Operand& b);
/// a / b, true division: integers give the default float. NumPy: divide.
RAVEN_API Array divide(const Operand& a, const Operand& b);
/// −x. NumPy: negative.
RAVEN_API Array negative(const Operand& x);
/// e^x. NumPy: exp.
RAVEN_API Array exp(const Operand& x);
/// The larger of each pair; NaN wins. NumPy: maximum.
RAVEN_API Array maximum(const Operand& a, const Operand& b);
/// a == b per element. NumPy: equal.
RAVEN_API Array equal(const Operand& a, const Operand& b);
/// a where condition, else b; condition is b1. NumPy: where.
RAVEN_API Array where(const Operand& condition, const Operand& a, const Operand& b);
/// x as another dtype: reals truncate and saturate to integers, NaN becomes 0. NumPy: astype.
RAVEN_API Array astype(const Array& x, DType dtype);

inline Array operator+(const Array& a, const Operand& b) { return add(a, b); }
inline Array operator+(Array&& a, const Operand& b) { return add(std::move(a), b); }
inline Array operator-(const Array& a, const Operand& b) { return subtract(a, b); }
inline Array operator-(Array&& a, const Operand& b) { return subtract(std::move(a), b); }
inline Array operator*(const Array& a, const Operand& b) { return multiply(a, b); }
inline Array operator*(Array&& a, const Operand& b) { return multiply(std::move(a), b); }
inline Array operator/(const Array& a, const Operand& b) { return divide(a, b); }
inline Array operator/(Array&& a, const Operand& b) { return divide(std::move(a), b); }
template <class T>
concept WeakNumber = std::integral<T> || std::floating_point<T>;
template <WeakNumber T>
Array operator+(T a, const Operand& b) { return add(a, b); }
template <WeakNumber T>
Array operator-(T a, const Operand& b) { return subtract(a, b); }
template <WeakNumber T>
Array operator*(T a, const Operand& b) { return multiply(a, b); }
template <WeakNumber T>
Array operator/(T a, const Operand& b) { return divide(a, b); }
inline Array operator-(const Array& x) { return negative(x); }
inline Array operator-(Array&& x) { return negative(std::move(x)); }

}  // namespace nx
