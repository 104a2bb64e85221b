// Gradients of models with buffers and integers, and the two halves of a model.
#include <map>

#include "kaun/support.hpp"
#include "raven/kaun.hpp"
#include "raven/vega.hpp"

namespace kaun::test {
namespace {

/// A layer with state: its buffers are the mean of what it saw, and how often.
struct Centred {
  Linear layer;
  nx::Array mean, calls;
  NX_TREE(Centred, layer)
  NX_TREE_BUFFERS(Centred, mean, calls)
  nx::Array operator()(const nx::Array& x) const { return layer(x - mean) * calls; }
};

Centred small_model() {
  Centred model;
  model.layer.weight = floats({2.0f}).reshape({1, 1});
  model.mean = floats({1.0f});
  model.calls = nx::array(3);
  return model;
}
nx::Array loss(const Centred& m, const nx::Array& x) { return nx::sum(nx::square(m(x))); }

TEST(ModelGradient, OfParametersAlone) {
  const nx::Array x = floats({3.0f}).reshape({1, 1});
  const auto [value, gradient] = value_and_grad(loss)(small_model(), x);
  EXPECT_EQ(value.item<double>(), 144);                  // (3·2·(3 − 1))²
  EXPECT_EQ(gradient.layer.weight.item<double>(), 144);  // 2·12·3·2
  EXPECT_FALSE(gradient.layer.bias.defined());
  EXPECT_FALSE(gradient.mean.defined());
  EXPECT_FALSE(gradient.calls.defined());
  const auto [same, slope, aux] = value_and_grad(
      [](const Centred& m, const nx::Array& v) { return rune::with_aux(loss(m, v), m.calls + 1); })(small_model(), x);
  EXPECT_EQ(slope.layer.weight.item<double>(), 144);
  EXPECT_EQ(aux.item<int64_t>(), 4);
}

TEST(ModelGradient, TrainsAModelWithAnIntegerBuffer) {
  const nx::Array x = floats({3.0f}).reshape({1, 1});
  const auto optimizer = vega::chain(vega::clip_by_global_norm(1), vega::adamw({.lr = 0.1, .weight_decay = 0}));
  Centred model = small_model();
  auto state = optimizer.init(model);
  const auto step = [&](Centred m, vega::State<Centred> s) {
    auto [value, gradient] = value_and_grad(loss)(m, x);
    return optimizer.update(std::move(gradient), std::move(s), std::move(m));
  };
  const auto jitted = rune::jit([&](const Centred& m, const vega::State<Centred>& s) { return step(m, s); });
  Centred compiled = model;
  auto compiled_state = state;
  for (int i = 0; i < 3; ++i) {
    std::tie(model, state) = step(std::move(model), std::move(state));
    std::tie(compiled, compiled_state) = jitted(compiled, compiled_state);
  }
  EXPECT_NEAR(model.layer.weight.item<double>(), 1.7, 1e-3);
  EXPECT_EQ(compiled.layer.weight.item<float>(), model.layer.weight.item<float>());
  EXPECT_EQ(model.calls.item<int64_t>(), 3);
  EXPECT_EQ(model.mean.item<float>(), 1);
}

TEST(ModelGradient, SplitAndMerge) {
  const Centred model = small_model();
  const auto [trainable, rest] = split(model);
  EXPECT_TRUE(trainable.layer.weight.defined());
  EXPECT_FALSE(trainable.mean.defined() || trainable.calls.defined());
  EXPECT_FALSE(rest.layer.weight.defined());
  EXPECT_TRUE(rest.mean.defined() && rest.calls.defined());
  const Centred whole = merge(trainable, rest);
  EXPECT_EQ(whole.layer.weight.item<float>(), 2);
  EXPECT_EQ(whole.calls.item<int64_t>(), 3);
  using Named = std::map<std::string, nx::Array>;
  EXPECT_EQ(message_of<nx::TreeMismatchError>([] { merge(Named{{"a", nx::Array()}}, Named{{"b", nx::ones({1})}}); }),
            "kaun.merge: at 'a': the trees differ: 1 leaves and 1; first difference: 'a' and 'b'");
}

}  // namespace
}  // namespace kaun::test
