// Random programs and their gradients: eager evaluation, every pass, plans and compiled functions give the same bits.
#include "tolk/programs/random_programs.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "gtest/gtest.h"
#include "raven/base/file.hpp"
#include "raven/nx/error.hpp"
#include "raven/tolk.hpp"
#include "tolk/programs/check.hpp"
#include "tolk/programs/coverage.hpp"

namespace tolk_test {
namespace {

const std::string folder = RAVEN_SOURCE_DIR "/tests/tolk/";

TEST(RandomPrograms, AllWaysGiveTheSameBits) {
  int gradients = 0;
  for (uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    const RandomProgram random = random_program(seed);
    for (const Transformation& transformation : transformations()) {
      const std::string what = transformation.disagreement(random);
      if (what.empty()) continue;
      const RandomProgram small =
          shrink(random, [&](const RandomProgram& candidate) { return transformation.disagreement(candidate); });
      ADD_FAILURE() << "seed " << seed << ", " << transformation.name << ": " << what << "\nsmallest program:\n"
                    << print(small) << transformation.disagreement(small);
    }
    gradients += gradient_of(random).has_value();
  }
  EXPECT_GE(gradients, 100);
}

TEST(RandomPrograms, OnceFailed) {
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder + "regressions")) {
    if (file.path().extension() != ".program") continue;
    ++count;
    SCOPED_TRACE(file.path().string());
    const RandomProgram random = parse(raven::read_file(file.path().string()));
    for (const Transformation& transformation : transformations())
      EXPECT_EQ(transformation.disagreement(random), "") << transformation.name;
  }
  EXPECT_GE(count, 3);
}

TEST(RandomPrograms, UnsupportedCellsAreThoseOfTheList) {
  const std::string expected = raven::read_file(folder + "programs/unsupported.txt");
  // UPDATE the list by hand, after looking at every line: it is what users cannot do.
  const std::string now = unsupported_cells();
  EXPECT_EQ(now, expected);
}

TEST(RandomPrograms, WishesAreGranted) {
  const Coverage coverage;
  EXPECT_GT(coverage.reachable().size(), 1000u);
  Dice dice(1);
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const Cell cell = dice.pick(coverage.reachable());
    const auto random = random_program(seed, cell);
    ASSERT_TRUE(random) << to_string(cell);
    const std::vector<Cell> cells = cells_of(random->program);
    EXPECT_NE(std::find(cells.begin(), cells.end(), cell), cells.end()) << to_string(cell);
  }
}

TEST(RandomPrograms, TextIsReadBack) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const RandomProgram random = random_program(seed), read = parse(print(random));
    EXPECT_TRUE(read.program == random.program);
    EXPECT_EQ(difference(read.inputs, random.inputs), "");
    EXPECT_EQ(read.donated, random.donated);
  }
  EXPECT_THROW(parse("program() { return }"), raven::Error);
}

// A fault of a kernel that is not there: the smallest program keeps the op and little else.
TEST(RandomPrograms, ShrinkingFindsTheCulprit) {
  const auto has_tanh = [](const RandomProgram& random) {
    // Where it matters: dead equations are dropped before anything runs.
    for (const Cell& cell : cells_of(tolk::drop_dead(tolk::inline_calls(random.program))))
      if (cell.op == nx::Op::Tanh) return std::string("tanh is wrong");
    return std::string();
  };
  int shrunk = 0;
  for (uint64_t seed = 1; seed <= 2000 && shrunk < 5; ++seed) {
    const RandomProgram random = random_program(seed);
    if (has_tanh(random).empty()) continue;
    try {
      nx::eval(random.program, random.inputs);
    } catch (const nx::IndexError&) {
      continue;
    }
    const RandomProgram small = shrink(random, has_tanh);
    EXPECT_EQ(small.program.equations().size(), 1u) << print(small);
    EXPECT_LE(small.program.inputs(), 1u);
    ++shrunk;
  }
  EXPECT_EQ(shrunk, 5);
}

TEST(RandomPrograms, DifferencesAreBits) {
  const nx::Array zero = nx::array({0.0, NAN}), minus = nx::array({-0.0, -NAN});
  const std::vector<nx::Array> a = {zero}, b = {minus}, c = {nx::array({0.0, 1.0})}, d = {zero, zero};
  EXPECT_EQ(difference(a, a), "");
  EXPECT_EQ(difference(a, b),
            "result 0 (f64[2]) differs in 1 elements, first in element 0: bits 0000000000000000, expected "
            "8000000000000000");
  EXPECT_NE(difference(a, c), "");
  EXPECT_EQ(difference(a, d), "1 results, expected 2");
}

}  // namespace
}  // namespace tolk_test
