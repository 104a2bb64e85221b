// Composites: the tangent of the decomposition.
#include "raven/rune/jvp/rules.hpp"

namespace rune::jvp_rule {

constinit const Rule Linear = by_decomposition;
constinit const Rule Sdpa = by_decomposition;
constinit const Rule SdpaGrad = by_decomposition;

}  // namespace rune::jvp_rule
