#include "raven/nx/api/indexing.hpp"

#include <cstring>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/join.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

using detail::named;
using detail::require_defined;

namespace {
void require_index(const char* name, const Array& index) {
  require_defined(name, index);
  if (!is_integer(index.dtype()))
    throw DTypeError(name, raven::Message("indices are ") << dtype_name(index.dtype()) << ", expected an integer dtype");
}
/// x and indices broadcast against each other but along axis.
Shape along_shape(const char* name, const Array& x, const Array& indices, int axis) {
  if (x.ndim() != indices.ndim())
    throw ShapeError(name, raven::Message("the indices ") << indices.shape() << " and the array " << x.shape()
                                                          << " must have the same number of axes");
  Shape shape = x.shape();
  for (int i = 0; i < x.ndim(); ++i) {
    if (i == axis) continue;
    const int64_t n = indices.shape(i);
    if (shape[i] == 1)
      shape[i] = n;
    else if (n != 1 && n != shape[i])
      throw ShapeError(name, raven::Message("the indices ") << indices.shape() << " and the array " << x.shape()
                                                            << " cannot be broadcast: axis " << i);
  }
  return shape;
}
Shape with_axis(Shape shape, int axis, int64_t extent) {
  shape[axis] = extent;
  return shape;
}
}  // namespace

Array take(const Array& x_given, const Array& indices, const TakeOpts& options) {
  return named("nx.take", [&] {
    require_defined("nx.take", x_given);
    require_index("nx.take", indices);
    const Array x = options.axis.all() ? ravel(x_given) : x_given;
    const Dims axes = options.axis.all() ? Dims{0} : detail::resolve_axes("nx.take", options.axis, x.ndim());
    if (axes.size() != 1) throw AxisError("nx.take", raven::Message("got axes ") << axes << ", expected one");
    const auto axis = static_cast<int>(axes[0]);
    GatherAttrs attrs;
    attrs.axes = axes;
    attrs.slice_sizes = x.shape();
    attrs.mode = options.mode;
    attrs.wrap_negative = options.mode == IndexMode::raise;
    if (x.shape(axis) == 0) {
      if (indices.size() > 0)
        throw IndexError("nx.take", raven::Message("cannot take from axis ") << axis << " of " << x.shape() << ", which is empty");
      attrs.slice_sizes[axis] = 0;
    } else {
      attrs.slice_sizes[axis] = 1;
    }
    Shape result;
    for (int i = 0; i < axis; ++i) result.push_back(x.shape(i));
    for (int i = 0; i < indices.ndim(); ++i) result.push_back(indices.shape(i));
    for (int i = axis + 1; i < x.ndim(); ++i) result.push_back(x.shape(i));
    if (x.shape(axis) == 0) return zeros(result, {.dtype = x.dtype()});
    // index axes + slice axes; the slice axes before `axis` move to the front.
    Array out = apply(Op::Gather, {x, indices}, attrs);
    Dims permutation;
    const int lead = indices.ndim();
    for (int i = 0; i < axis; ++i) permutation.push_back(lead + i);
    for (int i = 0; i < lead; ++i) permutation.push_back(i);
    for (int i = axis; i < x.ndim(); ++i) permutation.push_back(lead + i);
    return reshape(axis == 0 ? out : transpose(out, permutation), result);
  });
}

Array take_along_axis(const Array& x, const Array& indices, int64_t axis_given) {
  return named("nx.take_along_axis", [&] {
    require_defined("nx.take_along_axis", x);
    require_index("nx.take_along_axis", indices);
    const auto axis = static_cast<int>(detail::resolve_axis("nx.take_along_axis", axis_given, x.ndim()));
    const Shape shape = along_shape("nx.take_along_axis", x, indices, axis);
    GatherAxisAttrs attrs;
    attrs.axis = axis;
    attrs.wrap_negative = true;
    return apply(Op::GatherAxis, {broadcast_to(x, with_axis(shape, axis, x.shape(axis))),
                                  broadcast_to(indices, with_axis(shape, axis, indices.shape(axis)))},
                 attrs);
  });
}

