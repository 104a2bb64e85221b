// Functions of one real, powers, remainders; and the ops whose derivative is zero. t is a tangent, y the result.
#include "raven/nx/api/logic.hpp"
#include "raven/rune/jvp/rules.hpp"

namespace rune::jvp_rule {

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

constinit const Rule Abs = {[](const Push& p) { p.add(p.t() * sign(p.x())); }};
// t / 2y
constinit const Rule Sqrt = {[](const Push& p) { p.add(p.t() * 0.5 / p.y()); }};
// −t·y³ / 2
constinit const Rule Rsqrt = {[](const Push& p) { p.add(p.t() * -0.5 * (p.y() * p.y() * p.y())); }};
// t·y·ln 2
constinit const Rule Exp2 = {[](const Push& p) { p.add(p.t() * p.y() * 0.69314718055994530942); }};
// t·(y + 1)
constinit const Rule Expm1 = {[](const Push& p) { p.add(p.t() * (p.y() + 1)); }};
// t / x, divided by ln of the base
constinit const Rule Log = {[](const Push& p) { p.add(p.t() / p.x()); }};
constinit const Rule Log2 = {[](const Push& p) { p.add(p.t() / (p.x() * 0.69314718055994530942)); }};
constinit const Rule Log10 = {[](const Push& p) { p.add(p.t() / (p.x() * 2.30258509299404568402)); }};
constinit const Rule Log1p = {[](const Push& p) { p.add(p.t() / (p.x() + 1)); }};
constinit const Rule Sin = {[](const Push& p) { p.add(p.t() * cos(p.x())); }};
constinit const Rule Cos = {[](const Push& p) { p.add(-(p.t() * sin(p.x()))); }};
// t·(1 − y²)
constinit const Rule Tanh = {[](const Push& p) { p.add(p.t() * (1 - p.y() * p.y())); }};
// t·y·(1 − y)
constinit const Rule Logistic = {[](const Push& p) { p.add(p.t() * (p.y() * (1 - p.y()))); }};
// t·2/√π·e^(−x²)
constinit const Rule Erf = {[](const Push& p) { p.add(p.t() * (exp(-square(p.x())) * 1.12837916709551257390)); }};
// t·√π/2·e^(y²)
constinit const Rule ErfInv = {[](const Push& p) { p.add(p.t() * (exp(square(p.y())) * 0.88622692545275801365)); }};

// t₀ − trunc(a/b)·t₁
constinit const Rule Rem = {[](const Push& p) {
  if (p.has(0)) p.add(p.t(0));
  if (p.has(1)) p.add(-(trunc(p.x(0) / p.x(1)) * p.t(1)));
}};
// b·a^(b−1)·t₀ + ln(a)·y·t₁; the first is 0 where b = 0, the second where a = 0 and b ≥ 0
constinit const Rule Pow = {[](const Push& p) {
  const Array &a = p.x(0), &b = p.x(1);
  if (p.has(0)) p.add(p.t(0) * where(b == 0, 0, b * power(a, b - 1)));
  if (p.has(1)) p.add(p.t(1) * where((a == 0) & (b >= 0), 0, log(where(a == 0, 1, a)) * p.y()));
}};
// the smaller operand's tangent, the mean of both at a tie
constinit const Rule Minimum = {[](const Push& p) {
  const Array tie = p.x(0) == p.x(1);
  for (int i = 0; i < 2; ++i)
    if (p.has(i)) p.add(where(tie, p.t(i) * 0.5, where(p.x(i) == p.y(), p.t(i), 0)));
}};

}  // namespace rune::jvp_rule
