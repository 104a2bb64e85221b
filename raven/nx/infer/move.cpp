#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

void Reshape(const Call& call) {
  const Shape& shape = call.as<ShapeAttrs>().shape;
  const Aval& x = call.in[0];
  if (element_count(shape.span(), call.name) != element_count(x.shape.span(), call.name))
    throw ShapeError(call.name, raven::Message("cannot reshape ") << x.shape << " with " << element_count(x.shape.span())
                                                                  << " elements to " << shape << " with "
                                                                  << element_count(shape.span()));
  call.out[0] = {x.dtype, shape};
}

void Permute(const Call& call) {
  const Dims& permutation = call.as<PermuteAttrs>().permutation;
  const Aval& x = call.in[0];
  const int rank = x.shape.size();
  Shape shape;
  bool seen[Dims::max_size] = {};
  if (permutation.size() != rank)
    throw AxisError(call.name, raven::Message("axes ") << permutation << " name " << permutation.size()
                                                       << " axes, the array has rank " << rank);
  for (int64_t axis : permutation) {
    require_axis(call, axis, rank);
    if (seen[axis]) throw AxisError(call.name, raven::Message("axis ") << axis << " is given twice in " << permutation);
    seen[axis] = true;
    shape.push_back(x.shape[static_cast<int>(axis)]);
  }
  call.out[0] = {x.dtype, shape};
}

void Expand(const Call& call) {
  const auto& a = call.as<ExpandAttrs>();
  const Aval& x = call.in[0];
  element_count(a.shape.span(), call.name);
  if (a.axes.size() != x.shape.size())
    throw AxisError(call.name, raven::Message("axes ") << a.axes << " do not name each axis of " << x.shape);
  require_axes(call, a.axes, a.shape.size());
  for (int i = 0; i < a.axes.size(); ++i) {
    const int64_t to = a.shape[static_cast<int>(a.axes[i])];
    if (x.shape[i] != 1 && x.shape[i] != to)
      throw ShapeError(call.name, raven::Message("shape ") << x.shape << " cannot be broadcast to " << a.shape << ": axis "
                                                           << i << " has size " << x.shape[i] << ", expected 1 or " << to);
  }
  call.out[0] = {x.dtype, a.shape};
}

namespace {
/// Shape of the slice; bounds checked.
Shape slice_shape(const Call& call, const Shape& x, const Dims& starts, const Dims& stops, const Dims& steps) {
  const int rank = x.size();
  if (starts.size() != rank || stops.size() != rank || steps.size() != rank)
    throw ShapeError(call.name, raven::Message("starts ") << starts << ", stops " << stops << " and steps " << steps
                                                          << " must have one entry per axis of " << x);
  Shape shape = x;
  for (int i = 0; i < rank; ++i) {
    if (steps[i] < 1 || starts[i] < 0 || stops[i] < starts[i] || stops[i] > x[i])
      throw IndexError(call.name, raven::Message("slice ") << starts[i] << ":" << stops[i] << ":" << steps[i]
                                                           << " is not inside axis " << i << " of " << x);
    shape[i] = stops[i] > starts[i] ? (stops[i] - starts[i] - 1) / steps[i] + 1 : 0;
  }
  return shape;
}
}  // namespace

void Slice(const Call& call) {
  const auto& a = call.as<SliceAttrs>();
  call.out[0] = {call.in[0].dtype, slice_shape(call, call.in[0].shape, a.starts, a.stops, a.steps)};
}

void Flip(const Call& call) {
  require_axes(call, call.as<AxesAttrs>().axes, call.in[0].shape.size());
  call.out[0] = call.in[0];
}

/// (x, value 0-d): low + n + (n − 1)·interior + high per axis
void Pad(const Call& call) {
  const auto& a = call.as<PadAttrs>();
  const Aval& x = call.in[0];
  const int rank = x.shape.size();
  require_same_dtype(call);
  if (!call.in[1].shape.empty())
    throw ShapeError(call.name, raven::Message("the padding value has shape ") << call.in[1].shape << ", expected a 0-d array");
  if (a.low.size() != rank || a.high.size() != rank || a.interior.size() != rank)
    throw ShapeError(call.name, raven::Message("low ") << a.low << ", high " << a.high << " and interior " << a.interior
                                                       << " must have one entry per axis of " << x.shape);
  Shape shape = x.shape;
  for (int i = 0; i < rank; ++i) {
    if (a.interior[i] < 0)
      throw ValueError(call.name, raven::Message("interior padding ") << a.interior[i] << " of axis " << i << " is negative");
    // The spread operand, cropped to no less than nothing, between its edges.
    int64_t between = 0, extent = 0;
    const int64_t gaps = shape[i] > 0 ? shape[i] - 1 : 0;
    bool overflow = __builtin_mul_overflow(gaps, a.interior[i], &between) || __builtin_add_overflow(between, shape[i], &extent);
    for (int64_t edge : {a.low[i], a.high[i]})
      if (edge < 0) overflow = overflow || __builtin_add_overflow(extent, edge, &extent);
    if (extent < 0) extent = 0;
    for (int64_t edge : {a.low[i], a.high[i]})
      if (edge > 0) overflow = overflow || __builtin_add_overflow(extent, edge, &extent);
    if (overflow) throw OverflowError(call.name, raven::Message("the padded extent of axis ") << i << " exceeds int64");
    shape[i] = extent;
  }
  element_count(shape.span(), call.name);
  call.out[0] = {x.dtype, shape};
}

void Concat(const Call& call) {
  const int64_t axis = call.as<AxisAttrs>().axis;
  if (call.in.empty()) throw ValueError(call.name, "no arrays are given, expected at least one");
  const Shape& first = call.in[0].shape;
  require_axis(call, axis, first.size());
  require_same_dtype(call);
  int64_t extent = 0;
  for (size_t k = 0; k < call.in.size(); ++k) {
    const Shape& shape = call.in[k].shape;
    const auto mismatch = [&](raven::Message&& m) {
      m << " (all axes but " << axis << " must match); shapes ";
      for (size_t j = 0; j < call.in.size() && j < 8; ++j) m << (j > 0 ? ", " : "") << call.in[j].shape;
      throw ShapeError(call.name, m);
    };
    if (shape.size() != first.size())
      mismatch(raven::Message("array ") << k << " has rank " << shape.size() << ", expected " << first.size());
    for (int i = 0; i < first.size(); ++i)
      if (i != axis && shape[i] != first[i])
        mismatch(raven::Message("axis ") << i << " of array " << k << " has size " << shape[i] << ", expected " << first[i]);
    if (__builtin_add_overflow(extent, shape[static_cast<int>(axis)], &extent))
      throw OverflowError(call.name, "the joined axis exceeds int64");
  }
  Shape shape = first;
  shape[static_cast<int>(axis)] = extent;
  element_count(shape.span(), call.name);
  call.out[0] = {call.in[0].dtype, shape};
}

void SliceUpdate(const Call& call) {
  const auto& a = call.as<SliceUpdateAttrs>();
  require_same_dtype(call);
  const Shape shape = slice_shape(call, call.in[0].shape, a.starts, a.stops, a.steps);
  if (shape != call.in[1].shape)
    throw ShapeError(call.name, raven::Message("the update has shape ") << call.in[1].shape << ", the slice " << shape);
  call.out[0] = call.in[0];
}

}  // namespace nx::infer_rule
