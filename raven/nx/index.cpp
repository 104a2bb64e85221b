#include "raven/nx/index.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/indexing.hpp"
#include "raven/nx/api/join.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/cpu/map.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

namespace {

constexpr const char* name = "nx.index";

[[gnu::cold, gnu::noinline]] void out_of_bounds(int64_t index, int axis, int64_t extent) {
  raven::Message m("index ");
  if (index == INT64_MAX) m << "≥ ";  // an unsigned number ends there
  m << index << " is out of bounds for axis " << axis << " of size " << extent;
  if (extent > 0) m << " (valid: " << -extent << ".." << extent - 1 << ")";
  throw IndexError(name, m);
}

int64_t resolve(int64_t index, int axis, int64_t extent) {
  const int64_t at = index < 0 ? index + extent : index;
  if (at < 0 || at >= extent) out_of_bounds(index, axis, extent);
  return at;
}

/// An index read against a shape.
struct Plan {
  // The basic part: one entry per axis of x, steps ≥ 1; flipped axes are reversed afterwards.
  Dims starts, stops, steps, flipped;
  bool whole = true;   ///< the basic part is all of x in order
  /// Result axes in order: an axis of x (≥ 0), a new axis (−1), or the place of the index arrays (−2).
  Dims result;
  Dims dropped;        ///< axes of x that an integer removes (no arrays present)
  // The advanced part: arrays of one shape, each with its axis of x.
  Dims axes;
  std::vector<Array> arrays;
  Shape index_shape;
};

constexpr int64_t new_axis = -1, arrays_here = -2;

/// Positions of slice(extent): first element, count, and whether it runs backwards.
void add_slice(Plan& plan, const Slice& given, int axis, int64_t extent) {
  if (given.step == 0) throw ValueError(name, raven::Message("the slice step of axis ") << axis << " is 0");
  // Longer steps than the axis take its first element alone too, and never overflow.
  const int64_t most = std::max<int64_t>(extent, 1), step = std::clamp(given.step, -most, most);
  const auto clamp = [&](int64_t v, int64_t low, int64_t high) { return std::clamp(v < 0 ? v + extent : v, low, high); };
  int64_t begin, end, count;
  if (step > 0) {
    begin = given.has_start ? clamp(given.start, 0, extent) : 0;
    end = given.has_stop ? clamp(given.stop, 0, extent) : extent;
    count = end > begin ? (end - begin - 1) / step + 1 : 0;
    plan.starts.push_back(begin);
    plan.stops.push_back(count > 0 ? end : begin);
    plan.steps.push_back(step);
  } else {
    begin = given.has_start ? clamp(given.start, -1, extent - 1) : extent - 1;
    end = given.has_stop ? clamp(given.stop, -1, extent - 1) : -1;
    count = begin > end ? (begin - end - 1) / -step + 1 : 0;
    // The same elements forwards: the last one taken comes first.
    const int64_t first = count > 0 ? begin - (count - 1) * -step : 0;
    plan.starts.push_back(first);
    plan.stops.push_back(count > 0 ? begin + 1 : first);
    plan.steps.push_back(-step);
    if (count > 1) plan.flipped.push_back(axis);
  }
  if (plan.starts.back() != 0 || plan.stops.back() != extent || plan.steps.back() != 1) plan.whole = false;
  plan.result.push_back(axis);
}

Plan make_plan(const Array& x, std::span<const Index* const> items) {
  const int rank = x.ndim();
  int consumed = 0, ellipses = 0;
  bool advanced = false;
  for (const Index* item : items) switch (item->kind()) {
      case Index::Kind::integer:
      case Index::Kind::slice: ++consumed; break;
      case Index::Kind::ellipsis: ++ellipses; break;
      case Index::Kind::newaxis: break;
      case Index::Kind::array: {
        detail::require_defined(name, item->array());
        advanced = true;
        const DType dtype = item->array().dtype();
        if (is_float(dtype))
          throw IndexError(name, raven::Message("an index array is ") << dtype_name(dtype) << ", expected integers or b1");
        consumed += is_bool(dtype) ? item->array().ndim() : 1;
      }
    }
  if (ellipses > 1) throw IndexError(name, "an index may hold one ellipsis only");
  if (consumed > rank)
    throw IndexError(name, raven::Message("too many indices: ") << consumed << " for an array of rank " << rank << " and shape "
                                                                << x.shape());
  Plan plan;
  int axis = 0;
  bool placed = false, separated = false, open = false;  // are the advanced items one run?
  const auto take_axis = [&](const Slice& slice) {
    add_slice(plan, slice, axis, x.shape(axis));
    ++axis;
  };
  const auto add_array = [&](Array array) {
    const int64_t extent = x.shape(axis);
    plan.starts.push_back(0), plan.stops.push_back(extent), plan.steps.push_back(1);
    plan.axes.push_back(axis++);
    plan.arrays.push_back(std::move(array));
  };
  const auto place = [&] {
    if (placed && !open) separated = true;
    if (!placed) plan.result.push_back(arrays_here);
    placed = open = true;
  };
  for (const Index* item : items) switch (item->kind()) {
      case Index::Kind::integer: {
        const int64_t at = resolve(item->integer(), axis, x.shape(axis));
        if (advanced) {
          place();
          add_array(scalar(at, i64));
        } else {
          plan.starts.push_back(at), plan.stops.push_back(at + 1), plan.steps.push_back(1);
          plan.dropped.push_back(axis++);
          plan.whole = false;
        }
        break;
      }
      case Index::Kind::slice:
        open = false;
        take_axis(item->slice());
        break;
      case Index::Kind::newaxis:
        open = false;
        plan.result.push_back(new_axis);
        break;
      case Index::Kind::ellipsis:
        open = false;
        for (int i = rank - consumed; i > 0; --i) take_axis(_);
        break;
      case Index::Kind::array: {
        place();
        const Array& array = item->array();
        if (!is_bool(array.dtype())) {
          add_array(array);
          break;
        }
        for (int i = 0; i < array.ndim(); ++i)
          if (array.shape(i) != x.shape(axis + i))
            throw IndexError(name, raven::Message("the mask has shape ") << array.shape() << ", which does not match axis " << axis + i
                                                                         << " of " << x.shape());
        for (Array& part : nonzero(array)) add_array(std::move(part));
      }
    }
  while (axis < rank) take_axis(_);
  if (!advanced) return plan;
  if (separated) {
    // Index arrays that stand apart put their axes first.
    Dims moved{arrays_here};
    for (int64_t r : plan.result)
      if (r != arrays_here) moved.push_back(r);
    plan.result = moved;
  }
  std::vector<Operand> operands(plan.arrays.begin(), plan.arrays.end());
  try {
    plan.index_shape = detail::broadcast_shape(name, operands);
  } catch (const ShapeError&) {
    raven::Message m("index arrays of shapes ");
    for (size_t i = 0; i < plan.arrays.size(); ++i) m << (i > 0 ? ", " : "") << plan.arrays[i].shape();
    m << " cannot be broadcast together";
    throw IndexError(name, m);
  }
  for (Array& array : plan.arrays) array = broadcast_to(array, plan.index_shape);
  return plan;
}

/// The basic part of the index: x's slices, forwards or reversed, all axes kept.
Array basic_part(const Array& x, const Plan& plan) {
  Array part = plan.whole ? x : slice(x, plan.starts, plan.stops, plan.steps);
  return plan.flipped.empty() ? part : flip(part, Axes(plan.flipped));
}

/// The shape of the result, with the extents that `part` (all axes of x) has.
Shape result_shape(const Plan& plan, const Shape& part) {
  Shape shape;
  for (int64_t r : plan.result) {
    if (r >= 0)
      shape.push_back(part[static_cast<int>(r)]);
    else if (r == new_axis)
      shape.push_back(1);
    else
      for (int64_t n : plan.index_shape) shape.push_back(n);
  }
  return shape;
}

GatherAttrs gather_attrs(const Plan& plan, const Shape& part) {
  GatherAttrs attrs;
  attrs.axes = plan.axes;
  attrs.slice_sizes = part;
  for (int64_t axis : plan.axes) attrs.slice_sizes[static_cast<int>(axis)] = part[static_cast<int>(axis)] > 0 ? 1 : 0;
  attrs.wrap_negative = true;
  return attrs;
}
/// Axis i of the result (without new axes) is axis permutation[i] of index axes + kept axes of x.
Dims gather_permutation(const Plan& plan) {
  Dims permutation;
  int kept = plan.index_shape.size();
  for (int64_t r : plan.result) {
    if (r == arrays_here)
      for (int i = 0; i < plan.index_shape.size(); ++i) permutation.push_back(i);
    else if (r >= 0)
      permutation.push_back(kept++);
  }
  return permutation;
}
bool is_identity(const Dims& permutation) {
  for (int i = 0; i < permutation.size(); ++i)
    if (permutation[i] != i) return false;
  return true;
}
/// Index axes followed by the kept axes of `part`.
Shape gathered_shape(const Plan& plan, const Shape& part) {
  Shape shape = plan.index_shape;
  for (int i = 0; i < part.size(); ++i)
    if (!plan.axes.contains(i)) shape.push_back(part[i]);
  return shape;
}
void require_elements(const Plan& plan, const Shape& part) {
  int64_t count = 1;
  for (int64_t n : plan.index_shape) count *= n;
  if (count == 0) return;
  for (int64_t axis : plan.axes)
    if (part[static_cast<int>(axis)] == 0)
      throw IndexError(name, raven::Message("an index array picks from axis ") << axis << " of " << part << ", which is empty");
}

/// A view of plain data without going through the ops: the tiny fast path of integers and slices.
bool direct_view(const Array& x, std::span<const Index* const> items, Array& out) {
  const detail::Impl* impl = detail::impl_of(x);
  if ((impl->flags & detail::array_flag::tracer) || current_interpreter() || static_cast<int>(items.size()) > impl->rank) return false;
  int64_t shape[Dims::max_size], strides[Dims::max_size], offset = 0;
  int axes = 0, axis = 0;
  const int64_t *extents = detail::shape_of(impl), *steps = detail::strides_of(impl);
  for (const Index* item : items) {
    const int64_t extent = extents[axis], step = steps[axis];
    if (item->kind() == Index::Kind::integer) {
      offset += resolve(item->integer(), axis, extent) * step;
    } else if (item->kind() == Index::Kind::slice && item->slice().step > 0) {
      const Slice& given = item->slice();
      const auto clamp = [&](int64_t v) { return std::clamp<int64_t>(v < 0 ? v + extent : v, 0, extent); };
      const int64_t begin = given.has_start ? clamp(given.start) : 0, end = given.has_stop ? clamp(given.stop) : extent;
      offset += begin * step;
      shape[axes] = end > begin ? (end - begin - 1) / given.step + 1 : 0;
      // A step beyond the axis is never taken, and its product with the stride may not exist.
      strides[axes] = shape[axes] > 1 ? step * given.step : step;
      ++axes;
    } else {
      return false;
    }
    ++axis;
  }
  for (; axis < impl->rank; ++axis) shape[axes] = extents[axis], strides[axes++] = steps[axis];
  out = detail::view_of(x, {shape, static_cast<size_t>(axes)}, {strides, static_cast<size_t>(axes)}, offset * item_size(impl->dtype));
  return true;
}

/// The place of one element of plain data that nobody else sees; null when the index is another one, or several elements
/// lie in one place.
std::byte* direct_place(const Array& x, std::span<const Index* const> items) {
  const detail::Impl* impl = detail::impl_of(x);
  if (static_cast<int>(items.size()) != impl->rank || current_interpreter() || !detail::uniquely_owned(impl)) return nullptr;
  int64_t offset = 0;
  for (int axis = 0; axis < impl->rank; ++axis) {
    if (items[static_cast<size_t>(axis)]->kind() != Index::Kind::integer) return nullptr;
    if (detail::strides_of(impl)[axis] == 0 && detail::shape_of(impl)[axis] > 1) return nullptr;
    offset += resolve(items[static_cast<size_t>(axis)]->integer(), axis, detail::shape_of(impl)[axis]) * detail::strides_of(impl)[axis];
  }
  return impl->data + offset * item_size(impl->dtype);
}

/// A number in x's dtype: as a cast, so reals truncate into integers; integers must fit.
void write_number(const Scalar& s, DType dtype, std::byte* out) {
  if (s.kind != Scalar::Kind::real || is_float(dtype)) return detail::write_scalar(name, s, dtype, out);
  const Array cast = scalar(s.real, f64).astype(dtype);
  std::memcpy(out, detail::impl_of(cast)->data, static_cast<size_t>(item_size(dtype)));
}

Op combining(ScatterKind kind) {
  switch (kind) {
    case ScatterKind::add: return Op::Add;
    case ScatterKind::mul: return Op::Mul;
    case ScatterKind::min: return Op::Minimum;
    default: return Op::Maximum;
  }
}

/// What a combination gives must fit x's dtype, as in x op= value.
void require_same_kind(const Array& x, const Operand& value) {
  if (!value.is_scalar()) detail::require_defined(name, value.array());
  const Operand both[2] = {x, value};
  detail::require_same_kind(name, detail::compute_dtype(Op::Maximum, name, both), x.dtype());
}

/// value as x's dtype, broadcast to shape; leading axes of extent 1 that shape lacks are dropped.
Array prepared(const Operand& value, DType dtype, const Shape& shape) {
  Array v;
  if (value.is_scalar()) {
    v = value.scalar().kind == Scalar::Kind::real && !is_float(dtype) ? scalar(value, f64).astype(dtype) : scalar(value, dtype);
  } else {
    detail::require_defined(name, value.array());
    v = value.array().astype(dtype);
  }
  Shape own = v.shape();
  while (own.size() > shape.size() && own[0] == 1) own.erase(0);
  bool fits = own.size() <= shape.size();
  for (int i = 0; fits && i < own.size(); ++i) {
    const int64_t n = shape[shape.size() - own.size() + i];
    fits = own[i] == n || own[i] == 1;
  }
  if (!fits)
    throw ShapeError(name, raven::Message("a value of shape ") << v.shape() << " cannot be broadcast to the indexed part " << shape);
  return broadcast_to(own.size() == v.ndim() ? v : reshape(v, own), shape);
}

bool is_scalar_mask(const Index& item) {
  return item.kind() == Index::Kind::array && item.array().defined() && is_bool(item.array().dtype()) && item.array().ndim() == 0;
}
/// A 0-d mask is an index into a new axis of extent 1: its element once, or not at all. Gives x with these axes, and the
/// items with index arrays in place of the masks.
Array lower_scalar_masks(const Array& x, std::span<const Index* const> items, std::vector<Index>& lowered) {
  int consumed = 0;
  for (const Index* item : items)
    if (item->kind() == Index::Kind::integer || item->kind() == Index::Kind::slice)
      ++consumed;
    else if (item->kind() == Index::Kind::array)
      consumed += is_bool(item->array().dtype()) ? item->array().ndim() : 1;
  Shape shape = x.shape();
  int axis = 0;
  for (const Index* item : items) {
    if (is_scalar_mask(*item)) {
      shape.insert(std::min(axis++, shape.size()), 1);
      lowered.emplace_back(zeros({static_cast<bool>(item->array()) ? 1 : 0}, {.dtype = i64}));
      continue;
    }
    if (item->kind() == Index::Kind::integer || item->kind() == Index::Kind::slice)
      ++axis;
    else if (item->kind() == Index::Kind::array)
      axis += is_bool(item->array().dtype()) ? item->array().ndim() : 1;
    else if (item->kind() == Index::Kind::ellipsis)
      axis += std::max(0, x.ndim() - consumed);
    lowered.push_back(*item);
  }
  return reshape(x, shape);
}

}  // namespace

