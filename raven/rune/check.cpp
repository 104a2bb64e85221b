#include "raven/rune/check.hpp"

#include <cmath>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"

namespace rune::detail {

namespace {

using Leaves = std::vector<Array>;

/// SplitMix64, mapped to (−1, 1): directions must not depend on nx's own generator.
double uniform(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1;
}

Array random_like(const Array& x, uint64_t& state) {
  std::vector<double> values(static_cast<size_t>(x.size()));
  for (double& v : values) v = uniform(state);
  return nx::array(std::span<const double>(values), x.shape()).astype(x.dtype());
}
Leaves random_direction(const Leaves& at, uint64_t& state) {
  Leaves direction;
  double norm = 0;
  for (const Array& x : at) {
    direction.push_back(x.defined() && nx::is_float(x.dtype()) ? random_like(x, state) : Array{});
    if (direction.back().defined()) norm += nx::sum(direction.back() * direction.back()).item<double>();
  }
  for (Array& d : direction)
    if (d.defined() && norm > 0) d = d / std::sqrt(norm);
  return direction;
}
double dot(const Leaves& a, const Leaves& b) {
  double total = 0;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].defined() && b[i].defined() && nx::is_float(a[i].dtype())) total += nx::sum(a[i] * b[i]).item<double>();
  return total;
}
Leaves moved(const Leaves& at, const Leaves& direction, double step) {
  Leaves out;
  for (size_t i = 0; i < at.size(); ++i) out.push_back(direction[i].defined() ? at[i] + direction[i] * step : at[i]);
  return out;
}

/// A function of leaves as a callable.
struct Fn {
  LeafFunction f;
  void* context;
  Leaves operator()(const Leaves& x) const { return f(context, x); }
};

/// x ↦ gradient of ⟨weights, f(x)⟩ at the floating leaves.
struct Gradient {
  const Fn& f;
  const Leaves& weights;
  Leaves operator()(const Leaves& x) const {
    Tape tape;
    Leaves traced = x;
    std::vector<size_t> watched;
    for (size_t i = 0; i < x.size(); ++i)
      if (x[i].defined() && nx::is_float(x[i].dtype())) traced[i] = tape.watch(x[i]), watched.push_back(i);
    Leaves y;
    {
      const nx::InterpreterScope scope(&tape);
      y = f(traced);
    }
    Leaves seeds;
    for (size_t i = 0; i < y.size(); ++i) seeds.push_back(nx::is_float(y[i].dtype()) ? weights[i] : Array{});
    Leaves cotangents = tape.backward(y, seeds, true);
    Leaves out;
    for (size_t k = 0; k < watched.size(); ++k) out.push_back(gradient_or_zeros(std::move(cotangents[k]), x[watched[k]]));
    return out;
  }
};

void note(CheckReport& report, const char* what, double got, double expected, double tolerance) {
  const double error = std::abs(got - expected) / (1 + std::abs(expected));
  const bool bad = !(error <= tolerance);  // NaN is bad
  if (error > report.worst || bad) {
    report.worst = std::isnan(error) ? INFINITY : std::max(report.worst, error);
    report.message = raven::Message(what) << ": got " << got << ", expected " << expected << " (relative error " << error << ")";
  }
  if (bad) report.ok = false;
}

template <class F>
void check_order(CheckReport& report, const F& f, const Leaves& at, const CheckOpts& options, uint64_t& state,
                 const char* forward_name, const char* reverse_name) {
  const Leaves y = f(at);
  Leaves weights;
  for (const Array& leaf : y) weights.push_back(random_like(leaf, state));
  for (int k = 0; k < options.directions && report.ok; ++k) {
    const Leaves direction = random_direction(at, state);
    const double numeric = (dot(weights, f(moved(at, direction, options.eps))) - dot(weights, f(moved(at, direction, -options.eps)))) /
                           (2 * options.eps);
    const auto [value, tangents] = jvp([&](const Leaves& x) { return f(x); }, std::tuple<Leaves>(at), std::tuple<Leaves>(direction));
    note(report, forward_name, dot(weights, tangents), numeric, options.tolerance);
    // Reverse mode: the gradient of ⟨weights, f⟩ along the direction.
    Tape tape;
    Leaves traced = at;
    Leaves along;
    for (size_t i = 0; i < at.size(); ++i)
      if (direction[i].defined()) traced[i] = tape.watch(at[i]), along.push_back(direction[i]);
    Leaves result;
    {
      const nx::InterpreterScope scope(&tape);
      result = f(traced);
    }
    Leaves seeds;
    for (size_t i = 0; i < result.size(); ++i) seeds.push_back(nx::is_float(result[i].dtype()) ? weights[i] : Array{});
    const Leaves gradient = tape.backward(result, seeds, true);
    note(report, reverse_name, dot(along, gradient), numeric, options.tolerance);
  }
}

}  // namespace

CheckReport check_leaves(LeafFunction function, void* context, const std::vector<Array>& at, const CheckOpts& options) {
  CheckReport report;
  uint64_t state = options.seed + 1;
  const Fn f{function, context};
  check_order(report, f, at, options, state, "jvp against central differences", "vjp against central differences");
  if (options.order >= 2 && report.ok) {
    Leaves weights;
    for (const Array& leaf : f(at)) weights.push_back(random_like(leaf, state));
    const Gradient gradient{f, weights};
    check_order(report, gradient, at, options, state, "jvp of the gradient against central differences",
                "vjp of the gradient against central differences");
  }
  return report;
}

}  // namespace rune::detail
