// Random programs: eager evaluation, every pass and the plan give the same bits; the plan's memory map is right.
#include "tolk/random_programs.hpp"

#include <cstdlib>

#include "gtest/gtest.h"
#include "raven/tolk.hpp"
#include "tolk/bits.hpp"

namespace {

using nx::Array;

void expect_same(const std::vector<Array>& got, const std::vector<Array>& expected, const char* what) {
  SCOPED_TRACE(what);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE(i);
    tolk_test::expect_same_bits(got[i], expected[i]);
  }
}

void check(uint64_t seed) {
  const tolk_test::RandomProgram random = tolk_test::random_program(seed);
  SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + random.program.print());
  random.program.verify();
  const std::vector<Array> expected = nx::eval(random.program, random.inputs);
  nx::Program program = random.program;
  for (const tolk::PassRow& pass : tolk::passes()) {
    program = pass.run(program);
    program.verify();
    SCOPED_TRACE(program.print());
    expect_same(nx::eval(program, random.inputs), expected, pass.name.data());
    EXPECT_TRUE(pass.run(program).equations().size() <= program.equations().size()) << pass.name;
  }
  for (const bool donate : {false, true}) {
    const auto plan = tolk::compile(random.program, {donate ? random.donated : std::vector<bool>()});
    SCOPED_TRACE(plan->print());
    plan->verify();
    for (int run = 0; run < 2; ++run) {
      std::vector<Array> inputs;
      for (size_t i = 0; i < random.inputs.size(); ++i)
        inputs.push_back(donate && random.donated[i] && run == 0
                             ? nx::contiguous(random.inputs[i]).reshape({-1}).reshape(random.inputs[i].shape())
                             : random.inputs[i]);
      std::vector<tolk::PlanArgument> arguments;
      for (size_t i = 0; i < inputs.size(); ++i) arguments.push_back({&inputs[i], donate && random.donated[i]});
      std::vector<Array> got(expected.size());
      plan->run(arguments, got, nullptr, true);
      expect_same(got, expected, donate ? "plan with donation" : "plan");
    }
  }
}

TEST(RandomPrograms, EagerPassesAndPlansAgree) {
  // RANDOM_PROGRAMS=first:count tries others than those of CI.
  uint64_t first = 1, count = 300;
  if (const char* range = std::getenv("RANDOM_PROGRAMS")) {
    char* end;
    first = std::strtoull(range, &end, 10);
    if (*end == ':') count = std::strtoull(end + 1, nullptr, 10);
  }
  for (uint64_t seed = first; seed < first + count && !testing::Test::HasFailure(); ++seed) check(seed);
}

}  // namespace
