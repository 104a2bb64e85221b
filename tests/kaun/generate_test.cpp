// Drawing tokens: greedy, top-k, seeds, windows, wrong options.
#include <cmath>
#include <limits>
#include <set>

#include "kaun/hashed_gpt.hpp"
#include "kaun/support.hpp"
#include "raven/base/error.hpp"
#include "raven/base/interrupt.hpp"
#include "raven/base/thread_pool.hpp"

namespace kaun::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(SampleToken, TemperatureZeroTakesTheLargestAndTheLowestOfTies) {
  const std::vector<float> logits{-1, 3, 0.5f, 3, 2};
  for (int64_t position = 0; position < 10; ++position)
    EXPECT_EQ(sample_token(logits, {.temperature = 0, .seed = 9}, position), 1);
  EXPECT_EQ(sample_token(std::vector<float>{-infinity, -5}, {.temperature = 0}, 0), 1);
}

TEST(SampleToken, TopKDrawsOnlyAmongTheLikeliest) {
  const std::vector<float> logits{0, 4, 1, 3, 2};
  EXPECT_EQ(sample_token(logits, {.temperature = 5, .top_k = 1}, 3), 1);
  std::set<int32_t> drawn, all;
  for (int64_t position = 0; position < 400; ++position) {
    drawn.insert(sample_token(logits, {.temperature = 5, .top_k = 3}, position));
    all.insert(sample_token(logits, {.temperature = 5, .top_k = 50}, position));
  }
  EXPECT_EQ(drawn, (std::set<int32_t>{1, 3, 4}));
  EXPECT_EQ(all.size(), 5u) << "a top_k beyond the vocabulary keeps every token";
  // Ties of the k-th stay together.
  std::set<int32_t> ties;
  for (int64_t position = 0; position < 200; ++position)
    ties.insert(sample_token(std::vector<float>{1, 2, 1, 1, 0}, {.top_k = 2}, position));
  EXPECT_EQ(ties, (std::set<int32_t>{0, 1, 2, 3}));
}

TEST(SampleToken, FrequenciesFollowTheSoftmax) {
  const std::vector<float> logits{0, std::log(2.0f), std::log(5.0f), -infinity};
  for (const double temperature : {1.0, 2.0}) {
    constexpr int draws = 8000;
    int count[4] = {};
    for (int64_t position = 0; position < draws; ++position)
      ++count[sample_token(logits, {.temperature = temperature, .seed = 4}, position)];
    double weight[3], total = 0;
    for (int i = 0; i < 3; ++i)
      total += weight[i] = std::exp(static_cast<double>(logits[static_cast<size_t>(i)]) / temperature);
    for (int i = 0; i < 3; ++i) {
      const double p = weight[i] / total;
      EXPECT_NEAR(count[i], draws * p, 5 * std::sqrt(draws * p * (1 - p))) << "token " << i << " at " << temperature;
    }
    EXPECT_EQ(count[3], 0);
  }
}

TEST(SampleToken, WrongInputIsRefusedByName) {
  const auto error = [](const std::vector<float>& logits, const GenerateOpts& options) {
    return message_of<nx::ValueError>([&] { sample_token(logits, options, 0); });
  };
  EXPECT_EQ(error({1, 2}, {.temperature = -1}), "kaun.generate: temperature: got -1, expected a number ≥ 0");
  EXPECT_NE(error({1, 2}, {.temperature = std::nan("")}).find("temperature"), std::string::npos);
  EXPECT_NE(error({1, 2}, {.temperature = HUGE_VAL}).find("temperature"), std::string::npos);
  EXPECT_EQ(error({1, 2}, {.top_k = -2}), "kaun.generate: top_k: got -2, expected a number ≥ 0");
  EXPECT_EQ(error({}, {}), "kaun.generate: logits: got 0, expected at least one token");
  EXPECT_EQ(error({1, std::nanf("")}, {}), "kaun.generate: the logit of token 1 is NaN");
  EXPECT_EQ(error({-infinity, -infinity}, {}), "kaun.generate: logits: got -inf, expected a token that is not masked");
}