Index::Index(std::initializer_list<int64_t> indices)
    : kind_(Kind::array), array_(nx::array(std::span<const int64_t>(indices.begin(), indices.size()), Shape{static_cast<int64_t>(indices.size())})) {}

Index::Index(std::span<const bool> mask)
    : kind_(Kind::array), array_(nx::array(mask, Shape{static_cast<int64_t>(mask.size())})) {}

Slice parse_slice(std::string_view text) {
  int64_t values[3] = {0, 0, 1};
  bool given[3] = {};
  int part = 0;
  const char *p = text.data(), *end = p + text.size();
  const auto fail = [&] { throw ValueError("nx.s", raven::Message("cannot read the slice '") << text << "', expected start:stop:step"); };
  while (p != end) {
    if (*p == ' ') {
      ++p;
    } else if (*p == ':') {
      if (++part > 2) fail();
      ++p;
    } else {
      const auto [next, error] = std::from_chars(p, end, values[part]);
      if (error != std::errc() || given[part]) fail();
      given[part] = true;
      p = next;
    }
  }
  if (part == 0) fail();
  return {values[0], values[1], values[2], given[0], given[1]};
}

namespace {
Array indexed(const Array& x, std::span<const Index* const> items) {
  if (std::any_of(items.begin(), items.end(), [](const Index* item) { return is_scalar_mask(*item); })) {
    std::vector<Index> lowered;
    const Array wide = lower_scalar_masks(x, items, lowered);
    std::vector<const Index*> pointers;
    for (const Index& item : lowered) pointers.push_back(&item);
    return indexed(wide, pointers);
  }
  const Plan plan = make_plan(x, items);
  Array part = basic_part(x, plan);
  const Shape part_shape = part.shape();
  const Shape shape = result_shape(plan, part_shape);
  if (plan.axes.empty()) return shape == part_shape ? part : reshape(part, shape);
  require_elements(plan, part_shape);
  std::vector<Operand> operands{part};
  for (const Array& array : plan.arrays) operands.emplace_back(array);
  Array out;
  apply(Op::Gather, operands, gather_attrs(plan, part_shape), std::span<Array>(&out, 1));
  out = reshape(out, gathered_shape(plan, part_shape));
  const Dims permutation = gather_permutation(plan);
  if (!is_identity(permutation)) out = transpose(out, permutation);
  return out.shape() == shape ? out : reshape(out, shape);
}
}  // namespace

