#include "raven/rune/jit.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "raven/rune.hpp"
#include "tolk/bits.hpp"

namespace {

using nx::Array;
using tolk_test::expect_same_bits;

Array ramp(const nx::Shape& shape, double start = 1) {
  return nx::reshape(nx::arange(start, start + static_cast<double>(nx::element_count(shape.span()))), shape)
             .astype(nx::f32) /
         7;
}

enum class Mode { plain, squared };
struct Layer {
  Array weight, bias;
  int64_t factor = 2;
  Mode mode = Mode::plain;
  Array operator()(const Array& x) const {
    const Array y = nx::linear(x, weight, bias) * factor;
    return mode == Mode::squared ? nx::square(y) : y;
  }
  NX_TREE(Layer, weight, bias)
  NX_TREE_STATIC(Layer, factor, mode)
};
struct Model {
  std::vector<Layer> layers;
  std::map<std::string, Array> extra;
  NX_TREE(Model, layers, extra)
};
Model make_model() {
  Model m;
  m.layers = {{ramp({5, 4}), ramp({5}, -3)}, {ramp({3, 5}, -9), Array{}, 1, Mode::squared}};
  m.extra["scale"] = ramp({3});
  return m;
}
Array forward(const Model& m, const Array& x) {
  Array y = x;
  for (const Layer& layer : m.layers) y = nx::gelu(layer(y));
  return y * m.extra.at("scale");
}
Array loss_of(const Model& m, const Array& x) { return nx::mean(nx::square(forward(m, x))); }

template <class T>
void expect_same_tree(const T& got, const T& expected) {
  const auto a = nx::tree::leaves(got), b = nx::tree::leaves(expected);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].defined(), b[i].defined());
    if (a[i].defined()) expect_same_bits(a[i], b[i]);
  }
}

TEST(Jit, GivesTheBitsOfTheFunction) {
  const auto compiled = rune::jit(forward);
  const Model m = make_model();
  const Array x = ramp({6, 4}, -10);
  for (int i = 0; i < 4; ++i) expect_same_bits(compiled(m, x), forward(m, x));
  const rune::JitStats stats = compiled.stats();
  EXPECT_EQ(stats.calls, 4);
  EXPECT_EQ(stats.traces, 1);
  EXPECT_EQ(stats.retraces, 1);
  EXPECT_EQ(stats.hits, 3);
  EXPECT_GT(stats.externs, 0);
  EXPECT_EQ(stats.fallbacks, 0);
}

TEST(Jit, SignaturesAreTypesStructureStaticsShapesAndDtypes) {
  int traced = 0;
  const auto compiled = rune::jit([&](const Model& m, const Array& x, double factor, const std::string& name) {
    ++traced;
    return forward(m, x) * factor * static_cast<double>(name.size());
  });
  Model m = make_model();
  const auto call = [&](const Model& model, const Array& x, double factor, const std::string& name) {
    const int before = traced;
    const Array got = compiled(model, x, factor, name);
    const bool hit = traced == before;
    expect_same_bits(got, forward(model, x) * factor * static_cast<double>(name.size()));
    return hit;
  };
  const Array x = ramp({6, 4});
  EXPECT_FALSE(call(m, x, 2, "a"));
  EXPECT_FALSE(call(m, x, 2, "a"));  // the second call is traced again, to be compared
  EXPECT_TRUE(call(m, x, 2, "a"));
  EXPECT_TRUE(call(m, ramp({6, 4}, 50), 2, "a"));  // values do not count
  EXPECT_FALSE(call(m, ramp({5, 4}), 2, "a"));     // shape
  EXPECT_FALSE(call(m, x, 2.5, "a"));              // static arguments
  EXPECT_FALSE(call(m, x, 2, "ab"));
  Model other = m;
  other.layers[0].factor = 3;  // static fields
  EXPECT_FALSE(call(other, x, 2, "a"));
  other = m;
  other.layers[1].mode = Mode::plain;
  EXPECT_FALSE(call(other, x, 2, "a"));
  other = m;
  other.layers[1].bias = ramp({3});  // a leaf that was absent
  EXPECT_FALSE(call(other, x, 2, "a"));
  other = m;
  other.layers.push_back({ramp({3, 3}), Array{}});  // length
  EXPECT_FALSE(call(other, x, 2, "a"));
  other = m;
  other.extra["unused"] = ramp({1});  // keys
  EXPECT_FALSE(call(other, x, 2, "a"));
  EXPECT_TRUE(call(m, x, 2, "a"));
  EXPECT_EQ(compiled.cache_size(), 9u);
  const auto cast = rune::jit([](const Array& v) { return v + 1; });
  EXPECT_EQ(cast(nx::array({1, 2})).dtype(), nx::i64);
  EXPECT_EQ(cast(nx::array({1.0, 2.0})).dtype(), nx::f64);
  EXPECT_EQ(cast.stats().traces, 2);
}

