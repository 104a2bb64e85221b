// Values that wait for a gradient are made again: fewer bytes at once, the same bits.
#include "raven/tolk/kernels/recompute.hpp"

#include <cstdint>
#include <limits>

#include "gtest/gtest.h"
#include "raven/nx.hpp"
#include "raven/rune.hpp"
#include "raven/tolk/passes.hpp"
#include "tolk/kernels/run_schedule.hpp"

namespace {

using nx::Array;
using nx::Op;
using tolk::Schedule;

constexpr int64_t rows = 12, width = 8, hidden = 32, blocks = 4;

Array random_f32(const nx::Shape& shape, uint64_t seed) {
  return 0.5 * nx::random::normal(nx::random::key(seed), shape, {.dtype = nx::f32});
}

/// x + gelu(layer_norm(x) · W1) · W2, block after block.
Array residual_network(Array x, const std::vector<Array>& up, const std::vector<Array>& down) {
  for (size_t i = 0; i < up.size(); ++i) {
    const Array h =
        nx::layer_norm(x, nx::full({width}, 1.5, {.dtype = nx::f32}), nx::full({width}, 0.25, {.dtype = nx::f32}));
    x = x + nx::matmul(nx::gelu(nx::matmul(h, up[i])), down[i]);
  }
  return x;
}
nx::Program training_step() {
  std::vector<Array> up, down;
  for (uint64_t i = 0; i < blocks; ++i) {
    up.push_back(random_f32({width, hidden}, 10 + i));
    down.push_back(random_f32({hidden, width}, 20 + i));
  }
  const auto gradients = [](Array x, std::vector<Array> u, std::vector<Array> d) {
    return rune::grad<1, 2>([](Array y, std::vector<Array> v, std::vector<Array> w) {
      return nx::sum(nx::square(residual_network(y, v, w)));
    })(x, u, d);
  };
  return tolk::inline_calls(rune::make_program(gradients, random_f32({rows, width}, 1), up, down));
}
std::vector<Array> inputs_of(const nx::Program& program) {
  std::vector<Array> inputs;
  for (nx::Program::Id i = 0; i < program.inputs(); ++i) inputs.push_back(random_f32(program.aval(i).shape, 30 + i));
  return inputs;
}
Schedule formed(const nx::Program& program, int64_t recomputed_bytes) {
  tolk::ScheduleTarget target;
  target.limits.recomputed_bytes = recomputed_bytes;
  return tolk::form_kernels(program, target);
}
int count(const Schedule& schedule, Op op) {
  int n = 0;
  for (const nx::Program::Equation& e : schedule.program.equations()) n += e.op == op;
  return n;
}

TEST(Recompute, AGradientStepHasFewerBytesAtOnceAndTheSameBits) {
  const nx::Program program = training_step();
  const Schedule kept = formed(program, std::numeric_limits<int64_t>::max()), again = formed(program, 0);
  const int64_t before = tolk::kernels::most_alive(kept), after = tolk::kernels::most_alive(again);
  EXPECT_LT(static_cast<double>(after), 0.8 * static_cast<double>(before));
  // Norms are cheap; gelu only until a fifth is gone. Where it is not made again, its slope is kept beside it.
  EXPECT_EQ(count(kept, Op::Gelu), blocks);
  EXPECT_GT(count(again, Op::Gelu), blocks);
  EXPECT_LT(count(again, Op::Gelu), 2 * blocks);
  EXPECT_EQ(count(again, Op::GeluGrad), blocks);
  EXPECT_EQ(count(again, Op::Reduce), count(kept, Op::Reduce));  // statistics are kept
  EXPECT_GT(again.program.equations().size(), kept.program.equations().size());

  const std::vector<Array> inputs = inputs_of(program);
  const std::vector<Array> expected = nx::eval(program, inputs);
  for (const uint64_t cuts : {0, 1, 2, 3}) {
    for (const bool in_place : {false, true}) {
      const std::vector<Array> got =
          tolk_test::run_schedule(again, inputs, {.backwards = cuts % 2 == 1, .cuts = cuts, .in_place = in_place});
      ASSERT_EQ(got.size(), expected.size());
      for (size_t i = 0; i < got.size(); ++i) tolk_test::expect_equal(got[i], expected[i]);
    }
  }
}

TEST(Recompute, SmallProgramsAndThoseWhereNothingWaitsKeepTheirValues) {
  const nx::Program step = training_step();
  EXPECT_EQ(count(tolk::form_kernels(step, {}), Op::Gelu), blocks);  // all of it fits in a cache

  std::vector<Array> up(blocks, random_f32({width, hidden}, 2)), down(blocks, random_f32({hidden, width}, 3));
  const nx::Program forward =
      tolk::inline_calls(rune::make_program(residual_network, random_f32({rows, width}, 1), up, down));
  const Schedule s = formed(forward, 0);
  EXPECT_EQ(count(s, Op::Gelu), blocks);
  EXPECT_EQ(tolk::kernels::most_alive(s),
            tolk::kernels::most_alive(formed(forward, std::numeric_limits<int64_t>::max())));
}

TEST(Recompute, RandomNumbersAreKept) {
  const auto step = [](Array x, Array w, Array key) {
    return rune::grad<1>([&](Array a, Array b) {
      for (int i = 0; i < 3; ++i) {
        const Array product = nx::matmul(a, b);
        a = product * nx::random::uniform(key, product.shape(), {.dtype = nx::f32}) + product;
      }
      return nx::sum(nx::square(a));
    })(x, w);
  };
  const nx::Program program = tolk::inline_calls(
      rune::make_program(step, random_f32({rows, width}, 1), random_f32({width, width}, 2), nx::random::key(3)));
  const Schedule again = formed(program, 0), kept = formed(program, std::numeric_limits<int64_t>::max());
  EXPECT_GT(count(again, Op::RandomBits), 0);
  EXPECT_EQ(count(again, Op::RandomBits), count(kept, Op::RandomBits));
}

}  // namespace
