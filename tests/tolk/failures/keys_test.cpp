// What tells one compiled program from another. Classes of failure: "Keys and caches"; those of files are in
// tests/tolk/code/cache_test.cpp.
#include <bit>
#include <cmath>

#include "raven/tolk/error.hpp"
#include "raven/tolk/passes.hpp"
#include "tolk/failures/support.hpp"

namespace failures {
namespace {

nx::Program product_with(double number) {
  return rune::make_program([number](Array a) { return nx::exp(a) * number; }, nx::zeros({5}));
}

TEST(Failures, key_const_exact) {
  // Programs that differ in one bit of a number share nothing, and each gives its own results.
  const double quiet = std::bit_cast<double>(uint64_t{0x7ff8000000000000}),
               other = std::bit_cast<double>(uint64_t{0x7ff8000000000001});
  std::vector<std::shared_ptr<const tolk::Plan>> plans;
  for (const double number : {0.0, -0.0, -1.0, 1e-30, 1.0, std::nextafter(1.0, 2.0), quiet, other, 5e-324}) {
    bool found = true;
    plans.push_back(tolk::compile_cached(product_with(number), {}, &found));
    EXPECT_FALSE(found) << number;
    std::vector<Array> out(1);
    plans.back()->run(std::vector<Array>{nx::zeros({5})}, out);
    expect_same_bits(out[0], nx::full({5}, number));
  }
  for (const int64_t number : {0, -1, 1})
    EXPECT_EQ(numbers<int64_t>([number](Array a) { return a + number; }, nx::zeros({2}, {.dtype = nx::i64})),
              std::vector<int64_t>(2, number));
  bool found = false;
  tolk::compile_cached(product_with(-0.0), {}, &found);
  EXPECT_TRUE(found);
}

TEST(Failures, key_env) {
  // Every variable that changes a plan is part of its key: setting it compiles again, taking it back finds the first.
  const nx::Program program = product_with(3);
  std::vector<std::shared_ptr<const tolk::Plan>> kept;
  const auto is_found = [&] {
    bool found = false;
    kept.push_back(tolk::compile_cached(program, {}, &found));
    return found;
  };
  EXPECT_FALSE(is_found());
  EXPECT_TRUE(is_found());
  const std::pair<const char*, const char*> variables[] = {{"TOLK_KERNELS", "0"},
                                                           {"TOLK_VERIFY", "1"},
                                                           {"TOLK_BACKEND", "interpret"},
                                                           {"TOLK_DISABLE_PASSES", "simplify"},
                                                           {"TOLK_DISABLE_RULES", "add-zero"}};
  for (const auto& [name, value] : variables) {
    const Variable set(name, value);
    EXPECT_FALSE(is_found()) << name;
    EXPECT_TRUE(is_found()) << name;
  }
  EXPECT_TRUE(is_found());
  // Options too.
  bool found = true;
  const auto portable = tolk::compile_cached(program, {.level = raven::CpuLevel::portable}, &found);
  EXPECT_EQ(found, raven::cpu_level() == raven::CpuLevel::portable);
  const auto donated = tolk::compile_cached(program, {.donated = {true}}, &found);
  EXPECT_FALSE(found);
  const auto calls = tolk::compile_cached(program, {.kernels = false}, &found);
  EXPECT_FALSE(found);
}

TEST(Failures, key_identity_reuse) {
  // Arrays, programs and functions that come and go at the same addresses.
  for (int i = 0; i < 20; ++i) {
    auto number = std::make_unique<double>(i);
    const Array captured = nx::full({3}, static_cast<double>(i));
    const auto f = rune::jit([&captured, value = *number](const Array& a) { return a * value + captured; });
    EXPECT_EQ(f(nx::ones({3})).to_vector<double>(), std::vector<double>(3, 2 * i));
    std::vector<Array> out(1);
    const auto plan = tolk::compile_cached(product_with(i), {});
    plan->run(std::vector<Array>{nx::zeros({5})}, out);
    EXPECT_EQ(out[0].to_vector<double>(), std::vector<double>(5, i));
  }
}

TEST(Failures, cache_foreign_ids) {
  // A plan made for one function serves another one of the same program: arguments are bound by position, and checked.
  const auto f = [](const Array& a, const Array& b) { return a - b * 2; };
  const auto one = rune::jit(f), two = rune::jit(f);
  const Array x = ramp({4}), y = ramp({4}, 7);
  expect_same_bits(one(x, y), f(x, y));
  expect_same_bits(two(y, x), f(y, x));
  EXPECT_EQ(two.stats().shared, 1);
  const auto plan = plan_of(f, x, y);
  std::vector<Array> out(1);
  EXPECT_THROW(plan->run(std::vector<Array>{x, ramp({5})}, out), nx::ShapeError);
  EXPECT_THROW(plan->run(std::vector<Array>{x, ramp({4}, 0, nx::f64)}, out), nx::DTypeError);
}

}  // namespace
}  // namespace failures
