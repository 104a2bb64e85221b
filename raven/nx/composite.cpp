#include "raven/nx/composite.hpp"

#include "raven/nx/api/math.hpp"
#include "raven/nx/internal/axes.hpp"

namespace nx {

Array softmax(const Array& x, int64_t axis) {
  detail::require_defined("nx.softmax", x);
  AxisAttrs attrs;
  attrs.axis = detail::resolve_axis("nx.softmax", axis, x.ndim());
  return apply(Op::Softmax, {is_float(x.dtype()) ? x : astype(x, default_float())}, attrs);
}

}  // namespace nx