Array get_item(const Array& x, std::span<const Index* const> items) {
  detail::require_defined(name, x);
  Array view;
  if (direct_view(x, items, view)) return view;
  return detail::named(name, [&] { return indexed(x, items); });
}

namespace {
/// With `consume`, x is handed to the op that may write in place, and only after every check: a refused call leaves it whole.
Array set_part(Array& x, bool consume, std::span<const Index* const> items, ScatterKind kind, const Operand& value) {
  detail::require_defined(name, x);
  if (kind != ScatterKind::set) require_same_kind(x, value);
  // One mask of x's shape and one number: a selection, which needs no positions (and so works under every trace).
  if (items.size() == 1 && items[0]->kind() == Index::Kind::array && is_bool(items[0]->array().dtype()) &&
      items[0]->array().shape() == x.shape() && (value.is_scalar() || value.array().size() == 1) && x.ndim() > 0) {
    const Array v = prepared(value, x.dtype(), {});
    const Array changed = kind == ScatterKind::set ? v : apply(combining(kind), {x, v});
    return where(items[0]->array(), changed, x);
  }
  if (std::any_of(items.begin(), items.end(), [](const Index* item) { return is_scalar_mask(*item); })) {
    std::vector<Index> lowered;
    Array wide = lower_scalar_masks(x, items, lowered);
    std::vector<const Index*> pointers;
    for (const Index& item : lowered) pointers.push_back(&item);
    return reshape(set_part(wide, true, pointers, kind, value), x.shape());
  }
  const Plan plan = make_plan(x, items);
  const Shape x_shape = x.shape();
  Shape part_shape = x_shape;
  for (int i = 0; i < x_shape.size(); ++i) {
    const int64_t length = plan.stops[i] - plan.starts[i];
    part_shape[i] = length > 0 ? (length - 1) / plan.steps[i] + 1 : 0;
  }
  Array v = prepared(value, x.dtype(), result_shape(plan, part_shape));
  const auto operand = [&] { return consume ? Operand(std::move(x)) : Operand(x); };
  const auto store = [&](Array part, bool add) {
    if (!plan.flipped.empty()) part = flip(part, Axes(plan.flipped));
    SliceUpdateAttrs attrs;
    attrs.starts = plan.starts, attrs.stops = plan.stops, attrs.steps = plan.steps;
    attrs.kind = add ? UpdateKind::add : UpdateKind::set;
    return apply(Op::SliceUpdate, {operand(), part}, attrs);
  };
  if (plan.axes.empty()) {
    v = reshape(v, part_shape);
    if (kind == ScatterKind::set || kind == ScatterKind::add) return store(std::move(v), kind == ScatterKind::add);
    Array part = apply(combining(kind), {basic_part(x, plan), v});
    return store(std::move(part), false);
  }
  require_elements(plan, part_shape);
  // The value in the order of the scatter: index axes, then the kept axes of x, then extents of 1 at the indexed ones.
  Shape without_new;
  for (int64_t r : plan.result) {
    if (r >= 0)
      without_new.push_back(part_shape[static_cast<int>(r)]);
    else if (r == arrays_here)
      for (int64_t n : plan.index_shape) without_new.push_back(n);
  }
  v = reshape(v, without_new);
  const Dims permutation = gather_permutation(plan);
  if (!is_identity(permutation)) {
    Dims inverse = permutation;
    for (int i = 0; i < permutation.size(); ++i) inverse[static_cast<int>(permutation[i])] = i;
    v = transpose(v, inverse);
  }
  const GatherAttrs places = gather_attrs(plan, part_shape);
  ScatterAttrs attrs;
  attrs.axes = places.axes;
  attrs.slice_sizes = places.slice_sizes;
  attrs.kind = kind;
  attrs.wrap_negative = true;
  Shape update_shape = plan.index_shape;
  for (int64_t size : places.slice_sizes) update_shape.push_back(size);
  v = reshape(v, update_shape);
  const bool all = plan.whole && plan.flipped.empty();
  Array part = all ? Array{} : basic_part(x, plan);
  std::vector<Operand> operands;
  operands.reserve(plan.arrays.size() + 2);
  operands.push_back(all ? operand() : Operand(std::move(part)));
  for (const Array& array : plan.arrays) operands.emplace_back(array);
  operands.emplace_back(v);
  Array out;
  apply(Op::Scatter, operands, attrs, std::span<Array>(&out, 1));
  return all ? out : store(std::move(out), false);
}
}  // namespace

