#pragma once
// Schedules run step by step: launches by LoopIR's interpreter or as machine code, every buffer at a forbidden page.
#include <optional>
#include <vector>

#include "raven/base/cpu.hpp"
#include "raven/nx.hpp"
#include "raven/tolk/kernels/schedule.hpp"

namespace tolk_test {

struct KernelRun {
  std::optional<raven::CpuLevel> level{};  ///< none: interpreted
  bool guard_at_end = true;              ///< else buffers start right behind the forbidden page
  uint64_t cuts = 0;                     ///< seed of the pieces that tasks are handed out in, in any order; 0: at once
};
/// The program's outputs. Throws raven::Error for an access out of bounds; nx::IndexError for a failed check.
std::vector<nx::Array> run_kernels(const tolk::Schedule& schedule, const std::vector<nx::Array>& inputs,
                                   const KernelRun& options);

}  // namespace tolk_test
