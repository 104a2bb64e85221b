#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

// GeluGrad(x, g)
constinit const Rule Gelu = {[](Pull& p) { p.emit(0, apply(Op::GeluGrad, {p.in(0), p.ct()}, p.as<GeluAttrs>())); },
                             keep::operands};
constinit const Rule GeluGrad = by_decomposition;

}  // namespace rune::vjp_rule
