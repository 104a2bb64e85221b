// Transformations inside transformations, closures, errors and scopes.
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "gtest/gtest.h"
#include "raven/rune.hpp"

namespace {

using namespace nx;

double number(const Array& x) { return x.item<double>(); }

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing was thrown";
}

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

struct Seen {
  Array last;
  int calls = 0;
  NX_TREE(Seen, last)
  NX_TREE_STATIC(Seen, calls)
};

TEST(Aux, PointersToOtherThanTreesStay) {
  struct Log {
    virtual ~Log() = default;
    int lines = 3;
  };
  const auto log = std::make_shared<Log>();
  const auto result = rune::grad([&](const Array& x) {
    return rune::with_aux(sum(x), std::tuple{log, std::make_shared<Array>(x * 2)});
  })(array({1.0}));
  EXPECT_EQ(std::get<0>(result.second), log);
  EXPECT_EQ(number(*std::get<1>(result.second)), 2);
}

TEST(Aux, IsAnything) {
  const auto f = [](const Array& x) {
    std::map<std::string, std::vector<Array>> by_name{{"x", {x, x * 2}}};
    return rune::with_aux(sum(x * x),
                          std::tuple{x * 3, 7, std::string("text"), std::vector<double>{1.5}, std::optional<Array>(x),
                                     std::variant<int, Array>(x * 4), Seen{x, 2}, by_name});
  };
  const auto check = [](const auto& aux) {
    EXPECT_EQ(number(std::get<0>(aux)), 9);
    EXPECT_EQ(std::get<1>(aux), 7);
    EXPECT_EQ(std::get<2>(aux), "text");
    EXPECT_EQ(std::get<3>(aux), std::vector<double>{1.5});
    EXPECT_FALSE(std::get<4>(aux)->is_traced());
    EXPECT_EQ(number(std::get<Array>(std::get<5>(aux))), 12);
    EXPECT_EQ(std::get<6>(aux).calls, 2);
    EXPECT_FALSE(std::get<6>(aux).last.is_traced());
    EXPECT_EQ(number(std::get<7>(aux).at("x")[1]), 6);
  };
  const Array x = array({3.0});
  const auto [value, gradient, aux] = rune::value_and_grad(f)(x);
  EXPECT_EQ(number(gradient), 6);
  check(aux);
  const auto [y, dy, forward_aux] = rune::jvp(f, std::tuple{x}, std::tuple{array({2.0})});
  EXPECT_EQ(number(dy), 12);
  check(forward_aux);
  const auto [z, reverse_aux, pullback] = rune::vjp(f, x);
  EXPECT_EQ(number(z), 9);
  check(reverse_aux);
  EXPECT_EQ(number(std::get<0>(pullback(array(10.0)))), 60);
  EXPECT_EQ(rune::grad([](const Array& v) { return rune::with_aux(sum(v), 2.5); })(x).second, 2.5);
}

TEST(Trees, OtherPathsAreRefusedThoughTheCountIsTheSame) {
  using M = std::map<std::string, Array>;
  const M ab{{"a", array(1.0)}, {"b", array(2.0)}}, bc{{"b", array(1.0)}, {"c", array(10.0)}};
  const std::string difference = " at 'a': the trees differ: 2 leaves and 2; first difference: 'a' and 'b'";
  EXPECT_EQ(
      message_of<TreeMismatchError>([&] { tree::map2([](const Array& x, const Array& y) { return x + y; }, ab, bc); }),
      "nx.tree.map2:" + difference);
  const auto [y, pullback] = rune::vjp([](const Array& x) { return M{{"a", x}, {"b", x * 2}}; }, array(2.0));
  EXPECT_EQ(message_of<TreeMismatchError>([&, &pull = pullback] { pull(bc); }), "rune.vjp:" + difference);
  EXPECT_EQ(message_of<TreeMismatchError>(
                [&] { rune::jvp([](const M& m) { return m.at("a"); }, std::tuple{ab}, std::tuple{bc}); }),
            "rune.jvp: at '0.a': the trees differ: 2 leaves and 2; first difference: '0.a' and '0.b'");
  // The same leaves in another grouping.
  using V = std::vector<std::vector<Array>>;
  const V first{{array(1.0)}, {array(2.0), array(3.0)}}, second{{array(1.0), array(2.0)}, {array(3.0)}};
  EXPECT_NE(message_of<TreeMismatchError>([&] {
              tree::map2([](const Array& x, const Array&) { return x; }, first, second);
            }).find("first difference: '1.0' and '0.1'"),
            std::string::npos);
}

struct Counted {
  Array weight, calls;
  NX_TREE(Counted, weight)
  NX_TREE_BUFFERS(Counted, calls)
};

TEST(Trees, LeavesOfIntegersAreAbsentInTheGradientWhenAllowed) {
  const Counted model{array({1.0, 2.0}), array(5)};
  const auto loss = [](const Counted& m) { return sum(m.weight * m.weight * m.calls); };
  const auto [value, gradient] = rune::value_and_grad(loss, {.allow_int = true})(model);
  EXPECT_EQ(number(value), 25);
  EXPECT_EQ(gradient.weight.to_vector<double>(), (std::vector<double>{10, 20}));
  EXPECT_FALSE(gradient.calls.defined());
  EXPECT_THROW(rune::grad(loss)(model), rune::NonDifferentiableError);
  const Counted cut = rune::stop_gradient(model);
  EXPECT_EQ(cut.calls.item<int64_t>(), 5);
  EXPECT_EQ(rune::grad([](const Counted& m) { return sum(m.weight * rune::stop_gradient(m).weight); },
                       {.allow_int = true})(model)
                .weight.to_vector<double>(),
            (std::vector<double>{1, 2}));
}

TEST(Vjp, PullbackRepeatsAndConsumes) {
  auto [y, pullback] = rune::vjp([](const Array& x) { return x * x; }, array({1.0, 2.0}));
  for (int i = 0; i < 2; ++i) {
    const auto [g] = pullback(array({1.0, 10.0}));
    EXPECT_EQ(g.to_vector<double>(), (std::vector<double>{2, 40}));
  }
  // What a copy still needs is not freed.
  auto copy = pullback;
  std::move(pullback)(array({1.0, 1.0}));
  EXPECT_EQ(std::get<0>(copy(array({1.0, 1.0}))).to_vector<double>(), (std::vector<double>{2, 4}));
  pullback = copy;
  copy = rune::vjp([](const Array& x) { return x * x; }, array({1.0, 2.0})).second;
  std::move(pullback)(array({1.0, 1.0}));
  try {
    pullback(array({1.0, 1.0}));
    FAIL() << "pulled twice";
  } catch (const rune::Error& e) {
    EXPECT_STREQ(e.what(),
                 "rune.vjp: this pullback was called with std::move, which freed what it kept; call it as "
                 "pullback(cotangent) while it is needed, or make it again with rune::vjp");
  }
}

TEST(Errors, NameTheFunctionAndTheRemedy) {
  EXPECT_EQ(message_of<ShapeError>([] { rune::grad([](const Array& x) { return x * x; })(array({1.0, 2.0})); }),
            "rune.grad: the function returned shape (2,), expected one element; reduce it with sum or mean, or use rune::vjp");
  EXPECT_EQ(
      message_of<rune::NonDifferentiableError>(
          [] { rune::grad([](const Array& x) { return sum(x); })(array({1, 2})); }),
      "rune.grad: leaf '' i64[2] has no derivative: its dtype is not floating; pass it as another argument, cast it "
      "with .astype(nx::f32), or leave it out of the gradient with {.allow_int = true}");
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
