// Linear regression: recover slope and offset from noisy points by gradient descent.
#include <cstdio>

#include "raven/nx.hpp"
#include "raven/rune.hpp"

using nx::Array;

struct Line {
  Array slope, offset;
  NX_TREE(Line, slope, offset)  // what gradients are taken of
  Array operator()(const Array& x) const { return x * slope + offset; }
};

int main() {
  // y = 3x − 2 and noise of deviation 0.1, 200 points.
  const Array x = nx::random::uniform(nx::random::key(1), {200}, {.low = -1, .high = 1});
  const Array y = x * 3 - 2 + nx::random::normal(nx::random::key(2), {200}) * 0.1;

  const auto loss = [](const Line& line, const Array& inputs, const Array& targets) {
    return nx::mean(nx::square(line(inputs) - targets));
  };
  const auto loss_and_gradient = rune::value_and_grad(loss);

  Line line{nx::scalar(0.0, nx::f64), nx::scalar(0.0, nx::f64)};
  for (int step = 0; step <= 200; ++step) {
    const auto [value, gradient] = loss_and_gradient(line, x, y);
    if (step % 50 == 0) std::printf("step %3d  loss %.5f\n", step, value.item<double>());
    line.slope = line.slope - gradient.slope * 0.3;
    line.offset = line.offset - gradient.offset * 0.3;
  }
  std::printf("y = %.2f x + %.2f\n", line.slope.item<double>(), line.offset.item<double>());
}
