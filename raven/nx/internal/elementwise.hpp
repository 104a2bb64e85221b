#pragma once
// Broadcasting and promotion of elementwise operands, shared by the eager gateway and the lowering under interpreters.
// Not installed.
#include <span>

#include "raven/nx/gateway.hpp"

namespace nx::detail {

/// The same operand, not to be consumed: for functions that use it more than once.
inline Operand borrowed(const Operand& o) { return o.is_scalar() ? o : Operand(o.array()); }
/// The dtype an elementwise op computes in for these operands (Select: of operands 1 and 2). Throws DTypeError.
DType compute_dtype(Op op, const char* name, std::span<const Operand> in);
/// Throws DTypeError where an assignment would lose what `result` can hold: reals into integers, numbers into bools.
void require_same_kind(const char* name, DType result, DType assigned);
/// Throws ValueError naming argument `index`, an empty handle.
[[noreturn]] void undefined_operand(const char* name, size_t index);
/// Joint shape of all operands. Throws ShapeError naming both shapes and the first differing axis.
Shape broadcast_shape(const char* name, std::span<const Operand> in);
/// Writes `scalar` as `dtype`. Throws OverflowError when an integer does not fit, DTypeError when the category does not.
void write_scalar(const char* name, const Scalar& scalar, DType dtype, std::byte* out);

}  // namespace nx::detail
