// Transformations inside transformations, closures, errors and scopes.
#include "gtest/gtest.h"
#include "raven/rune.hpp"

namespace {

using namespace nx;

double number(const Array& x) { return x.item<double>(); }

TEST(Nesting, ClosureOverAnOuterTracer) {
  // d/dx [x · d/dy (x + y)] = 1 in each combination of modes
  const Array one = array(1.0);
  const auto inner = [](const Array& x) { return [&x](const Array& y) { return x + y; }; };
  const auto reverse = [&](auto f, const Array& at) { return rune::grad(f)(at); };
  const auto forward = [&](auto f, const Array& at) { return rune::jvp(f, std::tuple{at}, std::tuple{array(1.0)}).second; };
  EXPECT_EQ(number(reverse([&](const Array& x) { return x * reverse(inner(x), one); }, one)), 1);
  EXPECT_EQ(number(reverse([&](const Array& x) { return x * forward(inner(x), one); }, one)), 1);
  EXPECT_EQ(number(forward([&](const Array& x) { return x * reverse(inner(x), one); }, one)), 1);
  EXPECT_EQ(number(forward([&](const Array& x) { return x * forward(inner(x), one); }, one)), 1);
}

TEST(Nesting, ThirdDerivative) {
  const auto cube = [](const Array& x) { return x * x * x; };
  const Array third = rune::grad([&](const Array& x) { return rune::grad([&](const Array& y) { return rune::grad(cube)(y); })(x); })(array(2.0));
  EXPECT_EQ(number(third), 6);
}

struct Linear {
  Array weight, bias;
  int64_t features = 0;
  NX_TREE(Linear, weight, NX_AS(bias, "b"))
  NX_TREE_STATIC(Linear, features)
};
struct Net {
  std::vector<Linear> layers;
  Array absent;
  std::array<Array, 2> pair;
  NX_TREE(Net, layers, absent, pair)
};

Net make_net() {
  Net net;
  net.layers.resize(2);
  for (Linear& l : net.layers) l = {ones({3, 3}), zeros({3}), 3};
  net.pair = {ones({3}), ones({3})};
  return net;
}

TEST(Trees, PathsAndGradientsKeepTheStructure) {
  const Net net = make_net();
  EXPECT_EQ(tree::paths(net), (std::vector<std::string>{"layers.0.weight", "layers.0.b", "layers.1.weight", "layers.1.b",
                                                        "absent", "pair.0", "pair.1"}));
  const auto [value, grads] = rune::value_and_grad([](const Net& n, const Array& x) {
    Array h = x;
    for (const Linear& l : n.layers) h = matmul(h, l.weight.T()) + l.bias;
    return sum(h * n.pair[0]);
  })(net, array({1.0, 2.0, 3.0}));
  EXPECT_EQ(number(value), 54);
  EXPECT_FALSE(grads.absent.defined());
  EXPECT_EQ(grads.layers[0].features, 3);
  EXPECT_EQ(grads.pair[1].to_vector<double>(), (std::vector<double>{0, 0, 0}));  // unused: zeros
  EXPECT_EQ(grads.layers[1].bias.to_vector<double>(), (std::vector<double>{1, 1, 1}));
}

TEST(Aux, ComesBackLowered) {
  const auto [value, gradient, aux] = rune::value_and_grad([](const Array& x) { return rune::with_aux(sum(x * x), x * 2); })(array({3.0}));
  EXPECT_EQ(number(value), 9);
  EXPECT_EQ(number(gradient), 6);
  EXPECT_FALSE(aux.is_traced());
  EXPECT_EQ(number(aux), 6);
}

TEST(Vjp, PullbackRepeatsAndConsumes) {
  auto [y, pullback] = rune::vjp([](const Array& x) { return x * x; }, array({1.0, 2.0}));
  for (int i = 0; i < 2; ++i) {
    const auto [g] = pullback(array({1.0, 10.0}));
    EXPECT_EQ(g.to_vector<double>(), (std::vector<double>{2, 40}));
  }
  std::move(pullback)(array({1.0, 1.0}));
  EXPECT_THROW(pullback(array({1.0, 1.0})), rune::Error);
}

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(Errors, NameTheFunctionAndTheRemedy) {
  EXPECT_EQ(message_of<ShapeError>([] { rune::grad([](const Array& x) { return x * x; })(array({1.0, 2.0})); }),
            "rune.grad: the function returned shape (2,), expected one element; reduce it with sum or mean, or use rune::vjp");
  EXPECT_EQ(message_of<rune::NonDifferentiableError>([] { rune::grad([](const Array& x) { return sum(x); })(array({1, 2})); }),
            "rune.grad: leaf '' i64[2] has no derivative: its dtype is not floating; pass it as another argument or cast it "
            "with .astype(nx::f32)");
}

TEST(Errors, ALeakedTracerIsRefusedAndTheLibraryStaysUsable) {
  Array leaked;
  const auto f = [&](const Array& x) {
    leaked = x * x;
    return sum(leaked);
  };
  rune::grad(f)(array({1.0}));
  EXPECT_THROW(leaked + 1, LeakedTracerError);
  EXPECT_THROW(leaked.item<double>(), LeakedTracerError);
  EXPECT_THROW(rune::grad([](const Array& x) -> Array { throw std::runtime_error("body"); return x; })(array(1.0)), std::runtime_error);
  EXPECT_EQ(current_interpreter(), nullptr);
  EXPECT_EQ(number(array(1.0) + 1), 2);
}

TEST(Values, ArePrimalUnderGrad) {
  double seen = 0;
  rune::grad([&](const Array& x) {
    seen = (x * 3).item<double>();
    return x;
  })(array(2.0));
  EXPECT_EQ(seen, 6);
}

TEST(Tape, DeepChainsDoNotRecurse) {
  const Array g = rune::grad([](const Array& x) {
    Array y = x;
    for (int i = 0; i < 200000; ++i) y = y + x;
    return y;
  })(array(1.0));
  EXPECT_EQ(number(g), 200001);
}

}  // namespace