struct Scaled : Layer {
  Array scale;
  NX_TREE_BASE(Scaled, Layer, scale)
};
struct Shift {
  Array by;
  int64_t steps[2] = {1, 2};
  char tag[2] = {'a', 'b'};
  NX_TREE(Shift, by)
  NX_TREE_STATIC(Shift, steps, tag)
};
struct Shifted : Scaled {
  Shift shift;
  NX_TREE_BASE(Shifted, Scaled, shift)
};

TEST(Jit, StaticFieldsOfAllBasesAndOfArraysCount) {
  const auto f = [](const Shifted& m, const Array& x) {
    return m(x) * m.scale * m.shift.steps[0] + m.shift.by * m.shift.steps[1] * static_cast<double>(m.shift.tag[1]);
  };
  const auto compiled = rune::jit(f);
  Shifted m{{{ramp({3, 4}), ramp({3})}, ramp({3}, 5)}, {ramp({3}, 6)}};
  const Array x = ramp({2, 4});
  const auto check = [&] {
    for (int i = 0; i < 3; ++i) expect_same_bits(compiled(m, x), f(m, x));
  };
  check();
  m.factor = 7;  // of the base of the base
  check();
  m.shift.steps[1] = 5;
  check();
  m.shift.tag[1] = 'c';
  check();
  EXPECT_EQ(compiled.stats().traces, 4);
  // Arguments that are arrays of numbers, and texts.
  const auto last = rune::jit([](const Array& a, const int* numbers, const char* text) { return a * numbers[1] * text[0]; });
  const int two[] = {1, 2}, three[] = {1, 3};
  for (int i = 0; i < 3; ++i) {
    expect_same_bits(last(x, two, "a"), x * 2 * 'a');
    expect_same_bits(last(x, three, "a"), x * 3 * 'a');
    expect_same_bits(last(x, two, "bc"), x * 2 * 'b');
  }
}

TEST(Jit, StaticArgumentsMayBeLists) {
  const auto compiled = rune::jit([](const Array& x, rune::Static<std::vector<int>> powers) {
    Array y = x;
    for (const int p : powers.value) y = y * p;
    return y;
  });
  const Array x = ramp({3});
  expect_same_bits(compiled(x, rune::Static<std::vector<int>>{{2, 3}}), x * 2 * 3);
  expect_same_bits(compiled(x, rune::Static<std::vector<int>>{{2, 4}}), x * 2 * 4);
  EXPECT_EQ(compiled.stats().traces, 2);
}

TEST(Jit, ResultsAreTrees) {
  const auto compiled = rune::jit([](const Model& m, const Array& x) {
    Model out = m;
    out.layers[0].weight = out.layers[0].weight * 2;
    return std::tuple{out, x, std::vector<Array>{x, x + 1, Array{}}, nx::zeros({2})};
  });
  const Model m = make_model();
  const Array x = ramp({4});
  for (int i = 0; i < 3; ++i) {
    const auto [model, same, list, zeros] = compiled(m, x);
    Model expected = m;
    expected.layers[0].weight = m.layers[0].weight * 2;
    expect_same_tree(model, expected);
    EXPECT_EQ(model.layers[1].mode, Mode::squared);
    expect_same_bits(same, x);
    ASSERT_EQ(list.size(), 3u);
    expect_same_bits(list[1], x + 1);
    EXPECT_FALSE(list[2].defined());
    expect_same_bits(zeros, nx::zeros({2}));
  }
}

// ---- donation
// --------------------------------------------------------------------------------------------------------------

