#pragma once
// Token generation: temperature and top-k sampling with keyed draws.
#include <cstdint>
#include <span>
#include <vector>

#include "raven/nx/array.hpp"

namespace kaun {

struct GenerateOpts {
  int64_t max_new_tokens = 100;
  double temperature = 1;  ///< 0: greedy, ties to the lowest id
  int64_t top_k = 0;       ///< keep the k likeliest tokens (all ties of the k-th); 0: all
  uint64_t seed = 0;       ///< the draw of position i depends on (seed, i) only
};

/// One draw from a row of logits. Throws nx::ValueError for NaN logits, no finite logit, or wrong options.
RAVEN_API int32_t sample_token(std::span<const float> logits, const GenerateOpts& options, int64_t position);

namespace detail {
/// `next(context, ids, count)` writes the logits after the last `count` of `ids`.
using NextLogits = std::vector<float> (*)(void* context, const std::vector<int32_t>& window);
RAVEN_API std::vector<int32_t> generate_tokens(NextLogits next, void* context, const std::vector<int32_t>& prompt, int64_t window,
                                               const GenerateOpts& options, void (*on_token)(void*, int32_t), void* listener);
RAVEN_API nx::Array window_array(const std::vector<int32_t>& window);
RAVEN_API std::vector<float> last_logits(const nx::Array& logits);
}  // namespace detail

/// Continues `prompt` (not empty) by max_new_tokens; the model sees at most model.config.context last tokens. `on_token` is
/// called with each new token. Returns the new tokens.
template <class Model, class Listener>
std::vector<int32_t> generate(const Model& model, const std::vector<int32_t>& prompt, const GenerateOpts& options, Listener&& on_token) {
  const auto next = [](void* context, const std::vector<int32_t>& window) {
    return detail::last_logits((*static_cast<const Model*>(context))(detail::window_array(window)));
  };
  return detail::generate_tokens(
      next, const_cast<void*>(static_cast<const void*>(&model)), prompt, model.config.context, options,
      [](void* listener, int32_t token) { (*static_cast<std::remove_reference_t<Listener>*>(listener))(token); }, &on_token);
}
template <class Model>
std::vector<int32_t> generate(const Model& model, const std::vector<int32_t>& prompt, const GenerateOpts& options = {}) {
  return generate(model, prompt, options, [](int32_t) {});
}

}  // namespace kaun
