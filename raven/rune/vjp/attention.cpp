#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

// SdpaGrad(q, k, v, o, lse, g[, g_lse])
constinit const Rule Sdpa = {
    [](Pull& p) {
      const Operand in[] = {p.in(0), p.in(1), p.in(2), p.out(0), p.out(1), p.ct(0), p.has_ct(1) ? p.ct(1) : p.out(1)};
      Array d[3];
      apply(Op::SdpaGrad, std::span<const Operand>(in, p.has_ct(1) ? 7 : 6), p.as<SdpaAttrs>(), d);
      for (int i = 0; i < 3; ++i)
        if (p.needs(i)) p.emit(i, std::move(d[i]));
    },
    [](uint64_t, const Attrs&) { return Keep{7, 3, 0}; }};
constinit const Rule SdpaGrad = by_decomposition;

}  // namespace rune::vjp_rule
