#include "raven/nx/composite.hpp"

#include <cmath>
#include <vector>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

Array softmax(const Array& x, int64_t axis) {
  return detail::named("nx.softmax", [&] {
    detail::require_defined("nx.softmax", x);
    AxisAttrs attrs;
    attrs.axis = detail::resolve_axis("nx.softmax", axis, x.ndim());
    return apply(Op::Softmax, {is_float(x.dtype()) ? x : astype(x, default_float())}, attrs);
  });
}

Array gelu(const Operand& x, GeluApproximate approximate) {
  GeluAttrs attrs;
  attrs.approximate = approximate;
  return apply(Op::Gelu, {x}, attrs);
}

Array layer_norm(const Array& x, const Array& weight, const Array& bias, const LayerNormOpts& options) {
  detail::require_defined("nx.layer_norm", x);
  if (bias.defined() && !weight.defined())
    throw ValueError("nx.layer_norm", "a bias without a weight; give ones_like(bias) as the weight");
  if (!(options.eps >= 0))
    throw ValueError("nx.layer_norm", raven::Message("eps is ") << options.eps << ", expected ≥ 0");
  LayerNormAttrs attrs;
  attrs.eps = options.eps;
  const Operand in[] = {x, weight, bias};
  Array out[3];
  apply(Op::LayerNorm, std::span<const Operand>(in, bias.defined() ? 3 : weight.defined() ? 2 : 1), attrs, out);
  return std::move(out[0]);
}

namespace {
/// Checks labels and counts those not ignored. Throws IndexError naming the first bad one.
int64_t count_labels(const Array& labels, int64_t classes, int64_t ignored) {
  const std::vector<int64_t> values = astype(concrete(labels, "cross_entropy"), i64).to_vector<int64_t>();
  int64_t kept = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == ignored) continue;
    ++kept;
    if (values[i] < 0 || values[i] >= classes)
      throw IndexError("nx.cross_entropy", raven::Message("label ")
                                               << values[i] << " at position "
                                               << detail::position_of(labels.shape(), static_cast<int64_t>(i))
                                               << " is outside [0, " << classes << ")");
  }
  return kept;
}
}  // namespace

Array cross_entropy(const Array& logits, const Array& labels, const CrossEntropyOpts& options) {
  return detail::named("nx.cross_entropy", [&] {
    detail::require_defined("nx.cross_entropy", logits);
    detail::require_defined("nx.cross_entropy", labels);
    const Shape shape = logits.shape();
    const int rank = shape.size();
    bool fits = rank == labels.ndim() + 1;
    for (int i = 0; fits && i + 1 < rank; ++i) fits = shape[i] == labels.shape()[i];
    if (!fits)
      throw ShapeError("nx.cross_entropy", raven::Message("logits ") << shape << " and labels " << labels.shape()
                                                                     << ", expected (…, C) and (…)");
    if (!is_integer(labels.dtype()))
      throw DTypeError("nx.cross_entropy", raven::Message("labels are ")
                                               << dtype_name(labels.dtype()) << ", expected an integer dtype");
    const int64_t classes = shape[rank - 1];
    CrossEntropyAttrs attrs;
    attrs.ignore_index = options.ignore_index;
    // A traced label may have no number: a bad one picks nothing then, and the count is traced too.
    const bool known = !labels.is_traced();
    const int64_t kept = known ? count_labels(labels, classes, options.ignore_index) : 0;
    const Array rows = rank == 2 ? logits : reshape(logits, {labels.size(), classes});
    const Array row_labels = rank == 2 ? labels : reshape(labels, {labels.size()});
    const Operand in[] = {rows, row_labels};
    Array out[2];
    apply(Op::CrossEntropy, in, attrs, out);
    if (options.reduction == Reduction::none) return rank == 2 ? std::move(out[0]) : reshape(out[0], labels.shape());
    const Array total = sum(out[0]);
    if (options.reduction == Reduction::sum) return total;
    if (known) return total / static_cast<double>(kept);
    return total / astype(sum(not_equal(astype(labels, i64), options.ignore_index)), logits.dtype());
  });
}

Array linear(const Array& x, const Array& weight, const Array& bias) {
  detail::require_defined("nx.linear", x);
  detail::require_defined("nx.linear", weight);
  return bias.defined() ? apply(Op::Linear, {x, weight, bias}) : apply(Op::Linear, {x, weight});
}

Array embedding(const Array& table, const Array& ids) {
  detail::require_defined("nx.embedding", table);
  detail::require_defined("nx.embedding", ids);
  return apply(Op::Embedding, {table, ids});
}

Array dropout(const Array& x, const Array& key, double rate) {
  detail::require_defined("nx.dropout", x);
  detail::require_defined("nx.dropout", key);
  if (!(rate >= 0 && rate <= 1))
    throw ValueError("nx.dropout", raven::Message("rate is ") << rate << ", expected 0 ≤ rate ≤ 1");
  if (rate == 0) return x;
  if (rate == 1) return zeros_like(x);
  DropoutAttrs attrs;
  attrs.rate = rate;
  return apply(Op::Dropout, {x, key}, attrs);
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
