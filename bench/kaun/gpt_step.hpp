#pragma once
// One training step of the demo (examples/demo/train.cpp) with the batch ready: gradients, clipping, AdamW. Weights and
// tokens are those of bench/peers/pytorch_peer.py.
#include <memory>
#include <tuple>

#include "raven/base/thread_pool.hpp"
#include "raven/kaun.hpp"
#include "raven/rune.hpp"
#include "raven/vega.hpp"

namespace raven::bench {

struct GptStep {
  static constexpr int64_t vocabulary = 63, context = 64, batch = 12;

  kaun::models::Gpt model;
  vega::State<kaun::models::Gpt> state;
  nx::Array inputs, targets;  // [12, 64]
  std::shared_ptr<const vega::Transform> optimizer;

  GptStep();
  /// A function (model, state, inputs, targets) → (model, state, loss).
  auto function() const {
    return [optimizer = optimizer](kaun::models::Gpt m, vega::State<kaun::models::Gpt> s, const nx::Array& inputs,
                                   const nx::Array& targets) {
      auto [loss, gradient] = rune::value_and_grad(loss_of)(m, inputs, targets);
      std::tie(m, s) = optimizer->update(std::move(gradient), std::move(s), std::move(m));
      return std::tuple{std::move(m), std::move(s), std::move(loss)};
    };
  }
  /// Takes the step with `f`, that function or it compiled; the loss before it.
  template <class F>
  double operator()(const F& f) {
    const StepScope scope;
    nx::Array loss;
    std::tie(model, state, loss) = f(std::move(model), std::move(state), inputs, targets);
    return loss.item<double>();
  }

  static nx::Array loss_of(const kaun::models::Gpt& model, const nx::Array& inputs, const nx::Array& targets);
};

}  // namespace raven::bench
