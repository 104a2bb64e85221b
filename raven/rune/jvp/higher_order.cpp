#include "raven/rune/jvp/rules.hpp"

namespace rune::jvp_rule {

/// The program is evaluated on the tracers, so its ops are pushed forward one by one.
const Rule Call = by_decomposition;

}  // namespace rune::jvp_rule
