// Schedules against their formulas, Optax and PyTorch; both forms; errors.
#include <numbers>

#include "vega/support.hpp"

namespace vega::test {
namespace {

constexpr double pi = std::numbers::pi;

/// 200 steps, both forms of the schedule, against a formula.
template <class Formula>
void expect_formula(const Schedule& schedule, Formula&& formula, const char* what) {
  for (int64_t step = 0; step < 200; ++step) {
    const double expected = formula(static_cast<double>(step)), got = schedule(step);
    ASSERT_NEAR(got, expected, 1e-15 + 1e-14 * std::abs(expected)) << what << " at " << step;
    const nx::Array traced = schedule(nx::scalar(step, nx::i32));
    ASSERT_EQ(traced.dtype(), nx::f64) << what;
    ASSERT_EQ(traced.ndim(), 0) << what;
    ASSERT_NEAR(traced.item<double>(), got, 1e-15 + 1e-14 * std::abs(got)) << what << " as an array at " << step;
  }
}

TEST(Schedule, FollowsItsFormula) {
  expect_formula(0.125, [](double) { return 0.125; }, "constant");
  expect_formula(linear(0.5, -0.25, 70), [](double s) { return s < 70 ? 0.5 - 0.75 * s / 70 : -0.25; }, "linear");
  expect_formula(linear(1, 2, 1), [](double s) { return s < 1 ? 1.0 : 2.0; }, "linear of one step");
  expect_formula(
      cosine_decay(2e-3, 150, 0.1),
      [](double s) { return 2e-3 * (0.9 * (0.5 * (1 + std::cos(pi * std::min(s, 150.0) / 150))) + 0.1); }, "cosine");
  expect_formula(
      join({linear(0, 1, 10), 0.5, linear(1, 0, 20)}, {10, 30}),
      [](double s) { return s < 10   ? s / 10
                            : s < 30 ? 0.5
                            : s < 50 ? 1 - (s - 30) / 20
                                     : 0.0; }, "join");
  expect_formula(
      warmup_cosine_decay({.init = 1e-5, .peak = 3e-4, .warmup = 20, .total = 180, .end = 3e-5}),
      [](double s) {
        if (s < 20) return 1e-5 + (3e-4 - 1e-5) * s / 20;
        const double t = std::min((s - 20) / 160, 1.0);
        return 3e-5 + (3e-4 - 3e-5) * 0.5 * (1 + std::cos(pi * t));
      },
      "warm-up and cosine");
  expect_formula(
      warmup_cosine_decay({.peak = 1, .total = 100}),
      [](double s) { return 0.5 * (1 + std::cos(pi * std::min(s, 100.0) / 100)); }, "no warm-up");
}

void expect_golden(const Schedule& schedule, const char* name) {
  const std::vector<double> expected = numbers(golden().at(name));
  ASSERT_GE(expected.size(), 150u) << name;
  for (size_t step = 0; step < expected.size(); ++step)
    ASSERT_NEAR(schedule(static_cast<int64_t>(step)), expected[step], 1e-6 * std::abs(expected[step]) + 1e-16)
        << name << " at " << step;
}

TEST(Schedule, FollowsOptaxAndPyTorch) {
  expect_golden(linear(0.5, -0.25, 70), "optax.linear");
  expect_golden(cosine_decay(2e-3, 150, 0.1), "optax.cosine");
  expect_golden(warmup_cosine_decay({.init = 1e-5, .peak = 3e-4, .warmup = 20, .total = 180, .end = 3e-5}),
                "optax.warmup_cosine");
  expect_golden(join({0.5, linear(1, 0, 30)}, {60}), "optax.join");
  expect_golden(cosine_decay(2e-3, 150, 0.1), "torch.cosine");
  expect_golden(linear(5e-4, 2e-3, 40), "torch.linear");
}

TEST(Schedule, StepsBelowZeroStayAtTheBeginning) {
  for (const Schedule& s : {linear(1, 0.25, 10), cosine_decay(1, 10, 0.25), join({linear(1, 0, 5), 0.5}, {5})})
    for (const int64_t step : {int64_t{-1}, int64_t{-1000}, INT64_MIN}) {
      EXPECT_EQ(s(step), 1);
      EXPECT_EQ(s(nx::scalar(step, nx::i64)).item<double>(), 1);
    }
}

TEST(Schedule, LargeStepsStayAtTheEnd) {
  const int64_t far = int64_t{1} << 40;
  EXPECT_NEAR(linear(1, 0.25, 10)(far), 0.25, 1e-15);
  EXPECT_NEAR(cosine_decay(1, 10, 0.25)(far), 0.25, 1e-15);
  EXPECT_NEAR(join({1.0, cosine_decay(1, 10, 0.25)}, {5})(nx::scalar(far, nx::i64)).item<double>(), 0.25, 1e-15);
}

TEST(Schedule, RangesAreOfTheStepsThatAreReached) {
  const auto bounds = [](const Schedule& s) { return std::pair{s.range().least, s.range().largest}; };
  EXPECT_EQ(bounds(linear(1, -1, 100)), (std::pair{-1.0, 1.0}));
  EXPECT_EQ(bounds(cosine_decay(2, 10, 0.25)), (std::pair{0.5, 2.0}));
  EXPECT_EQ(bounds(join({linear(1, -1, 100), 0.5}, {51})), (std::pair{0.0, 1.0}));
  EXPECT_EQ(bounds(join({join({3.0, linear(0, 4, 4)}, {2}), 1.0}, {5})), (std::pair{0.0, 3.0}));
  EXPECT_TRUE(std::isnan(join({1.0, std::nan("")}, {5}).range().least));
}

TEST(Schedule, WrongNumbersAreRefusedByName) {
  const auto error = [](auto&& f) { return message_of<nx::ValueError>(f); };
  EXPECT_EQ(error([] { linear(0, 1, 0); }), "vega.linear: n: got 0, expected at least 1 step");
  EXPECT_EQ(error([] { linear(0, HUGE_VAL, 5); }), "vega.linear: b: got inf, expected a finite number");
  EXPECT_EQ(error([] { cosine_decay(std::nan(""), 5); }), "vega.cosine_decay: a: got nan, expected a finite number");
  EXPECT_EQ(error([] { warmup_cosine_decay({.init = HUGE_VAL, .peak = 1, .warmup = 1, .total = 10}); }),
            "vega.warmup_cosine_decay: init: got inf, expected a finite number");
  EXPECT_EQ(error([] { cosine_decay(1, -3); }), "vega.cosine_decay: n: got -3, expected at least 1 step");
  EXPECT_EQ(error([] { join({1.0, 2.0}, {}); }),
            "vega.join: parts: got 2, expected one more than there are boundaries");
  EXPECT_EQ(error([] { join({}, {}); }), "vega.join: parts: got 0, expected one more than there are boundaries");
  EXPECT_EQ(error([] { join({1.0, 2.0, 3.0}, {5, 5}); }),
            "vega.join: boundaries: got 5, expected ascending steps above 0");
  EXPECT_EQ(error([] { join({1.0, 2.0}, {0}); }), "vega.join: boundaries: got 0, expected ascending steps above 0");
  EXPECT_EQ(error([] { warmup_cosine_decay({.peak = 1, .warmup = 10, .total = 10}); }),
            "vega.warmup_cosine_decay: warmup: got 10, expected fewer steps than total");
  EXPECT_EQ(error([] { warmup_cosine_decay({.peak = 1, .warmup = -1, .total = 10}); }),
            "vega.warmup_cosine_decay: warmup: got -1, expected fewer steps than total");
  EXPECT_EQ(error([] { warmup_cosine_decay({.peak = 1}); }),
            "vega.warmup_cosine_decay: total: got 0, expected at least 1 step");
  EXPECT_EQ(error([] { warmup_cosine_decay({.total = 10}); }),
            "vega.warmup_cosine_decay: peak: got 0, expected a value other than 0");
}

}  // namespace
}  // namespace vega::test
