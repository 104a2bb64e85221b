// Random programs: eager evaluation and formed kernels, run by LoopIR's interpreter, give the same bits.
#include <cstdlib>

#include "gtest/gtest.h"
#include "raven/tolk/passes.hpp"
#include "tolk/kernels/run_schedule.hpp"
#include "tolk/random_programs.hpp"

namespace {

TEST(RandomSchedules, EagerAndKernelsAgree) {
  // RANDOM_PROGRAMS=first:count tries others than those of CI.
  uint64_t first = 1, count = 300;
  if (const char* range = std::getenv("RANDOM_PROGRAMS")) {
    char* end;
    first = std::strtoull(range, &end, 10);
    if (*end == ':') count = std::strtoull(end + 1, nullptr, 10);
  }
  for (uint64_t seed = first; seed < first + count && !testing::Test::HasFailure(); ++seed) {
    const tolk_test::RandomProgram random = tolk_test::random_program(seed);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + random.program.print());
    // Calls are inlined before.
    tolk_test::check_schedule(tolk::inline_calls(random.program), random.inputs);
  }
}

}  // namespace
