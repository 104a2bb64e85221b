#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/decompose/decompose.hpp"

namespace nx::decompose_rule {

namespace {
/// [N,C]: whether a class is the row's label.
Array is_label(const Array& logits, const Array& labels) {
  // In i64: a narrow dtype need not hold all classes.
  return equal(expand_dims(astype(labels, i64), -1), arange(logits.shape()[1], {.dtype = i64}));
}
/// x[label] per row; a label outside [0, C) that is not ignored is an IndexError.
Array picked(const Array& x, const Array& labels, const Array& ignored) {
  if (x.shape()[1] == 0) return sum(x, -1);
  GatherAxisAttrs attrs;
  attrs.axis = 1;
  attrs.mode = IndexMode::raise;
  attrs.wrap_negative = false;
  return squeeze(apply(Op::GatherAxis, {x, expand_dims(where(ignored, 0, astype(labels, i64)), -1)}, attrs), -1);
}
Array is_ignored(const CrossEntropyAttrs& a, const Array& labels) { return equal(astype(labels, i64), a.ignore_index); }
}  // namespace

/// lse = max x + log Σ exp(x − max x), loss = lse − x[label]; 0 for an ignored label
void CrossEntropy(const Call& call) {
  const Array &x = call.in[0], &labels = call.in[1];
  const Array top = stop_gradient(max(x, {.axis = -1, .keepdims = true}));
  const Array lse = squeeze(top, -1) + log(sum(exp(x - top), -1));
  const Array ignored = is_ignored(call.as<CrossEntropyAttrs>(), labels);
  call.out[0] = where(ignored, 0, lse - picked(x, labels, ignored));
  call.out[1] = lse;
}

/// dx = (exp(x − lse) − [i = label])·g; 0 for an ignored label
void CrossEntropyGrad(const Call& call) {
  const Array &x = call.in[0], &labels = call.in[1];
  const Array p = exp(x - expand_dims(call.in[2], -1));
  const Array slope = (p - astype(is_label(x, labels), x.dtype())) * expand_dims(call.in[3], -1);
  call.out[0] = where(expand_dims(is_ignored(call.as<CrossEntropyAttrs>(), labels), -1), 0, slope);
}

}  // namespace nx::decompose_rule