TEST(Jit, MovedTreesAreUpdatedInPlace) {
  const auto step = [](Model m, Array x) {
    auto [loss, gradient] = rune::value_and_grad(loss_of)(m, x);
    m = nx::tree::map2([](const Array& p, const Array& g) { return p - g * 1e-7; }, m, gradient);
    return std::tuple{m, loss};
  };
  const auto compiled = rune::jit(step);
  Model m = make_model(), eager = make_model();
  // Handles that the model alone holds.
  m = nx::tree::map([](const Array& p) { return p + 0; }, m);
  const Array x = ramp({6, 4}, -10) / 10;
  const float* address = m.layers[0].weight.data<float>();
  for (int i = 0; i < 5; ++i) {
    Array loss, eager_loss;
    std::tie(m, loss) = compiled(std::move(m), x);
    std::tie(eager, eager_loss) = step(eager, x);
    expect_same_bits(loss, eager_loss);
    EXPECT_TRUE(std::isfinite(loss.item<float>()));
    expect_same_tree(m, eager);
  }
  EXPECT_EQ(m.layers[0].weight.data<float>(), address);
  EXPECT_EQ(compiled.stats().donations, 20) << compiled.explain();
  EXPECT_EQ(compiled.stats().donations_missed, 0);
  // Another handle keeps its values.
  const Model kept = m;
  Array loss;
  std::tie(m, loss) = compiled(std::move(m), x);
  expect_same_tree(kept, eager);
  EXPECT_EQ(compiled.stats().donations_missed, 4);
  std::tie(eager, loss) = step(eager, x);
  expect_same_tree(m, eager);
}

TEST(Jit, SeveralTreesOfOneTypeAreMovedApart) {
  const auto compiled = rune::jit([](const Model& a, const Model& b) { return std::tuple{b, a, b}; });
  Model a = make_model(), b = nx::tree::map([](const Array& p) { return p * 2; }, make_model());
  for (int i = 0; i < 3; ++i) {
    const Model a_before = a, b_before = b;
    auto [x, y, z] = compiled(std::move(a), std::move(b));
    expect_same_tree(x, b_before);
    expect_same_tree(y, a_before);
    expect_same_tree(z, b_before);
    a = std::move(x), b = std::move(y);
  }
  // One object for both: neither result is it.
  const auto both = rune::jit([](const Model& p, const Model& q) { return std::tuple{p, q}; });
  for (int i = 0; i < 3; ++i) {
    Model m = make_model();
    const Model before = m;
    auto [x, y] = both(std::move(m), std::move(m));
    expect_same_tree(x, before);
    expect_same_tree(y, before);
  }
}

TEST(Jit, LvaluesAreLeftAlone) {
  const auto compiled = rune::jit([](const Array& x) { return x * 2; });
  Array x = ramp({100});
  const Array y = compiled(x);
  expect_same_bits(x, ramp({100}));
  const Array z = compiled(std::move(x));
  expect_same_bits(z, y);
  EXPECT_EQ(compiled.stats().donations, 1);
  EXPECT_EQ(compiled.stats().traces, 1);  // one trace serves both
  EXPECT_EQ(compiled.stats().compiles, 2);
}

// ---- captures
// ----------------------------------------------------------------------------------------------------------------

TEST(Jit, CapturedArraysAreBound) {
  Array w = ramp({4});
  const auto compiled =
      rune::jit([&w](const Array& x) { return x * w + nx::array({1.0f, 2.0f, 3.0f, 4.0f}, {.dtype = nx::f32}); });
  const Array x = ramp({4}, 5);
  const Array expected = x * w + nx::array({1, 2, 3, 4}, {.dtype = nx::f32});
  for (int i = 0; i < 3; ++i) expect_same_bits(compiled(x), expected);
  // A temporary that a lambda holds by value is a capture like any other.
  const auto by_value = rune::jit([w = ramp({4})](const Array& v) { return v * w; });
  for (int i = 0; i < 3; ++i) expect_same_bits(by_value(x), x * ramp({4}));
  // Strided captures are made dense once.
  const Array strided = nx::transpose(ramp({3, 4}));
  const auto dense = rune::jit([&](const Array& v) { return nx::matmul(v, strided); });
  for (int i = 0; i < 3; ++i) expect_same_bits(dense(x), nx::matmul(x, strided));
}

