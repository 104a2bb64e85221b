#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/decompose/decompose.hpp"

namespace nx::decompose_rule {

/// y = exp(x − max x) / Σ exp(x − max x)
void Softmax(const Call& call) {
  const int64_t axis = call.as<AxisAttrs>().axis;
  if (call.in[0].size() == 0) {  // also along an axis without a largest element
    call.out[0] = call.in[0];
    return;
  }
  const Array top = max(call.in[0], {.axis = axis, .keepdims = true});
  Array e = exp(call.in[0] - top);
  const Array total = sum(e, {.axis = axis, .keepdims = true});
  call.out[0] = std::move(e) / total;
}

/// dx = (dy − Σ dy·y) · y
void SoftmaxGrad(const Call& call) {
  const Array &y = call.in[0], &dy = call.in[1];
  const Array dot = sum(dy * y, {.axis = call.as<AxisAttrs>().axis, .keepdims = true});
  call.out[0] = (dy - dot) * y;
}

}  // namespace nx::decompose_rule
