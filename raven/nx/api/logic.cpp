#include "raven/nx/api/logic.hpp"

#include <limits>

#include "raven/nx/api/creation.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

using detail::borrowed;
using detail::named;

namespace {

/// Where an integer literal lies: −1 below the dtype's range, 1 above it, 0 inside.
int side_of_range(const Scalar& s, DType dtype) {
  const bool big = s.kind == Scalar::Kind::unsigned_integer;  // above INT64_MAX
  switch (dtype) {
    case DType::u8: return big || s.integer > 255 ? 1 : s.integer < 0 ? -1 : 0;
    case DType::u32: return big || s.integer > int64_t{UINT32_MAX} ? 1 : s.integer < 0 ? -1 : 0;
    case DType::u64: return !big && s.integer < 0 ? -1 : 0;
    case DType::i32: return big || s.integer > INT32_MAX ? 1 : s.integer < INT32_MIN ? -1 : 0;
    case DType::i64: return big ? 1 : 0;
    default: return 0;
  }
}

/// a op b for a = u64 and b signed (or the reverse): no common integer type holds both, so negative values are decided
/// first and the rest compared as u64.
Array compare_u64_signed(Op op, const Array& a, const Array& b) {
  const bool signed_first = is_signed(a.dtype());
  const Array& negative_side = signed_first ? a : b;
  const Array is_negative = apply(Op::Lt, {negative_side, 0});
  const Array decided = apply(op, {a.astype(u64), b.astype(u64)});
  // With the signed side negative: == is false, ≠ true, and < or ≤ true only when that side stands first.
  const bool when_negative = op == Op::Ne || (op != Op::Eq && signed_first);
  return apply(Op::Select, {is_negative, when_negative, decided});
}

Array compare(Op op, const Operand& a, const Operand& b) {
  if (!a.is_scalar() && !b.is_scalar()) {
    const DType x = a.array().dtype(), y = b.array().dtype();
    if ((x == u64 && is_signed(y)) || (y == u64 && is_signed(x))) {
      detail::require_defined(op_info(op).public_name, a.array());
      detail::require_defined(op_info(op).public_name, b.array());
      return compare_u64_signed(op, a.array(), b.array());
    }
  } else if (a.is_scalar() != b.is_scalar()) {
    const Scalar& s = a.is_scalar() ? a.scalar() : b.scalar();
    const Array& x = a.is_scalar() ? b.array() : a.array();
    if (x.defined() && s.kind != Scalar::Kind::real && is_integer(x.dtype())) {
      const int side = side_of_range(s, x.dtype());
      // The literal is larger (smaller) than every element.
      if (side != 0) {
        const bool less = (side > 0) == b.is_scalar();
        return full(x.shape(), op == Op::Eq ? false : op == Op::Ne ? true : less);
      }
    }
  }
  return apply(op, {a, b});
}

/// b op a as the function `name` of (a, b): refusals speak of the operands in the order of the call.
Array reversed(const char* name, Op op, const Operand& a, const Operand& b) {
  return named(name, [&] {
    try {
      return compare(op, b, a);
    } catch (const ValueError&) {
      for (const Operand* o : {&a, &b})
        if (!o->is_scalar() && !o->array().defined()) detail::undefined_operand(name, o == &a ? 0 : 1);
      throw;
    } catch (const ShapeError&) {
      const Operand both[2] = {a, b};
      detail::broadcast_shape(name, both);
      throw;
    }
  });
}

Array bitwise(const char* name, BitwiseKind kind, const Operand& a, const Operand& b) {
  BitwiseAttrs attrs;
  attrs.kind = kind;
  return named(name, [&] { return apply(Op::Bitwise, {a, b}, attrs); });
}

Array truth(const Operand& x) {
  if (!x.is_scalar() && is_bool(x.array().dtype())) return x.array();
  return apply(Op::Ne, {borrowed(x), 0});
}

}  // namespace

Array equal(const Operand& a, const Operand& b) { return named("nx.equal", [&] { return compare(Op::Eq, a, b); }); }
Array not_equal(const Operand& a, const Operand& b) {
  return named("nx.not_equal", [&] { return compare(Op::Ne, a, b); });
}
Array less(const Operand& a, const Operand& b) { return named("nx.less", [&] { return compare(Op::Lt, a, b); }); }
Array less_equal(const Operand& a, const Operand& b) {
  return named("nx.less_equal", [&] { return compare(Op::Le, a, b); });
}
Array greater(const Operand& a, const Operand& b) { return reversed("nx.greater", Op::Lt, a, b); }
Array greater_equal(const Operand& a, const Operand& b) { return reversed("nx.greater_equal", Op::Le, a, b); }

Array logical_and(const Operand& a, const Operand& b) {
  return named("nx.logical_and", [&] { return bitwise_and(truth(a), truth(b)); });
}
Array logical_or(const Operand& a, const Operand& b) {
  return named("nx.logical_or", [&] { return bitwise_or(truth(a), truth(b)); });
}
Array logical_xor(const Operand& a, const Operand& b) {
  return named("nx.logical_xor", [&] { return bitwise_xor(truth(a), truth(b)); });
}
Array logical_not(const Operand& a) {
  return named("nx.logical_not", [&] {
    if (!a.is_scalar() && is_bool(a.array().dtype())) return apply(Op::Not, {a});
    return apply(Op::Eq, {borrowed(a), 0});
  });
}

Array bitwise_and(const Operand& a, const Operand& b) { return bitwise("nx.bitwise_and", BitwiseKind::bit_and, a, b); }
Array bitwise_or(const Operand& a, const Operand& b) { return bitwise("nx.bitwise_or", BitwiseKind::bit_or, a, b); }
Array bitwise_xor(const Operand& a, const Operand& b) { return bitwise("nx.bitwise_xor", BitwiseKind::bit_xor, a, b); }
Array bitwise_invert(const Operand& a) { return apply(Op::Not, {a}); }
Array left_shift(const Operand& a, const Operand& count) { return apply(Op::Shl, {a, count}); }
Array right_shift(const Operand& a, const Operand& count) { return apply(Op::Shr, {a, count}); }

namespace {
/// x as an array of reals to be classified; an empty handle for integers and bools, which are all finite.
Array real_or_nothing(const char* name, const Operand& x) {
  if (x.is_scalar()) return x.scalar().kind == Scalar::Kind::real ? scalar(x, f64) : Array{};
  detail::require_defined(name, x.array());
  return is_float(x.array().dtype()) ? x.array() : Array{};
}
Array everywhere(const Operand& x, bool value) { return full(x.is_scalar() ? Shape() : x.array().shape(), value); }
constexpr double infinity = std::numeric_limits<double>::infinity();
}  // namespace

Array isnan(const Operand& x) {
  return named("nx.isnan", [&] {
    const Array real = real_or_nothing("nx.isnan", x);
    return real.defined() ? apply(Op::Ne, {real, real}) : everywhere(x, false);
  });
}
Array isinf(const Operand& x) {
  return named("nx.isinf", [&] {
    const Array real = real_or_nothing("nx.isinf", x);
    return real.defined() ? apply(Op::Eq, {abs(real), infinity}) : everywhere(x, false);
  });
}
Array isfinite(const Operand& x) {
  return named("nx.isfinite", [&] {
    const Array real = real_or_nothing("nx.isfinite", x);
    return real.defined() ? apply(Op::Lt, {abs(real), infinity}) : everywhere(x, true);
  });
}

}  // namespace nx
