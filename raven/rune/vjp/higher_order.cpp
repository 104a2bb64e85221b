#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

/// The program is evaluated on the tracers, so the tape sees its ops.
const Rule Call = by_decomposition;

}  // namespace rune::vjp_rule
