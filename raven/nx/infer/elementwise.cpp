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
NX_ELEMENTWISE(Abs)
NX_ELEMENTWISE(Sign)
NX_ELEMENTWISE(Not)
NX_ELEMENTWISE(Sqrt)
NX_ELEMENTWISE(Rsqrt)
NX_ELEMENTWISE(Exp2)
NX_ELEMENTWISE(Expm1)
NX_ELEMENTWISE(Log)
NX_ELEMENTWISE(Log2)
NX_ELEMENTWISE(Log10)
NX_ELEMENTWISE(Log1p)
NX_ELEMENTWISE(Sin)
NX_ELEMENTWISE(Cos)
NX_ELEMENTWISE(Tanh)
NX_ELEMENTWISE(Logistic)
NX_ELEMENTWISE(Erf)
NX_ELEMENTWISE(ErfInv)
NX_ELEMENTWISE(Round)
NX_ELEMENTWISE(IDiv)
NX_ELEMENTWISE(Rem)
NX_ELEMENTWISE(Pow)
NX_ELEMENTWISE(Minimum)
NX_ELEMENTWISE(Bitwise)
NX_ELEMENTWISE(Shl)
NX_ELEMENTWISE(Shr)
NX_ELEMENTWISE(Ne)
NX_ELEMENTWISE(Lt)
NX_ELEMENTWISE(Le)
#undef NX_ELEMENTWISE

void Cast(const Call& call) { call.out[0] = {call.as<CastAttrs>().dtype, call.in[0].shape}; }

/// The same bytes: equal item sizes keep the shape, others scale the last axis.
void Bitcast(const Call& call) {
  const DType to = call.as<CastAttrs>().dtype;
  const Aval& x = call.in[0];
  if (is_bool(to) && !is_bool(x.dtype))
    throw DTypeError(call.name, raven::Message("the bits of ") << dtype_name(x.dtype) << " are no b1; compare with 0 instead");
  const int64_t old_item = item_size(x.dtype), item = item_size(to);
  Shape shape = x.shape;
  if (old_item != item) {
    if (shape.empty())
      throw ShapeError(call.name, raven::Message("a 0-d ") << dtype_name(x.dtype) << " cannot become " << dtype_name(to)
                                                           << ": the item sizes differ and there is no axis to scale");
    const int64_t bytes = shape.back() * old_item;
    if (bytes % item != 0)
      throw ShapeError(call.name, raven::Message("the last axis of ") << x.shape << " holds " << bytes
                                                                      << " bytes, not a multiple of " << item);
    shape[shape.size() - 1] = bytes / item;
  }
  call.out[0] = {to, shape};
}

void StopGradient(const Call& call) { call.out[0] = call.in[0]; }

void Iota(const Call& call) {
  const auto& a = call.as<IotaAttrs>();
  require_axis(call, a.axis, a.shape.size());
  if (is_bool(a.dtype)) throw DTypeError(call.name, "an index is no b1");
  element_count(a.shape.span(), call.name);
  call.out[0] = {a.dtype, a.shape};
}

void Full(const Call& call) {
  const auto& a = call.as<FullAttrs>();
  element_count(a.shape.span(), call.name);
  call.out[0] = {a.dtype, a.shape};
}

}  // namespace nx::infer_rule
