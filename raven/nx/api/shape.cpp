#include "raven/nx/api/shape.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

using detail::named;
using detail::require_defined;
using detail::resolve_axes;

namespace {

Shape resolve_shape(const Array& x, const Shape& shape) {
  int unknown = -1;
  int64_t known = 1;
  Shape resolved = shape;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1) {
      if (unknown >= 0) throw ShapeError("nx.reshape", raven::Message("shape ") << shape << " has more than one -1");
      unknown = i;
    } else if (shape[i] < 0) {
      throw ShapeError("nx.reshape", raven::Message("negative extent ") << shape[i] << " in shape " << shape);
    } else if (__builtin_mul_overflow(known, shape[i], &known)) {
      throw OverflowError("nx.reshape", raven::Message("shape ") << shape << " has too many elements");
    }
  }
  if (unknown >= 0) {
    if (known == 0 || x.size() % known != 0)
      throw ShapeError("nx.reshape", raven::Message("cannot reshape ") << x.shape() << " with " << x.size() << " elements to "
                                                                       << shape << ": " << x.size()
                                                                       << " is not divisible by " << known);
    resolved[unknown] = x.size() / known;
  }
  return resolved;
}

}  // namespace

Array reshape(const Array& x, const Shape& shape) {
  require_defined("nx.reshape", x);
  ShapeAttrs attrs;
  attrs.shape = resolve_shape(x, shape);
  if (detail::is_direct(x) && x.is_contiguous()) {
    int64_t count = 1, strides[Dims::max_size];
    for (int i = attrs.shape.size() - 1; i >= 0; --i) {
      strides[i] = count;
      count *= attrs.shape[i];  // resolve_shape saw no overflow
    }
    if (count == x.size() && count > 0) {
      const Array out = detail::view_of(x, attrs.shape.span(), {strides, static_cast<size_t>(attrs.shape.size())}, 0);
      detail::check_shortcut(Op::Reshape, x, attrs, out);
      return out;
    }
  }
  return apply(Op::Reshape, {x}, attrs);
}
Array Array::reshape(const Shape& shape) const { return nx::reshape(*this, shape); }

Array transpose(const Array& x, const Dims& axes) {
  require_defined("nx.transpose", x);
  PermuteAttrs attrs;
  for (int64_t axis : axes) attrs.permutation.push_back(detail::resolve_axis("nx.transpose", axis, x.ndim()));
  return apply(Op::Permute, {x}, attrs);
}
Array transpose(const Array& x) {
  if (detail::is_direct(x)) {
    int64_t shape[Dims::max_size], strides[Dims::max_size];
    const int rank = x.ndim();
    for (int i = 0; i < rank; ++i) {
      shape[i] = detail::shape_of(x.header())[rank - 1 - i];
      strides[i] = detail::strides_of(x.header())[rank - 1 - i];
    }
    return detail::view_of(x, {shape, static_cast<size_t>(rank)}, {strides, static_cast<size_t>(rank)}, 0);
  }
  Dims axes;
  for (int i = x.ndim() - 1; i >= 0; --i) axes.push_back(i);
  return transpose(x, axes);
}
Array Array::T() const { return transpose(*this); }

Array matrix_transpose(const Array& x) {
  return named("nx.matrix_transpose", [&] {
    require_defined("nx.matrix_transpose", x);
    if (x.ndim() < 2)
      throw ShapeError("nx.matrix_transpose", raven::Message("got shape ") << x.shape() << ", expected at least 2 axes");
    Dims axes;
    for (int i = 0; i < x.ndim(); ++i) axes.push_back(i);
    std::swap(axes[x.ndim() - 2], axes[x.ndim() - 1]);
    return transpose(x, axes);
  });
}
Array Array::mT() const { return matrix_transpose(*this); }

Array broadcast_to(const Array& x, const Shape& shape) {
  require_defined("nx.broadcast_to", x);
  if (shape == x.shape()) return x;
  if (shape.size() < x.ndim())
    throw ShapeError("nx.broadcast_to", raven::Message("cannot broadcast ") << x.shape() << " to fewer axes: " << shape);
  ExpandAttrs attrs;
  attrs.shape = shape;
  for (int i = shape.size() - x.ndim(); i < shape.size(); ++i) attrs.axes.push_back(i);
  return apply(Op::Expand, {x}, attrs);
}

Array expand_dims(const Array& x, const Axes& axes) {
  return named("nx.expand_dims", [&] {
    require_defined("nx.expand_dims", x);
    const int rank = x.ndim() + (axes.all() ? 0 : axes.list().size());
    if (rank > Dims::max_size)
      throw ShapeError("nx.expand_dims", raven::Message("the result would have ") << rank << " axes, expected at most " << Dims::max_size);
    const Dims at = axes.all() ? Dims() : resolve_axes("nx.expand_dims", axes, rank);
    if (detail::is_direct(x)) {
      int64_t shape[Dims::max_size], strides[Dims::max_size];
      int own = 0;
      for (int i = 0, next = 0; i < rank; ++i) {
        const bool is_new = next < at.size() && at[next] == i;
        next += is_new;
        shape[i] = is_new ? 1 : detail::shape_of(x.header())[own];
        strides[i] = is_new ? 1 : detail::strides_of(x.header())[own];
        own += !is_new;
      }
      return detail::view_of(x, {shape, static_cast<size_t>(rank)}, {strides, static_cast<size_t>(rank)}, 0);
    }
    Shape shape = x.shape();
    for (int64_t axis : at) shape.insert(static_cast<int>(axis), 1);
    return reshape(x, shape);
  });
}

