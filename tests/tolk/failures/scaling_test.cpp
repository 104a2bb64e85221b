// Size of programs, and bits of results. Classes of failure: "Scaling", "Numerics" and "Tuning".
#include <malloc.h>

#include <cmath>

#include "raven/base/thread_pool.hpp"
#include "raven/tolk/passes.hpp"
#include "raven/vega.hpp"
#include "tolk/failures/support.hpp"

namespace failures {
namespace {

// ---- scaling

TEST(Failures, chain_1e6) {
  nx::ProgramBuilder builder;
  const nx::Program::Id x = builder.input({nx::f32, {4}});
  nx::Program::Id y = x;
  for (int i = 0; i < 1'000'000; ++i) {
    const nx::Program::Id in[] = {y, x};
    y = builder.equation(nx::Op::Add, in, nx::no_attrs);
  }
  // No pass recurses; two of them, for the time of the test. Optimise.TimeIsLinear runs all over a shorter chain.
  EXPECT_EQ(tolk::drop_dead(tolk::simplify(builder.build(std::vector{y}))).equations().size(), 1'000'000u);
}
TEST(Failures, diamond_2_60) {
  const auto f = [](Array a) {
    for (int i = 0; i < 60; ++i) a = a + a;
    return a;
  };
  EXPECT_EQ(numbers<double>(f, nx::array({1.0, -3.0})), (std::vector<double>{0x1p60, -3 * 0x1p60}));
  EXPECT_EQ(plan_of(f, nx::array({1.0}))->stats().kernels, 1u);
}
Array layers(Array x, const std::vector<Array>& weights) {
  for (const Array& w : weights) x = x + nx::gelu(nx::layer_norm(nx::matmul(x, w))) * 0.5;
  return x;
}
nx::Program layers_program(size_t count, bool gradient) {
  const std::vector<Array> weights(count, nx::zeros({16, 16}, {.dtype = nx::f32}));
  const Array x = nx::zeros({8, 16}, {.dtype = nx::f32});
  const auto loss = [](const std::vector<Array>& w, const Array& a) { return nx::mean(layers(a, w)); };
  return gradient ? rune::make_program(
                        [&](const std::vector<Array>& w, const Array& a) { return rune::grad(loss)(w, a); }, weights, x)
                  : rune::make_program(loss, weights, x);
}
TEST(Failures, layers_48_linear_time) {
  // Counted, not timed: layers share their kernels, and each adds as many steps as the one before.
  for (const bool gradient : {false, true}) {
    const auto few = tolk::compile(layers_program(12, gradient)), some = tolk::compile(layers_program(24, gradient)),
               many = tolk::compile(layers_program(48, gradient));
    EXPECT_EQ(many->stats().kernels, few->stats().kernels);
    EXPECT_EQ(many->stats().steps - some->stats().steps, 2 * (some->stats().steps - few->stats().steps));
  }
}
TEST(Failures, memo_bounded_1000_compiles) {
  // Plans that nobody uses any more leave nothing behind.
  const auto compile = [](int i) {
    const auto plan = tolk::compile_cached(
        rune::make_program([i](Array a) { return nx::exp(a) * (i + 0.5); }, nx::zeros({3}, {.dtype = nx::f32})),
        {.kernels = false});
    EXPECT_EQ(plan->stats().steps, 2u);
  };
  const auto used = [] { return static_cast<int64_t>(::mallinfo2().uordblks); };
  for (int i = 0; i < 500; ++i) compile(i);
  const int64_t before = used();
  for (int i = 500; i < 1500; ++i) compile(i);
  EXPECT_LT(used() - before, 200'000);  // a program and its plan take 2,000 at least
}
TEST(Failures, prime_axis_compile_time) {
  // A prime extent makes no larger kernels than a power of two. It has rests of vectors, so it has other ones.
  const auto f = [](Array a) { return nx::softmax(a) + nx::sum(a, {.axis = 0}); };
  const auto prime = plan_of(f, nx::zeros({509, 1021}, {.dtype = nx::f32}));
  const auto round = plan_of(f, nx::zeros({512, 1024}, {.dtype = nx::f32}));
  EXPECT_EQ(prime->stats().kernels, round->stats().kernels) << prime->print();
  EXPECT_EQ(prime->stats().launches, round->stats().launches);
}
TEST(Failures, ast_dump_linear) {
  const auto text = [](int depth) {
    return rune::make_program(
               [depth](Array a) {
                 for (int i = 0; i < depth; ++i) a = a + a;
                 return a;
               },
               nx::zeros({4}))
        .print()
        .size();
  };
  EXPECT_LT(text(60), 2 * text(40));
  EXPECT_LT(plan_of([](Array a) { return layers(a, std::vector<Array>(20, nx::ones({16, 16}, {.dtype = nx::f32}))); },
                    nx::zeros({8, 16}, {.dtype = nx::f32}))
                ->explain()
                .size(),
            40'000u);
}

// ---- numerics

TEST(Failures, threads_do_not_change_result) {
  const Array x = normal_f32({700, 900}), ids = nx::random::randint(nx::random::key(2), {700}, 0, 900);
  const auto f = rune::jit([](const Array& a, const Array& i) {
    return std::tuple{nx::sum(a), nx::softmax(a), nx::sum(nx::exp(a), {.axis = 0}), nx::cross_entropy(a, i),
                      rune::grad([&](const Array& v) { return nx::sum(nx::square(nx::softmax(v))); })(a)};
  });
  const int former = raven::num_threads();
  raven::set_num_threads(1);
  const auto one = f(x, ids);
  for (const int threads : {2, 3, 8}) {
    raven::set_num_threads(threads);
    const auto many = f(x, ids);
    expect_same_bits(std::get<0>(many), std::get<0>(one));
    expect_same_bits(std::get<1>(many), std::get<1>(one));
    expect_same_bits(std::get<2>(many), std::get<2>(one));
    expect_same_bits(std::get<3>(many), std::get<3>(one));
    expect_same_bits(std::get<4>(many), std::get<4>(one));
  }
  raven::set_num_threads(former);
}
TEST(Failures, softmax_shift) {
  // e^x alone overflows, or is 0.
  for (const double offset : {1000.0, -1000.0, 3e38, -3e38}) {
    const std::vector<float> y =
        numbers<float>([](Array a) { return nx::softmax(a); }, nx::full({4}, offset, {.dtype = nx::f32}));
    EXPECT_EQ(y, std::vector<float>(4, 0.25)) << offset;
  }
  const std::vector<float> l =
      numbers<float>([](Array a) { return nx::logsumexp(a); }, nx::full({2}, 1000.0, {.dtype = nx::f32}));
  EXPECT_FLOAT_EQ(l[0], 1000.6931f);
}
TEST(Failures, variance_cancellation) {
  // E[x²] − E[x]² would be 0 or negative.
  const Array x = nx::array({1e6 + 1, 1e6 + 2, 1e6 + 3, 1e6 + 4}).astype(nx::f32);
  EXPECT_EQ(numbers<float>([](Array a) { return nx::var(a); }, x), std::vector<float>{1.25});
  const std::vector<float> y = numbers<float>([](Array a) { return nx::layer_norm(a, {}, {}, {.eps = 0}); }, x);
  EXPECT_NEAR(y[0], -1.3416408f, 1e-6f);
  EXPECT_NEAR(y[3], 1.3416408f, 1e-6f);
}
TEST(Failures, acc_dtype) {
  // Sums of small integers are sums of wide ones, of f32 they are f32 unless another dtype is asked for.
  EXPECT_EQ(
      nx::astype(compiled([](Array a) { return nx::sum(a); }, nx::full({1000}, 255, {.dtype = nx::u8}))[0], nx::f64)
          .item<double>(),
      255'000);
  EXPECT_EQ(
      nx::astype(compiled([](Array a) { return nx::sum(a); }, nx::full({3}, INT32_MAX, {.dtype = nx::i32}))[0], nx::f64)
          .item<double>(),
      3.0 * INT32_MAX);
  const Array x = nx::concatenate({nx::full({1}, 0x1p24, {.dtype = nx::f32}), nx::ones({1}, {.dtype = nx::f32})}, 0);
  EXPECT_EQ(compiled([](Array a) { return nx::sum(a); }, x)[0].item<double>(), 0x1p24);
  EXPECT_EQ(compiled([](Array a) { return nx::sum(a, {.dtype = nx::f64}); }, x)[0].item<double>(), 0x1p24 + 1);
  EXPECT_EQ(numbers<int64_t>([](Array a) { return nx::sum(a > 0); }, nx::ones({300})), std::vector<int64_t>{300});
}
TEST(Failures, layernorm_eps_dtype) {
  // eps is a number of the array's dtype, not lost in one and rounded in the other.
  for (const nx::DType dtype : {nx::f32, nx::f64}) {
    const Array x = nx::array({1e-7, -1e-7}).astype(dtype);
    const auto f = [](Array a) { return nx::layer_norm(a, {}, {}, {.eps = 1e-12}); };
    const double y = compiled(f, x)[0](0).astype(nx::f64).item<double>();
    EXPECT_NEAR(y, 1e-7 / std::sqrt(1e-14 + 1e-12), 1e-6) << nx::dtype_name(dtype);
  }
  EXPECT_EQ(
      compiled([](Array a) { return nx::layer_norm(a, {}, {}, {.eps = 1e-5}); }, nx::zeros({3}))[0](0).item<double>(),
      0);
}
TEST(Failures, loss_scale_tree_fused) {
  // Gradients of a scaled loss divided by the scale: the launches do not grow with the leaves.
  const auto launches = [](size_t leaves) {
    std::vector<Array> gradients;
    for (size_t i = 0; i < leaves; ++i) gradients.push_back(ramp({100 + static_cast<int64_t>(i)}));
    const auto unscale = [](const std::vector<Array>& g, const Array& scale) {
      std::vector<Array> out;
      for (const Array& x : g) out.push_back(x / scale);
      return out;
    };
    const auto f = rune::jit(unscale);
    const Array scale = nx::array(1024.0).astype(nx::f32);
    const std::vector<Array> got = f(gradients, scale), expected = unscale(gradients, scale);
    for (size_t i = 0; i < leaves; ++i) expect_same_bits(got[i], expected[i]);
    return f.stats().launches;
  };
  EXPECT_EQ(launches(40), launches(4));
}

// ---- the same again

TEST(Failures, deterministic_repeat) {
  const auto text = [] { return tolk::compile(layers_program(3, true))->explain(); };
  const std::string first = text();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(text(), first);
}

}  // namespace
}  // namespace failures
