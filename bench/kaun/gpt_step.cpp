#include "bench/kaun/gpt_step.hpp"

#include "bench/runner/checksum.hpp"

namespace raven::bench {
namespace {

/// Matrices from a hash, numbered in tree order; biases stay 0 and scales 1.
kaun::models::Gpt hashed_gpt() {
  kaun::Rng rng(1);
  kaun::models::Gpt model(
      {.vocab_size = GptStep::vocabulary, .context = GptStep::context, .width = 128, .layers = 4, .heads = 4}, rng);
  uint32_t seed = 0;
  nx::tree::for_each_leaf(model, [&](nx::Array& leaf, const nx::tree::PathNode*, nx::tree::Role) {
    ++seed;
    if (leaf.ndim() >= 2) leaf = hashed(leaf.shape(), seed) * 0.03;
  });
  return model;
}

}  // namespace

GptStep::GptStep()
    : model(hashed_gpt()),
      inputs(hashed_integers({batch, context}, vocabulary, 1)),
      targets(hashed_integers({batch, context}, vocabulary, 2)),
      optimizer(std::make_shared<const vega::Transform>(vega::chain(
          vega::clip_by_global_norm(1.0),
          vega::adamw(
              {.lr = 1e-3, .b1 = 0.9, .b2 = 0.99, .weight_decay = 0.1, .decay_mask = vega::mask::ndim_ge(2)})))) {
  state = optimizer->init(model);
}

nx::Array GptStep::loss_of(const kaun::models::Gpt& model, const nx::Array& inputs, const nx::Array& targets) {
  return kaun::cross_entropy(model(inputs).reshape({-1, vocabulary}), targets.reshape({-1}));
}

}  // namespace raven::bench
