#include "raven/nx/api/math.hpp"

#include <algorithm>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

using detail::borrowed;
using detail::named;

Array add(const Operand& a, const Operand& b) { return apply(Op::Add, {a, b}); }
Array subtract(const Operand& a, const Operand& b) { return apply(Op::Sub, {a, b}); }
Array multiply(const Operand& a, const Operand& b) { return apply(Op::Mul, {a, b}); }
Array divide(const Operand& a, const Operand& b) { return apply(Op::Div, {a, b}); }
Array fmod(const Operand& a, const Operand& b) { return apply(Op::Rem, {a, b}); }
Array maximum(const Operand& a, const Operand& b) { return apply(Op::Maximum, {a, b}); }
Array minimum(const Operand& a, const Operand& b) { return apply(Op::Minimum, {a, b}); }
Array negative(const Operand& x) { return apply(Op::Neg, {x}); }
Array abs(const Operand& x) { return apply(Op::Abs, {x}); }
Array sign(const Operand& x) { return apply(Op::Sign, {x}); }
Array sqrt(const Operand& x) { return apply(Op::Sqrt, {x}); }
Array rsqrt(const Operand& x) { return apply(Op::Rsqrt, {x}); }
Array exp(const Operand& x) { return apply(Op::Exp, {x}); }
Array exp2(const Operand& x) { return apply(Op::Exp2, {x}); }
Array expm1(const Operand& x) { return apply(Op::Expm1, {x}); }
Array log(const Operand& x) { return apply(Op::Log, {x}); }
Array log2(const Operand& x) { return apply(Op::Log2, {x}); }
Array log10(const Operand& x) { return apply(Op::Log10, {x}); }
Array log1p(const Operand& x) { return apply(Op::Log1p, {x}); }
Array sin(const Operand& x) { return apply(Op::Sin, {x}); }
Array cos(const Operand& x) { return apply(Op::Cos, {x}); }
Array tanh(const Operand& x) { return apply(Op::Tanh, {x}); }
Array sigmoid(const Operand& x) { return apply(Op::Logistic, {x}); }
Array erf(const Operand& x) { return apply(Op::Erf, {x}); }
Array erfinv(const Operand& x) { return apply(Op::ErfInv, {x}); }
Array where(const Operand& condition, const Operand& a, const Operand& b) { return apply(Op::Select, {condition, a, b}); }
Array square(const Operand& x) {
  return named("nx.square", [&] { return apply(Op::Mul, {borrowed(x), borrowed(x)}); });
}
Array reciprocal(const Operand& x) { return named("nx.reciprocal", [&] { return apply(Op::Div, {1, x}); }); }

Array relu(const Operand& x) {
  return named("nx.relu", [&] {
    const Operand y = borrowed(x);
    return apply(Op::Select, {apply(Op::Le, {y, 0}), 0, y});
  });
}
Array silu(const Operand& x) {
  return named("nx.silu", [&] {
    const Operand y = borrowed(x);
    return apply(Op::Mul, {y, sigmoid(y)});
  });
}
/// max(x, 0) + ln(1 + e^−|x|)
Array softplus(const Operand& x) {
  return named("nx.softplus", [&] {
    const Operand y = borrowed(x);
    return apply(Op::Add, {apply(Op::Maximum, {y, 0}), log1p(exp(negative(abs(y))))});
  });
}
namespace {
/// b1: a < b, or `bound` is NaN. Only a bound that may be NaN costs a comparison more.
Array beyond(const Operand& a, const Operand& b, const Operand& bound) {
  Array less = apply(Op::Lt, {a, b});
  const bool never = bound.is_scalar() ? bound.scalar().kind != Scalar::Kind::real || bound.scalar().real == bound.scalar().real
                                       : !is_float(bound.array().dtype());
  if (never) return less;
  BitwiseAttrs either;
  either.kind = BitwiseKind::bit_or;
  return apply(Op::Bitwise, {std::move(less), apply(Op::Ne, {bound, bound})}, either);
}
}  // namespace
Array clip(const Operand& x, const Operand& low, const Operand& high) {
  return named("nx.clip", [&] {
    const Operand y = borrowed(x), l = borrowed(low), h = borrowed(high);
    const Array above = apply(Op::Select, {beyond(y, l, l), l, y});
    return apply(Op::Select, {beyond(h, above, h), h, above});
  });
}

// ---- rounding --------------------------------------------------------------------------------------------------------

