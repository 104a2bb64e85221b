#pragma once
// What a training step takes beside its products and attention, which compiled and eager steps both leave to nx's
// kernels.
#include <vector>

#include "bench/runner/case.hpp"

namespace raven::bench {

/// Of the demo's step, compiled and eager: milliseconds of the step, the same without those calls, and the most bytes
/// alive above model and state.
std::vector<Figure> gpt_step_figures();

}  // namespace raven::bench
