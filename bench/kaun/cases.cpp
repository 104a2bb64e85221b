// The suite `kaun`: training steps against PyTorch at its best settings.
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "bench/runner/suites.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/kaun.hpp"
#include "raven/vega.hpp"

namespace raven::bench {
namespace {

using kaun::models::Gpt;

constexpr int64_t vocabulary = 63, context = 64, batch = 12;

/// [12, 64] tokens from a multiplicative hash.
nx::Array tokens(uint32_t state) {
  std::vector<int64_t> ids(static_cast<size_t>(batch * context));
  for (int64_t& id : ids) {
    state = state * 1664525u + 1013904223u;
    id = static_cast<int64_t>(state >> 8) % vocabulary;
  }
  return nx::array(ids, {batch, context});
}

nx::Array loss_of(const Gpt& model, const nx::Array& inputs, const nx::Array& targets) {
  return kaun::cross_entropy(model(inputs).reshape({-1, vocabulary}), targets.reshape({-1}));
}

/// The demo's step as examples/demo/train.cpp takes it, with the batch ready: gradients, clipping, AdamW, and the loss
/// read.
std::function<Run()> gpt_char_step_body() {
  return [] {
    kaun::Rng rng(1);
    const auto gpt =
        kaun::models::GptConfig{.vocab_size = vocabulary, .context = context, .width = 128, .layers = 4, .heads = 4};
    const auto optimizer = std::make_shared<const vega::Transform>(vega::chain(
        vega::clip_by_global_norm(1.0),
        vega::adamw({.lr = 1e-3, .b1 = 0.9, .b2 = 0.99, .weight_decay = 0.1, .decay_mask = vega::mask::ndim_ge(2)})));
    const Gpt start(gpt, rng);
    return repeat(
        [=, model = start, state = optimizer->init(start), inputs = tokens(1), targets = tokens(2)]() mutable {
          const StepScope scope;
          auto [loss, gradient] = rune::value_and_grad(loss_of)(model, inputs, targets);
          std::tie(model, state) = optimizer->update(std::move(gradient), std::move(state), std::move(model));
          return loss.item<double>();
        });
  };
}

}  // namespace

void kaun_cases(std::vector<Case>& cases) {
  const std::vector<Row> rows = {
      // One step of the demo: 809,600 parameters, batch 12 of 64 tokens, AdamW, clipping; 3.96 GFLOP in products.
      {"gpt_char_step",
       {1, 2},
       {Bound::compute, 3.96e9},
       {{"pytorch", {"gpt_char_step", "gpt_char_step_compiled"}}},
       /*equal_threads=*/false},
  };
  append_rows(cases, "kaun", rows, {{"gpt_char_step", gpt_char_step_body()}});
}

}  // namespace raven::bench
