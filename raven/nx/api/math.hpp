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
/// ⌊a / b⌋ with Python's rules: integer x // 0 = 0, real x // 0.0 = x / 0.0. NumPy: floor_divide.
RAVEN_API Array floor_divide(const Operand& a, const Operand& b);
/// a − b·⌊a / b⌋: the sign of b; integer x % 0 = 0. NumPy: remainder, mod.
RAVEN_API Array remainder(const Operand& a, const Operand& b);
inline Array mod(const Operand& a, const Operand& b) { return remainder(a, b); }
/// The remainder of the truncated quotient: the sign of a, as C. NumPy: fmod.
RAVEN_API Array fmod(const Operand& a, const Operand& b);
/// a to the power b. A number as exponent acts as NumPy's `**`: 2, 1, 0.5, −1, 0 are square, copy, sqrt, reciprocal, ones.
/// Throws ValueError for a negative integer power of integers. NumPy: power.
RAVEN_API Array power(const Operand& a, const Operand& b);
inline Array pow(const Operand& a, const Operand& b) { return power(a, b); }
/// The larger, and the smaller, of each pair; NaN wins. NumPy: maximum, minimum.
RAVEN_API Array maximum(const Operand& a, const Operand& b);
RAVEN_API Array minimum(const Operand& a, const Operand& b);
/// x bounded to [low, high]; NaN stays, a bound that is NaN gives NaN, and where low > high the result is high. One-sided: maximum, minimum. NumPy: clip.
RAVEN_API Array clip(const Operand& x, const Operand& low, const Operand& high);

/// −x. NumPy: negative.
RAVEN_API Array negative(const Operand& x);
/// |x|; the least integer stays itself. NumPy: abs.
RAVEN_API Array abs(const Operand& x);
/// −1, 0 or 1; NaN stays. NumPy: sign.
RAVEN_API Array sign(const Operand& x);
/// x · x. NumPy: square.
RAVEN_API Array square(const Operand& x);
/// 1 / x; of integers in the default float (NumPy truncates to 0). NumPy: reciprocal.
RAVEN_API Array reciprocal(const Operand& x);

// Functions of reals; integers become the default float. Accuracy in ULP: docs guide "nx", "accuracy".
/// √x, NaN below 0; and 1 / √x. NumPy: sqrt. PyTorch: rsqrt.
RAVEN_API Array sqrt(const Operand& x);
RAVEN_API Array rsqrt(const Operand& x);
/// e^x, 2^x, and e^x − 1 accurate near 0. NumPy: exp, exp2, expm1.
RAVEN_API Array exp(const Operand& x);
RAVEN_API Array exp2(const Operand& x);
RAVEN_API Array expm1(const Operand& x);
/// Logarithms to base e, 2, 10, and ln(1 + x) accurate near 0; exact at powers of 2 and 10. NumPy: log, log2, log10, log1p.
RAVEN_API Array log(const Operand& x);
RAVEN_API Array log2(const Operand& x);
RAVEN_API Array log10(const Operand& x);
RAVEN_API Array log1p(const Operand& x);
/// Sine and cosine of radians. NumPy: sin, cos.
RAVEN_API Array sin(const Operand& x);
RAVEN_API Array cos(const Operand& x);
/// Hyperbolic tangent. NumPy: tanh.
RAVEN_API Array tanh(const Operand& x);
/// 1 / (1 + e^−x). PyTorch: sigmoid. SciPy: expit.
RAVEN_API Array sigmoid(const Operand& x);
/// Error function and its inverse. SciPy: erf, erfinv.
RAVEN_API Array erf(const Operand& x);
RAVEN_API Array erfinv(const Operand& x);
/// max(x, 0); NaN stays, slope 0 at 0. PyTorch: relu.
RAVEN_API Array relu(const Operand& x);
/// x · sigmoid(x), also called swish. PyTorch: silu.
RAVEN_API Array silu(const Operand& x);
/// ln(1 + e^x), without overflow. PyTorch: softplus.
RAVEN_API Array softplus(const Operand& x);

// Rounding to whole numbers; integers stay as they are. NumPy: floor, ceil, trunc, rint.
/// Down.
RAVEN_API Array floor(const Operand& x);
/// Up.
RAVEN_API Array ceil(const Operand& x);
/// Towards zero.
RAVEN_API Array trunc(const Operand& x);
/// To the nearest, halves to even.
RAVEN_API Array rint(const Operand& x);
/// To `decimals` digits after the point (negative: before it), halves to even: rint(x · 10^d) / 10^d. NumPy: round.
RAVEN_API Array round(const Operand& x, int decimals = 0);

/// a where condition, else b; condition is b1. NumPy: where.
RAVEN_API Array where(const Operand& condition, const Operand& a, const Operand& b);
/// x itself, through which no derivative flows. JAX: stop_gradient.
RAVEN_API Array stop_gradient(const Array& x);
/// The bytes of x read as another dtype; of another size, the last axis scales. Never a value of b1. NumPy: view.
/// Throws ShapeError when the last axis does not divide.
RAVEN_API Array bitcast(const Array& x, DType dtype);
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
inline Array operator+(const Array& x) { return x; }
/// Floor modulo, as Python's %.
inline Array operator%(const Array& a, const Operand& b) { return remainder(a, b); }
template <WeakNumber T>
Array operator%(T a, const Operand& b) { return remainder(a, b); }

namespace detail {
/// x op= y: rebinds x to the result in x's shape, cast to x's dtype. Throws DTypeError when that is not a cast of the same
/// kind (i64 += f64), ShapeError when the result has another shape than x; x is unchanged then.
RAVEN_API void assign_result(Array& x, const Operand& y, const char* name, Array (*function)(const Operand&, const Operand&));
}  // namespace detail
#define NX_ASSIGN(op, function)                                       \
  inline Array& operator op(Array& x, const Operand& y) {             \
    detail::assign_result(x, y, "nx." #function, &function);          \
    return x;                                                         \
  }
NX_ASSIGN(+=, add)
NX_ASSIGN(-=, subtract)
NX_ASSIGN(*=, multiply)
NX_ASSIGN(/=, divide)
NX_ASSIGN(%=, remainder)

}  // namespace nx

#include "raven/nx/api/logic.hpp"  // whoever computes compares