Array set_item(Array x, std::span<const Index* const> items, ScatterKind kind, const Operand& value) {
  return detail::named(name, [&] { return set_part(x, true, items, kind, value); });
}

void AtReference::assign(ScatterKind kind, const Operand& value) {
  detail::require_defined(name, target_);
  if (current_interpreter()) detail::announce_write(name, target_);
  const bool number = value.is_scalar();
  if (number) {
    if (std::byte* place = direct_place(target_, items())) {
      const DType dtype = target_.dtype();
      if (kind != ScatterKind::set) require_same_kind(target_, value);
      alignas(8) std::byte bytes[8];
      write_number(value.scalar(), dtype, bytes);
      if (kind == ScatterKind::set) {
        std::memcpy(place, bytes, static_cast<size_t>(item_size(dtype)));
        return;
      }
      const std::byte* in[2] = {place, bytes};
      const int64_t steps[2] = {1, 1};
      if (cpu::MapLoop* loop = cpu::loops().map[static_cast<int>(combining(kind))][static_cast<int>(dtype)]) {
        loop(place, in, steps, 1, no_attrs);
        return;
      }
    }
  }
  // The value may be the target itself; a view of it shares its storage, which alone forbids writing in place.
  const bool aliased = !number && &value.array() == &target_;
  Array changed = detail::named(name, [&] { return set_part(target_, !aliased, items(), kind, value); });
  target_ = std::move(changed);
}

