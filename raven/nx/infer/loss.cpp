#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

namespace {
void check_inputs(const Call& call) {
  require_float(call, call.in[0].dtype);
  if (!is_integer(call.in[1].dtype))
    throw DTypeError(call.name, raven::Message("labels are ")
                                    << dtype_name(call.in[1].dtype) << ", expected an integer dtype");
  const Shape &logits = call.in[0].shape, &labels = call.in[1].shape;
  if (logits.size() != 2 || labels.size() != 1 || logits[0] != labels[0])
    throw ShapeError(call.name, raven::Message("logits ")
                                    << logits << " and labels " << labels << ", expected (N, C) and (N,)");
  if (logits[1] == 0 && logits[0] > 0)
    throw ShapeError(call.name, raven::Message("logits ") << logits << " have no classes");
}
}  // namespace

/// (logits [N,C], labels [N]) → loss [N], lse [N]
void CrossEntropy(const Call& call) {
  check_inputs(call);
  call.out[0] = call.out[1] = {call.in[0].dtype, call.in[1].shape};
}

/// (logits, labels, lse, g) → dlogits
void CrossEntropyGrad(const Call& call) {
  check_inputs(call);
  for (size_t i = 2; i < 4; ++i) {
    if (call.in[i].dtype != call.in[0].dtype)
      throw DTypeError(call.name, raven::Message("dtypes differ: ")
                                      << dtype_name(call.in[0].dtype) << " and " << dtype_name(call.in[i].dtype));
    if (call.in[i].shape != call.in[1].shape)
      throw ShapeError(call.name, raven::Message(i == 2 ? "lse" : "the cotangent")
                                      << " has shape " << call.in[i].shape << ", expected " << call.in[1].shape);
  }
  call.out[0] = call.in[0];
}

}  // namespace nx::infer_rule
