// Which kernels are formed of known functions, and that they give the bits of eager calls.
#include <cmath>
#include <map>

#include "gtest/gtest.h"
#include "raven/nx.hpp"
#include "raven/rune.hpp"
#include "raven/tolk/passes.hpp"
#include "raven/vega.hpp"
#include "tolk/kernels/run_schedule.hpp"

namespace {

using nx::Array;
using tolk::Schedule;
using tolk_test::check_schedule;

Array random_f32(const nx::Shape& shape, uint64_t seed) {
  return nx::random::normal(nx::random::key(seed), shape, {.dtype = nx::f32});
}

/// Traces, forms, runs and compares.
template <class F, class... A>
Schedule formed(F&& f, const A&... arguments) {
  std::vector<Array> inputs;
  (rune::tree::for_each_leaf(arguments, [&](const Array& leaf, const auto*, auto) { inputs.push_back(leaf); }), ...);
  return check_schedule(tolk::inline_calls(rune::make_program(f, arguments...)), inputs);
}
size_t calls(const Schedule& s) {
  size_t n = 0;
  for (const tolk::ScheduleStep& step : s.steps) n += !step.is_launch;
  return n;
}
#define EXPECT_LAUNCHES(schedule, count)                                                  \
  do {                                                                                    \
    const Schedule& s_ = (schedule);                                                      \
    EXPECT_EQ(s_.launches.size(), static_cast<size_t>(count)) << tolk_test::describe(s_); \
    EXPECT_EQ(calls(s_), 0u) << tolk_test::describe(s_);                                  \
  } while (false)

// ---- one kernel each

TEST(Form, ElementwiseChainsAreOneMap) {
  const Array x = random_f32({70, 33}, 1), y = random_f32({70, 33}, 2), bias = random_f32({33}, 3);
  EXPECT_LAUNCHES(formed([](Array a, Array b) { return nx::gelu(a * b + b) * a; }, x, y), 1);
  EXPECT_LAUNCHES(formed([](Array a, Array b, Array c) { return nx::maximum(a + b, 0) + c; }, x, bias, y), 1);
  EXPECT_LAUNCHES(formed([](Array a, Array b) { return std::tuple{a + b, a - b, nx::exp(a)}; }, x, y), 1);
}
TEST(Form, SoftmaxIsOneKernel) {
  for (const int64_t n : {2, 3, 15, 16, 17, 63, 64, 65, 100, 1023, 1024, 1025, 5000})
    EXPECT_LAUNCHES(formed([](Array a) { return nx::softmax(a); }, random_f32({3, n}, 4)), 1);
  const Array x = random_f32({5, 100}, 5), g = random_f32({5, 100}, 6);
  EXPECT_LAUNCHES(
      formed([](Array a, Array b) { return rune::grad([&](Array c) { return nx::sum(nx::softmax(c) * b); })(a); }, x,
             g),
      1);
}
TEST(Form, LayerNormIsOneKernel) {
  const Array x = random_f32({6, 200}, 7), w = random_f32({200}, 8), b = random_f32({200}, 9);
  EXPECT_LAUNCHES(formed([](Array a, Array c, Array d) { return nx::layer_norm(a, c, d); }, x, w, b), 1);
  // The sum before it is stored in the same kernel.
  const Schedule s = formed(
      [](Array a, Array r, Array c, Array d) {
        const Array h = a + r;
        return std::tuple{h, nx::layer_norm(h, c, d)};
      },
      x, x, w, b);
  EXPECT_LAUNCHES(s, 1);
}
TEST(Form, LayerNormGradientSumsDownInTheSameRows) {
  const auto gradients = [](Array a, Array c, Array d, Array g) {
    auto [y, pullback] = rune::vjp([](Array x, Array w, Array b) { return nx::layer_norm(x, w, b); }, a, c, d);
    return std::move(pullback)(g);
  };
  // Rows of one block, of one task, of several, and of several segments with a rest.
  for (const int64_t rows : {2, 15, 16, 17, 40, 768, 1111})
    for (const int64_t width : {3, 64, 130}) {
      SCOPED_TRACE(rows);
      const Array x = random_f32({rows, width}, 1), w = random_f32({width}, 2), b = random_f32({width}, 3),
                  g = random_f32({rows, width}, 4);
      EXPECT_LAUNCHES(formed(gradients, x, w, b, g), rows <= 16 ? 1u : 2u);
    }
  const Array x = random_f32({5, 7, 1100}, 1), w = random_f32({1100}, 2);
  EXPECT_LAUNCHES(formed(gradients, x, w, w, x + 1), 2);
}
TEST(Form, SlopesAreMadeBesideTheirFunctions) {
  for (const auto approximate : {nx::GeluApproximate::none, nx::GeluApproximate::tanh}) {
    const auto layer = [&](Array a, Array b) {
      const auto gelu = [&](const Array& v) { return nx::gelu(v, approximate); };
      auto [y, pullback] = rune::vjp([&](Array v) { return nx::matmul(gelu(v * 2), b); }, a);
      return std::tuple{y, std::get<0>(std::move(pullback)(y))};
    };
    const Schedule s = formed(layer, random_f32({20, 33}, 1), random_f32({33, 33}, 2));
    size_t slopes = 0;
    for (const tolk::Launch& launch : s.launches) {
      const std::string text = tolk::loop::print(launch.kernel);
      const bool function =
          text.find("gelu_tanh.f32") != std::string::npos || text.find("gelu.f32") != std::string::npos;
      const bool slope = text.find("gradient.f32") != std::string::npos;
      EXPECT_EQ(function, slope) << text;
      slopes += slope;
    }
    EXPECT_EQ(slopes, 1u);
  }
}
TEST(Form, SumsOfManyArraysAreMadeOnce) {
  // A residual stream: each layer reads the sum before it, not all that it is made of.
  const Schedule s = formed(
      [](Array sum, Array w) {
        for (int i = 0; i < 6; ++i) sum = sum + nx::matmul(nx::softmax(sum), w);
        return nx::softmax(sum);
      },
      random_f32({30, 20}, 1), random_f32({20, 20}, 2));
  for (const tolk::Launch& launch : s.launches) EXPECT_LE(launch.buffers.size(), 5u) << tolk_test::describe(s);
}
TEST(Form, ColumnsOfFewTilesAreCutIntoSegments) {
  for (const nx::Shape& shape : {nx::Shape{100, 400}, nx::Shape{768, 512}, nx::Shape{2000, 100}, nx::Shape{2, 70, 300}})
    EXPECT_LAUNCHES(
        formed([](Array a) { return std::tuple{nx::sum(a, {.axis = -2}), nx::max(a, {.axis = -2}), a * 2}; },
               random_f32(shape, 1)),
        2);
  EXPECT_LAUNCHES(formed([](Array a) { return nx::sum(a, {.axis = 0}); }, random_f32({100, 300}, 1)), 1);
}
TEST(Form, ReductionsDownTheSameRows) {
  const Array x = random_f32({70, 33}, 1), y = random_f32({70, 33}, 2);
  const auto down = [](Array a) { return nx::max(a, {.axis = 0}) + nx::sum(a * a, {.axis = 0}) / 70; };
  EXPECT_LAUNCHES(formed([&](Array a) { return std::tuple{nx::softmax(a), down(a)}; }, x), 2);
  EXPECT_LAUNCHES(formed([&](Array a) { return std::tuple{nx::softmax(a), nx::prod(nx::softmax(a), {.axis = 0})}; }, x),
                  2);
  // A column's result is read along the rows, or a row's down the columns: two kernels wait for each other.
  formed([&](Array a, Array b) { return nx::softmax(a) * down(b); }, x, y);
  formed([&](Array a) { return nx::sum(a - down(a), {.axis = 1}); }, x);
  formed([&](Array a) { return std::tuple{down(a - nx::sum(a, {.axis = 1, .keepdims = true})), down(a)}; }, x);
  formed([&](Array a) { return down(a + nx::mean(a - down(a), {.axis = 1, .keepdims = true})); }, x);
  formed([&](Array a) { return nx::sum(a, {.axis = 1}) + nx::sum(down(a)); }, x);
  // Too wide for sums of all columns to stay in a thread's cache.
  const Array wide = random_f32({20, 40000}, 3);
  formed([&](Array a) { return std::tuple{nx::max(a, {.axis = 1}), down(a)}; }, wide);
}
TEST(Form, CrossEntropyIsOneKernel) {
  const Array x = random_f32({9, 70}, 10), labels = nx::array({1, 2, 69, 0, -100, 5, 6, 7, 8}, {.dtype = nx::i32});
  EXPECT_LAUNCHES(
      formed([&](Array a, Array l) { return nx::cross_entropy(a, l, {.reduction = nx::Reduction::none}); }, x, labels),
      1);
  EXPECT_LE(formed(
                [&](Array a, Array l) {
                  const auto r = rune::value_and_grad([&](Array c) { return nx::cross_entropy(c, l); })(a);
                  return std::tuple{r.value, r.grad};
                },
                x, labels)
                .launches.size(),
            4u);
}
TEST(Form, MeanAndVarianceAreOneKernel) {
  const Array x = random_f32({11, 300}, 11);
  EXPECT_LAUNCHES(formed([](Array a) { return nx::mean(a, {.axis = -1}); }, x), 1);
  EXPECT_LAUNCHES(formed([](Array a) { return nx::var(a, {.axis = -1}); }, x), 1);
  EXPECT_LAUNCHES(formed([](Array a) { return nx::var(a); }, x), 1);
  EXPECT_LAUNCHES(formed([](Array a) { return nx::mean(a, {.axis = 0}); }, x), 1);
}

TEST(Form, OperandsAreBroadcastAlongAnyAxis) {
  const Array x = random_f32({70, 33}, 1);
  for (const nx::Shape& shape : {nx::Shape{70, 1}, nx::Shape{33}, nx::Shape{1, 1}, nx::Shape{}})
    EXPECT_LAUNCHES(formed([](Array a, Array b) { return nx::exp(a * b); }, x, random_f32(shape, 2)), 1);
}

TEST(Form, ShortInnerLoopsAreRunTogether) {
  for (const nx::Shape& shape : {nx::Shape{100, 3}, nx::Shape{9, 7, 2}, nx::Shape{50, 2, 3, 2}, nx::Shape{3, 3}}) {
    const Array x = random_f32(shape, 1);
    EXPECT_LAUNCHES(formed([](Array a, Array b) { return nx::exp(a) * b; }, x, random_f32({shape.back()}, 2)), 1);
    EXPECT_LAUNCHES(formed([](Array a) { return a + nx::flip(a, a.ndim() - 1); }, x), 1);
    formed([](Array a) { return nx::exp(nx::transpose(a)) + 1; }, x);
  }
}

// ---- reductions of every kind and length

TEST(Form, SumsOfNegativeZeroAreNegativeZero) {
  for (const nx::Shape& shape : {nx::Shape{2, 5}, nx::Shape{40, 3}, nx::Shape{2, 1500}})
    for (const int64_t axis : {0, 1})
      formed([&](Array a) { return nx::sum(a, {.axis = axis}); }, nx::negative(nx::zeros(shape, {.dtype = nx::f32})));
}

TEST(Form, RunsKeepTheOrderOfSums) {
  for (const int64_t n : {1, 2, 15, 16, 17, 31, 64, 1000, 1024, 1025, 2048, 3000, 65536, 65537, 70000, 200000})
    for (const int64_t rows : {1, 3}) {
      const Array x = random_f32({rows, n}, static_cast<uint64_t>(n));
      SCOPED_TRACE(n);
      formed([](Array a) { return std::tuple{nx::sum(a, {.axis = 1}), nx::max(a, {.axis = 1}) * 2}; }, x);
    }
}
TEST(Form, ColumnsKeepTheOrderOfSums) {
  for (const int64_t n : {2, 15, 16, 17, 33, 256, 1000, 1024, 1025, 3000})
    for (const int64_t width : {2, 7, 64, 600}) {
      if (n * width > 300000) continue;
      SCOPED_TRACE(n);
      formed([](Array a) { return std::tuple{nx::sum(a, {.axis = 0}) / 3, nx::min(a, {.axis = 0})}; },
             random_f32({n, width}, static_cast<uint64_t>(n * width)));
    }
  formed([](Array a) { return nx::sum(a, {.axis = 1}); }, random_f32({4, 40, 9}, 1));
  formed([](Array a) { return nx::sum(a, {.axis = {0, 2}}); }, random_f32({40, 6, 35}, 1));
  formed([](Array a) { return nx::sum(a, {.axis = {0, 1}}); }, random_f32({40, 60, 35}, 1));
}
TEST(Form, ReductionsOfEveryType) {
  for (const nx::DType dtype : {nx::b1, nx::u8, nx::u32, nx::u64, nx::i32, nx::i64, nx::f32, nx::f64}) {
    const Array x = nx::astype(random_f32({7, 90}, 3) * 3, dtype);
    SCOPED_TRACE(static_cast<int>(dtype));
    for (const int64_t axis : {0, 1}) {
      formed([&](Array a) { return std::tuple{nx::max(a, {.axis = axis}), nx::min(a, {.axis = axis})}; }, x);
      formed([&](Array a) { return std::tuple{nx::sum(a, {.axis = axis}), nx::prod(a, {.axis = axis})}; }, x);
      formed([&](Array a) { return std::tuple{nx::argmax(a, {.axis = axis}), nx::argmin(a, {.axis = axis})}; }, x);
    }
  }
}
TEST(Form, ArgMaxTakesTheFirstAndTheFirstNaN) {
  const Array ties = nx::reshape(nx::array({1.0, 5.0, 5.0, -0.0, 0.0, 5.0}), {2, 3});
  formed([](Array a) { return std::tuple{nx::argmax(a, {.axis = 1}), nx::argmin(a, {.axis = 1})}; }, ties);
  const Array nan = nx::reshape(nx::array({1.0, NAN, 3.0, NAN, -INFINITY, -INFINITY}), {2, 3});
  formed([](Array a) { return std::tuple{nx::argmax(a, {.axis = 1}), nx::argmin(a, {.axis = 1})}; }, nan);
}

// ---- classes of failure

TEST(Form, range_one) {
  formed([](Array a) { return nx::sum(a, {.axis = {0, 2}}) + nx::max(a, {.axis = 1}); }, random_f32({1, 1, 1}, 1));
  formed([](Array a) { return nx::exp(a) + nx::sum(a, {.axis = 0, .keepdims = true}); }, random_f32({1, 5}, 1));
}
TEST(Form, range_zero) {
  formed([](Array a) { return nx::exp(a) * 2; }, random_f32({3, 0}, 1));
  formed([](Array a) { return nx::concatenate({a, a + 1}, 0); }, random_f32({0, 3}, 1));
}
TEST(Form, reduce_empty) {
  const Array x = random_f32({3, 0}, 1);
  formed([](Array a) { return std::tuple{nx::sum(a, {.axis = 1}), nx::prod(a, {.axis = 1}), nx::sum(a, {.axis = 0})}; },
         x);
}
TEST(Form, nested_reduce) {
  formed([](Array a) { return nx::sum(nx::max(a, {.axis = 1}) * 2, {.axis = 0}); }, random_f32({20, 30}, 1));
  formed([](Array a) { return nx::sum(nx::sum(a, {.axis = 0}) * 2, {.axis = 0}); }, random_f32({20, 30}, 1));
}
TEST(Form, two_reduces_one_range) {
  EXPECT_LAUNCHES(formed([](Array a, Array b) { return nx::sum(a * b, {.axis = 1}) / nx::sum(b, {.axis = 1}); },
                         random_f32({8, 90}, 1), random_f32({8, 90}, 2)),
                  1);
}
TEST(Form, multi_output_reduce) {
  EXPECT_LAUNCHES(formed([](Array a) { return std::tuple{nx::sum(a, {.axis = 0}), nx::max(a, {.axis = 0})}; },
                         random_f32({80, 9}, 1)),
                  1);
}
TEST(Form, reduce_then_broadcast_same_kernel) {
  EXPECT_LAUNCHES(
      formed([](Array a) { return a - nx::mean(a, {.axis = -1, .keepdims = true}); }, random_f32({8, 90}, 1)), 1);
}
TEST(Form, pad_identity) {
  const Array x = nx::negative(nx::exp(random_f32({5, 6}, 1)));
  formed(
      [](Array a) {
        const Array p = nx::pad(a, {1, 3}, {2, 1});
        return std::tuple{p, nx::max(p, {.axis = 1}), nx::prod(p, {.axis = 0}), nx::argmax(p, {.axis = 1})};
      },
      x);
}
TEST(Form, deep_expression) {
  formed(
      [](Array a) {
        Array y = a;
        for (int i = 0; i < 20000; ++i) y = y + a;
        return y;
      },
      random_f32({7}, 1));
}
TEST(Form, LongChainsOfFunctionsAreCut) {
  // The code generator's time grows with the square of a kernel.
  const Schedule s = formed(
      [](Array a) {
        for (int i = 0; i < 100; ++i) a = nx::gelu(a) + 0.5;
        return a;
      },
      random_f32({70}, 1));
  for (const tolk::Launch& launch : s.launches) EXPECT_LE(launch.kernel.nodes.size(), 200u);
}
TEST(Form, diamond_2_60) {
  EXPECT_LAUNCHES(formed(
                      [](Array a) {
                        for (int i = 0; i < 60; ++i) a = a + a;
                        return a;
                      },
                      random_f32({7}, 1)),
                  1);
}
TEST(Form, many_inputs) {
  std::vector<Array> arrays;
  for (int i = 0; i < 200; ++i) arrays.push_back(random_f32({9}, static_cast<uint64_t>(i)));
  rune::Recorder recorder;
  std::vector<Array> inputs;
  for (const Array& x : arrays) inputs.push_back(recorder.input(nx::aval_of(x)));
  Array sum;
  {
    const nx::InterpreterScope scope(&recorder);
    sum = inputs[0];
    for (size_t i = 1; i < inputs.size(); ++i) sum = sum * inputs[i];
    inputs.push_back(nx::concatenate(inputs, 0));
  }
  const Array outputs[] = {sum, inputs.back()};
  const Schedule s = check_schedule(recorder.finish(outputs), arrays);
  for (const tolk::Launch& launch : s.launches) EXPECT_LE(launch.buffers.size(), 64u);
}
TEST(Form, gather_negative) {
  const Array x = random_f32({6, 5}, 1), i = nx::array({-1, 0, 5, -6}, {.dtype = nx::i32});
  formed([](Array a, Array b) { return nx::take(a, b, {.axis = 0}) * 2; }, x, i);
  formed([](Array a, Array b) { return nx::take(nx::exp(a), b, {.axis = 1, .mode = nx::IndexMode::clip}); }, x, i);
  formed([](Array a, Array b) { return nx::take(nx::exp(a), b, {.axis = 1, .mode = nx::IndexMode::wrap}); }, x, i);
}
TEST(Form, gather_checks) {
  const Array x = random_f32({6, 5}, 1), i = nx::array({1, 0, 6}, {.dtype = nx::i64});
  const nx::Program program =
      rune::make_program([](Array a, Array b) { return nx::take(a, b, {.axis = 0}) * 2; }, x, i);
  const Schedule s = tolk::form_kernels(program, {});
  EXPECT_LAUNCHES(s, 1);
  try {
    tolk_test::run_schedule(s, {x, i});
    FAIL();
  } catch (const nx::IndexError& error) {
    EXPECT_STREQ(error.what(), "tolk: index 6 axis 0 of size 6");
  }
  // An axis of one element: the place is known, the check stays.
  const Array one = random_f32({1, 5}, 1);
  const Schedule t = tolk::form_kernels(
      rune::make_program([](Array a, Array b) { return nx::take(a, b, {.axis = 0}) * 2; }, one, i), {});
  EXPECT_THROW(tolk_test::run_schedule(t, {one, i}), nx::IndexError);
}
TEST(Form, embedding) {
  const Array table = random_f32({20, 12}, 1), ids = nx::reshape(nx::array({3, 19, 0, 3}, {.dtype = nx::i32}), {2, 2});
  EXPECT_LAUNCHES(formed([](Array t, Array i) { return nx::embedding(t, i) * 2; }, table, ids), 1);
  formed(
      [&](Array t, Array i) { return rune::grad([&](Array u) { return nx::sum(nx::exp(nx::embedding(u, i))); })(t); },
      table, ids);
}
TEST(Form, far_rows_of_a_large_table_are_fetched) {
  const Array table = random_f32({1000, 300}, 1);
  const auto embedding = [](Array t, Array i) { return nx::embedding(t, i) * 2; };
  const Array ids = nx::random::randint(nx::random::key(3), {40}, 0, 1000, {.dtype = nx::i32});
  const Schedule s = formed(embedding, table, ids);
  EXPECT_LAUNCHES(s, 1);
  EXPECT_NE(tolk::loop::print(s.launches[0].kernel).find("fetch.f32"), std::string::npos);
  // What is fetched ahead is no error, and the first bad index is.
  Array bad = nx::astype(nx::arange(40), nx::i32);
  bad.at(37) = 1000;
  bad.at(38) = -1;
  try {
    tolk_test::run_schedule(s, {table, bad});
    ADD_FAILURE() << "no error";
  } catch (const nx::IndexError& error) {
    EXPECT_NE(std::string(error.what()).find("1000"), std::string::npos) << error.what();
  }
}
TEST(Form, scatter_dup_set_add_and_the_rest) {
  const auto scatter = [](nx::ScatterKind kind, nx::IndexMode mode, bool wrap, nx::DType dtype, int start) {
    return [=](Array ids, Array updates) {
      nx::ScatterAttrs attrs;
      attrs.axes = nx::Dims{0};
      attrs.slice_sizes = nx::Dims{1, updates.shape()[2]};
      attrs.kind = kind;
      attrs.mode = mode;
      attrs.wrap_negative = wrap;
      const Array table = nx::full({9, updates.shape()[2]}, start, {.dtype = dtype});
      return nx::apply(nx::Op::Scatter, {table, ids, updates}, attrs);
    };
  };
  const Array inside = nx::array({3, 8, 0, 3, 3, 1, 8}, {.dtype = nx::i32});
  const Array anywhere = nx::array({3, -1, 9, 3, -20, 100, 8}, {.dtype = nx::i32});
  for (const int64_t width : {1, 7, 64, 70, 300})
    for (const auto kind :
         {nx::ScatterKind::set, nx::ScatterKind::add, nx::ScatterKind::mul, nx::ScatterKind::min, nx::ScatterKind::max})
      for (const nx::DType dtype : {nx::f32, nx::f64, nx::i32}) {
        const Array updates = nx::astype(random_f32({7, 1, width}, 3) * 10, dtype);
        EXPECT_LAUNCHES(formed(scatter(kind, nx::IndexMode::raise, false, dtype, 2), inside, updates), 1);
        EXPECT_LAUNCHES(formed(scatter(kind, nx::IndexMode::clip, true, dtype, -1), anywhere, updates), 1);
        EXPECT_LAUNCHES(formed(scatter(kind, nx::IndexMode::drop, false, dtype, 0), anywhere, updates), 1);
        EXPECT_LAUNCHES(formed(scatter(kind, nx::IndexMode::drop, true, dtype, 0), anywhere, updates), 1);
      }
  const Array updates = random_f32({7, 1, 5}, 3);
  const Schedule s = tolk::form_kernels(
      rune::make_program(scatter(nx::ScatterKind::add, nx::IndexMode::raise, true, nx::f32, 0), anywhere, updates), {});
  EXPECT_THROW(tolk_test::run_schedule(s, {anywhere, updates}), nx::IndexError);
}
TEST(Form, rng_lazy_creation) {
  const Array key = nx::random::key(5), x = random_f32({33, 7}, 1);
  EXPECT_LAUNCHES(formed([](Array k, Array a) { return nx::dropout(a, k, 0.3); }, key, x), 1);
  formed([](Array k) { return std::tuple{nx::random::uniform(k, {40}), nx::random::normal(k, {3, 30})}; }, key);
}
TEST(Form, rng_counters_carry_into_the_high_word) {
  const Array key = nx::random::key(5);
  for (const nx::RandomBitsKind kind : {nx::RandomBitsKind::u32, nx::RandomBitsKind::u64, nx::RandomBitsKind::pair}) {
    nx::RandomBitsAttrs attrs;
    attrs.shape = {100};
    attrs.kind = kind;
    for (const uint64_t start : {uint64_t{0}, (uint64_t{1} << 32) - 100, (uint64_t{1} << 32) - 50, uint64_t{1} << 40}) {
      const auto first = [=] { return nx::full({}, start, {.dtype = nx::u64}); };
      formed([=](Array k) { return nx::apply(nx::Op::RandomBits, {k, first()}, attrs); }, key);
      formed([=](Array k, Array s) { return nx::apply(nx::Op::RandomBits, {k, s}, attrs); }, key, first());
    }
  }
}
TEST(Form, views_in_kernels) {
  const Array x = random_f32({6, 10}, 1);
  formed([](Array a) { return nx::exp(nx::reshape(nx::transpose(a), {4, 15})); }, x);
  formed([](Array a) { return nx::exp(nx::reshape(a, {2, 3, 5, 2})) + nx::reshape(nx::flip(a, 1), {2, 3, 5, 2}); }, x);
  formed([](Array a) { return nx::reshape(a + 1, {10, 6}) + nx::transpose(a); }, x);
  formed([](Array a) { return nx::concatenate({a * 2, nx::transpose(nx::reshape(a, {10, 6}))}, 0) + 1; }, x);
}

TEST(Form, transposes_in_tiles) {
  for (const int64_t n : {16, 63, 64, 65, 130})
    EXPECT_LAUNCHES(formed([](Array a, Array b) { return nx::transpose(a) * b + 1; }, random_f32({n, 70}, 1),
                           random_f32({70, n}, 2)),
                    1);
  // Squares of 16 and of 8 in one tile, whole ones and their rests; bytes.
  for (const int64_t n : {31, 32, 48, 49})
    EXPECT_LAUNCHES(formed(
                        [](Array a, Array b) {
                          const Array wide = nx::transpose(nx::astype(b, nx::f64) * 2);
                          return nx::where(nx::transpose(a) > 0, wide, nx::transpose(b));
                        },
                        random_f32({n, 40}, 1), random_f32({n, 40}, 2)),
                    1);
  formed([](Array a, Array b) { return nx::transpose(a) & b; }, random_f32({48, 80}, 1) > 0,
         random_f32({80, 48}, 2) > 0);
  formed([](Array a) { return nx::transpose(a, {2, 0, 1}) + 1; }, random_f32({20, 3, 33}, 1));
  formed([](Array a) { return nx::transpose(a, {1, 2, 0}) + nx::transpose(a, {2, 1, 0}); },
         random_f32({20, 20, 20}, 1));
}

TEST(Form, rows_across_memory_are_copied_first) {
  const Schedule s =
      formed([](Array a) { return nx::sum(nx::exp(nx::transpose(a)), {.axis = 1}); }, random_f32({130, 90}, 1));
  EXPECT_LAUNCHES(s, 2);
  for (const std::string& line : s.explain)
    if (line.starts_with("layout-conflict")) return;
  ADD_FAILURE() << tolk_test::describe(s);
}

// ---- optimizers

/// How many launches have each text.
std::map<std::string, size_t> texts_of(const Schedule& s) {
  std::map<std::string, size_t> texts;
  for (const tolk::Launch& launch : s.launches) ++texts[tolk::loop::print(launch.kernel)];
  return texts;
}

TEST(Form, RunsOfAnyLengthShareTexts) {
  std::vector<Array> leaves;
  for (const int64_t n : {5, 63, 1000, 1024, 3000, 65536, 65537, 131072, 200000})
    leaves.push_back(random_f32({n}, static_cast<uint64_t>(n)));
  const auto sums = [](std::vector<Array> list) {
    for (Array& x : list) x = nx::sum(nx::square(x));
    return list;
  };
  // Runs of one segment; segments of longer ones; what combines those.
  EXPECT_EQ(texts_of(formed(sums, leaves)).size(), 3u);
}

TEST(Form, AdamwOverLeavesSharesTexts) {
  std::vector<Array> parameters, gradients;
  for (const nx::Shape& shape : {nx::Shape{10, 7}, nx::Shape{768}, nx::Shape{300, 300}, nx::Shape{3, 4, 5},
                                 nx::Shape{768}, nx::Shape{2304}, nx::Shape{33, 128}, nx::Shape{768}}) {
    parameters.push_back(random_f32(shape, parameters.size()));
    gradients.push_back(random_f32(shape, 100 + parameters.size()));
  }
  const auto updates = [&](const vega::Transform& optimizer) {
    const auto state = optimizer.init(parameters);
    return formed(
        [&](std::vector<Array> p, std::vector<Array> g, decltype(optimizer.init(parameters)) st) {
          auto [np, ns] = optimizer.update(g, st, p);
          return std::tuple{np, ns};
        },
        parameters, gradients, state);
  };
  const auto most_common = [](const Schedule& s) {
    size_t most = 0;
    for (const auto& [text, count] : texts_of(s)) most = std::max(most, count);
    return most;
  };
  const vega::Transform adamw = vega::adamw({.lr = 1e-3, .weight_decay = 0.1});
  const Schedule plain = updates(adamw), clipped = updates(vega::chain(vega::clip_by_global_norm(1.0), adamw));
  EXPECT_EQ(most_common(plain), parameters.size()) << tolk_test::describe(plain);
  EXPECT_EQ(most_common(clipped), parameters.size()) << tolk_test::describe(clipped);
  EXPECT_LE(plain.launches.size(), 11u);
}

TEST(Form, ResultsInPlaceOfInputsAreNotStreamed) {
  const nx::Program program = tolk::optimise(
      rune::make_program([](Array a, Array b) { return nx::exp(a) + nx::reshape(b, {1 << 21}); },
                         nx::zeros({1 << 21}, {.dtype = nx::f32}), nx::zeros({2, 1 << 20}, {.dtype = nx::f32})));
  const auto streams = [&](std::vector<bool> donated) {
    const Schedule s = tolk::form_kernels(program, {64, std::move(donated)});
    return tolk::loop::print(s.launches.at(0).kernel).find(" stream") != std::string::npos;
  };
  EXPECT_TRUE(streams({}));
  EXPECT_TRUE(streams({false, false}));
  EXPECT_FALSE(streams({true}));
  EXPECT_FALSE(streams({false, true}));
}

}  // namespace
