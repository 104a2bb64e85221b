#include "raven/nx/internal/axes.hpp"

#include <algorithm>

#include "raven/base/message.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/error.hpp"

namespace nx::detail {

void require_defined(const char* name, const Array& x) {
  if (!x.defined()) throw ValueError(name, "the argument is an empty handle (Array{}), which holds no array");
}

int64_t resolve_axis(const char* name, int64_t axis, int rank) {
  const int64_t resolved = axis < 0 ? axis + rank : axis;
  if (resolved < 0 || resolved >= rank) {
    raven::Message m("axis ");
    m << axis << " is out of bounds for an array of rank " << rank;
    if (rank > 0) m << " (valid: " << -rank << ".." << rank - 1 << ")";
    throw AxisError(name, m);
  }
  return resolved;
}

Dims resolve_axes(const char* name, const Axes& axes, int rank) {
  Dims resolved;
  if (axes.all()) {
    for (int i = 0; i < rank; ++i) resolved.push_back(i);
    return resolved;
  }
  for (int64_t axis : axes.list()) {
    const int64_t at = resolve_axis(name, axis, rank);
    if (resolved.contains(at)) throw AxisError(name, raven::Message("axis ") << axis << " is given twice in " << axes.list());
    resolved.push_back(at);
  }
  std::sort(resolved.begin(), resolved.end());
  return resolved;
}

Array restore_axes(const Array& reduced, const Shape& before, const Dims& axes) {
  Shape shape = before;
  for (int64_t axis : axes) shape[static_cast<int>(axis)] = 1;
  return reshape(reduced, shape);
}

}  // namespace nx::detail
