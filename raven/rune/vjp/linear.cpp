#include "raven/nx/api/linalg.hpp"
#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

// g·w, gᵀ·x and Σ g over all leading axes
constinit const Rule Linear = {
    [](Pull& p) {
      const Array& g = p.ct();
      Dims leading;
      for (int64_t i = 0; i < g.ndim() - 1; ++i) leading.push_back(i);
      if (p.needs(0)) p.emit(0, dot_general(g, p.in(1), {.lhs_contract = {g.ndim() - 1}, .rhs_contract = {0}}));
      if (p.needs(1)) p.emit(1, dot_general(g, p.in(0), {.lhs_contract = leading, .rhs_contract = leading}));
      if (p.operands() == 3 && p.needs(2)) p.emit(2, leading.size() > 0 ? sum(g, {.axis = Axes(leading)}) : g);
    },
    [](uint64_t needed, const Attrs&) {
      return Keep{static_cast<uint32_t>((needed & 1) << 1 | (needed >> 1 & 1)), 0, 0};
    }};

}  // namespace rune::vjp_rule
