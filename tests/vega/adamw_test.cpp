// AdamW and clipping against PyTorch's trajectories, their definitions, and wrong input.
#include <limits>

#include "vega/support.hpp"

namespace vega::test {
namespace {

Transform golden_adamw() {
  const Schedule rate = join({linear(2e-3, 1e-2, 4), cosine_decay(1e-2, 15, 0.1)}, {5});
  return adamw({.lr = rate, .b1 = 0.9, .b2 = 0.95, .eps = 1e-8, .weight_decay = 0.1, .decay_mask = mask::ndim_ge(2)});
}

template <class P>
nx::Array entry_of(const State<P>& state, const std::string& name) {
  for (const StateEntry& e : state.entries())
    if (e.name == name) return e.value;
  throw std::runtime_error("no state entry " + name);
}

/// 25 steps on the hashed gradients against PyTorch: parameters, both moments, and the norms when clipping.
void expect_golden_trajectory(bool clipped, nx::DType dtype) {
  const std::string label = std::string(clipped ? "clipped." : "adamw.") + (dtype == nx::f32 ? "f32" : "f64");
  const std::string stage = clipped ? "1." : "0.";
  const Transform tx = clipped ? chain(clip_by_global_norm(1.5), golden_adamw()) : golden_adamw();
  const nx::io::SafeTensors expected = golden();
  Leaves params = golden_params(dtype);
  State state = tx.init(params);
  for (uint64_t step = 0; step < 25; ++step) {
    std::tie(params, state) = tx.update(golden_grads(step, dtype), std::move(state), std::move(params));
    if (clipped) {
      const double norm = expected.at(label + ".norms").to_vector<double>()[step];
      ASSERT_NEAR(entry_of(state, "0.norm").item<double>(), norm, norm * (dtype == nx::f32 ? 3e-7 : 1e-14)) << step;
    }
  }
  // 25 steps of a handful of roundings each; moments grow with 9^t, parameters stay near 1.
  const double relative = dtype == nx::f32 ? 2e-6 : 1e-14;
  for (const auto& [name, value] : params) {
    ASSERT_EQ(value.dtype(), dtype) << name;
    expect_close(value, expected.at(label + "." + name), relative, relative, label + " " + name);
    expect_close(entry_of(state, stage + "mu." + name), expected.at(label + ".mu." + name), 10 * relative, relative,
                 label + " mu " + name);
    expect_close(entry_of(state, stage + "nu." + name), expected.at(label + ".nu." + name), 10 * relative,
                 relative * 1e-2, label + " nu " + name);
  }
  EXPECT_EQ(entry_of(state, stage + "count").item<int32_t>(), 25);
}

TEST(AdamW, FollowsPyTorchInF32) { expect_golden_trajectory(false, nx::f32); }
TEST(AdamW, FollowsPyTorchInF64) { expect_golden_trajectory(false, nx::f64); }
TEST(AdamW, FollowsPyTorchBehindClippingInF32) { expect_golden_trajectory(true, nx::f32); }
TEST(AdamW, FollowsPyTorchBehindClippingInF64) { expect_golden_trajectory(true, nx::f64); }

TEST(AdamW, OneStepByHand) {
  // m = 0.1·g, v = 0.001·g²; both corrections give g and g²: the step is lr·(sign(g) + wd·p).
  const Transform tx = adamw({.lr = 0.5, .eps = 0, .weight_decay = 0.25});
  const nx::Array p = nx::array({2.0, -4.0}), g = nx::array({3.0, -0.125});
  const auto [next, state] = tx.update(g, tx.init(p), p);
  const std::vector<double> got = numbers(next);
  EXPECT_NEAR(got[0], 2 - 0.5 * (1 + 0.25 * 2), 1e-14);
  EXPECT_NEAR(got[1], -4 - 0.5 * (-1 + 0.25 * -4), 1e-14);
  EXPECT_EQ(numbers(p), (std::vector<double>{2, -4})) << "the caller's handle keeps its value";
}

TEST(AdamW, StateNamesAndDescription) {
  const Transform tx = chain(clip_by_global_norm(1), adamw());
  const State state = tx.init(golden_params(nx::f32));
  std::vector<std::string> names;
  for (const StateEntry& e : state.entries()) names.push_back(e.name);
  EXPECT_EQ(names, (std::vector<std::string>{"0.norm", "1.count", "1.mu.a", "1.mu.b", "1.mu.c", "1.mu.d", "1.mu.e",
                                             "1.nu.a", "1.nu.b", "1.nu.c", "1.nu.d", "1.nu.e"}));
  EXPECT_EQ(tree::infos(state)[2].path, "1.mu.a");
  EXPECT_EQ(tx.describe(), "0: clip_by_global_norm(max=1)\n1: adamw(b1=0.9, b2=0.999, eps=1e-08, weight_decay=0.01)\n");
}

TEST(AdamW, UpdatesAreAddedToTheParameters) {
  const Transform tx = chain(clip_by_global_norm(1.5), golden_adamw());
  const Leaves params = golden_params(nx::f64);
  const auto [whole, state] = tx.update(golden_grads(0, nx::f64), tx.init(params), params);
  const auto [updates, same_state] = tx.updates(golden_grads(0, nx::f64), tx.init(params), params);
  for (const auto& [name, value] : whole) expect_same_bits(value, params.at(name) + updates.at(name), name);
}

TEST(AdamW, AbsentGradientsAndOtherLeavesAreLeftAlone) {
  for (const bool clipped : {false, true}) {
    const Transform tx = clipped ? chain(clip_by_global_norm(1), adamw()) : adamw();
    Leaves params{
        {"frozen", floats({1.0f})}, {"ids", nx::array({7})}, {"none", nx::Array()}, {"w", floats({1.0f, 2.0f})}};
    Leaves grads{
        {"frozen", nx::Array()}, {"ids", nx::array({100})}, {"none", nx::Array()}, {"w", floats({1.0f, -1.0f})}};
    const State state = tx.init(params);
    EXPECT_EQ(state.entries().size(), (clipped ? 1u : 0u) + 1 + 2 * 2);
    // The fused pass and the stages one by one.
    const auto [next, next_state] = tx.update(grads, state, params);
    EXPECT_EQ(numbers(next.at("frozen")), std::vector<double>{1});
    EXPECT_EQ(numbers(next.at("ids")), std::vector<double>{7});
    EXPECT_FALSE(next.at("none").defined());
    EXPECT_NE(numbers(next.at("w")), numbers(params.at("w")));
    const auto [updates, other_state] = tx.updates(grads, state, params);
    EXPECT_FALSE(updates.at("frozen").defined());
    EXPECT_FALSE(updates.at("ids").defined()) << "an integer leaf has no update";
    EXPECT_FALSE(updates.at("none").defined());
    const double gradient_norm = std::sqrt(2.0);
    if (clipped) {
      EXPECT_NEAR(next_state.entries()[0].value.item<double>(), gradient_norm, 1e-7) << "integers do not count";
    }
  }
}

struct WithBuffer {
  nx::Array weight, running_mean;
  NX_TREE(WithBuffer, weight)
  NX_TREE_BUFFERS(WithBuffer, running_mean)
};

TEST(AdamW, BuffersAreNotOptimized) {
  const Transform tx = adamw({.lr = 0.1});
  const WithBuffer model{floats({1.0f}), floats({5.0f})};
  const State state = tx.init(model);
  EXPECT_EQ(state.entries().size(), 3u);
  const auto [next, next_state] = tx.update(WithBuffer{floats({1.0f}), floats({1.0f})}, state, model);
  EXPECT_LT(next.weight.item<float>(), 1);
  EXPECT_EQ(next.running_mean.item<float>(), 5);
}

struct Counted {
  nx::Array weight, mean, calls;
  NX_TREE(Counted, weight)
  NX_TREE_BUFFERS(Counted, mean, calls)
};

TEST(Clip, BuffersAndIntegersAreNeitherCountedNorChanged) {
  const Counted model{floats({3.0f}), floats({7.0f}), nx::array(5)},
      grads{floats({3.0f}), floats({4.0f}), nx::array(100)};
  for (const Transform& tx : {clip_by_global_norm(1), chain(clip_by_global_norm(1), adamw({.lr = 0.1}))}) {
    const auto [next, state] = tx.update(grads, tx.init(model), model);
    EXPECT_EQ(state.entries()[0].value.item<double>(), 3);
    EXPECT_NE(numbers(next.weight), numbers(model.weight));
    EXPECT_EQ(numbers(next.mean), std::vector<double>{7});
    EXPECT_EQ(numbers(next.calls), std::vector<double>{5});
    const auto [updates, same] = tx.updates(grads, tx.init(model), model);
    EXPECT_FALSE(updates.mean.defined());
    EXPECT_FALSE(updates.calls.defined());
  }
}

TEST(Clip, JustBelowTheLimitNothingChanges) {
  const Leaves grads{{"a", nx::array({3.0, 4.0})}};  // norm 5
  for (const double max : {5.0, 5.0000001, 1e300, HUGE_VAL}) {
    const Transform tx = clip_by_global_norm(max);
    expect_same_bits(tx.updates(grads, tx.init(grads), grads).first.at("a"), grads.at("a"), std::to_string(max));
  }
  const Transform above = clip_by_global_norm(4.9999999);
  EXPECT_LT(numbers(above.updates(grads, above.init(grads), grads).first.at("a"))[1], 4);
}

TEST(AdamW, TheCountStaysAtItsEnd) {
  const nx::Array p = floats({1.0f});
  const Transform tx = adamw({.lr = 0.5, .weight_decay = 0});
  std::vector<StateEntry> entries = tx.init(p).entries();
  entries[0].value = nx::array(INT32_MAX, {.dtype = nx::i32});
  const State<nx::Array> last(entries);
  const auto [next, state] = tx.update(p, last, p);
  const auto [updates, other] = tx.updates(p, last, p);
  EXPECT_EQ(entry_of(state, "0.count").item<int32_t>(), INT32_MAX);
  EXPECT_EQ(entry_of(other, "0.count").item<int32_t>(), INT32_MAX);
  // Moments 0.1 and 0.001 without corrections.
  EXPECT_NEAR(next.item<float>(), 1 - 0.5 * 0.1 / std::sqrt(0.001), 1e-6);
  expect_same_bits(next, p + updates, "p");
  entries[0].value = nx::array(INT32_MAX - 1, {.dtype = nx::i32});
  EXPECT_EQ(entry_of(tx.update(p, State<nx::Array>(entries), p).second, "0.count").item<int32_t>(), INT32_MAX);
}

TEST(AdamW, AMaskThatMatchesNothingIsRefused) {
  const Leaves params{{"bias", floats({1.0f})}, {"weight", floats({1.0f})}};
  const auto error = [&](const AdamWOpts& options) {
    return message_of<nx::ValueError>([&] { adamw(options).init(params); });
  };
  EXPECT_EQ(error({.decay_mask = mask::path("wieght")}),
            "vega.adamw: decay_mask matches none of the 2 parameters, of which the first is 'bias'; correct it, set "
            "weight_decay to 0, or use mask.allow_empty()");
  EXPECT_EQ(error({.decay_mask = mask::path("weight")}), "no error");
  EXPECT_EQ(error({.decay_mask = mask::path("wieght").allow_empty()}), "no error");
  EXPECT_EQ(error({.decay_mask = mask::none()}), "no error");
  EXPECT_EQ(error({.decay_mask = mask::none() || mask::none()}), "no error");
  EXPECT_EQ(error({.decay_mask = mask::path("wieght").allow_empty() && mask::ndim_ge(2)}), "no error");
  EXPECT_EQ(error({.decay_mask = !mask::all().allow_empty()}), "no error");
  EXPECT_NE(error({.decay_mask = !mask::all()}), "no error");
  EXPECT_EQ(error({.weight_decay = 0, .decay_mask = mask::path("wieght")}), "no error");
  EXPECT_EQ(message_of<nx::ValueError>([] { adamw({.decay_mask = mask::path("x")}).init(Leaves{}); }), "no error");
}

TEST(Clip, ScalesOnlyAboveTheLimit) {
  const Leaves grads{{"a", floats({3.0f, 0.0f})}, {"b", floats({-4.0f})}};  // norm 5
  const auto clipped = [&](double max) {
    const Transform tx = clip_by_global_norm(max);
    const auto [updates, state] = tx.updates(grads, tx.init(grads), grads);
    EXPECT_EQ(state.entries()[0].value.item<double>(), 5);
    return std::pair{numbers(updates.at("a"))[0], numbers(updates.at("b"))[0]};
  };
  EXPECT_EQ(clipped(5.1), (std::pair{3.0, -4.0})) << "exactly the gradient below the limit";
  EXPECT_NEAR(clipped(1).first, 0.6, 1e-6);
  EXPECT_NEAR(clipped(1).second, -0.8, 1e-6);
  EXPECT_NEAR(clipped(2.5).second, -2, 1e-5);
}

TEST(Clip, ZeroGradientsStayZero) {
  const nx::Array zero = nx::zeros({4}, {.dtype = nx::f32});
  const Transform tx = clip_by_global_norm(1);
  EXPECT_EQ(numbers(tx.updates(zero, tx.init(zero), zero).first), std::vector<double>(4, 0));
}

TEST(Clip, TheNormOfManyElementsIsExact) {
  const int64_t count = 1 << 22;
  const nx::Array ones = nx::full({count}, 0.1f, {.dtype = nx::f32});
  const Transform tx = clip_by_global_norm(1);
  const double norm = tx.updates(ones, tx.init(ones), ones).second.entries()[0].value.item<double>();
  EXPECT_NEAR(norm / (static_cast<double>(0.1f) * std::sqrt(static_cast<double>(count))), 1, 1e-6);
}

// NaN is not hidden: without clipping it stays in its element; a clipped step has no norm, so every element becomes
// NaN, as in PyTorch. Guard the loss (the demo stops) or the gradient before the update.
TEST(AdamW, NanGradientsShow) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const nx::Array p = floats({1.0f, 2.0f, 3.0f}), g = nx::array({0.5, nan, 0.5}).astype(nx::f32);
  const std::vector<double> plain = numbers(adamw().update(g, adamw().init(p), p).first);
  EXPECT_FALSE(std::isnan(plain[0]));
  EXPECT_TRUE(std::isnan(plain[1]));
  EXPECT_FALSE(std::isnan(plain[2]));
  const Transform tx = chain(clip_by_global_norm(1), adamw());
  const auto [next, state] = tx.update(g, tx.init(p), p);
  for (const double x : numbers(next)) EXPECT_TRUE(std::isnan(x));
  EXPECT_TRUE(std::isnan(state.entries()[0].value.item<double>()));
}

TEST(AdamW, ADecayOfZeroTouchesNoInfinity) {
  // lr 0 in the first step: 0·inf must be the same in both forms.
  const Transform tx = adamw({.lr = linear(0, 1, 10), .weight_decay = 0.1});
  const nx::Array p = nx::array({HUGE_VAL, 1.0}), g = nx::array({1.0, 1.0});
  const nx::Array fused = tx.update(g, tx.init(p), p).first;
  expect_same_bits(fused, p + tx.updates(g, tx.init(p), p).first, "p");
}

TEST(AdamW, WrongOptionsAreRefusedByName) {
  const auto error = [](auto&& f) { return message_of<nx::ValueError>(f); };
  EXPECT_EQ(error([] { adamw({.b1 = 1}); }), "vega.adamw: b1: got 1, expected a number in [0, 1)");
  EXPECT_EQ(error([] { adamw({.b2 = -0.1}); }), "vega.adamw: b2: got -0.1, expected a number in [0, 1)");
  EXPECT_EQ(error([] { adamw({.eps = -1}); }), "vega.adamw: eps: got -1, expected a finite number ≥ 0");
  EXPECT_EQ(error([] { adamw({.weight_decay = std::nan("")}); }),
            "vega.adamw: weight_decay: got nan, expected a finite number ≥ 0");
  EXPECT_EQ(error([] { adamw({.lr = -1}); }), "vega.adamw: lr: got -1, expected a schedule of numbers ≥ 0");
  EXPECT_EQ(error([] { adamw({.lr = std::nan("")}); }), "vega.adamw: lr: got nan, expected a schedule of numbers ≥ 0");
  EXPECT_EQ(error([] { adamw({.lr = HUGE_VAL}); }), "vega.adamw: lr: got inf, expected a schedule of finite numbers");
  EXPECT_EQ(error([] { adamw({.lr = join({linear(0, 1, 5), linear(1, -0.5, 5)}, {5})}); }),
            "vega.adamw: lr: got -0.5, expected a schedule of numbers ≥ 0");
  EXPECT_EQ(error([] { adamw({.lr = cosine_decay(1, 5, -0.25)}); }),
            "vega.adamw: lr: got -0.25, expected a schedule of numbers ≥ 0");
  EXPECT_EQ(error([] { adamw({.lr = join({1.0, std::nan(""), 1.0}, {5, 6})}); }),
            "vega.adamw: lr: got nan, expected a schedule of numbers ≥ 0");
  EXPECT_EQ(error([] { adamw({.eps = HUGE_VAL}); }), "vega.adamw: eps: got inf, expected a finite number ≥ 0");
  EXPECT_EQ(error([] { clip_by_global_norm(0); }), "vega.clip_by_global_norm: max: got 0, expected a number above 0");
}

TEST(AdamW, GradientsOfAnotherShapeAreRefusedByPath) {
  const Leaves params{{"bias", nx::zeros({3}, {.dtype = nx::f32})}, {"weight", nx::zeros({2, 3}, {.dtype = nx::f32})}};
  const Transform tx = adamw();
  const auto error = [&](Leaves grads) {
    return message_of<nx::TreeMismatchError>([&] { tx.update(std::move(grads), tx.init(params), params); });
  };
  EXPECT_EQ(error({{"bias", nx::zeros({3}, {.dtype = nx::f32})}, {"weight", nx::zeros({3, 2}, {.dtype = nx::f32})}}),
            "vega.update: at 'weight': the gradient is f32[3,2], the parameter f32[2,3]");
  EXPECT_EQ(error({{"bias", nx::zeros({3}, {.dtype = nx::f64})}, {"weight", nx::zeros({2, 3}, {.dtype = nx::f32})}}),
            "vega.update: at 'bias': the gradient is f64[3], the parameter f32[3]");
  EXPECT_EQ(
      error({{"bias", nx::zeros({3}, {.dtype = nx::f32})}}),
      "vega.update: at 'weight': the gradient has 1 leaves, the parameters 2; first difference: '(end)' and 'weight'");
  // As many leaves under other names.
  EXPECT_EQ(
      error({{"bias", nx::zeros({3}, {.dtype = nx::f32})}, {"height", nx::zeros({2, 3}, {.dtype = nx::f32})}}),
      "vega.update: at 'weight': the gradient has 2 leaves, the parameters 2; first difference: 'height' and 'weight'");
}

TEST(AdamW, AForeignStateIsRefused) {
  const Leaves params{{"w", nx::zeros({2, 3}, {.dtype = nx::f32})}}, other{{"w", nx::zeros({4}, {.dtype = nx::f32})}},
      larger{{"v", nx::zeros({4}, {.dtype = nx::f32})}, {"w", nx::zeros({2, 3}, {.dtype = nx::f32})}};
  const Transform plain = adamw(), clipped = chain(clip_by_global_norm(1), adamw());
  const auto error = [&](const Transform& tx, const State<Leaves>& state) {
    const std::string whole = message_of<nx::TreeMismatchError>([&] { tx.update(params, state, params); });
    EXPECT_EQ(message_of<nx::TreeMismatchError>([&] { tx.updates(params, state, params); }), whole)
        << "both forms check";
    return whole;
  };
  EXPECT_NE(error(plain, {}).find("the state has 0 entries for adamw, 1 parameters need 3; make the state with init"),
            std::string::npos);
  EXPECT_NE(error(clipped, {}).find("the state has 0 entries for clip_by_global_norm"), std::string::npos);
  EXPECT_NE(error(plain, plain.init(larger)).find("the state has 5 entries for adamw, 1 parameters need 3"),
            std::string::npos);
  EXPECT_NE(
      error(plain, plain.init(other)).find("the state entry '0.mu.w' is f32[4], mu of this parameter is f32[2,3]"),
      std::string::npos);
  // Entries that end as the expected ones, or stand for another slot.
  std::vector<StateEntry> entries = plain.init(params).entries();
  entries[1].name = "0.mu.other.w";
  EXPECT_NE(
      error(plain, State<Leaves>(entries)).find("the state entry '0.mu.other.w' is f32[2,3], mu of this parameter"),
      std::string::npos);
  entries[1].name = "0.nu.w";
  EXPECT_NE(error(plain, State<Leaves>(entries)).find("the state entry '0.nu.w'"), std::string::npos);
  entries[0].name = "0.steps";
  EXPECT_NE(error(plain, State<Leaves>(entries)).find("the first entry of adamw is 'count', not '0.steps'"),
            std::string::npos);
  EXPECT_NE(error(plain, clipped.init(params)).find("the state belongs to another transform"), std::string::npos);
  EXPECT_NE(error(clipped, plain.init(params)).find("entries for clip_by_global_norm, expected 1"), std::string::npos);
}

}  // namespace
}  // namespace vega::test
