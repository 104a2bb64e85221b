#include "raven/kaun/generate/generate.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "raven/base/interrupt.hpp"
#include "raven/base/message.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx.hpp"
#include "raven/nx/api/random.hpp"

namespace kaun {

int32_t sample_token(std::span<const float> logits, const GenerateOpts& options, int64_t position) {
  constexpr const char* name = "kaun.generate";
  const auto require = [](bool ok, const char* argument, double got, const char* expected) {
    if (!ok) throw nx::ValueError(name, raven::Message(argument) << ": got " << got << ", expected " << expected);
  };
  require(options.temperature >= 0 && std::isfinite(options.temperature), "temperature", options.temperature,
          "a number ≥ 0");
  require(options.top_k >= 0, "top_k", static_cast<double>(options.top_k), "a number ≥ 0");
  require(!logits.empty(), "logits", 0, "at least one token");
  for (size_t i = 0; i < logits.size(); ++i)
    if (std::isnan(logits[i])) throw nx::ValueError(name, raven::Message("the logit of token ") << i << " is NaN");
  const auto best = std::max_element(logits.begin(), logits.end());
  require(*best > -INFINITY, "logits", *best, "a token that is not masked");
  if (options.temperature == 0) return static_cast<int32_t>(best - logits.begin());

  float threshold = -INFINITY;
  if (options.top_k > 0 && options.top_k < static_cast<int64_t>(logits.size())) {
    std::vector<float> sorted(logits.begin(), logits.end());
    std::nth_element(sorted.begin(), sorted.begin() + (options.top_k - 1), sorted.end(), std::greater<>());
    threshold = sorted[static_cast<size_t>(options.top_k - 1)];
  }
  std::vector<double> weight(logits.size());
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    weight[i] = logits[i] >= threshold ? std::exp((static_cast<double>(logits[i]) - *best) / options.temperature) : 0;
    total += weight[i];
  }
  const nx::Array key = nx::random::fold_in(nx::random::key(options.seed), position);
  double rest = nx::random::uniform(key, {}, {.dtype = nx::f64}).item<double>() * total;
  for (size_t i = 0; i < weight.size(); ++i) {
    if (weight[i] > 0 && rest < weight[i]) return static_cast<int32_t>(i);
    rest -= weight[i];
  }
  return static_cast<int32_t>(best - logits.begin());  // rounding left a hair over the total
}

namespace detail {

nx::Array window_array(const std::vector<int32_t>& window) {
  return nx::array(std::span<const int32_t>(window), {1, static_cast<int64_t>(window.size())});
}
std::vector<float> last_logits(const nx::Array& logits) {
  const int64_t time = logits.shape(1), vocabulary = logits.shape(2);
  return nx::slice(logits, {0, time - 1, 0}, {1, time, vocabulary}, {1, 1, 1}).to_vector<float>();
}

std::vector<int32_t> generate_tokens(NextLogits next, void* context, const std::vector<int32_t>& prompt, int64_t window,
                                     const GenerateOpts& options, void (*on_token)(void*, int32_t), void* listener) {
  if (prompt.empty()) throw nx::ValueError("kaun.generate", "the prompt is empty, expected at least one token");
  if (options.max_new_tokens < 0)
    throw nx::ValueError("kaun.generate", raven::Message("max_new_tokens: got ")
                                              << options.max_new_tokens << ", expected a number ≥ 0");
  const raven::StepScope scope;
  std::vector<int32_t> all = prompt, made;
  for (int64_t i = 0; i < options.max_new_tokens; ++i) {
    raven::check_interrupt();
    const auto visible = std::min<int64_t>(window, static_cast<int64_t>(all.size()));
    const std::vector<float> logits = next(context, std::vector<int32_t>(all.end() - visible, all.end()));
    const int32_t token = sample_token(logits, options, i);
    all.push_back(token);
    made.push_back(token);
    on_token(listener, token);
  }
  return made;
}

}  // namespace detail
}  // namespace kaun
