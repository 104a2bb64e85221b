#include "raven/nx/api/join.hpp"

#include <algorithm>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

using detail::named;

namespace {

/// All of one dtype; checked to exist.
std::vector<Array> promoted(const char* name, const std::vector<Array>& arrays) {
  if (arrays.empty()) throw ValueError(name, "no arrays are given, expected at least one");
  DType dtype = arrays[0].dtype();
  for (const Array& x : arrays) {
    detail::require_defined(name, x);
    dtype = promote_types(dtype, x.dtype());
  }
  std::vector<Array> result;
  for (const Array& x : arrays) result.push_back(astype(x, dtype));
  return result;
}

Array join(const char* name, const std::vector<Array>& arrays, int64_t axis) {
  const std::vector<Array> parts = promoted(name, arrays);
  if (parts[0].ndim() == 0) throw ShapeError(name, "0-d arrays have no axis to join; use stack");
  AxisAttrs attrs;
  attrs.axis = detail::resolve_axis(name, axis, parts[0].ndim());
  if (parts.size() == 1) return parts[0];
  const std::vector<Operand> operands(parts.begin(), parts.end());
  Array out;
  apply(Op::Concat, operands, attrs, std::span<Array>(&out, 1));
  return out;
}

/// x[begin:end] along one axis.
Array part(const Array& x, int axis, int64_t begin, int64_t end) {
  Dims starts = Dims::filled(x.ndim(), 0), stops = x.shape(), steps = Dims::filled(x.ndim(), 1);
  starts[axis] = begin, stops[axis] = end;
  return slice(x, starts, stops, steps);
}

}  // namespace

Array concatenate(const std::vector<Array>& arrays, int64_t axis) {
  return named("nx.concatenate", [&] { return join("nx.concatenate", arrays, axis); });
}

Array stack(const std::vector<Array>& arrays, int64_t axis) {
  return named("nx.stack", [&] {
    if (arrays.empty()) throw ValueError("nx.stack", "no arrays are given, expected at least one");
    std::vector<Array> rows;
    for (const Array& x : arrays) {
      detail::require_defined("nx.stack", x);
      if (x.shape() != arrays[0].shape())
        throw ShapeError("nx.stack", raven::Message("array ") << rows.size() << " has shape " << x.shape() << ", expected "
                                                              << arrays[0].shape());
      const int64_t at = detail::resolve_axis("nx.stack", axis, x.ndim() + 1);
      rows.push_back(expand_dims(x, at));
    }
    return join("nx.stack", rows, axis);
  });
}

Array hstack(const std::vector<Array>& arrays) {
  return named("nx.hstack", [&] {
    std::vector<Array> parts;
    for (const Array& x : arrays) parts.push_back(atleast_1d(x));
    return join("nx.hstack", parts, !parts.empty() && parts[0].ndim() > 1 ? 1 : 0);
  });
}
Array vstack(const std::vector<Array>& arrays) {
  return named("nx.vstack", [&] {
    std::vector<Array> parts;
    for (const Array& x : arrays) parts.push_back(atleast_2d(x));
    return join("nx.vstack", parts, 0);
  });
}

namespace {
std::vector<Array> split_into(const char* name, const Array& x, int64_t sections, int64_t axis) {
  return named(name, [&] {
    detail::require_defined(name, x);
    const auto at = static_cast<int>(detail::resolve_axis(name, axis, x.ndim()));
    if (sections < 1) throw ValueError(name, raven::Message("got ") << sections << " sections, expected at least 1");
    const int64_t n = x.shape(at), size = n / sections, longer = n % sections;
    std::vector<Array> parts;
    int64_t begin = 0;
    for (int64_t i = 0; i < sections; ++i) {
      const int64_t end = begin + size + (i < longer);
      parts.push_back(part(x, at, begin, end));
      begin = end;
    }
    return parts;
  });
}
std::vector<Array> split_at(const char* name, const Array& x, const Dims& positions, int64_t axis) {
  return named(name, [&] {
    detail::require_defined(name, x);
    const auto at = static_cast<int>(detail::resolve_axis(name, axis, x.ndim()));
    const int64_t n = x.shape(at);
    const auto clamp = [&](int64_t p) { return std::clamp<int64_t>(p < 0 ? p + n : p, 0, n); };
    std::vector<Array> parts;
    int64_t begin = 0;
    for (int i = 0; i <= positions.size(); ++i) {
      const int64_t end = i < positions.size() ? clamp(positions[i]) : n;
      parts.push_back(part(x, at, begin, std::max(begin, end)));
      begin = end;
    }
    return parts;
  });
}
}  // namespace

