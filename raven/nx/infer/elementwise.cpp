// Elementwise ops: equal shapes and dtypes in, the same out (b1 for predicates).
#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

namespace {
void elementwise(const Call& call) {
  const uint32_t flags = op_info(call.op).flags;
  const size_t first = call.op == Op::Select ? 1 : 0;
  const Aval& a = call.in[first];
  const uint32_t kind = is_float(a.dtype) ? op_flag::F : is_bool(a.dtype) ? op_flag::B : op_flag::I;
  if (!(flags & kind)) throw DTypeError(call.name, raven::Message("the op does not compute in ") << dtype_name(a.dtype));
  for (const Aval& other : call.in) {
    if (other.shape != a.shape)
      throw ShapeError(call.name, raven::Message("operand shapes differ: ") << a.shape << " and " << other.shape
                                                                            << "; broadcast them with Expand");
    if (&other >= &a && other.dtype != a.dtype)
      throw DTypeError(call.name, raven::Message("operand dtypes differ: ") << dtype_name(a.dtype) << " and "
                                                                            << dtype_name(other.dtype));
  }
  if (first == 1 && call.in[0].dtype != DType::b1)
    throw DTypeError(call.name, raven::Message("the condition is ") << dtype_name(call.in[0].dtype) << ", expected b1");
  call.out[0] = {(flags & op_flag::predicate) ? DType::b1 : a.dtype, a.shape};
}
}  // namespace

#define NX_ELEMENTWISE(name) \
  void name(const Call& call) { elementwise(call); }
NX_ELEMENTWISE(Neg)
NX_ELEMENTWISE(Exp)
NX_ELEMENTWISE(Add)
NX_ELEMENTWISE(Sub)
NX_ELEMENTWISE(Mul)
NX_ELEMENTWISE(Div)
NX_ELEMENTWISE(Maximum)
NX_ELEMENTWISE(Eq)
NX_ELEMENTWISE(Select)
#undef NX_ELEMENTWISE

void Cast(const Call& call) { call.out[0] = {call.as<CastAttrs>().dtype, call.in[0].shape}; }

void Full(const Call& call) {
  const auto& a = call.as<FullAttrs>();
  element_count(a.shape.span(), call.name);
  call.out[0] = {a.dtype, a.shape};
}

}  // namespace nx::infer_rule
