// Functions of one real, powers, remainders; and the ops whose derivative is zero. g is the cotangent, y the result.
#include "raven/nx/api/logic.hpp"
#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

constinit const Rule Iota = zero;
constinit const Rule ArgReduce = zero;
constinit const Rule Sign = zero;
constinit const Rule Not = zero;
constinit const Rule Round = zero;
constinit const Rule Bitcast = zero;
constinit const Rule StopGradient = zero;
constinit const Rule IDiv = zero;
constinit const Rule Bitwise = zero;
constinit const Rule Shl = zero;
constinit const Rule Shr = zero;
constinit const Rule Ne = zero;
constinit const Rule Lt = zero;
constinit const Rule Le = zero;

constinit const Rule Abs = {[](Pull& p) { p.emit(0, p.ct() * sign(p.in(0))); }, keep::operands};
// g / 2y
constinit const Rule Sqrt = {[](Pull& p) { p.emit(0, p.ct() * 0.5 / p.out()); }, keep::result};
// −g·y³ / 2
constinit const Rule Rsqrt = {[](Pull& p) { p.emit(0, p.ct() * -0.5 * (p.out() * p.out() * p.out())); }, keep::result};
// g·y·ln 2
constinit const Rule Exp2 = {[](Pull& p) { p.emit(0, p.ct() * p.out() * 0.69314718055994530942); }, keep::result};
// g·(y + 1)
constinit const Rule Expm1 = {[](Pull& p) { p.emit(0, p.ct() * (p.out() + 1)); }, keep::result};
// g / x, divided by ln of the base
constinit const Rule Log = {[](Pull& p) { p.emit(0, p.ct() / p.in(0)); }, keep::operands};
constinit const Rule Log2 = {[](Pull& p) { p.emit(0, p.ct() / (p.in(0) * 0.69314718055994530942)); }, keep::operands};
constinit const Rule Log10 = {[](Pull& p) { p.emit(0, p.ct() / (p.in(0) * 2.30258509299404568402)); }, keep::operands};
constinit const Rule Log1p = {[](Pull& p) { p.emit(0, p.ct() / (p.in(0) + 1)); }, keep::operands};
constinit const Rule Sin = {[](Pull& p) { p.emit(0, p.ct() * cos(p.in(0))); }, keep::operands};
constinit const Rule Cos = {[](Pull& p) { p.emit(0, -(p.ct() * sin(p.in(0)))); }, keep::operands};
// g·(1 − y²)
constinit const Rule Tanh = {[](Pull& p) { p.emit(0, p.ct() * (1 - p.out() * p.out())); }, keep::result};
// g·y·(1 − y)
constinit const Rule Logistic = {[](Pull& p) { p.emit(0, p.ct() * (p.out() * (1 - p.out()))); }, keep::result};
// g·2/√π·e^(−x²)
constinit const Rule Erf = {[](Pull& p) { p.emit(0, p.ct() * (exp(-square(p.in(0))) * 1.12837916709551257390)); }, keep::operands};
// g·√π/2·e^(y²)
constinit const Rule ErfInv = {[](Pull& p) { p.emit(0, p.ct() * (exp(square(p.out())) * 0.88622692545275801365)); }, keep::result};

// g, −trunc(a/b)·g
constinit const Rule Rem = {[](Pull& p) {
                              if (p.needs(0)) p.emit(0, p.ct());
                              if (p.needs(1)) p.emit(1, -(trunc(p.in(0) / p.in(1)) * p.ct()));
                            },
                            [](uint64_t needed, const Attrs&) { return Keep{(needed & 2) ? 3u : 0u, 0, 0}; }};
// b·a^(b−1)·g and ln(a)·y·g; the first is 0 where b = 0, the second where a = 0 and b ≥ 0
constinit const Rule Pow = {[](Pull& p) {
                              const Array &a = p.in(0), &b = p.in(1);
                              if (p.needs(0)) p.emit(0, p.ct() * where(b == 0, 0, b * power(a, b - 1)));
                              if (p.needs(1))
                                p.emit(1, p.ct() * where((a == 0) & (b >= 0), 0, log(where(a == 0, 1, a)) * p.out()));
                            },
                            [](uint64_t, const Attrs&) { return Keep{3, 1, 0}; }};
// all of g to the smaller operand, half to each at a tie
constinit const Rule Minimum = {[](Pull& p) {
                                  const Array tie = p.in(0) == p.in(1);
                                  const Array half = where(tie, p.ct() * 0.5, 0);
                                  for (int i = 0; i < 2; ++i)
                                    if (p.needs(i)) p.emit(i, where(tie, half, where(p.in(i) == p.out(), p.ct(), 0)));
                                },
                                [](uint64_t, const Attrs&) { return Keep{3, 1, 0}; }};

}  // namespace rune::vjp_rule
