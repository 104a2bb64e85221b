#include "raven/nx/api/math.hpp"

namespace nx {

Array add(const Operand& a, const Operand& b) { return apply(Op::Add, {a, b}); }
Array subtract(const Operand& a, const Operand& b) { return apply(Op::Sub, {a, b}); }
Array multiply(const Operand& a, const Operand& b) { return apply(Op::Mul, {a, b}); }
Array divide(const Operand& a, const Operand& b) { return apply(Op::Div, {a, b}); }
Array negative(const Operand& x) { return apply(Op::Neg, {x}); }
Array exp(const Operand& x) { return apply(Op::Exp, {x}); }
Array maximum(const Operand& a, const Operand& b) { return apply(Op::Maximum, {a, b}); }
Array equal(const Operand& a, const Operand& b) { return apply(Op::Eq, {a, b}); }
Array where(const Operand& condition, const Operand& a, const Operand& b) { return apply(Op::Select, {condition, a, b}); }

Array astype(const Array& x, DType dtype) {
  if (x.defined() && x.dtype() == dtype) return x;
  CastAttrs attrs;
  attrs.dtype = dtype;
  return apply(Op::Cast, {x}, attrs);
}
Array Array::astype(DType dtype) const { return nx::astype(*this, dtype); }

}  // namespace nx
