#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/decompose/decompose.hpp"

namespace nx::decompose_rule {

/// mean = Σ x / n, rstd = 1 / sqrt(Σ (x − mean)² / n + eps), y = (x − mean)·rstd·weight + bias
void LayerNorm(const Call& call) {
  const Array& x = call.in[0];
  const double n = static_cast<double>(x.shape()[x.ndim() - 1]);
  const Array mean = sum(x, {.axis = -1, .keepdims = true}) / n;
  const Array centred = x - mean;
  const Array rstd =
      1 / sqrt(sum(centred * centred, {.axis = -1, .keepdims = true}) / n + call.as<LayerNormAttrs>().eps);
  Array y = centred * rstd;
  if (call.in.size() > 1) y = y * call.in[1];
  if (call.in.size() > 2) y = y + call.in[2];
  call.out[0] = y;
  call.out[1] = squeeze(mean, -1);
  call.out[2] = squeeze(rstd, -1);
}

/// x̂ = (x − mean)·rstd, h = g·weight; dx = rstd·((h − Σ h / n) − x̂·(Σ h·x̂ / n)), dw = Σ g·x̂, db = Σ g
void LayerNormGrad(const Call& call) {
  const Array &x = call.in[0], &g = call.in[3];
  const double n = static_cast<double>(x.shape()[x.ndim() - 1]);
  const bool affine = call.in.size() > 4;
  const Array rstd = expand_dims(call.in[2], -1);
  const Array normal = (x - expand_dims(call.in[1], -1)) * rstd;
  const Array h = affine ? g * call.in[4] : g;
  const Array flat = sum(h, {.axis = -1, .keepdims = true}) / n;
  const Array slope = sum(h * normal, {.axis = -1, .keepdims = true}) / n;
  call.out[0] = rstd * ((h - flat) - normal * slope);
  if (!affine) return;
  Dims leading;
  for (int64_t i = 0; i < x.ndim() - 1; ++i) leading.push_back(i);
  call.out[1] = sum(g * normal, {.axis = Axes(leading)});
  call.out[2] = sum(g, {.axis = Axes(leading)});
}

}  // namespace nx::decompose_rule
