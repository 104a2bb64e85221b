#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

// SoftmaxGrad(y, g)
constinit const Rule Softmax = {[](Pull& p) { p.emit(0, apply(Op::SoftmaxGrad, {p.out(), p.ct()}, p.as<AxisAttrs>())); },
                                keep::result};
constinit const Rule SoftmaxGrad = by_decomposition;

}  // namespace rune::vjp_rule
