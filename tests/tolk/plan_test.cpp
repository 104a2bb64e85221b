#include "raven/tolk/plan.hpp"

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/allocator.hpp"
#include "raven/nx.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/internal/plan_impl.hpp"
#include "tolk/bits.hpp"

namespace {

using nx::Array;
using nx::Program;
using tolk_test::expect_same_bits;

Array ramp(const nx::Shape& shape, double start = 1) {
  return nx::reshape(nx::arange(start, start + static_cast<double>(nx::element_count(shape.span()))), shape)
      .astype(nx::f32);
}

/// The plan of a text, of generated kernels or of calls, gives the bits of eval, over a poisoned arena, twice; its
/// memory map is right.
void expect_plan_equals_eval(const char* text, const std::vector<Array>& arguments, bool kernels) {
  const Program program = Program::parse(text);
  const auto plan = tolk::compile(program, {.kernels = kernels});
  plan->verify();
  SCOPED_TRACE(plan->print());
  const std::vector<Array> expected = nx::eval(program, arguments);
  std::vector<Array> first;
  for (int run = 0; run < 2; ++run) {
    std::vector<tolk::PlanArgument> plain;
    for (const Array& x : arguments) plain.push_back({const_cast<Array*>(&x), false});
    std::vector<Array> got(expected.size());
    plan->run(plain, got, nullptr, true);
    for (size_t i = 0; i < got.size(); ++i) expect_same_bits(got[i], expected[i]);
    if (run == 0) first = got;
  }
  // Results of a call are fresh: the second one left the first one's alone.
  for (size_t i = 0; i < first.size(); ++i) expect_same_bits(first[i], expected[i]);
  std::vector<Array> guarded(expected.size());
  for (const tolk::Guard guard : {tolk::Guard::end, tolk::Guard::start}) {
    plan->run_guarded(arguments, guarded, guard);
    for (size_t i = 0; i < guarded.size(); ++i) expect_same_bits(guarded[i], expected[i]);
  }
}
void expect_plan_equals_eval(const char* text, const std::vector<Array>& arguments) {
  for (const bool kernels : {false, true}) expect_plan_equals_eval(text, arguments, kernels);
}

TEST(Plan, RunsInOneArena) {
  const Array x = ramp({3, 4}), y = ramp({4}, -2);
  expect_plan_equals_eval(
      "program(%0:f32[3,4], %1:f32[4]) { %2:f32[3,4] = Expand{shape=(3, 4), axes=(1,)}(%1) %3:f32[3,4] = Mul(%0, %2)"
      " %4:f32[3,4] = Exp(%3) %5:f32[3] = Reduce{kind=sum, axes=(1,), dtype=f32}(%4) %6:f32[4,3] = "
      "Permute{permutation=(1, 0)}(%4)"
      " %7:f32[4,3] = Sub(%6, %6) %8:f32[3,3] = DotGeneral{lhs_contract=(0,), rhs_contract=(1,), lhs_batch=(), "
      "rhs_batch=()}(%7, %0)"
      " return %5, %8, %6 }",
      {x, y});
}

TEST(Plan, ResultsOfEveryKind) {
  // An input, twice; a view of it; a constant; a number everywhere and its view; a value and its views; nothing; no
  // axes.
  expect_plan_equals_eval(
      "program(%0:f32[2,2], %1:f32[0,3], %2:f32[]) { %3:f32[2] = constant(0000803f00000040)"
      " %4:f32[3] = Full{shape=(3,), dtype=f32, value=int:7}() %5:f32[2,3] = Expand{shape=(2, 3), axes=(1,)}(%4)"
      " %6:f32[1,2] = Slice{starts=(1, 0), stops=(2, 2), steps=(1, 1)}(%0) %7:f32[2,2] = Neg(%0)"
      " %8:f32[2,2] = Permute{permutation=(1, 0)}(%7) %9:f32[4] = Reshape{shape=(4,)}(%8) %10:f32[0,3] = Exp(%1)"
      " %11:f32[] = Exp(%2) return %0, %0, %3, %4, %5, %6, %7, %8, %9, %10, %11, %1, %7 }",
      {ramp({2, 2}), nx::zeros({0, 3}, {.dtype = nx::f32}), ramp({})});
}

// Large enough to go past the caches, in rows that begin anywhere: results narrower than what they are made of.
TEST(Plan, LargeResultsOfNarrowTypes) {
  expect_plan_equals_eval(
      "program(%0:f32[1051,4001], %1:f32[1051,1]) { %2:f32[1051,4001] = Expand{shape=(1051, 4001), axes=(0, 1)}(%1)"
      " %3:b1[1051,4001] = Lt(%0, %2) %4:f32[1051,4001] = Sub(%0, %2) %5:b1[1051,4001] = Cast{dtype=b1}(%4)"
      " return %3, %5 }",
      {nx::sin(ramp({1051, 4001})), nx::sin(ramp({1051, 1}))});
}

TEST(Plan, ResultsTakeThePlaceOfDyingOperands) {
  const Program program = Program::parse(
      "program(%0:f32[64], %1:f32[64]) { %2:f32[64] = Add(%0, %1) %3:f32[64] = Exp(%2) %4:f32[64] = Mul(%3, %3)"
      " %5:f32[64] = Neg(%4) %6:f32[] = Reduce{kind=sum, axes=(0,), dtype=f32}(%5) return %6 }");
  const auto plan = tolk::compile(program, {.kernels = false});
  plan->verify();
  EXPECT_EQ(plan->stats().in_place, 3u) << plan->print();
  EXPECT_EQ(plan->stats().arena_bytes, plan->stats().live_bytes);
  EXPECT_LT(plan->stats().arena_bytes, 2 * 256);
  // Read through another view at the same time: no.
  const auto crossed =
      tolk::compile(Program::parse("program(%0:f32[8,8]) { %1:f32[8,8] = Exp(%0) %2:f32[8,8] = Permute{permutation=(1, "
                                   "0)}(%1) %3:f32[8,8] = Add(%1, %2)"
                                   " %4:f32[] = Reduce{kind=sum, axes=(0, 1), dtype=f32}(%3) return %4 }"),
                    {.kernels = false});
  crossed->verify();
  EXPECT_EQ(crossed->stats().in_place, 0u) << crossed->print();
  // A cast to an element of another size: no.
  EXPECT_EQ(tolk::compile(
                Program::parse("program(%0:f32[8]) { %1:f32[8] = Exp(%0) %2:f64[8] = Cast{dtype=f64}(%1) return %2 }"),
                {.kernels = false})
                ->stats()
                .in_place,
            0u);
}

TEST(Plan, DonatedInputsBecomeResults) {
  const Program program = Program::parse(
      "program(%0:f32[1000], %1:f32[1000]) { %2:f32[1000] = Mul(%0, %1) %3:f32[1000] = Neg(%2) return %3, %1 }");
  const auto plan = tolk::compile(program, {{true, true}});
  plan->verify();
  EXPECT_EQ(plan->stats().donated, 1u) << plan->print();
  Array x = ramp({1000}), y = ramp({1000});
  const auto expected = nx::eval(program, std::vector<Array>{x, y});
  x = ramp({1000});
  const float* address = x.data<float>();
  std::vector<tolk::PlanArgument> given = {{&x, true}, {&y, true}};
  std::vector<Array> out(2);
  tolk::RunReport report;
  plan->run(given, out, &report);
  EXPECT_EQ(report.donations_taken, 1);
  EXPECT_FALSE(x.defined());
  EXPECT_FALSE(y.defined());
  EXPECT_EQ(out[0].data<float>(), address);
  for (size_t i = 0; i < 2; ++i) expect_same_bits(out[i], expected[i]);

  // Somebody else holds it, or it is not dense: a copy is overwritten.
  Array held = ramp({1000});
  const Array other = held;
  y = ramp({1000});
  given = {{&held, true}, {&y, true}};
  plan->run(given, out, &report);
  EXPECT_EQ(report.donations_taken, 0);
  EXPECT_EQ(report.donations_missed, 1);
  expect_same_bits(out[0], expected[0]);
  expect_same_bits(other, ramp({1000}));

  // A value of another kind of op takes over a donated input of its size once that is read for the last time.
  const auto taken = tolk::compile(Program::parse("program(%0:f32[32,32]) { %1:f32[32,32] = Softmax{axis=0}(%0) "
                                                  "%2:f32[32,32] = Softmax{axis=1}(%1) return %2 }"),
                                   {{true}});
  taken->verify();
  EXPECT_EQ(taken->stats().donated, 1u) << taken->print();
  // The same handle given twice: what is overwritten is a copy.
  const std::vector<Array> of_one = nx::eval(plan->program(), std::vector<Array>{ramp({1000}), ramp({1000})});
  for (const bool first : {true, false})
    for (const bool second : {true, false}) {
      Array twice = ramp({1000});
      given = {{&twice, first}, {&twice, second}};
      plan->run(given, out, &report);
      for (size_t i = 0; i < 2; ++i) expect_same_bits(out[i], of_one[i]);
      EXPECT_EQ(twice.defined(), !first && !second);
    }
}

TEST(Plan, ArgumentsAreChecked) {
  const auto plan = tolk::compile(Program::parse("program(%0:f32[2,3]) { %1:f32[2,3] = Neg(%0) return %1 }"));
  std::vector<Array> out(1);
  EXPECT_THROW(plan->run(std::vector<Array>{ramp({3, 2})}, out), nx::ShapeError);
  EXPECT_THROW(plan->run(std::vector<Array>{nx::zeros({2, 3})}, out), nx::DTypeError);
  EXPECT_THROW(plan->run(std::vector<Array>{Array{}}, out), nx::ValueError);
  EXPECT_THROW(plan->run(std::vector<Array>{}, out), tolk::Error);
  // Strided arguments are made dense.
  plan->run(std::vector<Array>{nx::transpose(ramp({3, 2}))}, out);
  expect_same_bits(out[0], -nx::transpose(ramp({3, 2})));
}

TEST(Plan, IndicesAreChecked) {
  for (const bool kernels : {false, true}) {
    const auto plan =
        tolk::compile(Program::parse("program(%0:f32[3,2], %1:i64[2]) { %2:f32[2,1,2] = Gather{axes=(0,), "
                                     "slice_sizes=(1, 2), mode=raise, wrap_negative=true}(%0, %1)"
                                     " return %2 }"),
                      {.kernels = kernels});
    std::vector<Array> out(1);
    EXPECT_THROW(plan->run(std::vector<Array>{ramp({3, 2}), nx::array({0, 3})}, out), nx::IndexError);
    plan->run(std::vector<Array>{ramp({3, 2}), nx::array({0, -1})}, out);
    EXPECT_EQ(out[0].to_vector<float>(), (std::vector<float>{1, 2, 5, 6}));
  }
}

TEST(Plan, ThreadsShareIt) {
  const Program program = Program::parse(
      "program(%0:f32[500]) { %1:f32[500] = Exp(%0) %2:f32[500] = Log(%1) %3:f32[500] = Add(%2, %1) %4:f32[500] = "
      "Softmax{axis=0}(%3) return %4 }");
  const auto plan = tolk::compile(program);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const std::vector<Array> x = {ramp({500}, static_cast<double>(t)) / 600};
      const auto expected = tolk_test::bytes_of(nx::eval(program, x)[0]);
      for (int i = 0; i < 200; ++i) {
        std::vector<Array> out(1);
        plan->run(x, out);
        wrong[t] += tolk_test::bytes_of(out[0]) != expected;
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(Plan, EqualProgramsShareAPlan) {
  const char* text = "program(%0:f32[2]) { %1:f32[2] = constant(0000803f00000040) %2:f32[2] = Add(%0, %1) return %2 }";
  bool found = true;
  const auto first = tolk::compile_cached(Program::parse(text), {}, &found);
  EXPECT_FALSE(found);
  EXPECT_EQ(tolk::compile_cached(Program::parse(text), {}, &found), first);
  EXPECT_TRUE(found);
  EXPECT_NE(tolk::compile_cached(Program::parse(text), {{true}}, &found), first);
  // One bit of a constant: −0 for 0, another NaN.
  std::string other = text;
  other.replace(other.find("0000803f"), 8, "0000813f");
  EXPECT_NE(tolk::compile_cached(Program::parse(other), {}, &found), first);
  EXPECT_FALSE(found);
}

TEST(Plan, OneThatIsGoneKeepsNoArrays) {
  const auto used = [] { return raven::Allocator::stats().active; };
  const int64_t before = used();
  {
    nx::ProgramBuilder builder;
    const Program::Id in[] = {builder.input({nx::f32, {1 << 20}}), builder.constant(ramp({1 << 20}))};
    const auto plan = tolk::compile_cached(builder.build(std::vector{builder.equation(nx::Op::Add, in)}), {});
    EXPECT_GT(used() - before, 4 << 20);
  }
  EXPECT_LT(used() - before, 1 << 20);
}

TEST(Plan, MoreOperandsThan16BitsCount) {
  for (const size_t count : {65'536u, 65'537u}) {
    nx::ProgramBuilder builder;
    const auto x = builder.input({nx::f32, {1}}), y = builder.input({nx::f32, {1}});
    std::vector<Program::Id> parts(count, x);
    parts.back() = y;
    const Program program = builder.build(std::vector{builder.equation(nx::Op::Concat, parts, nx::AxisAttrs())});
    const std::vector<Array> arguments = {ramp({1}), ramp({1}, 9)};
    std::vector<Array> got(1);
    tolk::compile(program)->run(arguments, got);
    expect_same_bits(got[0], nx::eval(program, arguments)[0]);
  }
}

// ---- the verifier finds what a planner could do wrong
// ----------------------------------------------------------------------

std::unique_ptr<tolk::Plan::Impl> planned(const char* text, std::vector<bool> donated = {}) {
  return tolk::make_plan(tolk::call_everything(tolk::optimise(Program::parse(text))), {std::move(donated)});
}
constexpr const char* sample =
    "program(%0:f32[64], %1:f32[64]) { %2:f32[64] = Exp(%0) %3:f32[64] = Softmax{axis=0}(%2) %4:f32[64] = "
    "Softmax{axis=0}(%3)"
    " %5:f32[64] = Add(%2, %4) %6:f32[64] = Mul(%5, %1) return %6, %4 }";

void expect_fault(const std::function<void(tolk::Plan::Impl&)>& fault, const char* message) {
  auto impl = planned(sample);
  fault(*impl);
  const tolk::Plan plan(std::move(impl));
  try {
    plan.verify();
    ADD_FAILURE() << "was accepted:\n" << plan.print();
  } catch (const tolk::VerifyError& error) {
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
  }
}

TEST(Verify, FindsOverwrittenValues) {
  tolk::Plan(planned(sample)).verify();
  const auto result_of = [](tolk::Plan::Impl& p, size_t step) -> tolk::PlanView& {
    return p.views[p.steps[step].first_view + p.steps[step].inputs];
  };
  // The first softmax is written over the exponential, which is read again later.
  expect_fault(
      [&](auto& p) {
        const tolk::Place over = result_of(p, 0).place;
        const tolk::Place from = result_of(p, 1).place;
        for (auto& v : p.views)
          if (v.place.space == from.space && v.place.index == from.index && v.place.offset == from.offset &&
              v.root == result_of(p, 1).root)
            v.place = over;
      },
      "is written over an operand");
  // The second softmax is written there: a write after read without its edge.
  expect_fault([&](auto& p) { result_of(p, 2).place = result_of(p, 0).place; },
               "is read after its bytes were given to another value");
  expect_fault([&](auto& p) { result_of(p, 1).place.offset = p.stats.arena_bytes; }, "is written outside its space");
  expect_fault([&](auto& p) { result_of(p, 1).place = {tolk::Space::input, 1, 0}; },
               "is written into an input that stays");
  expect_fault([&](auto& p) { std::swap(p.steps[1], p.steps[2]); }, "is read after");
  expect_fault(
      [&](auto& p) {
        p.steps[1].scratch_bytes = 64;
        p.steps[1].scratch = static_cast<uint32_t>(p.pieces.size());
        p.pieces.push_back({result_of(p, 0).place.offset, 64});
      },
      "where the scratch lies");
  expect_fault([&](auto& p) { std::swap(p.outputs[0].view.place, p.outputs[1].view.place); },
               "is not in its place at the end");
}

TEST(Verify, ArenaIsNearItsBound) {
  for (const char* text : {sample}) {
    const auto impl = planned(text);
    EXPECT_LE(static_cast<double>(impl->stats.arena_bytes), 1.1 * static_cast<double>(impl->stats.live_bytes));
  }
}

}  // namespace
