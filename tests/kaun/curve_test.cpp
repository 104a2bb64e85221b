// Acceptance A4: the same weights and batches in PyTorch and here give the same losses; and the same bits for any
// number of threads and any width of registers.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "kaun/golden_json.hpp"
#include "kaun/hashed_gpt.hpp"
#include "raven/base/cpu.hpp"

namespace kaun::test {
namespace {

double largest_difference(const std::vector<double>& ours, const std::vector<double>& theirs, size_t from, size_t to) {
  double largest = 0;
  for (size_t i = from; i < to; ++i) largest = std::max(largest, std::abs(ours.at(i) - theirs.at(i)));
  return largest;
}

/// What a command prints.
std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

TEST(Curve, TheTinyModelFollowsPyTorch) {
  const GoldenJson golden("tiny_gpt.json");
  const Curve curve = train_hashed(hashed_gpt(tiny_config()), tiny_text(), 4, 20);
  const double losses = largest_difference(curve.losses, golden.numbers("losses_f64"), 0, 20);
  const double norms = largest_difference(curve.norms, golden.numbers("gradient_norms_f64"), 0, 20);
  std::printf(
      "tiny GPT, 20 steps against PyTorch %s in f64: largest difference of a loss %.2g, of a gradient norm %.2g\n",
      golden.strings("peer_version")[0].c_str(), losses, norms);
  EXPECT_LE(losses, 2e-6);
  EXPECT_LE(norms, 2e-6);
  // A wrong decay hardly shows in twenty losses; it does in the sums of the weights.
  const std::vector<double> sums = golden.numbers("trained_sums_f64");
  const std::vector<std::string> names = golden.strings("names");
  const Checkpoint trained = state_dict(curve.model);
  ASSERT_EQ(trained.tensors.size(), sums.size());
  for (size_t i = 0; i < sums.size(); ++i)
    EXPECT_NEAR(nx::sum(trained.tensors[i].second.astype(nx::f64)).item<double>(), sums[i], 2e-4) << names[i];
}

TEST(Curve, TheDemoFollowsPyTorch) {
  const GoldenJson golden("a4_losses.json");
  const demo::Text text = king_james();
  ASSERT_EQ(text.train.size(), static_cast<int64_t>(golden.numbers("train_tokens")[0]));
  ASSERT_EQ(text.validation.size(), static_cast<int64_t>(golden.numbers("validation_tokens")[0]));
  ASSERT_EQ(nx::tree::count_params(hashed_gpt(demo_config())), static_cast<int64_t>(golden.numbers("parameters")[0]));
  const std::vector<double> starts = golden.numbers("batch_starts_step_1");
  const std::vector<int64_t> ours = hashed_starts(text.train.size(), demo::context, demo::batch, 1);
  ASSERT_EQ(std::vector<double>(ours.begin(), ours.end()), starts);

#ifdef RAVEN_SANITIZED
  constexpr size_t steps = 20;  // the rest takes minutes there
#else
  constexpr size_t steps = 200;
#endif
  const Curve curve = train_hashed(hashed_gpt(demo_config()), text.train, demo::batch, steps);
  const double early = largest_difference(curve.losses, golden.numbers("losses_f64"), 0, 20);
  const double late = largest_difference(curve.losses, golden.numbers("losses_f32"), 0, steps);
  const double norms = largest_difference(curve.norms, golden.numbers("gradient_norms_f64"), 0, 20);
  std::printf("A4 against PyTorch %s: largest difference of a loss %.2g in 20 steps (f64), %.2g in %zu (f32)\n",
              golden.strings("peer_version")[0].c_str(), early, late, steps);
  EXPECT_LE(early, 1e-5);  // required: 1e-4
  EXPECT_LE(norms, 1e-3);
  EXPECT_LE(late, 2e-3);
}

TEST(Curve, TheDemoFromHashedWeightsGivesPyTorchsLogits) {
  const GoldenJson golden("a4_losses.json");
  const std::vector<double> prompt = golden.numbers("prompt_tokens"),
                            expected = golden.numbers("prompt_last_logits_f64");
  const std::vector<int32_t> tokens(prompt.begin(), prompt.end());
  const std::vector<float> logits = detail::last_logits(hashed_gpt(demo_config())(detail::window_array(tokens)));
  ASSERT_EQ(logits.size(), expected.size());
  for (size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 2e-6) << i;
}

TEST(Curve, TheBitsDoNotDependOnThreadsOrWidthOfRegisters) {
  if (raven::cpu_info().best != raven::CpuLevel::v4) GTEST_SKIP() << "this CPU has no AVX-512";
#ifdef RAVEN_SANITIZED
  const std::string steps = "3";
#else
  const std::string steps = "20";
#endif
  const auto losses = [&](const char* level, const char* threads) {
    return output_of(std::string("RAVEN_CPU=") + level + " RAVEN_NUM_THREADS=" + threads + " " + KAUN_LOSSES_PROGRAM +
                     " " + steps);
  };
  const std::string reference = losses("v4", "1");
  EXPECT_EQ(std::count(reference.begin(), reference.end(), '\n'), std::stoi(steps));
  EXPECT_EQ(losses("v4", "2"), reference);
  EXPECT_EQ(losses("v3", "1"), reference);
  EXPECT_EQ(losses("v3", "2"), reference);
}

}  // namespace
}  // namespace kaun::test
