#include "kaun/hashed_gpt.hpp"

#include <cmath>
#include <string>
#include <tuple>

namespace kaun::test {

uint64_t splitmix64(uint64_t z) {
  z += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

models::Gpt hashed_gpt(const models::GptConfig& config) {
  models::Gpt model = models::Gpt::shaped(config);
  uint64_t tensor = 0;
  nx::tree::for_each_leaf(model, [&](Array& leaf, const nx::tree::PathNode* node, nx::tree::Role) {
    const std::string path = nx::tree::path_string(node);
    std::vector<float> values(static_cast<size_t>(leaf.size()));
    if (path.find("ln_") != std::string::npos && path.ends_with("weight")) {
      std::fill(values.begin(), values.end(), 1.0f);
    } else if (!path.ends_with("bias")) {
      const double layers = static_cast<double>(config.layers);
      const double deviation = path.ends_with("c_proj.weight") ? 0.02 / std::sqrt(2 * layers) : 0.02;
      for (uint64_t e = 0; e < values.size(); ++e) {
        const double u = static_cast<double>(splitmix64(tensor << 40 | e) >> 40) * 0x1p-23 - 1;
        values[e] = static_cast<float>(u * (deviation * std::sqrt(3.0)));
      }
    }
    leaf = nx::array(std::span<const float>(values), leaf.shape());
    ++tensor;
  });
  return model;
}

std::vector<int64_t> hashed_starts(int64_t tokens, int64_t context, int64_t rows, int64_t step) {
  std::vector<int64_t> starts;
  for (int64_t r = 0; r < rows; ++r)
    starts.push_back(static_cast<int64_t>(splitmix64(static_cast<uint64_t>(step * rows + r)) %
                                          static_cast<uint64_t>(tokens - context - 1)));
  return starts;
}

Curve train_hashed(models::Gpt model, const data::TokenDataset& data, int64_t rows, int64_t steps) {
  const vega::Transform optimizer = demo::make_optimizer(2000);
  auto state = optimizer.init(model);
  const auto loss_and_gradient =
      rune::value_and_grad([](const models::Gpt& m, const Array& inputs, const Array& targets) {
        return cross_entropy(m(inputs).reshape({-1, m.config.vocab_size}), targets.reshape({-1}));
      });
  Curve curve;
  for (int64_t step = 0; step < steps; ++step) {
    const auto [inputs, targets] = data.windows(hashed_starts(data.size(), data.context(), rows, step));
    auto [loss, gradient] = loss_and_gradient(model, inputs, targets);
    std::tie(model, state) = optimizer.update(std::move(gradient), std::move(state), std::move(model));
    curve.losses.push_back(loss.item<double>());
    curve.norms.push_back(state.entries()[0].value.item<double>());
  }
  curve.model = std::move(model);
  return curve;
}

models::GptConfig demo_config() {
  return {
      .vocab_size = 63, .context = demo::context, .width = demo::width, .layers = demo::layers, .heads = demo::heads};
}
demo::Text king_james() { return demo::split_text(demo::load_text({})); }

models::GptConfig tiny_config() { return {.vocab_size = 11, .context = 8, .width = 16, .layers = 2, .heads = 2}; }
data::TokenDataset tiny_text() {
  std::vector<int32_t> tokens;
  for (uint64_t i = 0; i < 500; ++i) tokens.push_back(static_cast<int32_t>(splitmix64(i) % 11));
  return data::TokenDataset(std::move(tokens), 8);
}

}  // namespace kaun::test
