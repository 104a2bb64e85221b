#pragma once
// Bodies of compiled cases: the call, its op-by-op twin, and what the plan consists of.
#include "bench/runner/case.hpp"
#include "raven/nx.hpp"
#include "raven/rune.hpp"

namespace raven::bench {

/// What a jitted function's last plan is made of.
template <class F>
std::function<Launches()> launches_of(const rune::Jitted<F>& f) {
  return [f] {
    const rune::JitStats stats = f.stats();
    return Launches{stats.kernels, stats.externs, stats.fallbacks, stats.launches};
  };
}

/// f(arguments …) compiled; its first result must have the bits of f itself.
template <class F, class... A>
Run compiled(const F& f, const A&... arguments) {
  const auto jitted = rune::jit(f);
  Run run = repeat([=] { return jitted(arguments...); });
  run.reference = [=] { return checksums(f(arguments...)); };
  run.launches = launches_of(jitted);
  return run;
}

}  // namespace raven::bench