std::vector<Array> array_split(const Array& x, int64_t sections, int64_t axis) {
  return split_into("nx.array_split", x, sections, axis);
}
std::vector<Array> array_split(const Array& x, const Dims& positions, int64_t axis) {
  return split_at("nx.array_split", x, positions, axis);
}
std::vector<Array> split(const Array& x, int64_t sections, int64_t axis) {
  detail::require_defined("nx.split", x);
  const int64_t at = detail::resolve_axis("nx.split", axis, x.ndim()), n = x.shape(static_cast<int>(at));
  if (sections >= 1 && n % sections != 0)
    throw ValueError("nx.split", raven::Message("axis ") << at << " of " << x.shape() << " does not divide into " << sections
                                                         << " equal sections; use array_split");
  return split_into("nx.split", x, sections, axis);
}
std::vector<Array> split(const Array& x, const Dims& positions, int64_t axis) { return split_at("nx.split", x, positions, axis); }

Array pad(const Array& x, const Dims& low, const Dims& high, const Operand& value) {
  return named("nx.pad", [&] {
    detail::require_defined("nx.pad", x);
    PadAttrs attrs;
    attrs.low = low;
    attrs.high = high;
    attrs.interior = Dims::filled(x.ndim(), 0);
    return apply(Op::Pad, {x, value.is_scalar() ? scalar(value, x.dtype()) : astype(value.array(), x.dtype())}, attrs);
  });
}

Array tile(const Array& x, const Dims& repeats) {
  return named("nx.tile", [&] {
    detail::require_defined("nx.tile", x);
    const int rank = std::max(x.ndim(), repeats.size());
    // (n₀, n₁) becomes (r₀, n₀, r₁, n₁) by broadcasting, then (r₀·n₀, r₁·n₁).
    Shape one, wide, joined;
    for (int i = 0; i < rank; ++i) {
      const int mine = i - (rank - x.ndim()), r = i - (rank - repeats.size());
      const int64_t n = mine < 0 ? 1 : x.shape(mine), count = r < 0 ? 1 : repeats[r];
      if (count < 0) throw ValueError("nx.tile", raven::Message("the repeat count ") << count << " is negative");
      one.push_back(1), one.push_back(n);
      wide.push_back(count), wide.push_back(n);
      int64_t product = 0;
      if (__builtin_mul_overflow(n, count, &product)) throw OverflowError("nx.tile", "the repeated axis exceeds int64");
      joined.push_back(product);
    }
    return reshape(broadcast_to(reshape(x, one), wide), joined);
  });
}

Array repeat(const Array& x, int64_t count, int64_t axis) {
  return named("nx.repeat", [&] {
    detail::require_defined("nx.repeat", x);
    const auto at = static_cast<int>(detail::resolve_axis("nx.repeat", axis, x.ndim()));
    if (count < 0) throw ValueError("nx.repeat", raven::Message("the repeat count ") << count << " is negative");
    Shape one = x.shape(), wide = x.shape(), joined = x.shape();
    one.insert(at + 1, 1), wide.insert(at + 1, count);
    if (__builtin_mul_overflow(joined[at], count, &joined[at])) throw OverflowError("nx.repeat", "the repeated axis exceeds int64");
    return reshape(broadcast_to(reshape(x, one), wide), joined);
  });
}
Array repeat(const Array& x, int64_t count) { return named("nx.repeat", [&] { return repeat(ravel(x), count, 0); }); }

Array flip(const Array& x, const Axes& axes) {
  detail::require_defined("nx.flip", x);
  AxesAttrs attrs;
  attrs.axes = detail::resolve_axes("nx.flip", axes, x.ndim());
  return apply(Op::Flip, {x}, attrs);
}

Array roll(const Array& x, int64_t shift, int64_t axis) {
  return named("nx.roll", [&] {
    detail::require_defined("nx.roll", x);
    const auto at = static_cast<int>(detail::resolve_axis("nx.roll", axis, x.ndim()));
    const int64_t n = x.shape(at);
    if (n == 0) return x;
    const int64_t moved = (shift % n + n) % n;
    if (moved == 0) return x;
    return join("nx.roll", {part(x, at, n - moved, n), part(x, at, 0, n - moved)}, at);
  });
}
Array roll(const Array& x, int64_t shift) {
  return named("nx.roll", [&] {
    detail::require_defined("nx.roll", x);
    return reshape(roll(ravel(x), shift, 0), x.shape());
  });
}

}  // namespace nx
