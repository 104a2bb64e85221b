// g is the cotangent of the result, y the result, a and b (or x) the operands.
#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

constinit const Rule Full = zero;
constinit const Rule RandomBits = zero;
constinit const Rule Eq = zero;

// g in the operand's dtype; from or to integers nothing flows
constinit const Rule Cast = {[](Pull& p) { p.emit(0, astype(p.ct(), p.operand_dtype())); }};
// −g
constinit const Rule Neg = {[](Pull& p) { p.emit(0, -p.ct()); }};
// g·y
constinit const Rule Exp = {[](Pull& p) { p.emit(0, p.ct() * p.out()); }, keep::result};
// g, g
constinit const Rule Add = {[](Pull& p) {
  if (p.needs(0)) p.emit(0, p.ct());
  if (p.needs(1)) p.emit(1, p.ct());
}};
// g, −g
constinit const Rule Sub = {[](Pull& p) {
  if (p.needs(0)) p.emit(0, p.ct());
  if (p.needs(1)) p.emit(1, -p.ct());
}};
// g·b, g·a
constinit const Rule Mul = {[](Pull& p) {
                              if (p.needs(0)) p.emit(0, p.ct() * p.in(1));
                              if (p.needs(1)) p.emit(1, p.ct() * p.in(0));
                            },
                            keep::other};
// g/b, −g·(a/b)/b = −(g/b)·y
constinit const Rule Div = {[](Pull& p) {
                              const Array scaled = p.ct() / p.in(1);
                              if (p.needs(1)) p.emit(1, -(scaled * p.out()));
                              if (p.needs(0)) p.emit(0, scaled);
                            },
                            [](uint64_t needed, const Attrs&) { return Keep{2, static_cast<uint32_t>(needed >> 1 & 1), 0}; }};
// all of g to the larger operand, half to each at a tie
constinit const Rule Maximum = {[](Pull& p) {
                                  const Array tie = equal(p.in(0), p.in(1));
                                  const Array half = where(tie, p.ct() * 0.5, 0);
                                  for (int i = 0; i < 2; ++i)
                                    if (p.needs(i)) p.emit(i, where(tie, half, where(equal(p.in(i), p.out()), p.ct(), 0)));
                                },
                                [](uint64_t, const Attrs&) { return Keep{3, 1, 0}; }};
// g where the condition, else 0; and the reverse
constinit const Rule Select = {[](Pull& p) {
                                 if (p.needs(1)) p.emit(1, where(p.in(0), p.ct(), 0));
                                 if (p.needs(2)) p.emit(2, where(p.in(0), 0, p.ct()));
                               },
                               keep::first};

}  // namespace rune::vjp_rule
