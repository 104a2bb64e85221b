// What the generated code computes. Classes of failure: "Code generation".
#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "tolk/failures/support.hpp"

namespace failures {
namespace {

using nx::s;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float infinity_f = std::numeric_limits<float>::infinity();

template <class T>
Array list(const std::vector<T>& values) {
  return nx::array(values, {static_cast<int64_t>(values.size())});
}

// ---- vectors

TEST(Failures, vec_store_scalar_ptr) {
  // One element, and one of a row, written by kernels that otherwise write vectors.
  compiled([](Array a) { return std::pair{nx::exp(a) + 1, nx::sum(nx::exp(a))}; }, normal_f32({1}));
  compiled([](Array a) { return std::pair{nx::exp(a) + 1, nx::sum(nx::exp(a), {.axis = 1})}; }, normal_f32({5, 1}));
  compiled([](Array a) { return std::pair{nx::exp(a) + 1, nx::max(nx::exp(a), {.axis = 1})}; }, normal_f32({1, 64}));
}
TEST(Failures, vec3) {
  const Array x = normal_f32({17, 3});
  compiled([](Array a) { return nx::softmax(a) * a; }, x);
  compiled([](Array a) { return nx::sum(a * a, {.axis = 0}); }, x);
  compiled([](Array a) { return nx::transpose(a) * 2 + nx::reshape(a, {3, 17}); }, x);
  compiled([](Array a) { return nx::sum(nx::reshape(a(s(0, 15)), {5, 3, 3}), {.axis = 1}); }, x);
}
TEST(Failures, vec_misaligned) {
  // Arguments that begin at any element: slices of a longer array, in order of memory.
  const Array x = normal_f32({200});
  const auto f = rune::jit([](const Array& a) { return std::pair{nx::exp(a) * 2, nx::sum(a)}; });
  for (int64_t at = 0; at < 17; ++at) {
    const Array part = x(s(at, at + 100));
    ASSERT_TRUE(part.is_contiguous());
    const auto [e, sum] = f(part);
    expect_same_bits(e, nx::exp(part) * 2);
    expect_same_bits(sum, nx::sum(part));
  }
  compiled([](Array a) { return a(s(1, 100)) + a(s(3, 102)) * a(s(0, 99)); }, x);
}
TEST(Failures, vec_bool) {
  const Array x = normal_f32({67}), y = normal_f32({67}, 2);
  compiled([](Array a, Array b) { return std::tuple{a > b, (a > 0) & (b > 0), (a > 0) | ~(b > 0), (a > 0) ^ (b > 0)}; },
           x, y);
  compiled([](Array a, Array b) { return std::tuple{nx::where(a > b, a, b), nx::any(a > 3), nx::all(b < 9)}; }, x, y);
  compiled([](Array a, Array b) { return nx::astype(a > b, nx::i32) + nx::astype(b > 0, nx::i32); }, x, y);
  // Bytes other than 1 never come out: sums of them count.
  EXPECT_EQ(nx::sum(compiled([](Array a) { return nx::astype(nx::astype(a, nx::b1), nx::u8); }, nx::arange(100))[0])
                .item<double>(),
            99);
}
TEST(Failures, vec_gated_fallback) {
  // Gathered elements under a condition that is false for indices outside.
  const Array x = ramp({10}), i = nx::array({0, 9, 5, 3, 3, 8, 1, 2, 7, 6, 4, 9, 9, 0, 1, 2, 3});
  compiled([](Array a, Array b) { return nx::where(b > 4, nx::take(nx::exp(a), b), 0.5) * 2; }, x, i);
  compiled([](Array a, Array b) { return nx::pad(nx::take(a, b) * 2, {3}, {4}, 1) + 1; }, x, i);
}
TEST(Failures, vec_tail_1_to_31) {
  for (int64_t n = 1; n < 32; ++n)
    for (const nx::DType dtype : {nx::f32, nx::u8, nx::f64}) {
      const Array x = ramp({n}, 1, dtype);
      compiled([](Array a) { return std::pair{a * a + 1, nx::sum(a)}; }, x);
    }
}

// ---- types

TEST(Failures, int_to_float_rounding) {
  // To nearest, ties to even: 2^24 + 1 and 2^53 + 1 lie between two floats.
  EXPECT_EQ(numbers<float>([](Array a) { return nx::astype(a, nx::f32); },
                           list<int64_t>({(1 << 24) + 1, (1 << 24) + 3, -(1 << 24) - 1, INT64_MAX, INT64_MIN})),
            (std::vector<float>{16777216, 16777220, -16777216, 0x1p63f, -0x1p63f}));
  EXPECT_EQ(numbers<double>([](Array a) { return nx::astype(a, nx::f64); },
                            list<int64_t>({(int64_t{1} << 53) + 1, (int64_t{1} << 53) + 3})),
            (std::vector<double>{0x1p53, 0x1.0000000000002p53}));
  EXPECT_EQ(numbers<float>([](Array a) { return nx::astype(a, nx::f32); }, nx::array({0x7fffffff}).astype(nx::i32)),
            std::vector<float>{0x1p31f});
}
TEST(Failures, float_to_int_saturates) {
  const Array x =
      list<double>({std::nan(""), infinity, -infinity, 1e30, -1e30, 2147483648.0, -2147483649.0, 3.99, -3.99, 256});
  for (const nx::DType from : {nx::f64, nx::f32})
    for (const nx::DType to : {nx::u8, nx::i32, nx::u32, nx::i64, nx::u64})
      compiled([to](Array a) { return nx::astype(a, to); }, nx::astype(x, from));
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::astype(a, nx::i32); }, x),
            (std::vector<int32_t>{0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 3, -3, 256}));
}
TEST(Failures, u64_to_float) {
  const Array x = list<uint64_t>({~uint64_t{0}, uint64_t{1} << 63, (uint64_t{1} << 63) + 1, (uint64_t{1} << 63) + 1025,
                                  (uint64_t{1} << 53) + 1, 0, 1});
  EXPECT_EQ(numbers<double>([](Array a) { return nx::astype(a, nx::f64); }, x),
            (std::vector<double>{0x1p64, 0x1p63, 0x1p63, 0x1.0000000000001p63, 0x1p53, 0, 1}));
  EXPECT_EQ(numbers<float>([](Array a) { return nx::astype(a, nx::f32); }, x),
            (std::vector<float>{0x1p64f, 0x1p63f, 0x1p63f, 0x1p63f, 0x1p53f, 0, 1}));
}
TEST(Failures, u8_max_add_overflow) {
  const Array x = list<uint8_t>({250, 255, 1, 128});
  EXPECT_EQ(numbers<uint8_t>([](Array a) { return nx::maximum(a + nx::full({}, 10, {.dtype = nx::u8}), a); }, x),
            (std::vector<uint8_t>{250, 255, 11, 138}));
  EXPECT_EQ(numbers<uint8_t>([](Array a) { return nx::max(a + a, {.keepdims = true}); }, x), std::vector<uint8_t>{254});
}
TEST(Failures, u8_product_width) {  // i8_product_width: Raven's 8-bit integers have no sign
  const Array x = list<uint8_t>({200, 16, 255, 3});
  EXPECT_EQ(numbers<uint8_t>([](Array a) { return a * a; }, x), (std::vector<uint8_t>{64, 0, 1, 9}));
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::astype(a, nx::i32) * nx::astype(a, nx::i32); }, x),
            (std::vector<int32_t>{40000, 256, 65025, 9}));
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::astype(a * a, nx::i32); }, x),
            (std::vector<int32_t>{64, 0, 1, 9}));
}
TEST(Failures, unsigned_negate) {
  EXPECT_EQ(numbers<uint8_t>([](Array a) { return -a; }, list<uint8_t>({0, 1, 128, 255})),
            (std::vector<uint8_t>{0, 255, 128, 1}));
  EXPECT_EQ(numbers<uint64_t>([](Array a) { return -a; }, list<uint64_t>({0, 1, uint64_t{1} << 63})),
            (std::vector<uint64_t>{0, ~uint64_t{0}, uint64_t{1} << 63}));
  EXPECT_EQ(numbers<bool>([](Array a) { return -a < a; }, list<uint8_t>({0, 1, 128, 255})),
            (std::vector<bool>{false, false, false, true}));
}
TEST(Failures, shift_ge_width) {
  const Array x = nx::array({-5, 5, 1, -1}).astype(nx::i32);
  for (const int64_t count : {0, 1, 31, 32, 33, 64, -1})
    compiled([count](Array a) { return std::pair{nx::left_shift(a, count), nx::right_shift(a, count)}; }, x);
  const auto by = [&](Array (*f)(const nx::Operand&, const nx::Operand&), int64_t count) {
    return numbers<int32_t>([=](Array a) { return f(a, count); }, x);
  };
  EXPECT_EQ(by(nx::left_shift, 32), (std::vector<int32_t>{0, 0, 0, 0}));
  EXPECT_EQ(by(nx::right_shift, 40), (std::vector<int32_t>{-1, 0, 0, -1}));
  const Array counts = nx::array({31, 32, 33, 1}).astype(nx::i32);  // of each element its own
  EXPECT_EQ(numbers<int32_t>([](Array a, Array b) { return nx::left_shift(a, b); }, x, counts),
            (std::vector<int32_t>{INT32_MIN, 0, 0, -2}));
}
TEST(Failures, signed_div_pow2) {
  const Array x = nx::array({-9, -8, -7, -1, 0, 7, 8, 9}).astype(nx::i32);
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::floor_divide(a, 8); }, x),
            (std::vector<int32_t>{-2, -1, -1, -1, 0, 0, 1, 1}));
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::remainder(a, 8); }, x),
            (std::vector<int32_t>{7, 0, 1, 7, 0, 7, 0, 1}));
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::fmod(a, 8); }, x),
            (std::vector<int32_t>{-1, 0, -7, -1, 0, 7, 0, 1}));
}
TEST(Failures, int_min_div_minus1) {
  // The processor traps; here it wraps.
  const Array x = list<int64_t>({INT64_MIN, 6}), y = nx::array({INT32_MIN, 6}).astype(nx::i32);
  const auto f = [](Array a, Array b) {
    return std::tuple{nx::floor_divide(a, b), nx::remainder(a, b), nx::fmod(a, b)};
  };
  const auto wide = compiled(f, x, list<int64_t>({-1, -1})),
             narrow = compiled(f, y, nx::array({-1, -1}).astype(nx::i32));
  EXPECT_EQ(wide[0].to_vector<int64_t>(), (std::vector<int64_t>{INT64_MIN, -6}));
  EXPECT_EQ(wide[1].to_vector<int64_t>(), (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(narrow[0].to_vector<int32_t>(), (std::vector<int32_t>{INT32_MIN, -6}));
  EXPECT_EQ(numbers<int64_t>([](Array a) { return nx::floor_divide(a, -1); }, x),
            (std::vector<int64_t>{INT64_MIN, -6}));
}
TEST(Failures, mod_sign) {
  const Array a = nx::array({7, -7, 7, -7}), b = nx::array({3, 3, -3, -3});
  for (const nx::DType dtype : {nx::i32, nx::i64, nx::f32, nx::f64}) {
    const Array x = nx::astype(a, dtype), y = nx::astype(b, dtype);
    const auto f = [](Array v, Array w) { return std::pair{nx::remainder(v, w), nx::fmod(v, w)}; };
    const auto out = compiled(f, x, y);
    EXPECT_EQ(nx::astype(out[0], nx::i64).to_vector<int64_t>(), (std::vector<int64_t>{1, 2, -2, -1}));
    EXPECT_EQ(nx::astype(out[1], nx::i64).to_vector<int64_t>(), (std::vector<int64_t>{1, -1, 1, -1}));
  }
}

// ---- floats

TEST(Failures, no_unsafe_float_folds) {
  const Array x = list<float>({0.0f, -0.0f, 1, -1, infinity_f, -infinity_f, NAN, 1e-45f, 3e38f});
  const Array y = nx::flip(x);
  compiled([](Array a) { return std::tuple{a * 0, a - a, a / a, 0 / a, a + 0, a - 0, a * 1, a / 1, -(-a)}; }, x);
  compiled([](Array a) { return std::tuple{a + 0.0, a - (-0.0), nx::reciprocal(a), 1 / (1 / a), a * -1.0}; }, x);
  compiled([](Array a, Array b) { return std::tuple{nx::minimum(a, b), nx::maximum(a, b), nx::where(a == a, a, b)}; },
           x, y);
  compiled(
      [](Array a) { return std::tuple{nx::sort(a), nx::max(a), nx::min(a), nx::argmax(a), nx::sign(a), nx::abs(a)}; },
      x);
  const auto signs = [](const std::vector<float>& v) {
    std::vector<bool> negative;
    for (const float f : v) negative.push_back(std::signbit(f));
    return negative;
  };
  const Array zeros = list<float>({0.0f, -0.0f, 0.0f, -0.0f}), others = list<float>({-0.0f, 0.0f, 0.0f, -0.0f});
  EXPECT_EQ(signs(numbers<float>([](Array a) { return a * 0; }, list<float>({-1, 1}))),
            (std::vector<bool>{true, false}));
  EXPECT_EQ(signs(numbers<float>([](Array a) { return a + 0.0; }, zeros)), (std::vector<bool>(4)));
  EXPECT_EQ(numbers<float>([](Array a) { return nx::reciprocal(a); }, zeros),
            (std::vector<float>{infinity_f, -infinity_f, infinity_f, -infinity_f}));
  compiled([](Array a, Array b) { return std::tuple{nx::maximum(a, b), nx::minimum(a, b)}; }, zeros, others);
  for (const float r : numbers<float>([](Array a) { return a * 0 + (a - a); }, list<float>({infinity_f, NAN})))
    EXPECT_TRUE(std::isnan(r));
}
TEST(Failures, pow_extremes) {
  const Array base =
      list<double>({0, -0.0, 0, 1, -1, -1, -8, 2, 2, infinity, -infinity, -infinity, std::nan(""), 1, 0.5});
  const Array power =
      list<double>({0, -3, -2, std::nan(""), infinity, 0.5, 3, 1024, -1080, -1, 3, 2, 0, infinity, -infinity});
  const std::vector<double> known = {1, -infinity, infinity, 1, 1, std::nan(""), -512, infinity, 0,
                                     0, -infinity, infinity, 1, 1, infinity};
  for (const nx::DType dtype : {nx::f64, nx::f32}) {
    const Array out =
        compiled([](Array a, Array b) { return nx::power(a, b); }, base.astype(dtype), power.astype(dtype))[0];
    const std::vector<double> got = nx::astype(out, nx::f64).to_vector<double>();
    for (size_t i = 0; i < known.size(); ++i) {
      if (dtype == nx::f64 && i == 8) continue;  // 2^−1080 is 0 of f32 and of f64
      EXPECT_TRUE(std::isnan(known[i]) ? std::isnan(got[i]) : got[i] == known[i]) << i << ": " << got[i];
    }
  }
  for (const int64_t n : {-3, -1, 0, 1, 2, 3, 4, 7})
    compiled([n](Array a) { return nx::power(a, static_cast<double>(n)); }, base);
}
TEST(Failures, exp_log_denormals) {
  const Array x = list<float>({-87.5f, -90, -100, -103.9f, -104.1f, 88.7f, 88.8f, 0, -0.0f});
  const std::vector<float> e = numbers<float>([](Array a) { return nx::exp(a); }, x);
  EXPECT_EQ(e[3], 1e-45f);  // the least denormal, not 0
  EXPECT_EQ(e[4], 0);
  EXPECT_EQ(e[6], infinity_f);
  const std::vector<float> l =
      numbers<float>([](Array a) { return nx::log(a); }, list<float>({1e-45f, 1e-40f, 0, -1, infinity_f}));
  EXPECT_NEAR(l[0], -103.27893f, 1e-4f);
  EXPECT_NEAR(l[1], -92.10340f, 1e-4f);
  EXPECT_EQ(l[2], -infinity_f);
  EXPECT_TRUE(std::isnan(l[3]));
  compiled(
      [](Array a) { return std::tuple{nx::exp2(a), nx::expm1(a), nx::log1p(a), nx::log2(nx::abs(a)), nx::sqrt(a)}; },
      list<double>({5e-324, 1e-310, -5e-324, -745.2, 709.9, -1}));
}
TEST(Failures, trig_huge) {
  const Array x = list<double>({1e22, 1e300, -1e15, 6381956970095103 * 0x1p797, infinity});
  const std::vector<double> sine = numbers<double>([](Array a) { return nx::sin(a); }, x);
  // sin(10^22): every digit of the argument counts.
  EXPECT_NEAR(sine[0], -0.8522008497671888, 1e-15);
  EXPECT_TRUE(std::isnan(sine[4]));
  const std::vector<double> cosine = numbers<double>([](Array a) { return nx::cos(a); }, x);
  EXPECT_NEAR(cosine[0], 0.5232147853951389, 1e-15);
  EXPECT_NEAR(cosine[3], -4.687165924254624e-19, 1e-30);  // the double nearest to a multiple of π/2
  EXPECT_NEAR(numbers<float>([](Array a) { return nx::sin(a); }, list<float>({1e10f}))[0], -0.48750603f, 1e-6f);
}
TEST(Failures, tanh_saturation) {
  for (const nx::DType dtype : {nx::f32, nx::f64}) {
    const Array x = list<double>({0, -0.0, 1e-30, 9, 20, 50, 1000, infinity, -1000, -infinity}).astype(dtype);
    const Array out = compiled([](Array a) { return nx::tanh(a); }, x)[0].astype(nx::f64);
    const std::vector<double> y = out.to_vector<double>();
    EXPECT_TRUE(std::signbit(y[1]));
    EXPECT_GT(y[2], 0);
    for (const size_t i : {5u, 6u, 7u}) EXPECT_EQ(y[i], 1);
    for (const size_t i : {8u, 9u}) EXPECT_EQ(y[i], -1);
    compiled([](Array a) { return std::tuple{nx::sigmoid(a), nx::erf(a), nx::gelu(a), nx::softplus(a)}; }, x);
  }
}

// ---- size and names

TEST(Failures, deep_expression) {
  EXPECT_EQ(numbers<float>(
                [](Array a) {
                  Array y = a;
                  for (int i = 1; i < 20000; ++i) y = y + a;
                  return y;
                },
                ramp({3})),
            (std::vector<float>{0, 20000, 40000}));
}
TEST(Failures, many_inputs) {
  const auto join = [](Array a) {
    std::vector<Array> parts;
    for (int64_t i = 0; i < 5000; ++i) parts.push_back(a(s(i % 7, i % 7 + 2)) + static_cast<double>(i % 3));
    return nx::concatenate(parts, 0);
  };
  const Array x = ramp({9}), out = compiled(join, x)[0];
  EXPECT_EQ(out.size(), 10000);
  EXPECT_EQ(out(s(9996, 9998)).to_vector<float>(), (std::vector<float>{0, 1}));
}
TEST(Failures, param_limit) {
  // More arrays than one kernel takes: 300 in, 300 out.
  rune::Recorder recorder;
  std::vector<Array> arrays, inputs, outputs;
  for (int i = 0; i < 300; ++i) {
    arrays.push_back(ramp({20}, i));
    inputs.push_back(recorder.input(nx::aval_of(arrays.back())));
  }
  {
    const nx::InterpreterScope scope(&recorder);
    Array sum = inputs[0];
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (i > 0) sum = sum + inputs[i];
      outputs.push_back(sum * 2);
    }
  }
  const auto results = run_every_way(recorder.finish(outputs), arrays);
  EXPECT_EQ(results[299](0).item<double>(), 2 * 300 * 299 / 2);
}
TEST(Failures, name_collision) {
  // Different kernels of one name in one plan.
  const auto f = [](Array a, Array b) {
    return std::tuple{nx::exp(a) + 1, nx::exp(b) + 2, nx::exp(nx::transpose(a)) + 3};
  };
  const auto plan = plan_of(f, normal_f32({9, 9}), normal_f32({50}));
  EXPECT_EQ(plan->stats().kernels, 2u);
  EXPECT_NE(plan->print().find("kernel0 map_exp_add"), std::string::npos) << plan->print();
  EXPECT_NE(plan->print().find("kernel1 map_exp_add"), std::string::npos) << plan->print();
  compiled(f, normal_f32({9, 9}), normal_f32({50}));
}

// ---- sums and what waits for them

TEST(Failures, acc_not_hoisted) {
  // A sum begins again for each row, and in each call.
  const Array x = nx::ones({5, 300}, {.dtype = nx::f32});
  for (int call = 0; call < 2; ++call)
    EXPECT_EQ(numbers<float>([](Array a) { return nx::sum(a, {.axis = 1}); }, x), std::vector<float>(5, 300));
  EXPECT_EQ(numbers<float>([](Array a) { return nx::sum(a, {.axis = 0})(s(0, 3)); }, x), std::vector<float>(3, 5));
}
TEST(Failures, reduce_range_folded_away) {
  // Sums of what does not depend on the axis: a number times its extent, by the order of sums.
  EXPECT_EQ(numbers<float>([](Array a) { return nx::sum(nx::broadcast_to(a, {1000, 3}), {.axis = 0}); }, ramp({3}, 1)),
            (std::vector<float>{1000, 2000, 3000}));
  EXPECT_EQ(numbers<float>([](Array a) { return nx::sum(a * 0 + 2, {.axis = 1}); }, ramp({2, 1})),
            (std::vector<float>{2, 2}));
  EXPECT_EQ(numbers<float>([](Array a) { return nx::max(nx::full({4, 5}, 7, {.dtype = nx::f32}) + a, {.axis = 1}); },
                           ramp({}, 1)),
            (std::vector<float>{8, 8, 8, 8}));
}
TEST(Failures, prime_launch) {
  // Tasks that no number of threads divides.
  for (const int64_t n : {100003, 65537}) {
    compiled([](Array a) { return nx::exp(a) + 1; }, normal_f32({n}));
    compiled([](Array a) { return nx::sum(a, {.axis = 1}); }, normal_f32({n, 3}));
  }
}

}  // namespace
}  // namespace failures
