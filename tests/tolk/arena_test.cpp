// How near the arena of a plan comes to what is alive at once, on named graphs: what no arena for this order of steps
// could be smaller than.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "raven/kaun.hpp"
#include "raven/rune.hpp"
#include "raven/tolk/plan.hpp"
#include "raven/vega.hpp"

namespace {

using nx::Array;

struct Graph {
  const char* name;
  nx::Program program;
};

Array zeros(const nx::Shape& shape) { return nx::zeros(shape, {.dtype = nx::f32}); }
Array ids(const nx::Shape& shape) { return nx::zeros(shape, {.dtype = nx::i64}); }

struct Perceptron {
  kaun::Linear first, second, third;
  NX_TREE(Perceptron, first, second, third)
  Array operator()(const Array& x) const { return third(nx::gelu(second(nx::gelu(first(x))))); }
};

template <class Model, class Loss>
nx::Program training_step(const Model& model, Loss loss, const vega::Transform& optimizer, const Array& x,
                          const Array& y) {
  return rune::make_program(
      [&](const Model& m, const vega::State<Model>& s, const Array& inputs, const Array& targets) {
        auto [value, gradient] = rune::value_and_grad(loss)(m, inputs, targets);
        auto [next, state] = optimizer.update(std::move(gradient), s, m);
        return std::tuple{std::move(next), std::move(state), std::move(value)};
      },
      model, optimizer.init(model), x, y);
}

nx::Program mlp_step() {
  kaun::Rng rng(1);
  const Perceptron model{kaun::Linear(784, 512, rng), kaun::Linear(512, 256, rng), kaun::Linear(256, 10, rng)};
  const auto loss = [](const Perceptron& m, const Array& x, const Array& y) { return kaun::cross_entropy(m(x), y); };
  return training_step(model, loss, vega::adamw({.lr = 1e-3}), zeros({128, 784}), ids({128}));
}

kaun::models::Gpt gpt() {
  kaun::Rng rng(1);
  return kaun::models::Gpt({.vocab_size = 63, .context = 64, .width = 128, .layers = 4, .heads = 4}, rng);
}

nx::Program gpt_block() {
  kaun::Rng rng(1);
  const kaun::TransformerBlock block({.width = 128, .heads = 4}, rng);
  return rune::make_program(
      [](const kaun::TransformerBlock& b, const Array& x) {
        kaun::Ctx cx;
        return b(x, cx);
      },
      block, zeros({12, 64, 128}));
}

nx::Program gpt_step() {
  const auto loss = [](const kaun::models::Gpt& m, const Array& x, const Array& y) {
    return kaun::cross_entropy(m(x).reshape({-1, 63}), y.reshape({-1}));
  };
  return training_step(gpt(), loss, vega::chain(vega::clip_by_global_norm(1.0), vega::adamw({.lr = 1e-3})),
                       ids({12, 64}), ids({12, 64}));
}

/// Normalisations and matrix products in turn, so that values are kept between them.
nx::Program layer_norm_chain() {
  return rune::make_program(
      [](const Array& x, const Array& w, const Array& b) {
        const auto f = [&](const Array& start) {
          Array y = start;
          for (int i = 0; i < 6; ++i) y = y + nx::matmul(nx::layer_norm(y, w, b), nx::eye(256, {.dtype = nx::f32}));
          return nx::sum(y);
        };
        return rune::grad(f)(x);
      },
      zeros({512, 256}), zeros({256}), zeros({256}));
}

nx::Program adamw() {
  const kaun::models::Gpt model = gpt();
  const vega::Transform optimizer = vega::chain(vega::clip_by_global_norm(1.0), vega::adamw({.lr = 1e-3}));
  return rune::make_program(
      [&](const kaun::models::Gpt& gradient, const vega::State<kaun::models::Gpt>& state,
          const kaun::models::Gpt& parameters) {
        auto [next, s] = optimizer.update(gradient, state, parameters);
        return std::tuple{std::move(next), std::move(s)};
      },
      model, optimizer.init(model), model);
}

nx::Program attention() {
  return rune::make_program(
      [](const Array& x, const Array& w, const Array& y) {
        const auto f = [&](const Array& v) {
          const Array h = nx::matmul(v, w);  // [B, T, 3C]
          const auto head = [&](int i) {
            return nx::swapaxes(nx::reshape(h(nx::_, nx::_, nx::s(128 * i, 128 * i + 128)), {8, 128, 4, 32}), 1, 2);
          };
          const Array o = nx::sdpa(head(0), head(1), head(2), {.causal = true});
          return nx::sum(nx::square(nx::reshape(nx::swapaxes(o, 1, 2), {8, 128, 128}) - y));
        };
        return rune::grad(f)(x);
      },
      zeros({8, 128, 128}), zeros({128, 384}), zeros({8, 128, 128}));
}

TEST(Arena, IsNearTheLeastPossible) {
  // What is asked is the plan; no kernel runs.
  setenv("TOLK_BACKEND", "interpret", 1);
  const Graph graphs[] = {{"mlp_step", mlp_step()}, {"gpt_block_forward", gpt_block()},
                          {"gpt_step", gpt_step()}, {"layer_norm_chain", layer_norm_chain()},
                          {"adamw", adamw()},       {"attention", attention()}};
  for (const bool kernels : {false, true})
    for (const Graph& graph : graphs) {
      std::vector<bool> donated(graph.program.inputs(), true);
      const auto plan = tolk::compile(graph.program, {.donated = donated, .kernels = kernels});
      plan->verify();
      const tolk::PlanStats& stats = plan->stats();
      const double ratio =
          stats.live_bytes > 0 ? static_cast<double>(stats.arena_bytes) / static_cast<double>(stats.live_bytes) : 1;
      std::printf("arena %-18s %-9s %9lld bytes, live %9lld, ratio %.3f; %3zu launches of %3zu kernels, %3zu calls\n",
                  graph.name, kernels ? "kernels" : "calls", static_cast<long long>(stats.arena_bytes),
                  static_cast<long long>(stats.live_bytes), ratio, stats.launches, stats.kernels, stats.externs);
      EXPECT_LE(ratio, 1.10) << graph.name;
    }
}

}  // namespace