// ---- inside transformations
// --------------------------------------------------------------------------------------------------

TEST(Jit, ComposesWithGradients) {
  const auto f = [](const Model& m, const Array& x) { return loss_of(m, x); };
  const Model m = make_model();
  const Array x = ramp({6, 4}, -10);
  const Model expected = rune::grad(f)(m, x);
  const auto compiled = rune::jit(f);
  for (int i = 0; i < 3; ++i) expect_same_tree(rune::grad(compiled)(m, x), expected);
  const auto gradient = rune::jit([&](const Model& model, const Array& v) { return rune::grad(f)(model, v); });
  for (int i = 0; i < 3; ++i) expect_same_tree(gradient(m, x), expected);
  const auto nested = rune::jit([&](const Model& model, const Array& v) { return rune::grad(compiled)(model, v); });
  for (int i = 0; i < 3; ++i) expect_same_tree(nested(m, x), expected);
  const auto outer = rune::jit([&](const Model& model, const Array& v) { return compiled(model, v) * 2; });
  for (int i = 0; i < 3; ++i) expect_same_bits(outer(m, x), f(m, x) * 2);
}

TEST(Jit, SecondOrderStaysCompiled) {
  const auto f = [](const Array& x) { return nx::sum(nx::softmax(x) * nx::sin(x) + nx::exp(x * 0.3)); };
  const auto compiled = rune::jit(f);
  const Array x = ramp({5}).astype(nx::f64);
  const auto second = [](const auto& g) {
    return rune::grad([g](const Array& v) { return nx::sum(nx::square(rune::grad(g)(v))); });
  };
  expect_same_bits(second(compiled)(x), second(f)(x));
  const auto jitted_gradient = rune::jit(rune::grad(compiled));
  expect_same_bits(rune::grad([&](const Array& v) { return nx::sum(nx::square(jitted_gradient(v))); })(x),
                   second(f)(x));
  EXPECT_EQ(compiled.stats().fallbacks, 0);
  const Array direction = ramp({5}, 3).astype(nx::f64);
  expect_same_bits(rune::jvp(compiled, std::tuple{x}, std::tuple{direction}).second,
                   rune::jvp(f, std::tuple{x}, std::tuple{direction}).second);
}

TEST(Jit, GradientsOfSeveralResultsAndIntegers) {
  const auto f = [](const Array& x, const Array& ids, const Array& unused) {
    static_cast<void>(unused);
    return std::tuple{nx::take(x, ids, {.axis = 0}) * 2, nx::argmax(x), nx::exp(x)};
  };
  const auto compiled = rune::jit(f);
  const Array ids = nx::array({2, 0, 2});
  const auto loss = [&](const auto& g) {
    return [&](const Array& x, const Array& unused) {
      const auto [rows, at, e] = g(x, ids, unused);
      return nx::sum(rows) + nx::sum(e * at.astype(nx::f32));
    };
  };
  const Array x = ramp({4}), unused = ramp({2});
  const auto expected = rune::grad<0, 1>(loss(f))(x, unused), got = rune::grad<0, 1>(loss(compiled))(x, unused);
  expect_same_bits(std::get<0>(got), std::get<0>(expected));
  expect_same_bits(std::get<1>(got), std::get<1>(expected));
  // The pullback of a compiled call can be used again.
  const auto through = [&](const auto& g) {
    return [&g, &ids, &unused](const Array& v) { return std::get<0>(g(v, ids, unused)); };
  };
  const auto [y, pullback] = rune::vjp(through(compiled), x);
  const auto [expected_y, expected_pullback] = rune::vjp(through(f), x);
  expect_same_bits(y, expected_y);
  for (int i = 0; i < 2; ++i) expect_same_bits(std::get<0>(pullback(y)), std::get<0>(expected_pullback(y)));
}

TEST(Jit, CapturesFlowThroughGradients) {
  const Array w = ramp({4});
  const auto compiled = rune::jit([&](const Array& x) { return nx::sum(x * w * x); });
  const Array x = ramp({4}, 2);
  for (int i = 0; i < 3; ++i)
    expect_same_bits(rune::grad(compiled)(x), rune::grad([&](const Array& v) { return nx::sum(v * w * v); })(x));
}

