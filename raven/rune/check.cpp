#include "raven/rune/check.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/error.hpp"

namespace rune::detail {

namespace {

using Leaves = std::vector<Array>;
using Function = std::function<Leaves(const Leaves&)>;

bool is_real(const Array& x) { return x.defined() && nx::is_float(x.dtype()); }

/// SplitMix64, mapped to (−1, 1): directions must not depend on nx's own generator.
double uniform(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1;
}

/// Absent where x has no derivative.
Array random_like(const Array& x, uint64_t& state) {
  if (!is_real(x)) return {};
  std::vector<double> values(static_cast<size_t>(x.size()));
  for (double& v : values) v = uniform(state);
  return nx::array(std::span<const double>(values), x.shape()).astype(x.dtype());
}
Leaves random_like(const Leaves& at, uint64_t& state) {
  Leaves out;
  for (const Array& x : at) out.push_back(random_like(x, state));
  return out;
}
/// ⟨a, b⟩ over the leaves that both have, in f64.
double dot(const Leaves& a, const Leaves& b) {
  double total = 0;
  for (size_t i = 0; i < a.size(); ++i)
    if (is_real(a[i]) && is_real(b[i])) total += nx::sum(a[i].astype(nx::f64) * b[i].astype(nx::f64)).item<double>();
  return total;
}
Leaves unit(Leaves direction) {
  const double norm = std::sqrt(dot(direction, direction));
  for (Array& d : direction)
    if (d.defined() && norm > 0) d = d / norm;
  return direction;
}
Leaves moved(const Leaves& at, const Leaves& direction, double step) {
  Leaves out;
  for (size_t i = 0; i < at.size(); ++i) out.push_back(direction[i].defined() ? at[i] + direction[i] * step : at[i]);
  return out;
}

/// The gradient of ⟨weights, f⟩ at the floating leaves of x, absent at the others.
Leaves gradient(const Function& f, const Leaves& weights, const Leaves& x) {
  Tape tape;
  Leaves traced = x;
  for (Array& leaf : traced)
    if (is_real(leaf)) leaf = tape.watch(leaf);
  Leaves y;
  {
    const nx::InterpreterScope scope(&tape);
    y = f(traced);
  }
  Leaves cotangents = tape.backward(y, weights, true), out;
  size_t at = 0;
  for (const Array& leaf : x)
    out.push_back(is_real(leaf) ? gradient_or_zeros(std::move(cotangents[at++]), leaf) : Array());
  return out;
}

/// The derivative of ⟨weights, f⟩ along one direction, three times.
struct Slopes {
  double numeric, forward, reverse;
};
Slopes slopes(const Function& f, const Leaves& weights, const Leaves& at, const Leaves& direction, double eps) {
  const double ahead = dot(weights, f(moved(at, direction, eps))), behind = dot(weights, f(moved(at, direction, -eps)));
  const auto [value, tangents] = jvp(f, std::tuple<Leaves>(at), std::tuple<Leaves>(direction));
  return {(ahead - behind) / (2 * eps), dot(weights, tangents), dot(direction, gradient(f, weights, at))};
}
/// Relative to 1 + |expected|; NaN and infinite differences are infinite.
double error_of(double got, double expected) {
  const double error = std::abs(got - expected) / (1 + std::abs(expected));
  return std::isnan(error) ? INFINITY : error;
}

void note(CheckReport& report, const std::string& what, double got, double expected, double tolerance) {
  const double error = error_of(got, expected);
  if (error > report.worst || error > tolerance) {
    report.worst = std::max(report.worst, error);
    report.message = raven::Message(what) << " against central differences: got " << got << ", expected " << expected
                                          << " (relative error " << error << ")";
  }
  if (error > tolerance) report.ok = false;
}

/// The leaf whose own direction gives the largest error.
size_t worst_leaf(const Function& f, const Leaves& weights, const Leaves& at, const Leaves& direction, double eps) {
  size_t worst = 0;
  double largest = -1;
  for (size_t i = 0; i < at.size(); ++i) {
    if (!direction[i].defined() || at[i].size() == 0) continue;
    Leaves alone(at.size());
    alone[i] = direction[i];
    const Slopes s = slopes(f, weights, at, unit(alone), eps);
    const double error = std::max(error_of(s.forward, s.numeric), error_of(s.reverse, s.numeric));
    if (error > largest) largest = error, worst = i;
  }
  return worst;
}

void require(bool ok, const char* argument, double got, const char* expected) {
  if (!ok)
    throw nx::ValueError("rune.check_grads", raven::Message(argument) << ": got " << got << ", expected " << expected);
}

/// Step and tolerance for the narrowest dtype among the leaves, where the options leave them open. A difference of f32
/// values loses 2^-24·|f| / eps and, as eps², the curvature: 1e-2 balances the two.
CheckOpts completed(CheckOpts options, const Leaves& at) {
  double largest = 1;
  bool narrow = false, any = false;
  for (const Array& x : at) {
    if (!is_real(x)) continue;
    any = true;
    if (x.dtype() == nx::f64) continue;
    narrow = true;
    if (x.size() > 0) largest = std::max(largest, nx::max(nx::where(nx::isfinite(x), nx::abs(x), 0)).astype(nx::f64).item<double>());
  }
  if (!any)
    throw nx::ValueError("rune.check_grads", "no leaf of the arguments is floating: there is no derivative to check");
  require(options.order >= 1, "order", options.order, "1 or more");
  require(options.directions >= 1, "directions", options.directions, "1 or more");
  require(options.eps >= 0 && std::isfinite(options.eps), "eps", options.eps, "a number above 0, or 0 for the default");
  require(options.tolerance >= 0, "tolerance", options.tolerance, "a number above 0, or 0 for the default");
  if (options.eps == 0) options.eps = narrow ? 1e-2 * largest : 1e-6;
  if (options.tolerance == 0) options.tolerance = narrow ? 2e-3 : 1e-5;
  return options;
}

}  // namespace

CheckReport check_leaves(LeafFunction function, void* context, const std::vector<Array>& at,
                         const std::vector<std::string>& paths, const CheckOpts& given) {
  const CheckOpts options = completed(given, at);
  CheckReport report;
  uint64_t state = options.seed + 1;
  Function f = [&](const Leaves& x) { return function(context, x); };
  std::string of_what;
  for (int order = 1; order <= options.order; ++order) {
    const Leaves weights = random_like(f(at), state);
    for (int k = 0; k < options.directions; ++k) {
      const Leaves direction = unit(random_like(at, state));
      const Slopes s = slopes(f, weights, at, direction, options.eps);
      note(report, "jvp" + of_what, s.forward, s.numeric, options.tolerance);
      if (report.ok) note(report, "vjp" + of_what, s.reverse, s.numeric, options.tolerance);
      if (report.ok) continue;
      report.path = paths[worst_leaf(f, weights, at, direction, options.eps)];
      report.message += "; most at leaf '" + report.path + "'";
      return report;
    }
    f = [f, weights](const Leaves& x) { return gradient(f, weights, x); };
    of_what += " of the gradient";
  }
  return report;
}

}  // namespace rune::detail