TEST(Generate, SameSeedSameTokens) {
  Rng rng(1);
  const models::Gpt model(tiny_config(), rng);
  const std::vector<int32_t> prompt{3, 1};
  const auto tokens = [&](const GenerateOpts& options) { return generate(model, prompt, options); };
  const std::vector<int32_t> first = tokens({.max_new_tokens = 40, .seed = 7});
  EXPECT_EQ(first.size(), 40u);
  EXPECT_EQ(tokens({.max_new_tokens = 40, .seed = 7}), first);
  EXPECT_NE(tokens({.max_new_tokens = 40, .seed = 8}), first);
  const std::vector<int32_t> fewer = tokens({.max_new_tokens = 13, .seed = 7});
  EXPECT_EQ(fewer, std::vector<int32_t>(first.begin(), first.begin() + 13)) << "a draw depends on its position only";
  {
    const raven::ThreadLimit one(1);
    EXPECT_EQ(tokens({.max_new_tokens = 40, .seed = 7}), first);
  }
  EXPECT_EQ(tokens({.max_new_tokens = 30, .temperature = 0, .seed = 1}),
            tokens({.max_new_tokens = 30, .temperature = 0, .seed = 2}));
  EXPECT_EQ(tokens({.max_new_tokens = 30, .temperature = 3, .top_k = 1}),
            tokens({.max_new_tokens = 30, .temperature = 0}));
  EXPECT_TRUE(tokens({.max_new_tokens = 0}).empty());
}

TEST(Generate, EachTokenIsTheModelsAfterItsLastWindow) {
  Rng rng(2);
  const models::Gpt model(tiny_config(), rng);
  std::vector<int32_t> all{1, 2, 3};
  const std::vector<int32_t> made = generate(model, all, {.max_new_tokens = 20, .temperature = 0});
  for (const int32_t token : made) {
    const auto visible = std::min<std::ptrdiff_t>(8, static_cast<std::ptrdiff_t>(all.size()));  // the context of 8
    const std::vector<float> logits =
        detail::last_logits(model(detail::window_array({all.end() - visible, all.end()})));
    EXPECT_EQ(token, std::max_element(logits.begin(), logits.end()) - logits.begin());
    all.push_back(token);
  }
}

TEST(Generate, TheListenerHearsEachToken) {
  Rng rng(2);
  const models::Gpt model(tiny_config(), rng);
  std::vector<int32_t> heard;
  const std::vector<int32_t> made =
      generate(model, {0}, {.max_new_tokens = 9}, [&](int32_t token) { heard.push_back(token); });
  EXPECT_EQ(heard, made);
}

TEST(Generate, WrongPromptsAreRefused) {
  Rng rng(2);
  const models::Gpt model(tiny_config(), rng);
  EXPECT_EQ(message_of<nx::ValueError>([&] { generate(model, {}); }),
            "kaun.generate: the prompt is empty, expected at least one token");
  EXPECT_NE(message_of<nx::IndexError>([&] { generate(model, {11}); }).find("11"), std::string::npos);
  EXPECT_NE(message_of<nx::IndexError>([&] { generate(model, {-1}); }).find("-1"), std::string::npos);
  EXPECT_EQ(message_of<nx::ValueError>([&] { generate(model, {0}, {.max_new_tokens = -1}); }),
            "kaun.generate: max_new_tokens: got -1, expected a number ≥ 0");
}

TEST(Generate, CtrlCEndsItBetweenTokens) {
  Rng rng(2);
  const models::Gpt model(tiny_config(), rng);
  int heard = 0;
  const std::string error = message_of<raven::Interrupted>(
      [&] { generate(model, {0}, {.max_new_tokens = 9}, [&](int32_t) { raven::set_interrupted(++heard == 3); }); });
  raven::set_interrupted(false);
  EXPECT_NE(error, "no error");
  EXPECT_EQ(heard, 3);
}

}  // namespace
}  // namespace kaun::test
