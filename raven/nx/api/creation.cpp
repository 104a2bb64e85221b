#include "raven/nx/api/creation.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "raven/base/message.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

using detail::named;

namespace detail {

Array array_from(const void* values, size_t count, DType dtype, const Shape& shape) {
  if (element_count(shape.span(), "nx.array") != static_cast<int64_t>(count))
    throw ShapeError("nx.array", raven::Message("got ") << count << " values, shape " << shape << " needs "
                                                        << element_count(shape.span()));
  Array out = named("nx.array", [&] { return empty_array(dtype, shape.span()); });
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
  return named("nx.full", [&] {
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
  });
}

Array zeros(const Shape& shape, const DTypeOpts& options) {
  return named("nx.zeros", [&] {
    const DType dtype = options.dtype.value_or(default_float());
    // Eager zeros are untouched zero pages.
    if (!current_interpreter()) return detail::zeroed_array(dtype, shape.span());
    return full(shape, 0, {.dtype = dtype});
  });
}
Array ones(const Shape& shape, const DTypeOpts& options) {
  return named("nx.ones", [&] {
    return full(shape, 1, {.dtype = options.dtype.value_or(default_float())});
  });
}
Array zeros_like(const Array& x) {
  detail::require_defined("nx.zeros_like", x);
  return named("nx.zeros_like", [&] { return zeros(x.shape(), {.dtype = x.dtype()}); });
}
Array ones_like(const Array& x) {
  detail::require_defined("nx.ones_like", x);
  return named("nx.ones_like", [&] { return ones(x.shape(), {.dtype = x.dtype()}); });
}
Array full_like(const Array& x, const Operand& value) {
  detail::require_defined("nx.full_like", x);
  return named("nx.full_like", [&] { return full(x.shape(), value, {.dtype = x.dtype()}); });
}
Array empty(const Shape& shape, const DTypeOpts& options) {
  if (current_interpreter()) return named("nx.empty", [&] { return zeros(shape, options); });
  return detail::empty_array(options.dtype.value_or(default_float()), shape.span());
}

namespace {

Array iota(const Shape& shape, DType dtype, int64_t axis) {
  IotaAttrs attrs;
  attrs.shape = shape;
  attrs.dtype = dtype;
  attrs.axis = axis;
  return apply(Op::Iota, {}, attrs);
}

/// The number behind an argument of arange: a weak number, or a 0-d array that has one.
Scalar number(const Operand& o) {
  if (o.is_scalar()) return o.scalar();
  detail::require_defined("nx.arange", o.array());
  return is_float(o.array().dtype()) ? Scalar::from(o.array().item<double>()) : Scalar::from(o.array().item<int64_t>());
}
bool is_real(const Scalar& s) { return s.kind == Scalar::Kind::real; }
__int128 as_wide(const Scalar& s) {
  return s.kind == Scalar::Kind::unsigned_integer ? static_cast<__int128>(static_cast<uint64_t>(s.integer)) : s.integer;
}
double as_double(const Scalar& s) {
  return is_real(s) ? s.real : s.kind == Scalar::Kind::unsigned_integer ? static_cast<double>(static_cast<uint64_t>(s.integer))
                                                                        : static_cast<double>(s.integer);
}

}  // namespace

Array arange(const Operand& start_given, const Operand& stop_given, const Operand& step_given, const DTypeOpts& options) {
  return named("nx.arange", [&] {
    const Scalar start = number(start_given), stop = number(stop_given), step = number(step_given);
    const bool real = is_real(start) || is_real(stop) || is_real(step);
    const DType dtype = options.dtype.value_or(real ? default_float() : DType::i64);
    const double first = as_double(start), delta = as_double(step);
    const auto refuse_length = [&](double length) {
      throw OverflowError("nx.arange", raven::Message("the range has ") << length << " elements");
    };
    const double length = std::ceil((as_double(stop) - first) / delta);
    if (delta == 0 || length != length)
      throw ValueError("nx.arange", raven::Message("start ") << first << ", stop " << as_double(stop) << " and step " << delta
                                                             << " give no number of elements");
    int64_t count = 0;
    if (real) {
      if (length >= 0x1p60) refuse_length(length);
      count = length > 0 ? static_cast<int64_t>(length) : 0;
    } else {
      // Exact, also where neighbouring integers are one double.
      const __int128 begin = as_wide(start), span = as_wide(stop) - begin, s = as_wide(step);
      const __int128 exact = (s > 0 ? span > 0 : span < 0) ? (span + s - (s > 0 ? 1 : -1)) / s : 0;
      if (exact >= int64_t{1} << 60) refuse_length(static_cast<double>(exact));
      count = static_cast<int64_t>(exact);
      if (!options.dtype.has_value() && count > 0 && std::max(begin, begin + (exact - 1) * s) > INT64_MAX)
        throw OverflowError("nx.arange", "the numbers do not fit i64; give {.dtype = nx::u64} or another dtype");
    }
    if (is_bool(dtype)) throw DTypeError("nx.arange", "got b1, expected a number type");
    const Array index = iota({count}, dtype, 0);
    if (is_integer(dtype)) {
      if (real) return astype(arange(start_given, stop_given, step_given, {.dtype = f64}), dtype);
      if (start.integer == 0 && step.integer == 1) return index;
      // Modulo 2^64, so that steps down of unsigned types work.
      const Array scaled = index.astype(i64) * scalar(step.integer, i64) + scalar(start.integer, i64);
      return astype(scaled, dtype);
    }
    if (first == 0 && delta == 1) return index;
    const Array origin = scalar(first, dtype);
    const Array second = origin + scalar(delta, dtype);
    return index * (second - origin) + origin;
  });
}
Array arange(const Operand& start, const Operand& stop, const DTypeOpts& options) { return arange(start, stop, 1, options); }
Array arange(const Operand& stop, const DTypeOpts& options) { return arange(0, stop, 1, options); }

Array linspace(double start, double stop, int64_t count, const LinspaceOpts& options) {
  return named("nx.linspace", [&] {
    if (count < 0) throw ValueError("nx.linspace", raven::Message("the number of elements ") << count << " is negative");
    const DType dtype = options.dtype.value_or(default_float());
    const int64_t parts = options.endpoint ? count - 1 : count;
    const double span = stop - start;
    Array y = iota({count}, f64, 0);
    if (parts > 0) {
      const double step = span / static_cast<double>(parts);
      y = step == 0 ? y / static_cast<double>(parts) * span : y * step;
    } else {
      y = y * span;
    }
    y = y + start;
    if (options.endpoint && count > 1) y = slice_update(std::move(y), full({1}, stop, {.dtype = f64}), {count - 1}, {count}, {1});
    return astype(is_integer(dtype) ? floor(y) : y, dtype);
  });
}

namespace {
/// b1 [rows, columns]: column − row compared with k.
Array diagonal_mask(const char* name, Op op, int64_t rows, int64_t columns, int64_t k) {
  if (rows < 0 || columns < 0)
    throw ValueError(name, raven::Message("got ") << rows << " rows and " << columns << " columns, expected no negative number");
  const Array row = iota({rows, 1}, i64, 0), column = iota({1, columns}, i64, 1);
  return apply(op, {column, row + k});
}
}  // namespace

Array eye(int64_t n, const EyeOpts& options) {
  return named("nx.eye", [&] {
    return diagonal_mask("nx.eye", Op::Eq, n, options.m < 0 ? n : options.m, options.k).astype(options.dtype.value_or(default_float()));
  });
}
Array tri(int64_t n, const EyeOpts& options) {
  return named("nx.tri", [&] {
    return diagonal_mask("nx.tri", Op::Le, n, options.m < 0 ? n : options.m, options.k).astype(options.dtype.value_or(default_float()));
  });
}
namespace {
Array triangle(const char* name, const Array& x, int64_t k, bool lower) {
  detail::require_defined(name, x);
  const Array m = atleast_2d(x);
  // NumPy reads a vector as every row of a square matrix.
  const Array square = x.ndim() == 1 ? broadcast_to(m, {x.shape(0), x.shape(0)}) : m;
  if (x.ndim() == 0) throw ShapeError(name, "got a 0-d array, expected at least 1 axis");
  if (lower) return where(diagonal_mask(name, Op::Le, square.shape(-2), square.shape(-1), k), square, zeros({}, {.dtype = x.dtype()}));
  return where(diagonal_mask(name, Op::Le, square.shape(-2), square.shape(-1), k - 1), zeros({}, {.dtype = x.dtype()}), square);
}
}  // namespace
Array tril(const Array& x, int64_t k) { return named("nx.tril", [&] { return triangle("nx.tril", x, k, true); }); }
Array triu(const Array& x, int64_t k) { return named("nx.triu", [&] { return triangle("nx.triu", x, k, false); }); }

Array scalar(const Operand& value, DType dtype) {
  return named("nx.scalar", [&] { return full({}, value, {.dtype = dtype}); });
}

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
  return named("nx.array", [&] {
    Shape shape;
    literal_shape(values, shape);
    const int category = literal_category(values);
    const DType dtype = options.dtype.value_or(category == 0 ? DType::b1 : category == 1 ? DType::i64 : default_float());
    Array out = detail::empty_array(dtype, shape.span());
    std::byte* place = detail::impl_of(out)->data;
    write_literal(values, shape, 0, dtype, place);
    return out;
  });
}

}  // namespace nx
