// Gathers, scatters and sorts.
#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

namespace {

void require_index(const Call& call, size_t i) {
  if (!is_integer(call.in[i].dtype))
    throw DTypeError(call.name, raven::Message("index ") << i - 1 << " is " << dtype_name(call.in[i].dtype)
                                                         << ", expected an integer dtype");
}

/// Checks axes, slice sizes and the index operands 1 … count; gives the shape of index + slice_sizes.
Shape indexed_shape(const Call& call, size_t count, const Dims& axes, const Dims& slice_sizes) {
  const Shape& x = call.in[0].shape;
  if (axes.size() != static_cast<int>(count) || count == 0)
    throw ValueError(call.name, raven::Message("got ") << count << " index arrays for the axes " << axes);
  require_axes(call, axes, x.size());
  if (slice_sizes.size() != x.size())
    throw ShapeError(call.name, raven::Message("slice sizes ") << slice_sizes << " must have one entry per axis of " << x);
  for (int i = 0; i < x.size(); ++i)
    if (slice_sizes[i] < 0 || slice_sizes[i] > x[i])
      throw ShapeError(call.name, raven::Message("slice size ") << slice_sizes[i] << " of axis " << i << " does not fit " << x);
  for (size_t i = 1; i <= count; ++i) {
    require_index(call, i);
    if (call.in[i].shape != call.in[1].shape)
      throw ShapeError(call.name, raven::Message("index arrays have shapes ") << call.in[1].shape << " and " << call.in[i].shape
                                                                              << "; broadcast them first");
  }
  Shape shape = call.in[1].shape;
  for (int64_t size : slice_sizes) shape.push_back(size);
  element_count(shape.span(), call.name);
  return shape;
}

/// Extents of index and x agree but along axis.
void require_along(const Call& call, int64_t axis) {
  const Shape &x = call.in[0].shape, &index = call.in[1].shape;
  require_axis(call, axis, x.size());
  require_index(call, 1);
  bool fits = index.size() == x.size();
  for (int i = 0; fits && i < x.size(); ++i) fits = i == axis || index[i] == x[i];
  if (!fits)
    throw ShapeError(call.name, raven::Message("the index has shape ") << index << ", which must equal " << x << " but along axis "
                                                                       << axis);
}

}  // namespace

void Gather(const Call& call) {
  const auto& a = call.as<GatherAttrs>();
  if (call.in.size() < 2) throw ValueError(call.name, "expected an array and at least one index array");
  call.out[0] = {call.in[0].dtype, indexed_shape(call, call.in.size() - 1, a.axes, a.slice_sizes)};
}

void Scatter(const Call& call) {
  const auto& a = call.as<ScatterAttrs>();
  if (call.in.size() < 3) throw ValueError(call.name, "expected an array, at least one index array and the updates");
  const Shape shape = indexed_shape(call, call.in.size() - 2, a.axes, a.slice_sizes);
  const Aval& updates = call.in[call.in.size() - 1];
  if (updates.shape != shape)
    throw ShapeError(call.name, raven::Message("the updates have shape ") << updates.shape << ", expected " << shape);
  if (updates.dtype != call.in[0].dtype)
    throw DTypeError(call.name, raven::Message("the updates are ") << dtype_name(updates.dtype) << ", the array "
                                                                   << dtype_name(call.in[0].dtype));
  call.out[0] = call.in[0];
}

void GatherAxis(const Call& call) {
  require_along(call, call.as<GatherAxisAttrs>().axis);
  call.out[0] = {call.in[0].dtype, call.in[1].shape};
}

void ScatterAxis(const Call& call) {
  require_along(call, call.as<ScatterAxisAttrs>().axis);
  if (call.in[2].shape != call.in[1].shape)
    throw ShapeError(call.name, raven::Message("the updates have shape ") << call.in[2].shape << ", the index " << call.in[1].shape);
  if (call.in[2].dtype != call.in[0].dtype)
    throw DTypeError(call.name, raven::Message("the updates are ") << dtype_name(call.in[2].dtype) << ", the array "
                                                                   << dtype_name(call.in[0].dtype));
  call.out[0] = call.in[0];
}

void Sort(const Call& call) {
  const auto& a = call.as<SortAttrs>();
  if (call.in.empty()) throw ValueError(call.name, "no arrays are given, expected at least one");
  require_axis(call, a.axis, call.in[0].shape.size());
  if (a.num_keys < 1 || a.num_keys > static_cast<int64_t>(call.in.size()))
    throw ValueError(call.name, raven::Message("got ") << a.num_keys << " keys of " << call.in.size() << " arrays");
  for (size_t i = 0; i < call.in.size(); ++i) {
    if (call.in[i].shape != call.in[0].shape)
      throw ShapeError(call.name, raven::Message("arrays have shapes ") << call.in[0].shape << " and " << call.in[i].shape);
    call.out[i] = call.in[i];
  }
}

}  // namespace nx::infer_rule
