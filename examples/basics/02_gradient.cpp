// A gradient checked by hand: f(w) = mean((x·w − y)²) has the gradient 2/n·xᵀ(x·w − y).
#include <cstdio>

#include "raven/nx.hpp"
#include "raven/rune.hpp"

using nx::Array;

int main() {
  const Array x = nx::random::normal(nx::random::key(1), {8, 3});  // f64, as in NumPy
  const Array y = nx::random::normal(nx::random::key(2), {8});
  const Array w = nx::array({0.5, -1.0, 2.0});

  const auto f = [&](const Array& weights) { return nx::mean(nx::square(nx::matmul(x, weights) - y)); };

  const auto [value, gradient] = rune::value_and_grad(f)(w);
  const Array by_hand = nx::matmul(nx::transpose(x), nx::matmul(x, w) - y) * (2.0 / 8);

  std::printf("f(w) = %.6f\n", value.item<double>());
  std::printf("gradient  %s\n", nx::str(gradient).c_str());
  std::printf("by hand   %s\n", nx::str(by_hand).c_str());

  // And by walking a little: (f(w + h·e) − f(w − h·e)) / 2h for each direction e.
  Array walked = nx::zeros({3});
  const double h = 1e-6;
  for (int i = 0; i < 3; ++i) {
    Array up = w, down = w;
    up.at(i) = w(i) + h;
    down.at(i) = w(i) - h;
    walked.at(i) = (f(up) - f(down)) / (2 * h);
  }
  std::printf("walked    %s\n", nx::str(walked).c_str());

  const double exact = nx::max(nx::abs(gradient - by_hand)).item<double>(),
               near = nx::max(nx::abs(gradient - walked)).item<double>();
  std::printf("largest difference: by hand %s, walked %s\n", exact < 1e-14 ? "below 1e-14" : "TOO LARGE",
              near < 1e-8 ? "below 1e-8" : "TOO LARGE");

  // Gradients are functions, too: the second derivative of sin at 1 is −sin(1).
  const auto sine = [](const Array& t) { return nx::sin(t); };
  std::printf("d2/dt2 sin(t) at 1: %.6f\n", rune::grad(rune::grad(sine))(nx::scalar(1.0, nx::f64)).item<double>());
}
