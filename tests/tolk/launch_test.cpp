// Plans of generated kernels. Schedules are written by hand here, so that these tests stand apart from how kernels are
// formed.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/thread_pool.hpp"
#include "raven/nx.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/internal/plan_impl.hpp"
#include "tolk/bits.hpp"

namespace {

using nx::Array;
using nx::Program;
using tolk::CheckSite;
using tolk::InPlacePair;
using tolk::Launch;
using tolk::LaunchBuffer;
using tolk::Schedule;
using tolk::loop::Access;
using tolk::loop::Builder;
using tolk::loop::Code;
using tolk::loop::Type;
using tolk_test::expect_same_bits;
using IR = tolk::loop::Id;

Array ramp(const nx::Shape& shape, double start = 1) {
  return nx::reshape(nx::arange(start, start + static_cast<double>(nx::element_count(shape.span()))), shape)
      .astype(nx::f32);
}

LaunchBuffer value(uint32_t id, Access access) { return {LaunchBuffer::Kind::value, id, access}; }
LaunchBuffer temporary(uint32_t index, Access access) { return {LaunchBuffer::Kind::temporary, index, access}; }

/// out[i] = in0[i] ∘ in1[i]; tasks are elements, so that cuts fall anywhere.
tolk::loop::Kernel map_kernel(Code code, const char* name = "map") {
  Builder b(name);
  const IR n = b.dim(0);
  const IR x = b.param(Type::f32, Access::read, n), y = b.param(Type::f32, Access::read, n);
  const IR out = b.param(Type::f32, Access::write, n);
  const IR i = b.lanes(b.task_begin(), b.task_end(), 16);
  b.store(out, i, b.binary(code, b.load(x, i), b.load(y, i)));
  b.end();
  return b.finish();
}
Launch map_launch(Code code, uint32_t x, uint32_t y, uint32_t out, int64_t n) {
  Launch l;
  l.kernel = map_kernel(code);
  l.buffers = {value(x, Access::read), value(y, Access::read), value(out, Access::write)};
  l.dims = {n};
  l.tasks = n;
  l.grain = 1000;
  l.in_place = {{0, 2}, {1, 2}};
  return l;
}

Schedule schedule_of(const char* text, std::vector<Launch> launches, std::vector<tolk::ScheduleStep> steps) {
  Schedule s;
  s.program = Program::parse(text);
  s.launches = std::move(launches);
  s.steps = std::move(steps);
  return s;
}

/// A verified plan; kernels are interpreted, whatever the machine has.
std::shared_ptr<const tolk::Plan> plan_of(Schedule schedule, std::vector<bool> donated = {}) {
  auto impl = tolk::make_plan(std::move(schedule), {.donated = std::move(donated)});
  impl->check_launches = true;
  auto plan = std::make_shared<const tolk::Plan>(std::move(impl));
  plan->verify();
  return plan;
}

/// A run over poison and two between guard pages give the bits of eval.
void expect_eval(const tolk::Plan& plan, const std::vector<Array>& arguments) {
  SCOPED_TRACE(plan.print());
  const std::vector<Array> expected = nx::eval(plan.program(), arguments);
  std::vector<tolk::PlanArgument> plain;
  for (const Array& x : arguments) plain.push_back({const_cast<Array*>(&x), false});
  std::vector<Array> got(expected.size());
  plan.run(plain, got, nullptr, true);
  for (size_t i = 0; i < got.size(); ++i) expect_same_bits(got[i], expected[i]);
  for (const tolk::Guard guard : {tolk::Guard::end, tolk::Guard::start}) {
    plan.run_guarded(arguments, got, guard);
    for (size_t i = 0; i < got.size(); ++i) expect_same_bits(got[i], expected[i]);
  }
}

constexpr const char* chain_text =
    "program(%0:f32[5000], %1:f32[5000]) { %2:f32[5000] = Add(%0, %1) %3:f32[5000] = Exp(%2) %4:f32[5000] = Mul(%3, %1)"
    " %5:f32[50,100] = Reshape{shape=(50, 100)}(%4) return %5 }";
Schedule chain() {
  return schedule_of(chain_text, {map_launch(Code::add, 0, 1, 2, 5000), map_launch(Code::mul, 3, 1, 4, 5000)},
                     {{true, 0}, {false, 1}, {true, 1}});
}

TEST(Launches, RunBetweenCalls) {
  const auto plan = plan_of(chain());
  EXPECT_EQ(plan->stats().launches, 2u);
  EXPECT_EQ(plan->stats().externs, 1u);
  EXPECT_EQ(plan->stats().kernels, 2u);
  // The sum and its exponential are one piece of the arena.
  EXPECT_EQ(plan->stats().in_place, 2u) << plan->print();
  EXPECT_EQ(plan->stats().arena_bytes, 0) << plan->print();
  expect_eval(*plan, {ramp({5000}) / 5000, ramp({5000}, -7)});
}

TEST(Launches, TasksAreCutWhereTheKernelAllows) {
  Schedule s = chain();
  for (Launch& l : s.launches) l.task_align = 48, l.grain = 100;
  const auto impl = tolk::make_plan(std::move(s), {});
  const tolk::Batch& batch = impl->batches[0];
  EXPECT_GT(batch.chunks.size(), 40u);
  for (const tolk::Piece& piece : batch.pieces) EXPECT_EQ(piece.begin % 48, 0);
}

TEST(Launches, ThreadsChangeNoBit) {
  for (const int threads : {1, 2, 3}) {
    const int before = raven::num_threads();
    raven::set_num_threads(threads);
    expect_eval(*plan_of(chain()), {ramp({5000}) / 5000, ramp({5000}, -7)});
    raven::set_num_threads(before);
  }
}

/// Row sums through a temporary and an array of the thread's own: needs scratch, and a second launch reads the first's.
TEST(Launches, TemporariesAndScratch) {
  constexpr int64_t rows = 70, width = 33;
  Builder first("halves");
  const IR x = first.param(Type::f32, Access::read, rows * width);
  const IR half = first.param(Type::f32, Access::write, rows * width);
  const IR copy = first.local(Type::f32, width);
  IR r = first.loop(first.task_begin(), first.task_end());
  IR i = first.lanes(first.index(0), first.index(width), 16);
  first.store(copy, i, first.load(x, first.add(first.mul(r, first.index(width)), i)));
  first.end();
  i = first.lanes(first.index(0), first.index(width), 16);
  first.store(half, first.add(first.mul(r, first.index(width)), i),
              first.mul(first.load(copy, i), first.real(Type::f32, 0.5)));
  first.end();
  first.end();
  Builder second("twice");
  const IR h = second.param(Type::f32, Access::read, rows * width);
  const IR out = second.param(Type::f32, Access::write, rows * width);
  i = second.lanes(second.task_begin(), second.task_end(), 16);
  second.store(out, i, second.add(second.load(h, i), second.load(h, i)));
  second.end();

  Launch a, b;
  a.kernel = first.finish();
  a.buffers = {value(0, Access::read), temporary(0, Access::write)};
  a.tasks = rows;
  a.grain = 3;
  b.kernel = second.finish();
  b.buffers = {temporary(0, Access::read), value(1, Access::write)};
  b.tasks = rows * width;
  b.grain = 100;
  b.in_place = {{0, 1}};
  Schedule s =
      schedule_of("program(%0:f32[70,33]) { %1:f32[70,33] = Abs(%0) return %1 }", {a, b}, {{true, 0}, {true, 1}});
  s.temporaries.push_back({nx::f32, {70, 33}});
  const auto plan = plan_of(s);
  EXPECT_EQ(plan->stats().scratch_bytes, (width * 4 + 63) / 64 * 64);
  // The temporary becomes the result.
  EXPECT_EQ(plan->stats().in_place, 1u) << plan->print();
  expect_eval(*plan, {ramp({70, 33})});
}

TEST(Launches, ScratchOfThreadsIsApart) {
  tolk::Scratch scratch;
  scratch.reserve(3, 100);
  const int a = scratch.take(), b = scratch.take();
  EXPECT_GE(std::abs(scratch.block(a) - scratch.block(b)), 100);
  scratch.give_back(a);
  EXPECT_EQ(scratch.take(), a);
  scratch.give_back(a);
  scratch.give_back(b);
  scratch.reserve(3, 1000);
  EXPECT_GE(std::abs(scratch.block(0) - scratch.block(1)), 1000);
}

TEST(Launches, DonatedInputsBecomeResults) {
  const Program program = Program::parse(
      "program(%0:f32[1000], %1:f32[1000], %2:f32[1000], %3:f32[1000]) { %4:f32[1000] = Add(%0, %1) %5:f32[1000] = "
      "Mul(%2, %3) return %4, %5 }");
  const auto make = [&] {
    Schedule s;
    s.program = program;
    s.launches = {map_launch(Code::add, 0, 1, 4, 1000), map_launch(Code::mul, 2, 3, 5, 1000)};
    s.steps = {{true, 0}, {true, 1}};
    return s;
  };
  const auto plan = plan_of(make(), {false, true, true, false});
  EXPECT_EQ(plan->stats().donated, 2u) << plan->print();
  EXPECT_EQ(plan->stats().in_place, 2u);
  Array x = ramp({1000}), y = ramp({1000}, 3), z = ramp({1000}, 5), w = ramp({1000}, 7);
  const auto expected = nx::eval(program, std::vector<Array>{x, y, z, w});
  y = ramp({1000}, 3);
  z = ramp({1000}, 5);
  const float *at_y = y.data<float>(), *at_z = z.data<float>();
  const std::vector<tolk::PlanArgument> given = {{&x, false}, {&y, true}, {&z, true}, {&w, false}};
  std::vector<Array> out(2);
  tolk::RunReport report;
  plan->run(given, out, &report);
  EXPECT_EQ(report.donations_taken, 2);
  EXPECT_EQ(out[0].data<float>(), at_y);
  EXPECT_EQ(out[1].data<float>(), at_z);
  for (size_t i = 0; i < 2; ++i) expect_same_bits(out[i], expected[i]);
}

// ---- horizontal launches
// -------------------------------------------------------------------------------------------------

/// k leaves of different sizes, leaf i + 1 each; `between` puts a call between the launches.
struct Leaves {
  std::string text;
  std::vector<Launch> launches;
  std::vector<tolk::ScheduleStep> steps;
  std::vector<Array> arguments;
};
Leaves leaves(int count) {
  Leaves l;
  l.text = "program(";
  const auto extent = [](int i) { return std::to_string(7 + 300 * (i % 5)); };
  for (int i = 0; i < 2 * count; ++i)
    l.text += (i > 0 ? ", %" : "%") + std::to_string(i) + ":f32[" + extent(i / 2) + "]";
  l.text += ") { ";
  std::string results;
  for (int i = 0; i < count; ++i) {
    const auto x = static_cast<uint32_t>(2 * i), out = static_cast<uint32_t>(2 * count + i);
    const int64_t n = 7 + 300 * (i % 5);
    l.text += "%" + std::to_string(out) + ":f32[" + extent(i) + "] = Add(%" + std::to_string(x) + ", %" +
              std::to_string(x + 1) + ") ";
    results += (i > 0 ? ", %" : "%") + std::to_string(out);
    l.launches.push_back(map_launch(Code::add, x, x + 1, out, n));
    l.steps.push_back({true, static_cast<uint32_t>(i)});
    l.arguments.push_back(ramp({n}, i));
    l.arguments.push_back(ramp({n}, -i));
  }
  l.text += "return " + results + " }";
  return l;
}

TEST(Batches, LaunchesOfOneKernelRunAsOne) {
  Leaves l = leaves(40);
  const auto plan = plan_of(schedule_of(l.text.c_str(), l.launches, l.steps));
  EXPECT_EQ(plan->stats().launches, 1u) << plan->print();
  EXPECT_EQ(plan->stats().segments, 40u);
  EXPECT_EQ(plan->stats().kernels, 1u);
  expect_eval(*plan, l.arguments);
  // Donated ones in place, each of its own.
  std::vector<bool> donated(l.arguments.size());
  for (size_t i = 0; i < donated.size(); i += 2) donated[i] = true;
  const auto given_up = plan_of(schedule_of(l.text.c_str(), l.launches, l.steps), donated);
  EXPECT_EQ(given_up->stats().in_place, 40u) << given_up->print();
  EXPECT_EQ(given_up->stats().arena_bytes, 0);
  expect_eval(*given_up, l.arguments);
}

TEST(Batches, SmallLeavesShareChunksAndLargeOnesAreCut) {
  Leaves l = leaves(40);
  const auto impl = tolk::make_plan(schedule_of(l.text.c_str(), l.launches, l.steps), {});
  const tolk::Batch& batch = impl->batches[0];
  EXPECT_LT(batch.chunks.size() - 1, 40u);
  EXPECT_GT(batch.chunks.size() - 1, 10u);
  int64_t tasks = 0;
  for (const tolk::Piece& piece : batch.pieces) tasks += piece.end - piece.begin;
  EXPECT_EQ(tasks, 8 * (7 + 307 + 607 + 907 + 1207));
}

TEST(Batches, DependenciesKeepTheirOrder) {
  // %3 = %0 + %1, %4 = exp(%3), %5 = %4 + %1: the second sum waits for the exponential.
  const auto waiting = plan_of(schedule_of(
      "program(%0:f32[64], %1:f32[64]) { %2:f32[64] = Add(%0, %1) %3:f32[64] = Exp(%2) %4:f32[64] = Add(%3, "
      "%1) return %4, %2 }",
      {map_launch(Code::add, 0, 1, 2, 64), map_launch(Code::add, 3, 1, 4, 64)}, {{true, 0}, {false, 1}, {true, 1}}));
  EXPECT_EQ(waiting->stats().launches, 2u) << waiting->print();
  expect_eval(*waiting, {ramp({64}), ramp({64}, -64)});
  // %4 = %1 + %1 does not: it moves up.
  const auto free = plan_of(schedule_of(
      "program(%0:f32[64], %1:f32[64]) { %2:f32[64] = Add(%0, %1) %3:f32[64] = Exp(%2) %4:f32[64] = Add(%1, "
      "%1) return %4, %3 }",
      {map_launch(Code::add, 0, 1, 2, 64), map_launch(Code::add, 1, 1, 4, 64)}, {{true, 0}, {false, 1}, {true, 1}}));
  EXPECT_EQ(free->stats().launches, 1u) << free->print();
  expect_eval(*free, {ramp({64}) / 64, ramp({64}, -64)});
  // One leaf reads what another one would overwrite: apart.
  const auto crossed = plan_of(
      schedule_of("program(%0:f32[64000], %1:f32[64000]) { %2:f32[64000] = Add(%0, %1) %3:f32[64000] = Add(%0, %0)"
                  " return %2, %3 }",
                  {map_launch(Code::add, 0, 1, 2, 64000), map_launch(Code::add, 0, 0, 3, 64000)},
                  {{true, 0}, {true, 1}}),
      {true, true});
  EXPECT_EQ(crossed->stats().launches, 2u) << crossed->print();
  EXPECT_EQ(crossed->stats().in_place, 2u) << crossed->print();
  expect_eval(*crossed, {ramp({64000}), ramp({64000}, -64)});
}

TEST(Batches, LargeValuesAreNotMadeEarly) {
  // Four large masks of one kernel, each used and dead before the next is made: together they would need four places.
  std::string text = "program(%0:f32[40000], %1:f32[]) { ";
  std::vector<Launch> launches;
  std::vector<tolk::ScheduleStep> steps;
  for (uint32_t k = 0; k < 4; ++k) {
    const uint32_t made = 2 + 2 * k;
    text += "%" + std::to_string(made) + ":f32[40000] = Add(%0, %0) %" + std::to_string(made + 1) +
            ":f32[] = Reduce{kind=sum, axes=(0,), dtype=f32}(%" + std::to_string(made) + ") ";
    launches.push_back(map_launch(Code::add, 0, 0, made, 40000));
    steps.push_back({true, k});
    steps.push_back({false, 2 * k + 1});
  }
  text += "return %3, %5, %7, %9 }";
  const auto plan = plan_of(schedule_of(text.c_str(), launches, steps));
  EXPECT_EQ(plan->stats().launches, 4u);
  EXPECT_LT(plan->stats().arena_bytes, 2 * 160000);
}

// ---- checks
// -------------------------------------------------------------------------------------------------------------

/// Rows of a table by ids, each checked.
Schedule gather(int64_t rows, int64_t count, int64_t grain) {
  Builder b("rows");
  const IR table = b.param(Type::f32, Access::read, rows * 4), ids = b.param(Type::i64, Access::read, count);
  const IR out = b.param(Type::f32, Access::write, count * 4), status = b.param(Type::i64, Access::both, b.index(2));
  const IR r = b.loop(b.task_begin(), b.task_end());
  const IR id = b.load(ids, r);
  b.check(b.binary(Code::bit_and, b.binary(Code::le, b.index(0), id), b.binary(Code::lt, id, b.index(rows))), id,
          status, 0);
  const IR i = b.lanes(b.index(0), b.index(4), 4);
  b.store(out, b.add(b.mul(r, b.index(4)), i), b.load(table, b.add(b.mul(id, b.index(4)), i)));
  b.end();
  b.end();
  Launch l;
  l.kernel = b.finish();
  l.buffers = {value(0, Access::read),
               value(1, Access::read),
               value(2, Access::write),
               {LaunchBuffer::Kind::status, 0, Access::both}};
  l.tasks = count;
  l.grain = grain;
  l.sites = {CheckSite{0, 0, rows}};
  const std::string n = std::to_string(count);
  const std::string text =
      "program(%0:f32[" + std::to_string(rows) + ",4], %1:i64[" + n + "]) { %2:f32[" + n +
      ",1,4] = Gather{axes=(0,), slice_sizes=(1, 4), mode=raise, wrap_negative=false}(%0, %1) return %2 }";
  return schedule_of(text.c_str(), {l}, {{true, 0}});
}

TEST(Checks, AFailedOneIsTheErrorOfEager) {
  for (const int64_t grain : {int64_t{1}, int64_t{1000}}) {
    const auto plan = plan_of(gather(5, 60, grain));
    const Array table = ramp({5, 4});
    Array ids = nx::zeros({60}, {.dtype = nx::i64});
    expect_eval(*plan, {table, ids});
    // Two bad ones: the first is named, for any cut and any number of threads.
    ids.at(17) = 9;
    ids.at(40) = -1;
    std::string expected, got;
    try {
      nx::eval(plan->program(), std::vector<Array>{table, ids});
    } catch (const nx::IndexError& error) {
      expected = error.what();
    }
    std::vector<Array> out(1);
    for (int run = 0; run < 20; ++run) {
      try {
        plan->run(std::vector<Array>{table, ids}, out);
        ADD_FAILURE() << "no error";
      } catch (const nx::IndexError& error) {
        got = error.what();
      }
      EXPECT_EQ(got, expected);
    }
    EXPECT_NE(got.find("index 9 is out of bounds for axis 0 of size 5"), std::string::npos) << got;
    EXPECT_FALSE(out[0].defined());
    // Nothing is left of it.
    ids = nx::zeros({60}, {.dtype = nx::i64});
    expect_eval(*plan, {table, ids});
  }
}

// ---- the verifier
// -------------------------------------------------------------------------------------------------------

void expect_fault(const std::function<void(tolk::Plan::Impl&)>& fault, const char* message) {
  auto impl = tolk::make_plan(chain(), {});
  fault(*impl);
  const tolk::Plan plan(std::move(impl));
  try {
    plan.verify();
    ADD_FAILURE() << "was accepted:\n" << plan.print();
  } catch (const tolk::VerifyError& error) {
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
  }
}

TEST(VerifyLaunches, FindsWhatAPlannerCouldDoWrong) {
  // A result in the place of an operand that its kernel does not allow.
  expect_fault([](auto& p) { p.batches[1].segments[0].in_place.clear(); }, "is written over an operand");
  expect_fault([](auto& p) { p.batches[0].pieces.pop_back(); }, "has tasks that nobody runs");
  expect_fault([](auto& p) { ++p.batches[0].pieces[0].end; }, "has its tasks cut wrongly");
  expect_fault([](auto& p) { p.batches[0].chunks.pop_back(); }, "has pieces that nobody runs");
  expect_fault([](auto& p) { p.dims[0] = 5001; }, "is shorter than its kernel takes it to be");
  expect_fault([](auto& p) { std::swap(p.steps[0], p.steps[2]); }, "is read after");
}

TEST(VerifyLaunches, SchedulesAreChecked) {
  // A value that nothing makes, and a buffer too few.
  Schedule s = chain();
  s.steps.erase(s.steps.begin() + 1);
  EXPECT_THROW(tolk::make_plan(std::move(s), {}), tolk::VerifyError);
  s = chain();
  s.launches[0].buffers.pop_back();
  EXPECT_THROW(tolk::make_plan(std::move(s), {}), tolk::VerifyError);
}

/// A launch that does not do what its kernel says is found by running the kernel once more.
TEST(VerifyLaunches, TheInterpreterDisagrees) {
  auto impl = tolk::make_plan(chain(), {});
  impl->check_launches = true;
  impl->kernels[0].kernel = map_kernel(Code::sub);
  const tolk::Plan plan(std::move(impl));
  std::vector<Array> out(1);
  EXPECT_THROW(plan.run(std::vector<Array>{ramp({5000}), ramp({5000})}, out), tolk::VerifyError);
}

// ---- reports
// ------------------------------------------------------------------------------------------------------------

TEST(Reports, EveryLevelIsAFile) {
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / ("tolk_dump_" + std::to_string(::getpid()));
  const Program program =
      Program::parse("program(%0:f32[50]) { %1:f32[50] = Exp(%0) %2:f32[50] = Mul(%1, %0) return %2 }");
  const auto plan = tolk::compile(program), given_up = tolk::compile(program, {.donated = {true}});
  for (int run = 0; run < 2; ++run) plan->dump(directory.string(), program);
  given_up->dump(directory.string(), program);
  size_t folders = 0;
  for (const auto& folder : std::filesystem::directory_iterator(directory)) {
    ++folders;
    for (const char* name : {"1-program.txt", "2-scheduled.txt", "3-kernel0.txt", "4-plan.txt"})
      EXPECT_TRUE(std::filesystem::exists(folder.path() / name)) << folder.path() << " " << name;
    std::ifstream kernel(folder.path() / "3-kernel0.txt");
    const std::string text{std::istreambuf_iterator<char>(kernel), {}};
    EXPECT_EQ(tolk::loop::parse(text).error, "") << text;
  }
  EXPECT_EQ(folders, 2u);
  std::filesystem::remove_all(directory);
}

}  // namespace
