// The program of the design page: plain structs, plain functions, a plain loop.
#include <cstdio>

#include "raven/raven.hpp"

struct Mlp {
  kaun::Linear up, down;
  NX_TREE(Mlp, up, down)
  nx::Array operator()(const nx::Array& x) const { return down(kaun::gelu(up(x))); }
};

int main() {
  kaun::Rng rng(1);
  Mlp model{kaun::Linear(2, 32, rng), kaun::Linear(32, 4, rng)};

  // Which quadrant is a point in?
  const nx::Array x = nx::random::uniform(nx::random::key(2), {256, 2}, {.low = -1, .high = 1, .dtype = nx::f32});
  const nx::Array y = nx::where(x(nx::_, 0) > 0, 1, 0) + nx::where(x(nx::_, 1) > 0, 2, 0);

  auto loss = [](const Mlp& m, const nx::Array& inputs, const nx::Array& targets) {
    return kaun::cross_entropy(m(inputs), targets);
  };

  const vega::Transform optimizer = vega::adamw({.lr = 1e-2});
  vega::State<Mlp> state = optimizer.init(model);

  auto step = [&](Mlp m, vega::State<Mlp> s, nx::Array inputs, nx::Array targets) {
    auto [value, grads] = rune::value_and_grad(loss)(m, inputs, targets);
    std::tie(m, s) = optimizer.update(grads, s, m);
    return std::tuple{m, s, value};
  };

  nx::Array value;
  for (int i = 0; i < 200; ++i) std::tie(model, state, value) = step(model, state, x, y);
  const nx::Array correct = nx::equal(nx::argmax(model(x), {.axis = 1}), y);
  std::printf("loss %s 0.1, %.0f %% right\n", value.item<double>() < 0.1 ? "below" : "above",
              100 * nx::mean(correct.astype(nx::f64)).item<double>());
}