namespace {
Array rounded(const char* name, const Operand& x, RoundKind kind) {
  RoundAttrs attrs;
  attrs.mode = kind;
  return named(name, [&] { return apply(Op::Round, {x}, attrs); });
}
}  // namespace
Array floor(const Operand& x) { return rounded("nx.floor", x, RoundKind::floor); }
Array ceil(const Operand& x) { return rounded("nx.ceil", x, RoundKind::ceil); }
Array trunc(const Operand& x) { return rounded("nx.trunc", x, RoundKind::trunc); }
Array rint(const Operand& x) { return rounded("nx.rint", x, RoundKind::even); }
Array round(const Operand& x, int decimals) {
  return named("nx.round", [&] {
    if (decimals == 0) return rint(x);
    const bool integer = x.is_scalar() ? x.scalar().kind != Scalar::Kind::real : !is_float(x.array().dtype());
    if (integer && decimals > 0) return rint(x);
    double scale = 1;
    for (int i = 0; i < std::min(decimals < 0 ? -decimals : decimals, 400); ++i) scale *= 10;
    if (decimals > 0) return divide(rint(multiply(borrowed(x), scale)), scale);
    Array result = multiply(rint(divide(borrowed(x), scale)), scale);
    return integer && !x.is_scalar() ? astype(result, x.array().dtype()) : result;
  });
}

// ---- division and powers ---------------------------------------------------------------------------------------------

namespace {
/// b1: the remainder r is not 0 and its sign differs from the divisor's.
Array signs_differ(const Array& r, const Operand& b) {
  BitwiseAttrs exclusive, both;
  exclusive.kind = BitwiseKind::bit_xor;
  both.kind = BitwiseKind::bit_and;
  const Array mixed = apply(Op::Bitwise, {apply(Op::Lt, {r, 0}), apply(Op::Lt, {b, 0})}, exclusive);
  return apply(Op::Bitwise, {apply(Op::Ne, {r, 0}), mixed}, both);
}
}  // namespace

Array floor_divide(const Operand& a_given, const Operand& b_given) {
  return named("nx.floor_divide", [&] {
    const Operand a = borrowed(a_given), b = borrowed(b_given);
    const Operand both[2] = {a, b};
    const DType dtype = detail::compute_dtype(Op::Rem, "nx.floor_divide", both);
    if (is_integer(dtype)) {
      Array quotient = apply(Op::IDiv, {a, b});
      if (!is_signed(dtype)) return quotient;
      return apply(Op::Sub, {std::move(quotient), astype(signs_differ(apply(Op::Rem, {a, b}), b), dtype)});
    }
    // (a − r) / b is nearly whole; it is snapped to the nearest whole number, and a zero keeps the quotient's sign.
    const Array r = apply(Op::Rem, {a, b});
    const Array true_quotient = apply(Op::Div, {a, b});
    Array q = apply(Op::Div, {apply(Op::Sub, {a, r}), b});
    q = apply(Op::Select, {signs_differ(r, b), apply(Op::Sub, {q, 1}), q});
    const Array down = floor(q);
    Array snapped = apply(Op::Select, {apply(Op::Lt, {0.5, apply(Op::Sub, {q, down})}), apply(Op::Add, {down, 1}), down});
    snapped = apply(Op::Select, {apply(Op::Eq, {q, 0}), apply(Op::Mul, {true_quotient, 0}), snapped});
    return apply(Op::Select, {apply(Op::Eq, {b, 0}), true_quotient, snapped});
  });
}

Array remainder(const Operand& a_given, const Operand& b_given) {
  return named("nx.remainder", [&] {
    const Operand a = borrowed(a_given), b = borrowed(b_given);
    const Operand both[2] = {a, b};
    const DType dtype = detail::compute_dtype(Op::Rem, "nx.remainder", both);
    const Array r = apply(Op::Rem, {a, b});
    if (is_integer(dtype) && !is_signed(dtype)) return r;
    Array result = apply(Op::Select, {signs_differ(r, b), apply(Op::Add, {r, b}), r});
    if (is_integer(dtype)) return result;
    // A zero takes the divisor's sign.
    return apply(Op::Select, {apply(Op::Eq, {r, 0}), apply(Op::Select, {apply(Op::Lt, {b, 0}), scalar(-0.0, dtype), scalar(0.0, dtype)}),
                              result});
  });
}

