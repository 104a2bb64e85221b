// Random programs: eager evaluation and formed kernels, run by LoopIR's interpreter, give the same bits.
#include <cstdlib>

#include "gtest/gtest.h"
#include "raven/nx.hpp"
#include "raven/nx/error.hpp"
#include "raven/rune.hpp"
#include "raven/tolk/passes.hpp"
#include "tolk/kernels/run_schedule.hpp"
#include "tolk/programs/random_programs.hpp"

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
    try {
      nx::eval(random.program, random.inputs);
    } catch (const nx::IndexError&) {
      continue;
    }
    // Calls are inlined before.
    tolk_test::check_schedule(tolk::inline_calls(random.program), random.inputs);
  }
}

/// Sums, extremes and broadcasts back over shapes with many blocks, segments and tiles.
nx::Program random_reductions(tolk_test::Dice& dice, nx::Shape& shape) {
  const std::vector<nx::Shape> shapes = {{3, 70, 130}, {1100, 40}, {2, 3000},  {1, 70000}, {2100, 3},
                                         {40, 5, 33},  {64, 64},   {17, 1025}, {1030, 17}, {5, 16, 20}};
  shape = dice.pick(shapes);
  rune::Recorder recorder;
  std::vector<nx::Array> values = {recorder.input({nx::f32, shape}), recorder.input({nx::f32, shape})};
  const nx::InterpreterScope scope(&recorder);
  const auto any = [&] {
    return values[static_cast<size_t>(dice.in(std::max<int64_t>(0, static_cast<int64_t>(values.size()) - 6),
                                              static_cast<int64_t>(values.size()) - 1))];
  };
  for (int64_t n = dice.in(3, 14); n > 0; --n) {
    const nx::Array a = any();
    switch (dice.in(0, 7)) {
      case 0: values.push_back(nx::exp(a * 0.1)); break;
      case 1: values.push_back(a * any()); break;
      case 2: values.push_back(a - any()); break;
      case 3: values.push_back(nx::where(nx::less(a, any()), a, 0.5)); break;
      case 4: {
        // A part of the axes, so that results differ in which of them are left.
        nx::Dims axes;
        for (int64_t axis = 0; axis < shape.size(); ++axis)
          if (dice.chance(50)) axes.push_back(axis);
        const nx::ExtremumOpts along{.axis = nx::Axes(axes), .keepdims = true};
        values.push_back(dice.chance(60)   ? nx::mean(a, {.axis = along.axis, .keepdims = true})
                         : dice.chance(50) ? nx::max(a, along)
                                           : nx::min(a, along));
        break;
      }
      case 5: values.push_back(nx::softmax(a + values[0], dice.in(0, shape.size() - 1))); break;
      case 6: values.push_back(nx::sqrt(nx::abs(a)) + values[1]); break;
      default:
        if (shape.size() == 2 && shape[0] == shape[1] && a.shape() == shape)
          values.push_back(nx::transpose(a) + values[0]);
        else
          values.push_back(nx::flip(a, dice.in(0, shape.size() - 1)));
    }
  }
  std::vector<nx::Array> outputs;
  for (int64_t n = dice.in(1, 4); n > 0; --n) outputs.push_back(any());
  return recorder.finish(outputs);
}

TEST(RandomSchedules, ReductionsOfManyBlocks) {
  uint64_t first = 1, count = 60;
  if (const char* range = std::getenv("RANDOM_REDUCTIONS")) {
    char* end;
    first = std::strtoull(range, &end, 10);
    if (*end == ':') count = std::strtoull(end + 1, nullptr, 10);
  }
  for (uint64_t seed = first; seed < first + count && !testing::Test::HasFailure(); ++seed) {
    tolk_test::Dice dice(seed);
    nx::Shape shape;
    const nx::Program program = random_reductions(dice, shape);
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto input = [&](uint64_t key) {
      return nx::random::normal(nx::random::key(key), shape, {.dtype = nx::f32});
    };
    tolk_test::check_schedule(program, {input(2 * seed), input(2 * seed + 1)});
  }
}

}  // namespace
