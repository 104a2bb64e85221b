#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

// LayerNormGrad(x, mean, rstd, g[, weight]); what flows into mean and rstd (from second derivatives): ḡ/n and
// −ḡ·rstd³·(x − mean)/n
constinit const Rule LayerNorm = {
    [](Pull& p) {
      const Array &x = p.in(0), &mean = p.out(1), &rstd = p.out(2);
      const double n = static_cast<double>(x.shape()[x.ndim() - 1]);
      LayerNormGradAttrs attrs;
      attrs.affine = p.operands() > 1;
      if (p.has_ct(0)) {
        const Operand in[] = {x, mean, rstd, p.ct(0), attrs.affine ? p.in(1) : x};
        Array d[3];
        apply(Op::LayerNormGrad, std::span<const Operand>(in, attrs.affine ? 5 : 4), attrs,
              std::span<Array>(d, attrs.affine ? 3 : 1));
        for (int i = 0; i < p.operands(); ++i)
          if (p.needs(i)) p.emit(i, std::move(d[i]));
      }
      if (!p.needs(0)) return;
      if (p.has_ct(1)) p.emit(0, broadcast_to(expand_dims(p.ct(1) / n, -1), x.shape()));
      if (p.has_ct(2)) p.emit(0, (x - expand_dims(mean, -1)) * expand_dims(p.ct(2) * (rstd * rstd * rstd) / -n, -1));
    },
    [](uint64_t, const Attrs&) { return Keep{3, 6, 0}; }};
constinit const Rule LayerNormGrad = by_decomposition;

}  // namespace rune::vjp_rule