namespace {
[[gnu::cold]] void negative_power(int64_t exponent) {
  throw ValueError("nx.power", raven::Message("the exponent ")
                                   << exponent << " of an integer base is negative: the result is no integer; cast the base to a "
                                                  "floating dtype");
}
/// Integers have no negative powers. Traced exponents cannot be read; there the truncated value is the answer.
void check_exponents(const Operand& b) {
  if (b.is_scalar()) {
    if (b.scalar().kind == Scalar::Kind::integer && b.scalar().integer < 0) negative_power(b.scalar().integer);
    return;
  }
  const Array& e = b.array();
  if (!e.defined() || !is_signed(e.dtype()) || e.size() == 0 || e.is_traced()) return;
  const InterpreterScope eager(nullptr);
  ReduceAttrs least;
  least.kind = ReduceKind::min;
  least.dtype = e.dtype();
  for (int i = 0; i < e.ndim(); ++i) least.axes.push_back(i);
  const auto value = apply(Op::Reduce, {e}, least).item<int64_t>();
  if (value < 0) negative_power(value);
}
}  // namespace

Array power(const Operand& a, const Operand& b) {
  return named("nx.power", [&] {
    const Operand both[2] = {a, b};
    const DType dtype = detail::compute_dtype(Op::Pow, "nx.power", both);
    if (is_signed(dtype)) check_exponents(b);  // an unsigned base refuses the number itself
    if (b.is_scalar() && !a.is_scalar()) {
      const Scalar& s = b.scalar();
      const double exponent = s.kind == Scalar::Kind::real ? s.real : static_cast<double>(s.integer);
      const bool real = is_float(dtype);
      const auto base = [&] { return astype(a.array(), dtype); };
      if (s.kind != Scalar::Kind::unsigned_integer) {
        if (exponent == 2) return square(base());
        if (exponent == 1) return base();
        if (exponent == 0) return ones_like(base());
        if (exponent == 0.5 && real) return sqrt(base());
        if (exponent == -1 && real) return reciprocal(base());
      }
    }
    return apply(Op::Pow, {a, b});
  });
}

// ---- other ----------------------------------------------------------------------------------------------------------

Array stop_gradient(const Array& x) { return apply(Op::StopGradient, {x}); }

Array bitcast(const Array& x, DType dtype) {
  if (x.defined() && x.dtype() == dtype) return x;
  CastAttrs attrs;
  attrs.dtype = dtype;
  return apply(Op::Bitcast, {x}, attrs);
}

Array astype(const Array& x, DType dtype) {
  if (x.defined() && x.dtype() == dtype) return x;
  CastAttrs attrs;
  attrs.dtype = dtype;
  return apply(Op::Cast, {x}, attrs);
}
Array Array::astype(DType dtype) const { return nx::astype(*this, dtype); }

namespace detail {
void require_same_kind(const char* name, DType result, DType assigned) {
  const auto rank = [](DType d) { return is_bool(d) ? 0 : !is_float(d) ? (is_signed(d) ? 2 : 1) : 3; };
  if (rank(result) > rank(assigned))
    throw DTypeError(name, raven::Message("the result is ") << dtype_name(result) << ", which the assigned " << dtype_name(assigned)
                                                            << " array cannot hold; write x = x op y, or cast first");
}

void assign_result(Array& x, const Operand& y, const char* name, Array (*function)(const Operand&, const Operand&)) {
  require_defined(name, x);
  if (current_interpreter()) announce_write(name, x);
  if (!y.is_scalar()) {
    require_defined(name, y.array());
    const auto mine = shape_span(x), other = shape_span(y.array());
    bool fits = other.size() <= mine.size();
    for (size_t i = 0; fits && i < other.size(); ++i) {
      const int64_t extent = mine[mine.size() - other.size() + i];
      fits = other[i] == extent || other[i] == 1;
    }
    if (!fits)
      throw ShapeError(name, raven::Message("an array of shape ")
                                 << y.array().shape() << " cannot be broadcast into the assigned array of shape " << x.shape());
  }
  const DType dtype = x.dtype();
  const bool same_handle = !y.is_scalar() && &y.array() == &x;
  // The result's dtype is known before anything is consumed: x stays whole when the assignment is refused.
  const Operand both[2] = {x, y};
  const Op typical = std::string_view(name) == "nx.divide" ? Op::Div : Op::Maximum;
  const DType result = compute_dtype(typical, name, both);
  require_same_kind(name, result, dtype);
  Array out = same_handle || result != dtype ? function(x, y) : function(std::move(x), y);
  x = out.dtype() == dtype ? std::move(out) : nx::astype(out, dtype);
}
}  // namespace detail

}  // namespace nx
