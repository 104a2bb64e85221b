#include <vector>

#include "raven/nx/program.hpp"
#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

/// A compiled call was recorded with the backward half of its derivative as attributes (Tape::process_call). A plain call is
/// evaluated on the tracers, so the tape sees its ops.
constinit const Rule Call = {[](Pull& p) {
                               const auto& backward = p.as<nx::CallAttrs>();
                               std::vector<Array> arguments(p.residuals().begin(), p.residuals().end());
                               for (int i = 0; i < p.results(); ++i)
                                 if (p.is_followed_result(i)) arguments.push_back(p.ct(i));
                               std::vector<Array> cotangents = nx::call(backward.program, arguments, backward.executable);
                               size_t at = 0;
                               for (int i = 0; i < p.operands(); ++i)
                                 if (p.follows(i)) p.emit(i, std::move(cotangents[at++]));
                             },
                             nullptr, true};

}  // namespace rune::vjp_rule
