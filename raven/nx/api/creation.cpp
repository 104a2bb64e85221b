#include "raven/nx/api/creation.hpp"

#include <algorithm>
#include <cstring>

#include "raven/base/message.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"

namespace nx {

namespace detail {

Array array_from(const void* values, size_t count, DType dtype, const Shape& shape) {
  if (element_count(shape.span(), "nx.array") != static_cast<int64_t>(count))
    throw ShapeError("nx.array", raven::Message("got ") << count << " values, shape " << shape << " needs "
                                                        << element_count(shape.span()));
  Array out = empty_array(dtype, shape.span());
  if (count > 0) std::memcpy(impl_of(out)->data, values, count * static_cast<size_t>(item_size(dtype)));
  return out;
}

Array adopt_vector(void* data, DType dtype, const Shape& shape, void (*deleter)(void*, void*) noexcept, void* owner) {
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return adopt_data(dtype, shape.span(), data, count * item_size(dtype), false, deleter, owner);
}

namespace {
DType dtype_of_scalar(const Scalar& s) {
  switch (s.kind) {
    case Scalar::Kind::boolean: return DType::b1;
    case Scalar::Kind::real: return default_float();
    default: return DType::i64;
  }
}
}  // namespace

}  // namespace detail

Array full(const Shape& shape, const Operand& value, const DTypeOpts& options) {
  if (!value.is_scalar()) {
    const Array& x = value.array();
    detail::require_defined("nx.full", x);
    return broadcast_to(options.dtype.has_value() ? x.astype(options.dtype.value_or(f64)) : x, shape);
  }
  FullAttrs attrs;
  attrs.shape = shape;
  attrs.dtype = options.dtype.value_or(detail::dtype_of_scalar(value.scalar()));
  attrs.value = value.scalar();
  std::byte checked[8];
  detail::write_scalar("nx.full", attrs.value, attrs.dtype, checked);
  return apply(Op::Full, {}, attrs);
}

Array zeros(const Shape& shape, const DTypeOpts& options) {
  const DType dtype = options.dtype.value_or(default_float());
  // Eager zeros are untouched zero pages.
  if (!current_interpreter()) return detail::zeroed_array(dtype, shape.span());
  return full(shape, 0, {.dtype = dtype});
}
Array ones(const Shape& shape, const DTypeOpts& options) {
  return full(shape, 1, {.dtype = options.dtype.value_or(default_float())});
}
Array zeros_like(const Array& x) { return zeros(x.shape(), {.dtype = x.dtype()}); }
Array ones_like(const Array& x) { return ones(x.shape(), {.dtype = x.dtype()}); }
Array scalar(const Operand& value, DType dtype) { return full({}, value, {.dtype = dtype}); }

namespace {

void literal_shape(const Literal& literal, Shape& shape) {
  const Literal* level = &literal;
  while (level->is_list()) {
    shape.push_back(static_cast<int64_t>(level->items().size()));
    if (level->items().empty()) return;
    level = &level->items()[0];
  }
}
/// The highest category among the numbers: bool < integer < real.
int literal_category(const Literal& literal) {
  if (!literal.is_list()) {
    const auto kind = literal.scalar().kind;
    return kind == Scalar::Kind::boolean ? 0 : kind == Scalar::Kind::real ? 2 : 1;
  }
  int category = literal.items().empty() ? 2 : 0;
  for (const Literal& item : literal.items()) category = std::max(category, literal_category(item));
  return category;
}
void write_literal(const Literal& literal, const Shape& shape, int depth, DType dtype, std::byte*& out) {
  if (depth == shape.size()) {
    if (literal.is_list())
      throw ShapeError("nx.array", raven::Message("ragged braces: a list at depth ") << depth << ", expected a number");
    detail::write_scalar("nx.array", literal.scalar(), dtype, out);
    out += item_size(dtype);
    return;
  }
  if (!literal.is_list())
    throw ShapeError("nx.array", raven::Message("ragged braces: a number at depth ") << depth << ", expected a list of "
                                                                                     << shape[depth]);
  if (static_cast<int64_t>(literal.items().size()) != shape[depth])
    throw ShapeError("nx.array", raven::Message("ragged braces: a list of ") << literal.items().size() << " at depth " << depth
                                                                             << ", expected " << shape[depth]);
  for (const Literal& item : literal.items()) write_literal(item, shape, depth + 1, dtype, out);
}

}  // namespace

Array array(const Literal& values, const DTypeOpts& options) {
  Shape shape;
  literal_shape(values, shape);
  const int category = literal_category(values);
  const DType dtype = options.dtype.value_or(category == 0 ? DType::b1 : category == 1 ? DType::i64 : default_float());
  Array out = detail::empty_array(dtype, shape.span());
  std::byte* place = detail::impl_of(out)->data;
  write_literal(values, shape, 0, dtype, place);
  return out;
}

}  // namespace nx
