// t is a tangent, y the result, x the operands.
#include "raven/rune/jvp/rules.hpp"

namespace rune::jvp_rule {

using namespace nx;

constinit const Rule Full = zero;
constinit const Rule RandomBits = zero;
constinit const Rule Eq = zero;

constinit const Rule Cast = {[](const Push& p) {
  if (is_float(p.y().dtype())) p.add(astype(p.t(), p.y().dtype()));
}};
constinit const Rule Neg = linear;
// t·y
constinit const Rule Exp = {[](const Push& p) { p.add(p.t() * p.y()); }};
constinit const Rule Add = {[](const Push& p) {
  if (p.has(0)) p.add(p.t(0));
  if (p.has(1)) p.add(p.t(1));
}};
constinit const Rule Sub = {[](const Push& p) {
  if (p.has(0)) p.add(p.t(0));
  if (p.has(1)) p.add(-p.t(1));
}};
constinit const Rule Mul = {[](const Push& p) {
  if (p.has(0)) p.add(p.t(0) * p.x(1));
  if (p.has(1)) p.add(p.x(0) * p.t(1));
}};
// t₀/b − y·t₁/b
constinit const Rule Div = {[](const Push& p) {
  if (p.has(0)) p.add(p.t(0) / p.x(1));
  if (p.has(1)) p.add(-(p.y() * (p.t(1) / p.x(1))));
}};
// the larger operand's tangent, the mean of both at a tie
constinit const Rule Maximum = {[](const Push& p) {
  const Array tie = equal(p.x(0), p.x(1));
  for (int i = 0; i < 2; ++i)
    if (p.has(i)) p.add(where(tie, p.t(i) * 0.5, where(equal(p.x(i), p.y()), p.t(i), 0)));
}};
constinit const Rule Select = {[](const Push& p) { p.add(where(p.x(0), p.t_or_zeros(1), p.t_or_zeros(2))); }};

}  // namespace rune::jvp_rule
