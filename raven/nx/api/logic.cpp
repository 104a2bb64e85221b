#include "raven/nx/api/logic.hpp"

#include <limits>

#include "raven/nx/api/creation.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/elementwise.hpp"

namespace nx {

using detail::borrowed;

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

Array bitwise(BitwiseKind kind, const Operand& a, const Operand& b) {
  BitwiseAttrs attrs;
  attrs.kind = kind;
  return apply(Op::Bitwise, {a, b}, attrs);
}

Array truth(const Operand& x) {
  if (!x.is_scalar() && is_bool(x.array().dtype())) return x.array();
  return apply(Op::Ne, {borrowed(x), 0});
}

}  // namespace

Array equal(const Operand& a, const Operand& b) { return compare(Op::Eq, a, b); }
Array not_equal(const Operand& a, const Operand& b) { return compare(Op::Ne, a, b); }
Array less(const Operand& a, const Operand& b) { return compare(Op::Lt, a, b); }
Array less_equal(const Operand& a, const Operand& b) { return compare(Op::Le, a, b); }
Array greater(const Operand& a, const Operand& b) { return compare(Op::Lt, b, a); }
Array greater_equal(const Operand& a, const Operand& b) { return compare(Op::Le, b, a); }

Array logical_and(const Operand& a, const Operand& b) { return bitwise(BitwiseKind::bit_and, truth(a), truth(b)); }
Array logical_or(const Operand& a, const Operand& b) { return bitwise(BitwiseKind::bit_or, truth(a), truth(b)); }
Array logical_xor(const Operand& a, const Operand& b) { return bitwise(BitwiseKind::bit_xor, truth(a), truth(b)); }
Array logical_not(const Operand& a) {
  if (!a.is_scalar() && is_bool(a.array().dtype())) return apply(Op::Not, {a});
  return apply(Op::Eq, {borrowed(a), 0});
}

Array bitwise_and(const Operand& a, const Operand& b) { return bitwise(BitwiseKind::bit_and, a, b); }
Array bitwise_or(const Operand& a, const Operand& b) { return bitwise(BitwiseKind::bit_or, a, b); }
Array bitwise_xor(const Operand& a, const Operand& b) { return bitwise(BitwiseKind::bit_xor, a, b); }
Array bitwise_invert(const Operand& a) { return apply(Op::Not, {a}); }
Array left_shift(const Operand& a, const Operand& count) { return apply(Op::Shl, {a, count}); }
Array right_shift(const Operand& a, const Operand& count) { return apply(Op::Shr, {a, count}); }

Array isnan(const Array& x) {
  detail::require_defined("nx.isnan", x);
  return is_float(x.dtype()) ? apply(Op::Ne, {x, x}) : full(x.shape(), false);
}
Array isinf(const Array& x) {
  detail::require_defined("nx.isinf", x);
  return is_float(x.dtype()) ? apply(Op::Eq, {abs(x), std::numeric_limits<double>::infinity()}) : full(x.shape(), false);
}
Array isfinite(const Array& x) {
  detail::require_defined("nx.isfinite", x);
  return is_float(x.dtype()) ? apply(Op::Lt, {abs(x), std::numeric_limits<double>::infinity()}) : full(x.shape(), true);
}

}  // namespace nx