Array put_along_axis(const Array& x, const Array& indices, const Operand& values, int64_t axis_given, ScatterKind kind) {
  return named("nx.put_along_axis", [&] {
    require_defined("nx.put_along_axis", x);
    require_index("nx.put_along_axis", indices);
    const auto axis = static_cast<int>(detail::resolve_axis("nx.put_along_axis", axis_given, x.ndim()));
    const Shape shape = along_shape("nx.put_along_axis", x, indices, axis);
    const Shape update_shape = with_axis(shape, axis, indices.shape(axis));
    if (with_axis(shape, axis, x.shape(axis)) != x.shape())
      throw ShapeError("nx.put_along_axis", raven::Message("the indices ") << indices.shape() << " do not fit the array " << x.shape());
    ScatterAxisAttrs attrs;
    attrs.axis = axis;
    attrs.kind = kind;
    attrs.wrap_negative = true;
    const Array updates = values.is_scalar() ? full(update_shape, values, {.dtype = x.dtype()})
                                             : broadcast_to(astype(values.array(), x.dtype()), update_shape);
    return apply(Op::ScatterAxis, {x, broadcast_to(indices, update_shape), updates}, attrs);
  });
}

namespace {
Array positions(const Array& x, int64_t axis) {
  IotaAttrs attrs;
  attrs.shape = x.shape();
  attrs.axis = axis;
  return apply(Op::Iota, {}, attrs);
}
/// Values and their former positions.
void sort_pair(const Array& x, int64_t axis, bool descending, Array (&out)[2]) {
  SortAttrs attrs;
  attrs.axis = axis;
  attrs.descending = descending;
  const Array place = positions(x, axis);
  const Operand in[2] = {x, place};
  apply(Op::Sort, in, attrs, out);
}
}  // namespace

Array sort(const Array& x, const SortOpts& options) {
  require_defined("nx.sort", x);
  SortAttrs attrs;
  attrs.axis = detail::resolve_axis("nx.sort", options.axis, x.ndim());
  attrs.descending = options.descending;
  return apply(Op::Sort, {x}, attrs);
}

Array argsort(const Array& x, const SortOpts& options) {
  return named("nx.argsort", [&] {
    require_defined("nx.argsort", x);
    Array out[2];
    sort_pair(x, detail::resolve_axis("nx.argsort", options.axis, x.ndim()), options.descending, out);
    return std::move(out[1]);
  });
}

TopK top_k(const Array& x, int64_t k, const TopKOpts& options) {
  return named("nx.top_k", [&] {
    require_defined("nx.top_k", x);
    const auto axis = static_cast<int>(detail::resolve_axis("nx.top_k", options.axis, x.ndim()));
    if (k < 0 || k > x.shape(axis))
      throw ValueError("nx.top_k", raven::Message("k = ") << k << " is not in 0.." << x.shape(axis) << ", the size of axis " << axis);
    Array out[2];
    sort_pair(x, axis, options.largest, out);
    const Dims starts = Dims::filled(x.ndim(), 0), steps = Dims::filled(x.ndim(), 1);
    const Shape stops = with_axis(x.shape(), axis, k);
    return TopK{slice(out[0], starts, stops, steps), slice(out[1], starts, stops, steps)};
  });
}

std::vector<Array> nonzero(const Array& x) {
  return named("nx.nonzero", [&] {
    require_defined("nx.nonzero", x);
    if (x.is_traced() && current_interpreter())
      throw TracerError("nx.nonzero", raven::Message("the result's shape depends on the values of a traced ")
                                          << aval_of(x) << "; use nx::where with a condition, or compute the indices outside (a "
                                                           "fixed .size is not offered)");
    const InterpreterScope eager(nullptr);
    const Array mask = detail::contiguous_array(is_bool(x.dtype()) ? x : not_equal(x, 0));
    const auto* data = reinterpret_cast<const uint8_t*>(detail::impl_of(mask)->data);
    const int rank = x.ndim() == 0 ? 1 : x.ndim();
    const Shape shape = x.ndim() == 0 ? Shape{1} : x.shape();
    int64_t count = 0;
    for (int64_t i = 0; i < mask.size(); ++i) count += data[i] != 0;
    std::vector<Array> out;
    int64_t* to[Dims::max_size];
    for (int d = 0; d < rank; ++d) {
      out.push_back(detail::empty_array(DType::i64, Shape{count}.span()));
      to[d] = reinterpret_cast<int64_t*>(detail::impl_of(out.back())->data);
    }
    int64_t at = 0;
    for (int64_t i = 0; i < mask.size(); ++i) {
      if (!data[i]) continue;
      int64_t flat = i;
      for (int d = rank - 1; d >= 0; --d) {
        to[d][at] = flat % shape[d];
        flat /= shape[d];
      }
      ++at;
    }
    return out;
  });
}

}  // namespace nx
