// Layers: formulas by hand, initialisation, training and evaluation contexts, wrong input.
#include <cmath>

#include "kaun/hashed_gpt.hpp"
#include "kaun/support.hpp"

namespace kaun::test {
namespace {

TEST(Linear, ByHand) {
  Linear layer;
  layer.weight = floats({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}).reshape({2, 3});
  layer.bias = floats({10.0f, 20.0f});
  const nx::Array x = floats({1.0f, 0.0f, -1.0f, 2.0f, 1.0f, 0.0f}).reshape({1, 2, 3});
  EXPECT_EQ(layer(x).to_vector<float>(), (std::vector<float>{8, 18, 14, 33}));
  EXPECT_EQ(layer(x).shape(), (nx::Shape{1, 2, 2}));
  layer.bias = nx::Array();
  EXPECT_EQ(layer(x).to_vector<float>(), (std::vector<float>{-2, -2, 4, 13}));
  EXPECT_EQ(layer(nx::zeros({0, 3}, {.dtype = nx::f32})).shape(), (nx::Shape{0, 2}));
}

TEST(Linear, StartsAsPyTorchs) {
  Rng rng(1);
  const Linear layer(16, 4000, rng);  // U(−1/4, 1/4)
  const std::vector<float> w = layer.weight.to_vector<float>(), b = layer.bias.to_vector<float>();
  double sum = 0, squares = 0;
  for (const float x : w) {
    ASSERT_LE(std::abs(x), 0.25f);
    sum += x;
    squares += static_cast<double>(x) * x;
  }
  const double n = static_cast<double>(w.size()), variance = 1.0 / 48;  // (2/4)²/12
  EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(squares / n, variance, 0.02 * variance);
  for (const float x : b) ASSERT_LE(std::abs(x), 0.25f);
  EXPECT_FALSE(Linear(3, 4, rng, {.bias = false}).bias.defined());
  EXPECT_EQ(Linear(3, 4, rng, {.dtype = nx::f64}).weight.dtype(), nx::f64);
}

TEST(Linear, WrongInputIsRefused) {
  Rng rng(1);
  const Linear layer(3, 4, rng);
  EXPECT_EQ(message_of<nx::DTypeError>([&] { layer(nx::zeros({2, 3})); }),
            "kaun.Linear: the input is f64, the weights f32; use x.astype(nx::f32)");
  EXPECT_NE(
      message_of<nx::DTypeError>([&] { layer(nx::zeros({2, 3}, {.dtype = nx::i32})); }).find("use x.astype(nx::f32)"),
      std::string::npos);
  EXPECT_EQ(message_of<nx::ShapeError>([&] { layer(nx::zeros({2, 4}, {.dtype = nx::f32})); }),
            "kaun.Linear: the last axis of (2, 4) must have size 3");
  EXPECT_NE(message_of<nx::ShapeError>([&] { layer(nx::zeros({}, {.dtype = nx::f32})); }).find("must have size 3"),
            std::string::npos);
  EXPECT_EQ(message_of<nx::ValueError>([&] { Linear()(nx::zeros({3}, {.dtype = nx::f32})); }),
            "kaun.Linear: the layer has no weights; construct it with its sizes");
}

TEST(LayerNorm, ByHand) {
  LayerNorm norm(4);
  norm.bias = floats({0.0f, 1.0f, 0.0f, 0.0f});
  norm.weight = floats({1.0f, 1.0f, 2.0f, 1.0f});
  const std::vector<float> y = norm(floats({1.0f, 2.0f, 3.0f, 4.0f}).reshape({1, 4})).to_vector<float>();
  const double r = 1 / std::sqrt(1.25 + 1e-5);
  const double expected[] = {-1.5 * r, -0.5 * r + 1, 2 * 0.5 * r, 1.5 * r};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(y[i], expected[i], 1e-6);
  EXPECT_NE(message_of<nx::ShapeError>([&] { norm(nx::zeros({2, 5}, {.dtype = nx::f32})); }).find("kaun.LayerNorm"),
            std::string::npos);
  EXPECT_NE(message_of<nx::DTypeError>([&] { norm(nx::zeros({2, 4})); }).find("kaun.LayerNorm"), std::string::npos);
}

TEST(LayerNorm, WithoutABias) {
  const LayerNorm norm(4, {.bias = false});
  EXPECT_FALSE(norm.bias.defined());
  EXPECT_EQ(nx::tree::count_params(norm), 4);
  LayerNorm zero(4);
  const nx::Array x = floats({1.0f, 2.0f, 4.0f, 3.0f}).reshape({1, 4});
  EXPECT_EQ(norm(x).to_vector<float>(), zero(x).to_vector<float>());
}

TEST(Layers, WrongSizesAreRefusedUnderTheLayersName) {
  Rng rng(1);
  const auto error = [](auto&& f) { return message_of<nx::ValueError>(f); };
  EXPECT_EQ(error([&] { Linear(0, 3, rng); }), "kaun.Linear: in: got 0, expected a size of at least 1");
  EXPECT_EQ(error([&] { Linear(3, -1, rng); }), "kaun.Linear: out: got -1, expected a size of at least 1");
  EXPECT_EQ(error([] { LayerNorm(0); }), "kaun.LayerNorm: features: got 0, expected a size of at least 1");
  EXPECT_EQ(error([&] { Embedding(0, 3, rng); }), "kaun.Embedding: count: got 0, expected a size of at least 1");
  EXPECT_EQ(error([&] { Embedding(3, -2, rng); }), "kaun.Embedding: features: got -2, expected a size of at least 1");
  EXPECT_EQ(error([&] { CausalSelfAttention({.width = 4, .heads = 0}, rng); }),
            "kaun.CausalSelfAttention: heads: got 0, expected a size of at least 1");
  EXPECT_EQ(error([&] { CausalSelfAttention({.width = 0, .heads = 2}, rng); }),
            "kaun.CausalSelfAttention: width: got 0, expected a size of at least 1");
  EXPECT_EQ(error([&] { CausalSelfAttention({.width = 5, .heads = 2}, rng); }),
            "kaun.CausalSelfAttention: width 5 is not a multiple of heads 2");
  EXPECT_EQ(error([&] { Mlp({.width = 4, .heads = 2, .layers = -1}, rng); }),
            "kaun.Mlp: layers: got -1, expected a size of at least 1");
  EXPECT_EQ(error([&] { Mlp({.width = 4, .heads = 2, .dropout = 2}, rng); }),
            "kaun.Mlp: dropout: got 2, expected a number in [0, 1]");
  EXPECT_EQ(message_of<nx::DTypeError>([&] { Linear(2, 3, rng, {.dtype = nx::i32}); }),
            "kaun.Linear: dtype: got i32, expected a floating one");
  const models::GptConfig wrong{.vocab_size = 3, .context = 4, .width = 4, .layers = 1, .heads = 2, .dropout = 2};
  EXPECT_EQ(error([&] { models::Gpt(wrong, rng); }), "kaun.Gpt: dropout: got 2, expected a number in [0, 1]");
  EXPECT_EQ(error([&] { models::Gpt::shaped(wrong); }), "kaun.Gpt.shaped: dropout: got 2, expected a number in [0, 1]");
}

TEST(Embedding, RowsAndTheTiedHead) {
  Rng rng(1);
  Embedding table(5, 2, rng);
  table.weight = floats({0.f, 1.f, 10.f, 11.f, 20.f, 21.f, 30.f, 31.f, 40.f, 41.f}).reshape({5, 2});
  EXPECT_EQ(table(nx::array({4, 0})).to_vector<float>(), (std::vector<float>{40, 41, 0, 1}));
  EXPECT_EQ(table.attend(floats({1.0f, 0.0f}).reshape({1, 2})).to_vector<float>(),
            (std::vector<float>{0, 10, 20, 30, 40}));
  EXPECT_NE(message_of<nx::IndexError>([&] { table(nx::array({1, 5})); }).find("5"), std::string::npos);
}

TEST(Context, EvaluationIsTheIdentityAndHasNoKey) {
  Ctx cx = Ctx::evaluation();
  EXPECT_FALSE(cx.train());
  const nx::Array x = nx::ones({50}, {.dtype = nx::f32});
  EXPECT_EQ(dropout(x, 0.9, cx).to_vector<float>(), x.to_vector<float>());
  EXPECT_NE(message_of<nx::ValueError>([&] { cx.next_key(); }).find("make it with Ctx::training(key)"),
            std::string::npos);
}

TEST(Context, TrainingDropsByTheKeyAndKeepsTheMean) {
  const nx::Array x = nx::ones({10000}, {.dtype = nx::f32});
  const auto masks = [&](uint64_t seed) {
    Ctx cx = Ctx::training(nx::random::key(seed));
    EXPECT_TRUE(cx.train());
    const Dropout layer(0.25);
    std::vector<float> first = layer(x, cx).to_vector<float>(), second = layer(x, cx).to_vector<float>();
    return std::pair{first, second};
  };
  const auto [first, second] = masks(1);
  int dropped = 0;
  for (const float v : first) {
    ASSERT_TRUE(v == 0 || v == 1 / 0.75f) << v;
    dropped += v == 0;
  }
  EXPECT_NEAR(dropped, 2500, 5 * std::sqrt(10000 * 0.25 * 0.75));
  EXPECT_NE(first, second) << "each layer draws its own mask";
  EXPECT_EQ(masks(1).first, first);
  EXPECT_EQ(masks(1).second, second);
  EXPECT_NE(masks(2).first, first);
}

TEST(Context, TheLimitsOfDropout) {
  Ctx cx = Ctx::training(nx::random::key(1));
  const nx::Array x = floats({1.0f, -2.0f});
  EXPECT_EQ(dropout(x, 0, cx).to_vector<float>(), x.to_vector<float>());
  EXPECT_EQ(dropout(x, 1, cx).to_vector<float>(), (std::vector<float>{0, 0}));
  EXPECT_EQ(message_of<nx::ValueError>([&] { dropout(x, 1.5, cx); }),
            "kaun.dropout: p: got 1.5, expected a number in [0, 1]");
  EXPECT_NE(message_of<nx::ValueError>([&] { dropout(x, std::nan(""), cx); }).find("p: got nan"), std::string::npos);
  EXPECT_EQ(message_of<nx::ValueError>([] { Dropout(-0.1); }),
            "kaun.Dropout: p: got -0.1, expected a number in [0, 1]");
}

TEST(Mlp, UsesTheTanhFormOfGelu) {
  Rng rng(1);
  Mlp mlp({.width = 1, .heads = 1}, rng);
  mlp.c_fc.weight = floats({1, 2, -1, -2}).reshape({4, 1});
  mlp.c_proj.weight = floats({1, 1, 0, 0}).reshape({1, 4});
  Ctx cx = Ctx::evaluation();
  const double y = mlp(floats({1}).reshape({1, 1, 1}), cx).item<double>();
  const auto gelu_tanh = [](double v) {
    return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
  };
  EXPECT_NEAR(y, gelu_tanh(1) + gelu_tanh(2), 1e-6);  // the erf form gives 5e-5 more
}

TEST(Gpt, DropoutActsInTrainingOnly) {
  models::GptConfig config = tiny_config();
  config.dropout = 0.5;
  Rng rng(1);
  const models::Gpt model(config, rng);
  const nx::Array ids = nx::array({1, 2, 3}).reshape({1, 3});
  const auto trained = [&](uint64_t seed) {
    Ctx cx = Ctx::training(nx::random::key(seed));
    return model(ids, cx).to_vector<float>();
  };
  Ctx evaluation = Ctx::evaluation();
  EXPECT_EQ(model(ids, evaluation).to_vector<float>(), model(ids).to_vector<float>());
  EXPECT_NE(trained(1), model(ids).to_vector<float>());
  EXPECT_EQ(trained(1), trained(1));
  EXPECT_NE(trained(1), trained(2));
}

TEST(Gpt, StartsAsGpt2) {
  Rng rng(1);
  const models::Gpt model({.vocab_size = 63, .context = 64, .width = 128, .layers = 4, .heads = 4}, rng);
  EXPECT_EQ(nx::tree::count_params(model), 809600);
  for (const auto& [name, value] : state_dict(model).tensors) {
    double squares = 0;
    const std::vector<float> values = value.to_vector<float>();
    for (const float x : values) squares += static_cast<double>(x) * x;
    const double deviation = std::sqrt(squares / static_cast<double>(values.size()));
    if (name.ends_with("bias"))
      EXPECT_EQ(deviation, 0) << name;
    else if (name.find("ln_") != std::string::npos)
      EXPECT_EQ(deviation, 1) << name;
    else
      EXPECT_NEAR(deviation, name.ends_with("c_proj.weight") ? 0.02 / std::sqrt(8.0) : 0.02, 0.03 * 0.02) << name;
  }
  Rng same(1), other(2);
  EXPECT_EQ(models::Gpt(tiny_config(), same).wte.weight.shape(), (nx::Shape{11, 16}));
  EXPECT_NE(models::Gpt(model.config, other).wte.weight.to_vector<float>(), model.wte.weight.to_vector<float>());
}

TEST(Gpt, APositionSeesItsPastOnly) {
  Rng rng(1);
  const models::Gpt model(tiny_config(), rng);
  const auto logits = [&](std::vector<int32_t> ids) { return model(detail::window_array(ids)).to_vector<float>(); };
  const std::vector<float> a = logits({1, 2, 3, 4, 5}), b = logits({1, 2, 3, 9, 9});
  EXPECT_EQ(std::vector<float>(a.begin(), a.begin() + 33), std::vector<float>(b.begin(), b.begin() + 33));
  EXPECT_NE(std::vector<float>(a.begin() + 33, a.end()), std::vector<float>(b.begin() + 33, b.end()));
}

TEST(Gpt, WrongInputIsRefused) {
  Rng rng(1);
  const models::Gpt model(tiny_config(), rng);
  EXPECT_EQ(message_of<nx::ShapeError>([&] { model(nx::zeros({1, 9}, {.dtype = nx::i32})); }),
            "kaun.Gpt: ids have 9 positions, the context is 8");
  EXPECT_EQ(message_of<nx::ShapeError>([&] { model(nx::zeros({3}, {.dtype = nx::i32})); }),
            "kaun.Gpt: ids have shape (3,), expected (batch, time)");
  EXPECT_NE(message_of<nx::IndexError>([&] { model(nx::full({1, 2}, 11, {.dtype = nx::i32})); }).find("11"),
            std::string::npos);
  EXPECT_NE(
      message_of<nx::ValueError>([&] { models::Gpt({.vocab_size = 3}, rng); }).find("every size must be at least 1"),
      std::string::npos);
  EXPECT_EQ(message_of<nx::ValueError>(
                [&] { models::Gpt({.vocab_size = 3, .context = 4, .width = 10, .layers = 1, .heads = 3}, rng); }),
            "kaun.Gpt: width 10 is not a multiple of heads 3");
}

}  // namespace
}  // namespace kaun::test