TEST(Jit, ThreadsShareACompiledFunction) {
  const auto compiled = rune::jit(forward);
  const Model m = make_model();
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const Array x = ramp({6 + i % 2, 4}, static_cast<double>(t));
        wrong[t] += tolk_test::bytes_of(compiled(m, x)) != tolk_test::bytes_of(forward(m, x));
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
  EXPECT_EQ(compiled.stats().traces, 2);
}

/// Two jitted functions that call each other, from two threads: each is traced while the other one is.
[[noreturn]] void call_each_other() {
  alarm(60);  // a deadlock ends the process
  std::atomic<int> inside{0};
  std::function<Array(const Array&, int)> to_f, to_g;
  const auto both_are_inside = [&inside] {
    ++inside;
    while (inside < 2) std::this_thread::yield();
  };
  const auto f = rune::jit([&](const Array& x, int depth) {
    if (depth == 1) both_are_inside();
    return depth > 0 ? to_g(x, depth - 1) : x * 2;
  });
  const auto g = rune::jit([&](const Array& x, int depth) {
    if (depth == 1) both_are_inside();
    return depth > 0 ? to_f(x, depth - 1) : x * 3;
  });
  to_f = [&](const Array& x, int depth) { return f(x, depth); };
  to_g = [&](const Array& x, int depth) { return g(x, depth); };
  const Array x = ramp({40}, 1);
  std::array<bool, 2> right{};
  const auto run = [&](const auto& function, double factor, bool& is_right) {
    is_right = true;
    for (int call = 0; call < 20; ++call)
      for (const int depth : {1, 3})
        is_right = is_right && tolk_test::bytes_of(function(x, depth)) == tolk_test::bytes_of(x * factor);
  };
  std::thread one([&] { run(f, 3, right[0]); }), two([&] { run(g, 2, right[1]); });
  one.join();
  two.join();
  std::_Exit(right[0] && right[1] ? 0 : 1);
}

TEST(Jit, FunctionsThatCallEachOtherDoNotWaitForEachOther) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(call_each_other(), testing::ExitedWithCode(0), "");
}

TEST(Jit, ThreadsThatTraceTheSameKeepOneTrace) {
  std::atomic<int> inside{0};
  const auto f = rune::jit([&inside](const Array& x) {
    ++inside;
    while (inside < 3) std::this_thread::yield();  // three threads are in the first trace at once
    return nx::exp(x) + 1;
  });
  const Array x = ramp({9}, -1);
  std::vector<std::thread> threads;
  std::vector<int> wrong(3);
  for (size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] { wrong[t] = tolk_test::bytes_of(f(x)) != tolk_test::bytes_of(nx::exp(x) + 1); });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, std::vector<int>(3));
  EXPECT_EQ(f.cache_size(), 1u);
  EXPECT_EQ(f.stats().calls, 3);
  EXPECT_EQ(f.stats().traces, 1);
  EXPECT_EQ(f.stats().retraces, 2);
  EXPECT_EQ(f.stats().compiles + f.stats().shared, 1);
}

// ---- reports
// -----------------------------------------------------------------------------------------------------------------

TEST(Jit, ExplainsItself) {
  const auto compiled =
      rune::jit([](const Array& x) { return nx::exp(x) + nx::exp(x); }, {.name = "twice", .kernels = false});
  compiled(ramp({3}));
  const std::string text = compiled.explain();
  EXPECT_NE(text.find("jit 'twice': 1 signatures"), std::string::npos) << text;
  EXPECT_NE(text.find("pass dead: 2 → 2 equations"), std::string::npos) << text;
  EXPECT_NE(text.find("Exp("), std::string::npos) << text;
  EXPECT_EQ(compiled.stats().externs, 2);
  EXPECT_EQ(compiled.stats().launches, 0);
  // The same program under another name is not compiled again.
  const auto again = rune::jit([](const Array& x) { return nx::exp(x) + nx::exp(x); }, {.kernels = false});
  again(ramp({3}));
  EXPECT_EQ(again.stats().compiles, 0);
  EXPECT_EQ(again.stats().shared, 1);
}

