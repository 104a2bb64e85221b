#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

namespace {
Shape without_last(const Shape& x) {
  Shape rows;
  for (int i = 0; i + 1 < x.size(); ++i) rows.push_back(x[i]);
  return rows;
}
void require_shape(const Call& call, size_t operand, const char* what, const Shape& expected) {
  if (call.in[operand].shape != expected)
    throw ShapeError(call.name, raven::Message(what) << " has shape " << call.in[operand].shape << ", expected "
                                                     << expected << " for x " << call.in[0].shape);
}
void check_x(const Call& call) {
  require_float(call, call.in[0].dtype);
  require_same_dtype(call);
  if (call.in[0].shape.size() == 0) throw ShapeError(call.name, "x has no axis to normalise over, expected rank ≥ 1");
}
}  // namespace

/// (x […, n][, weight [n][, bias [n]]]) → y, mean […], rstd […]
void LayerNorm(const Call& call) {
  if (call.in.empty() || call.in.size() > 3)
    throw ValueError(call.name, raven::Message("got ") << call.in.size() << " operands, expected 1 to 3");
  check_x(call);
  const Shape& x = call.in[0].shape;
  for (size_t i = 1; i < call.in.size(); ++i)
    require_shape(call, i, i == 1 ? "the weight" : "the bias", Shape{x[x.size() - 1]});
  call.out[0] = call.in[0];
  call.out[1] = call.out[2] = {call.in[0].dtype, without_last(x)};
}

/// (x, mean, rstd, g[, weight]) → dx[, dw, db]
void LayerNormGrad(const Call& call) {
  const size_t operands = call.as<LayerNormGradAttrs>().affine ? 5 : 4;
  if (call.in.size() != operands)
    throw ValueError(call.name, raven::Message("got ") << call.in.size() << " operands, expected " << operands);
  check_x(call);
  const Shape& x = call.in[0].shape;
  require_shape(call, 1, "the mean", without_last(x));
  require_shape(call, 2, "rstd", without_last(x));
  require_shape(call, 3, "the cotangent", x);
  call.out[0] = call.in[0];
  if (operands == 4) return;
  require_shape(call, 4, "the weight", Shape{x[x.size() - 1]});
  call.out[1] = call.out[2] = call.in[4];
}

}  // namespace nx::infer_rule
