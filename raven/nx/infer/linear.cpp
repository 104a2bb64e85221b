#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

/// (x […, in], weight [out, in][, bias [out]]) → […, out]
void Linear(const Call& call) {
  if (call.in.size() != 2 && call.in.size() != 3)
    throw ValueError(call.name, raven::Message("got ") << call.in.size() << " operands, expected 2 or 3");
  require_float(call, call.in[0].dtype);
  require_same_dtype(call);
  const Shape &x = call.in[0].shape, &w = call.in[1].shape;
  if (w.size() != 2)
    throw ShapeError(call.name, raven::Message("the weight has shape ") << w << ", expected rank 2 (out, in)");
  if (x.size() < 1 || x[x.size() - 1] != w[1])
    throw ShapeError(call.name, raven::Message("x ")
                                    << x << " does not end in the " << w[1] << " inputs of the weight " << w);
  if (call.in.size() == 3 && call.in[2].shape != Shape{w[0]})
    throw ShapeError(call.name, raven::Message("the bias has shape ")
                                    << call.in[2].shape << ", expected " << Shape{w[0]});
  Shape shape = x;
  shape[x.size() - 1] = w[0];
  element_count(shape.span(), call.name);
  call.out[0] = {call.in[0].dtype, shape};
}

}  // namespace nx::infer_rule
