#include "raven/nx/composite.hpp"

#include <cmath>

#include "raven/base/message.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"

namespace nx {

Array softmax(const Array& x, int64_t axis) {
  detail::require_defined("nx.softmax", x);
  AxisAttrs attrs;
  attrs.axis = detail::resolve_axis("nx.softmax", axis, x.ndim());
  return apply(Op::Softmax, {is_float(x.dtype()) ? x : astype(x, default_float())}, attrs);
}

Array linear(const Array& x, const Array& weight, const Array& bias) {
  detail::require_defined("nx.linear", x);
  detail::require_defined("nx.linear", weight);
  return bias.defined() ? apply(Op::Linear, {x, weight, bias}) : apply(Op::Linear, {x, weight});
}

Array sdpa(const Array& q, const Array& k, const Array& v, const SdpaOpts& options) {
  for (const Array* x : {&q, &k, &v}) detail::require_defined("nx.sdpa", *x);
  SdpaAttrs attrs;
  const int64_t width = q.ndim() > 0 ? q.shape()[q.ndim() - 1] : 1;
  attrs.scale = options.scale ? *options.scale : 1 / std::sqrt(static_cast<double>(width > 0 ? width : 1));
  if (!std::isfinite(attrs.scale))
    throw ValueError("nx.sdpa", raven::Message("scale is ") << attrs.scale << ", expected a finite number");
  attrs.causal = options.causal;
  if (options.causal && options.causal_align == CausalAlign::bottom_right && q.ndim() == 4 && k.ndim() == 4)
    attrs.offset = k.shape()[2] - q.shape()[2];
  const Operand in[] = {q, k, v};
  Array out[2];
  apply(Op::Sdpa, in, attrs, out);
  return std::move(out[0]);
}

}  // namespace nx
