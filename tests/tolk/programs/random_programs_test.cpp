// Random programs and their gradients: eager evaluation, every pass, plans and compiled functions give the same bits.
#include "tolk/programs/random_programs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "gtest/gtest.h"
#include "raven/base/file.hpp"
#include "raven/nx/error.hpp"
#include "raven/tolk.hpp"
#include "tolk/programs/check.hpp"
#include "tolk/programs/coverage.hpp"

namespace tolk_test {
namespace {

const std::string folder = RAVEN_SOURCE_DIR "/tests/tolk/";

/// What is compared of a program; its smallest part, where bits differ.
void expect_same_bits(const RandomProgram& random, const Transformation& transformation, uint64_t seed) {
  const Ways ways = ways_of(seed);
  const auto says = [&](const RandomProgram& candidate) { return transformation.disagreement(candidate, ways); };
  const std::string what = says(random);
  if (what.empty()) return;
  // RANDOM_PROGRAMS_SHRINK=0: whoever only wants to know whether bits differ does not wait for the smallest program.
  if (const char* shrinks = std::getenv("RANDOM_PROGRAMS_SHRINK"); shrinks && std::string_view(shrinks) == "0") {
    ADD_FAILURE() << "seed " << seed << ", " << transformation.name << ": " << what;
    return;
  }
  const RandomProgram small = shrink(random, says);
  ADD_FAILURE() << "seed " << seed << ", " << transformation.name << ": " << what << "\nsmallest program:\n"
                << print(small) << says(small);
}

/// Whether the plan finds an index out of range, and in a generated kernel: no call of nx's kernels has one.
bool throws_in_a_kernel(const RandomProgram& random) {
  const auto plan = tolk::compile(random.program, {.level = raven::CpuLevel::portable});
  const std::string text = plan->explain();
  for (const char* op : {"Gather", "Scatter", "Embedding", "CrossEntropy"})
    if (text.find(std::string("extern: ") + op) != text.npos) return false;
  std::vector<nx::Array> results(random.program.outputs().size());
  try {
    plan->run(random.inputs, results);
  } catch (const nx::IndexError&) {
    return true;
  }
  return false;
}

TEST(RandomPrograms, AllWaysGiveTheSameBits) {
  int gradients = 0;
  for (uint64_t seed = 1; seed <= 200 && !testing::Test::HasFailure(); ++seed) {
    const RandomProgram random = random_program(seed);
    // Values of each; of the derivatives one.
    expect_same_bits(random, transformations()[0], seed);
    expect_same_bits(random, transformations()[1 + seed % 2], seed + 1);
    gradients += gradient_of(random).has_value();
  }
  EXPECT_GE(gradients, 100);
}

TEST(RandomPrograms, PacksOfWrongIndicesThrowInEveryWay) {
  std::vector<Cell> cells;
  for (const nx::Op op : {nx::Op::Gather, nx::Op::GatherAxis, nx::Op::Embedding})
    for (const nx::DType dtype : {nx::f32, nx::i64, nx::b1})
      if (const Cell cell{op, dtype, 2}; is_reachable(cell)) cells.push_back(cell);
  Dice dice(1);
  int in_kernels = 0;
  for (uint64_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    const std::vector<Cell> wishes = {dice.pick(cells), dice.pick(cells)};
    const RandomProgram random = random_program(seed, wishes, 60);
    expect_same_bits(random, transformations()[0], seed);
    if (!check_values(random, {}).compared) in_kernels += throws_in_a_kernel(random);
  }
  EXPECT_GE(in_kernels, 15);
}

TEST(RandomPrograms, PacksOfCellsGiveTheSameBits) {
  const Coverage coverage;
  Dice dice(1);
  for (uint64_t seed = 1; seed <= 100 && !testing::Test::HasFailure(); ++seed) {
    std::vector<Cell> wishes;
    for (int i = 0; i < 24; ++i) wishes.push_back(dice.pick(coverage.reachable()));
    expect_same_bits(random_program(seed, wishes), transformations()[seed % transformations().size()], seed);
  }
}

TEST(RandomPrograms, OnceFailed) {
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder + "regressions")) {
    if (file.path().extension() != ".program") continue;
    ++count;
    SCOPED_TRACE(file.path().string());
    const RandomProgram random = parse(raven::read_file(file.path().string()));
    for (const Transformation& transformation : transformations())
      EXPECT_EQ(transformation.disagreement(random, ways_for(random)), "") << transformation.name;
  }
  EXPECT_GE(count, 3);
}

