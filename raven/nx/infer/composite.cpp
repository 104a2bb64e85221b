#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

void Softmax(const Call& call) {
  require_float(call, call.in[0].dtype);
  require_axis(call, call.as<AxisAttrs>().axis, call.in[0].shape.size());
  call.out[0] = call.in[0];
}

/// (y, dy) → dx
void SoftmaxGrad(const Call& call) {
  require_float(call, call.in[0].dtype);
  require_same_dtype(call);
  require_axis(call, call.as<AxisAttrs>().axis, call.in[0].shape.size());
  if (call.in[0].shape != call.in[1].shape)
    throw ShapeError(call.name, raven::Message("shapes differ: ") << call.in[0].shape << " and " << call.in[1].shape);
  call.out[0] = call.in[0];
}

}  // namespace nx::infer_rule
