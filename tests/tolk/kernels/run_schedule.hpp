#pragma once
// A schedule run step by step: launches by LoopIR's interpreter over poisoned buffers, calls by nx.
#include <string>
#include <vector>

#include "raven/nx.hpp"
#include "raven/tolk/kernels/schedule.hpp"

namespace tolk_test {

struct RunOpts {
  bool backwards = false;  ///< lanes of a group in reverse order
  uint64_t cuts = 0;       ///< seed of the pieces that tasks are handed out in, in any order; 0: all at once
  bool in_place =
      false;  ///< outputs take the bytes of an input where the schedule says they may, and nobody reads it later
};
/// The program's outputs. Fails the test for an access out of bounds. Throws nx::IndexError for a failed check.
std::vector<nx::Array> run_schedule(const tolk::Schedule& schedule, const std::vector<nx::Array>& inputs,
                                    const RunOpts& options = {});
/// Equal bits; NaN equals NaN.
void expect_equal(const nx::Array& got, const nx::Array& expected);
/// Forms kernels of the program, runs them in several ways, compares with eager evaluation.
tolk::Schedule check_schedule(const nx::Program& program, const std::vector<nx::Array>& inputs);
/// Every kernel's text and the steps, for messages.
std::string describe(const tolk::Schedule& schedule);

}  // namespace tolk_test
