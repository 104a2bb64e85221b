#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

/// Drops the axes. max and min need at least one element per result; sums and products of nothing are 0 and 1.
void Reduce(const Call& call) {
  const auto& a = call.as<ReduceAttrs>();
  const Aval& x = call.in[0];
  require_axes(call, a.axes, x.shape.size());
  const bool extremum = a.kind == ReduceKind::max || a.kind == ReduceKind::min;
  Shape shape;
  for (int i = 0; i < x.shape.size(); ++i) {
    if (!a.axes.contains(i)) {
      shape.push_back(x.shape[i]);
    } else if (extremum && x.shape[i] == 0 && !is_bool(x.dtype)) {
      throw ValueError(call.name, raven::Message("a maximum or minimum over no elements: shape ")
                                      << x.shape << ", axis " << i << "; give .initial or check the size");
    }
  }
  const bool wider = a.dtype == x.dtype || promote_types(a.dtype, x.dtype) == a.dtype;
  const bool kept = a.dtype == x.dtype;
  const bool widens_sum = !extremum && wider &&
                          ((is_bool(x.dtype) && a.dtype == DType::i64) || (x.dtype == DType::i32 && a.dtype == DType::i64) ||
                           (x.dtype == DType::u8 && a.dtype == DType::u64) || (x.dtype == DType::u32 && a.dtype == DType::u64) ||
                           (x.dtype == DType::f32 && a.dtype == DType::f64));
  if (!(kept && (extremum || !is_bool(x.dtype))) && !widens_sum)
    throw DTypeError(call.name, raven::Message("cannot reduce ") << dtype_name(x.dtype) << " into " << dtype_name(a.dtype)
                                                                 << "; cast the operand first");
  call.out[0] = {a.dtype, shape};
}

void ArgReduce(const Call& call) {
  const auto& a = call.as<ArgReduceAttrs>();
  const Aval& x = call.in[0];
  require_axis(call, a.axis, x.shape.size());
  if (a.kind != ReduceKind::max && a.kind != ReduceKind::min) throw ValueError(call.name, "expected kind max or min");
  const auto axis = static_cast<int>(a.axis);
  if (x.shape[axis] == 0)
    throw ValueError(call.name, raven::Message("no elements to compare: shape ") << x.shape << ", axis " << axis << " is empty");
  Shape shape = x.shape;
  shape.erase(axis);
  call.out[0] = {DType::i64, shape};
}

}  // namespace nx::infer_rule
