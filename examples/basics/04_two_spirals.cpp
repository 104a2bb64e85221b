// A multilayer perceptron tells two spirals apart.
#include <cstdio>

#include "raven/raven.hpp"

using nx::Array;

struct Mlp {
  kaun::Linear first, second, third;
  explicit Mlp(kaun::Rng& rng) : first(2, 32, rng), second(32, 32, rng), third(32, 2, rng) {}
  NX_TREE(Mlp, first, second, third)
  Array operator()(const Array& x) const {
    return third(nx::tanh(second(nx::tanh(first(x)))));
  }  // [N, 2] → logits [N, 2]
};

/// Two arms of `count` points each, the second one turned by half a circle: points [2·count, 2] and labels [2·count].
static std::pair<Array, Array> spirals(int64_t count) {
  const Array t = nx::linspace(0.1, 1, count, {.dtype = nx::f32});
  const Array angle = t * 9.0f, x = t * nx::cos(angle), y = t * nx::sin(angle);
  const Array arm = nx::stack({x, y}, 1);
  const Array noise = nx::random::normal(nx::random::key(3), {2 * count, 2}, {.dtype = nx::f32}) * 0.01f;
  return {nx::concatenate({arm, -arm}) + noise, nx::repeat(nx::arange(2), count)};
}

int main() {
  const auto [points, labels] = spirals(200);
  kaun::Rng rng(0);
  Mlp model(rng);
  const vega::Transform optimizer = vega::adamw({.lr = 1e-2, .weight_decay = 1e-4});
  vega::State state = optimizer.init(model);

  const auto loss = [](const Mlp& m, const Array& x, const Array& y) { return kaun::cross_entropy(m(x), y); };
  for (int step = 0; step < 600; ++step) {
    auto [value, gradient] = rune::value_and_grad(loss)(model, points, labels);
    std::tie(model, state) = optimizer.update(std::move(gradient), std::move(state), std::move(model));
    if (step % 100 == 0) std::printf("step %3d  loss %.4f\n", step, value.item<double>());
  }
  const Array correct = nx::equal(nx::argmax(model(points), {.axis = 1}), labels);
  std::printf("accuracy %.1f %%\n", 100 * nx::mean(correct.astype(nx::f64)).item<double>());
}