TEST(Jit, CountsWhatRunsInsideOfTransformations) {
  const auto loss = rune::jit([](const Array& x) { return nx::sum(nx::exp(x) * x * 1.625); }, {.name = "loss"});
  const Array x = ramp({50}, -2);
  rune::grad(loss)(x);
  rune::JitStats stats = loss.stats();
  EXPECT_EQ(stats.calls, 1);
  EXPECT_EQ(stats.compiles + stats.shared, 2);  // the halves of its derivative
  EXPECT_GE(stats.launches, 2);
  EXPECT_GT(stats.kernels, 0);
  std::string text = loss.explain();
  EXPECT_NE(text.find("not run by itself"), std::string::npos) << text;
  EXPECT_NE(text.find("forward half of the derivative\n"), std::string::npos) << text;
  EXPECT_NE(text.find("backward half of the derivative\n"), std::string::npos) << text;
  loss(x);
  EXPECT_EQ(loss.stats().compiles + loss.stats().shared, 3);
  EXPECT_GT(loss.stats().launches, stats.launches);
  text = loss.explain();
  EXPECT_EQ(text.find("not run by itself"), std::string::npos) << text;
  // In another jitted function it is part of that one's plan.
  const auto inner = rune::jit([](const Array& v) { return v * 2.125; });
  const auto outer = rune::jit([&](const Array& v) { return inner(v) + 1; });
  outer(x);
  EXPECT_EQ(inner.stats().calls, 1);
  EXPECT_EQ(inner.stats().compiles + inner.stats().shared, 0);
  EXPECT_NE(inner.explain().find("part of that"), std::string::npos) << inner.explain();
  EXPECT_EQ(outer.stats().compiles, 1);
}

TEST(Jit, StaticNumbersOfEveryWidthAreCompared) {
  const auto f = rune::jit([](const Array& x, long double k) { return x * static_cast<double>(k); });
  for (int call = 0; call < 4; ++call) {
    // The bytes behind a long double hold anything.
    alignas(long double) unsigned char bytes[sizeof(long double)];
    std::memset(bytes, 37 * call, sizeof bytes);
    long double k = 1.5L;
    std::memcpy(bytes, &k, 10);
    std::memcpy(&k, bytes, sizeof k);
    f(ramp({2}), k);
  }
  EXPECT_EQ(f.stats().traces, 1);
  f(ramp({2}), 1.5L + 0x1p-60L);
  f(ramp({2}), -1.5L);
  EXPECT_EQ(f.stats().traces, 3);
}

TEST(EvalShape, TakesStaticArguments) {
  const auto f = [](const Array& x, int64_t count, const std::string& name, bool twice) {
    return name == "tile" ? nx::tile(x, {twice ? 2 * count : count}) : x;
  };
  EXPECT_EQ(rune::eval_shape(f, rune::Spec{{3}, nx::f32}, int64_t{4}, std::string("tile"), true)[0].shape,
            (nx::Shape{24}));
  EXPECT_EQ(rune::eval_shape(f, ramp({3}), int64_t{4}, "other", false)[0].shape, (nx::Shape{3}));
  EXPECT_EQ(rune::make_program(f, ramp({3}), int64_t{2}, "tile", false).outputs().size(), 1u);
}
TEST(EvalShape, RefusesWhatIsNoShape) {
  const auto f = [](const Array& x) { return x; };
  EXPECT_THROW(rune::eval_shape(f, rune::Spec{{3, -1}, nx::f32}), nx::ShapeError);
  EXPECT_THROW(rune::eval_shape(f, rune::Spec{{int64_t{1} << 40, int64_t{1} << 40}, nx::f32}), nx::OverflowError);
}

TEST(EvalShape, TouchesNoData) {
  const auto infos = rune::eval_shape(loss_of, make_model(), rune::Spec{{6, 4}, nx::f32});
  ASSERT_EQ(infos.size(), 1u);
  EXPECT_EQ(infos[0].shape, nx::Shape{});
  EXPECT_EQ(infos[0].dtype, nx::f32);
  // Larger than any memory.
  const auto huge = rune::eval_shape([](const Array& x) { return std::pair{nx::sum(x, 0), x.astype(nx::f64)}; },
                                     rune::Spec{{int64_t{1} << 30, int64_t{1} << 20}, nx::f32});
  EXPECT_EQ(huge[0].shape, (nx::Shape{int64_t{1} << 20}));
  EXPECT_EQ(huge[1].path, "1");
}

}  // namespace