Array squeeze(const Array& x, const Axes& axes) {
  return named("nx.squeeze", [&] {
    require_defined("nx.squeeze", x);
    const Dims at = axes.all() ? Dims() : resolve_axes("nx.squeeze", axes, x.ndim());
    Shape shape;
    for (int i = 0; i < x.ndim(); ++i) {
      const bool drop = axes.all() ? x.shape(i) == 1 : at.contains(i);
      if (drop && x.shape(i) != 1)
        throw ShapeError("nx.squeeze", raven::Message("axis ") << i << " of " << x.shape() << " has size " << x.shape(i) << ", expected 1");
      if (!drop) shape.push_back(x.shape(i));
    }
    return reshape(x, shape);
  });
}

Array ravel(const Array& x) { return named("nx.ravel", [&] { return reshape(x, {-1}); }); }

Array flatten(const Array& x, int64_t first, int64_t last) {
  return named("nx.flatten", [&] {
    require_defined("nx.flatten", x);
    if (x.ndim() == 0) return reshape(x, {1});
    const auto from = static_cast<int>(detail::resolve_axis("nx.flatten", first, x.ndim()));
    const auto to = static_cast<int>(detail::resolve_axis("nx.flatten", last, x.ndim()));
    if (to < from) throw AxisError("nx.flatten", raven::Message("the last axis ") << to << " stands before the first " << from);
    Shape shape;
    int64_t joined = 1;
    for (int i = 0; i < x.ndim(); ++i) {
      if (i < from || i > to) {
        shape.push_back(x.shape(i));
        continue;
      }
      joined *= x.shape(i);
      if (i == to) shape.push_back(joined);
    }
    return reshape(x, shape);
  });
}

Array moveaxis(const Array& x, int64_t source, int64_t destination) {
  return named("nx.moveaxis", [&] {
    require_defined("nx.moveaxis", x);
    const auto from = static_cast<int>(detail::resolve_axis("nx.moveaxis", source, x.ndim()));
    const auto to = static_cast<int>(detail::resolve_axis("nx.moveaxis", destination, x.ndim()));
    Dims axes;
    for (int i = 0; i < x.ndim(); ++i)
      if (i != from) axes.push_back(i);
    axes.insert(to, from);
    return transpose(x, axes);
  });
}

Array swapaxes(const Array& x, int64_t axis1, int64_t axis2) {
  return named("nx.swapaxes", [&] {
    require_defined("nx.swapaxes", x);
    Dims axes;
    for (int i = 0; i < x.ndim(); ++i) axes.push_back(i);
    std::swap(axes[static_cast<int>(detail::resolve_axis("nx.swapaxes", axis1, x.ndim()))],
              axes[static_cast<int>(detail::resolve_axis("nx.swapaxes", axis2, x.ndim()))]);
    return transpose(x, axes);
  });
}

Array atleast_1d(const Array& x) {
  require_defined("nx.atleast_1d", x);
  return named("nx.atleast_1d", [&] { return x.ndim() >= 1 ? x : reshape(x, {1}); });
}
Array atleast_2d(const Array& x) {
  require_defined("nx.atleast_2d", x);
  return named("nx.atleast_2d", [&] { return x.ndim() >= 2 ? x : expand_dims(atleast_1d(x), 0); });
}
Array atleast_3d(const Array& x) {
  require_defined("nx.atleast_3d", x);
  return named("nx.atleast_3d", [&] { return x.ndim() >= 3 ? x : expand_dims(atleast_2d(x), -1); });
}

std::vector<Array> broadcast_arrays(const std::vector<Array>& arrays) {
  return named("nx.broadcast_arrays", [&] {
    std::vector<Operand> operands;
    for (const Array& x : arrays) {
      require_defined("nx.broadcast_arrays", x);
      operands.emplace_back(x);
    }
    const Shape shape = detail::broadcast_shape("nx.broadcast_arrays", operands);
    std::vector<Array> result;
    for (const Array& x : arrays) result.push_back(broadcast_to(x, shape));
    return result;
  });
}

Array slice(const Array& x, const Dims& starts, const Dims& stops, const Dims& steps) {
  require_defined("nx.slice", x);
  SliceAttrs attrs;
  attrs.starts = starts, attrs.stops = stops, attrs.steps = steps;
  return apply(Op::Slice, {x}, attrs);
}

Array slice_update(Array x, const Array& update, const Dims& starts, const Dims& stops, const Dims& steps, bool add) {
  require_defined("nx.slice_update", x);
  SliceUpdateAttrs attrs;
  attrs.starts = starts, attrs.stops = stops, attrs.steps = steps;
  attrs.kind = add ? UpdateKind::add : UpdateKind::set;
  return apply(Op::SliceUpdate, {std::move(x), update}, attrs);
}

Array contiguous(const Array& x) {
  require_defined("nx.contiguous", x);
  return named("nx.contiguous", [&] { return x.is_traced() ? x : detail::contiguous_array(x); });
}

}  // namespace nx
