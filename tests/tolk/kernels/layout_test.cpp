// Results of attention lie as their readers want them: no copy turns heads into columns, and no bit changes.
#include "raven/tolk/kernels/layout.hpp"

#include "gtest/gtest.h"
#include "raven/nx.hpp"
#include "raven/rune.hpp"
#include "raven/tolk/passes.hpp"
#include "raven/tolk/plan.hpp"
#include "tolk/kernels/run_schedule.hpp"

namespace {

using nx::Array;
using nx::Dims;
using nx::Op;

constexpr int64_t batch = 2, heads = 3, tokens = 5, width = 4;

Array heads_of(uint64_t seed) {
  return nx::random::normal(nx::random::key(seed), {batch, heads, tokens, width}, {.dtype = nx::f32});
}
Array columns(const Array& o) { return nx::reshape(nx::swapaxes(o, 1, 2), {batch, tokens, heads * width}); }

template <class F>
nx::Program program_of(F f) {
  return tolk::inline_calls(rune::make_program(f, heads_of(1), heads_of(2), heads_of(3)));
}
/// The layout of the first result of the first equation of this op.
Dims layout_of(const nx::Program& program, Op op) {
  for (const nx::Program::Equation& e : program.equations())
    if (e.op == op) return tolk::kernels::layouts_of(program)[e.first_result];
  ADD_FAILURE() << "no such equation";
  return {};
}
/// As a schedule in the interpreter, and as a plan that checks itself.
tolk::PlanStats expect_bits(const nx::Program& program) {
  const std::vector<Array> inputs = {heads_of(4), heads_of(5), heads_of(6)};
  tolk_test::check_schedule(program, inputs);
  const std::vector<Array> expected = nx::eval(program, inputs);
  const auto plan = tolk::compile(program, {});
  plan->verify();
  std::vector<Array> got(expected.size());
  plan->run(inputs, got);
  for (size_t i = 0; i < got.size(); ++i) tolk_test::expect_equal(got[i], expected[i]);
  return plan->stats();
}

TEST(Layout, HeadsBecomeColumnsWithoutACopy) {
  const nx::Program program = program_of([](const Array& q, const Array& k, const Array& v) {
    return nx::matmul(columns(nx::sdpa(q, k, v, {.causal = true})), nx::reshape(q, {heads * width, 10}));
  });
  EXPECT_EQ(layout_of(program, Op::Sdpa), (Dims{tokens * heads * width, width, heads * width, 1}));
  EXPECT_EQ(expect_bits(program).launches, 0U);
}

TEST(Layout, KernelsReadItInItsOrder) {
  const nx::Program program = program_of([](const Array& q, const Array& k, const Array& v) {
    const Array o = nx::sdpa(q, k, v);
    return std::tuple{columns(o) * 2, o + q, nx::sum(nx::slice(o, {0, 1, 2, 1}, {2, 3, 5, 3}, {1, 1, 1, 1}), {.axis = 1})};
  });
  EXPECT_NE(layout_of(program, Op::Sdpa).size(), 0);
  expect_bits(program);
}

TEST(Layout, GradientsLieAsTheirReadersWantThem) {
  const nx::Program program = program_of([](const Array& q, const Array& k, const Array& v) {
    const auto loss = [](const Array& a, const Array& b, const Array& c) {
      return nx::sum(nx::square(columns(nx::sdpa(a, b, c, {.causal = true}))));
    };
    const auto [dq, dk, dv] = rune::grad<0, 1, 2>(loss)(q, k, v);
    return nx::concat({columns(dq) * 3, columns(dk) * 3, columns(dv) * 3}, 2);
  });
  EXPECT_EQ(layout_of(program, Op::SdpaGrad), (Dims{tokens * heads * width, width, heads * width, 1}));
  expect_bits(program);
}

TEST(Layout, WhatLeavesAndWhatIsReadAsBytesIsInOrder) {
  const auto expect_in_order = [](const nx::Program& program) {
    EXPECT_EQ(layout_of(program, Op::Sdpa).size(), 0);
    expect_bits(program);
  };
  expect_in_order(program_of([](const Array& q, const Array& k, const Array& v) {
    return nx::swapaxes(nx::sdpa(q, k, v), 1, 2);  // a result through a view
  }));
  expect_in_order(program_of([](const Array& q, const Array& k, const Array& v) {
    const Array o = nx::sdpa(q, k, v);
    return std::pair{columns(o) * 2, nx::ravel(o) * 3};
  }));
  expect_in_order(program_of([](const Array& q, const Array& k, const Array& v) {
    const Array o = nx::sdpa(q, k, v);
    return std::pair{columns(o) * 2, nx::bitcast(o, nx::i32) + 1};
  }));
  // Rows would be torn apart.
  expect_in_order(program_of(
      [](const Array& q, const Array& k, const Array& v) { return nx::swapaxes(nx::sdpa(q, k, v), 1, 3) * 2; }));
}

}  // namespace
