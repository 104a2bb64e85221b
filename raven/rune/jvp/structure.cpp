// Reductions, movement, contraction.
#include <vector>

#include "raven/nx/api/linalg.hpp"
#include "raven/rune/extremum.hpp"
#include "raven/rune/jvp/rules.hpp"
#include "raven/rune/product.hpp"

namespace rune::jvp_rule {

using namespace nx;

// sum: of t; max, min: mean of t over the ties
constinit const Rule Reduce = {[](const Push& p) {
  const auto& a = p.as<ReduceAttrs>();
  if (a.kind == ReduceKind::sum) return push_linear(p);
  if (a.kind == ReduceKind::prod) return p.add(sum(p.t() * product_of_others(p.x(), a.axes), Axes(a.axes)));
  const Shape shape = p.x().shape();
  Shape kept = shape;
  for (int64_t axis : a.axes) kept[static_cast<int>(axis)] = 1;
  const Array hit = is_extremum(p.x(), broadcast_to(reshape(p.y(), kept), shape));
  const Axes over(a.axes);
  p.add(sum(where(hit, p.t(), 0), over) / sum(astype(hit, p.y().dtype()), over));
}};

constinit const Rule Reshape = linear;
constinit const Rule Permute = linear;
constinit const Rule Expand = linear;
constinit const Rule Slice = linear;
constinit const Rule Flip = linear;
constinit const Rule Pad = {[](const Push& p) { p.add(apply(Op::Pad, {p.t_or_zeros(0), p.t_or_zeros(1)}, p.attrs)); }};
constinit const Rule Concat = {[](const Push& p) {
  std::vector<Array> tangents;
  for (size_t i = 0; i < p.in.size(); ++i) tangents.push_back(p.t_or_zeros(static_cast<int>(i)));
  const std::vector<Operand> operands(tangents.begin(), tangents.end());
  Array joined;
  apply(Op::Concat, operands, p.attrs, std::span<Array>(&joined, 1));
  p.add(joined);
}};
constinit const Rule SliceUpdate = {[](const Push& p) {
  p.add(apply(Op::SliceUpdate, {p.t_or_zeros(0), p.t_or_zeros(1)}, p.attrs));
}};

constinit const Rule DotGeneral = {[](const Push& p) {
  if (p.has(0)) p.add(apply(Op::DotGeneral, {p.t(0), p.x(1)}, p.attrs));
  if (p.has(1)) p.add(apply(Op::DotGeneral, {p.x(0), p.t(1)}, p.attrs));
}};

constinit const Rule Softmax = by_decomposition;
constinit const Rule SoftmaxGrad = by_decomposition;

}  // namespace rune::jvp_rule
