#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

// CrossEntropyGrad(logits, labels, lse, g); what flows into lse meets the softmax
constinit const Rule CrossEntropy = {
    [](Pull& p) {
      const Array &logits = p.in(0), &lse = p.out(1);
      if (p.has_ct(0))
        p.emit(0, apply(Op::CrossEntropyGrad, {logits, p.in(1), lse, p.ct(0)}, p.as<CrossEntropyAttrs>()));
      if (p.has_ct(1)) p.emit(0, exp(logits - expand_dims(lse, -1)) * expand_dims(p.ct(1), -1));
    },
    [](uint64_t, const Attrs&) { return Keep{3, 2, 0}; }};
constinit const Rule CrossEntropyGrad = by_decomposition;

}  // namespace rune::vjp_rule