/// −value in x's dtype, where −INT_MIN and unsigned numbers wrap around as in x -= value.
Array AtReference::negated(const Operand& value) const {
  detail::require_defined(name, target_);
  if (is_bool(target_.dtype())) throw DTypeError(name, "the array is b1, which has no difference; use logical_xor");
  require_same_kind(target_, value);
  return detail::named(name, [&] {
    return negative(value.is_scalar() ? scalar(value, target_.dtype()) : value.array().astype(target_.dtype()));
  });
}
/// The part after `part op= value`, which must fit x's dtype.
Array AtReference::combined(const Operand& value, const char* function, Array (*compute)(const Operand&, const Operand&)) const {
  Array part = get();
  detail::named(name, [&] { detail::assign_result(part, value, function, compute); });
  return part;
}

void AtReference::operator-=(const Operand& value) && { assign(ScatterKind::add, negated(value)); }
void AtReference::operator/=(const Operand& value) && { assign(ScatterKind::set, combined(value, "nx.divide", &divide)); }
Array AtReference::sub(const Operand& value) const { return add(negated(value)); }
Array AtReference::div(const Operand& value) const { return set(combined(value, "nx.divide", &divide)); }
Array AtReference::pow(const Operand& value) const { return set(combined(value, "nx.power", &power)); }

RowIterator Array::begin() const {
  detail::require_defined("nx.begin", *this);
  if (ndim() == 0) throw ShapeError("nx.begin", "a 0-d array has no rows to walk along; use item");
  return {*this, 0};
}
RowIterator Array::end() const { return {*this, ndim() > 0 ? shape(0) : 0}; }

}  // namespace nx