// UPDATE the lists by hand, after looking at every line.
TEST(RandomPrograms, UnsupportedCellsAreThoseOfTheList) {
  // What users cannot do.
  EXPECT_EQ(unsupported_cells(), raven::read_file(folder + "programs/unsupported.txt"));
}
TEST(RandomPrograms, CellsThatNeverRunAreThoseOfTheList) {
  // What is nothing to be done.
  EXPECT_EQ(cells_never_run(), raven::read_file(folder + "programs/never_run.txt"));
}

TEST(RandomPrograms, WishesAreGranted) {
  const Coverage coverage;
  EXPECT_GT(coverage.reachable().size(), 1000u);
  Dice dice(1);
  int run = 0, wished = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::vector<Cell> wishes;
    for (int i = 0; i < 24; ++i) wishes.push_back(dice.pick(coverage.reachable()));
    const RandomProgram random = random_program(seed, wishes);
    const std::vector<Cell> cells = cells_of(random.program), left = cells_that_run(random.program);
    for (const Cell& cell : wishes) {
      EXPECT_NE(std::find(cells.begin(), cells.end(), cell), cells.end()) << to_string(cell);
      run += std::find(left.begin(), left.end(), cell) != left.end();
      ++wished;
    }
  }
  EXPECT_GT(run, wished * 3 / 4);
}

TEST(RandomPrograms, TheEmptiestCellsComeFirst) {
  Coverage coverage;
  Dice dice(1);
  std::set<Cell> asked;
  const size_t half = coverage.reachable().size() / 2;
  for (uint64_t seed = 1; asked.size() < half; ++seed) {
    ASSERT_LT(seed, 100u);
    const std::vector<Cell> wishes = coverage.least(0, 24, dice);
    ASSERT_EQ(wishes.size(), 24u);
    const size_t before = asked.size();
    asked.insert(wishes.begin(), wishes.end());
    EXPECT_GT(asked.size(), before + 8) << "after " << seed << " packs";
    coverage.add(0, random_program(seed, wishes).program);
  }
  EXPECT_EQ(coverage.minimum(), 0);
}

// Under its limits a small program reaches what a large one does; nobody gets that plan but who asks for it.
TEST(RandomPrograms, LimitsAreOfOnePlan) {
  const nx::Program program = nx::Program::parse(
      "program(%0:f32[40,30]) {\n  %1:f32[40,30] = Exp(%0)\n  %2:f32[30] = Reduce{kind=sum, axes=(0,), dtype=f32}(%0)\n"
      "  return %1, %2\n}\n");
  tolk::Limits low;
  low.streamed_bytes = 1, low.column_elements = 1, low.least_column_segment = 32, low.task_nanoseconds = 1;
  const auto usual = tolk::compile_cached(program, {});
  const auto lowered = tolk::compile(program, {}, low);
  EXPECT_GT(lowered->stats().launches, usual->stats().launches) << lowered->print();
  bool found = false;
  EXPECT_EQ(tolk::compile_cached(program, {}, &found)->print(), usual->print());
  EXPECT_TRUE(found);
}

TEST(RandomPrograms, WaysAreAShareOfAll) {
  const size_t all = all_ways().list.size();
  EXPECT_GE(all, 12u);
  std::set<std::string> names;
  size_t taken = 0, low = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    const Ways ways = ways_of(seed);
    for (const Way& way : ways.list) names.insert(way.name);
    taken += ways.list.size();
    low += ways.list[0].limits != tolk::Limits();
    EXPECT_TRUE(ways.list[0].kernels && !ways.list[0].interpreted);
  }
  for (const Way& way : all_ways().list)
    if (way.kernels) EXPECT_TRUE(names.contains(way.name)) << way.name;
  EXPECT_LT(taken, 700u);
  EXPECT_GT(low, 200u);
}

TEST(RandomPrograms, TextIsReadBack) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const RandomProgram random = random_program(seed), read = parse(print(random));
    EXPECT_TRUE(read.program == random.program);
    EXPECT_EQ(difference(read.inputs, random.inputs), "");
    EXPECT_EQ(read.donated, random.donated);
    EXPECT_EQ(read.ways, std::nullopt);
  }
  RandomProgram kept = random_program(1);
  kept.ways = 12345678901234567890u;
  EXPECT_EQ(parse(print(kept)).ways, kept.ways);
  EXPECT_EQ(ways_for(kept).list.size(), all_ways().list.size() + ways_of(*kept.ways).list.size());
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
