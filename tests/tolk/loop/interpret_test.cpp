// The interpreter on kernels written by hand, against nx's bits.
#include "raven/nx.hpp"
#include "tolk/loop/kernels.hpp"
#include "tolk/loop/support.hpp"

namespace {

using namespace loop_test;

constexpr int64_t lengths[] = {1, 2, 15, 16, 17, 63, 64, 65, 129, 1023, 1024, 1025, 2047, 3073, 5000, 70000};

template <class T>
void expect_sum(Type type) {
  const Kernel kernel = sum(type);
  Random random;
  for (const int64_t n : lengths) {
    std::vector<T> x = random.reals<T>(n, 1000);
    const std::vector<T> expected = nx::sum(nx::array(x)).template to_vector<T>();
    for (const bool backwards : {false, true}) {
      std::vector<T> out(1);
      run(kernel, {buffer_of(x), buffer_of(out)}, {n}, backwards);
      EXPECT_TRUE(same_bits(out, expected)) << n;
    }
  }
}
TEST(Interpret, SumHasTheBitsOfNx) {
  expect_sum<float>(Type::f32);
  expect_sum<double>(Type::f64);
}
TEST(Interpret, SumOfNothingIsZero) {
  std::vector<float> x, out = {7};
  run(sum(Type::f32), {buffer_of(x), buffer_of(out)}, {0});
  EXPECT_TRUE(same_bits(out, {0.0f}));
}
TEST(Interpret, SumOfNegativeZerosKeepsTheSign) {
  std::vector<float> x(5, -0.0f), out(1);
  run(sum(Type::f32), {buffer_of(x), buffer_of(out)}, {5});
  EXPECT_TRUE(same_bits(out, {-0.0f}));
}

TEST(Interpret, MapWithTail) {
  Random random;
  for (const int64_t n : {0, 1, 15, 16, 17, 67}) {
    std::vector<float> x = random.reals<float>(n, 3), out(static_cast<size_t>(n));
    run(map(), {buffer_of(x), buffer_of(out)}, {n}, n % 2 == 0);
    const nx::Array expected = nx::apply(nx::Op::Gelu, {nx::array(x) + 1}, nx::GeluAttrs());
    EXPECT_TRUE(same_bits(out, expected.to_vector<float>()));
  }
}

TEST(Interpret, TurnedSquare) {
  std::vector<double> x(17 * 48), out(16 * 17, -1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  run(turned(Type::f64), {buffer_of(x), buffer_of(out)}, {17});
  for (size_t j = 0; j < 16; ++j)
    for (size_t i = 0; i < 17; ++i) EXPECT_EQ(out[j * 17 + i], i < 16 ? x[i * 48 + j] : -1);
}

TEST(Interpret, SoftmaxRows) {
  const Kernel kernel = softmax();
  Random random;
  for (const int64_t n : {1, 17, 1000, 3000}) {
    const int64_t rows = 3;
    std::vector<float> x = random.reals<float>(rows * n, 5), out(x.size(), -1);
    const std::vector<Buffer> buffers = {buffer_of(x), buffer_of(out)};
    const int64_t dims[] = {rows, n};
    ASSERT_EQ(interpret(kernel, buffers, dims, 1, 3), "");
    EXPECT_EQ(out[0], -1);  // row 0 is no task of that call
    ASSERT_EQ(interpret(kernel, buffers, dims, 0, 1, true), "");
    const nx::Array input = nx::array(x, {rows, n});
    const nx::Array e = nx::exp(input - nx::max(input, {.axis = -1, .keepdims = true}));
    const nx::Array expected = e / nx::sum(e, {.axis = -1, .keepdims = true});
    EXPECT_TRUE(same_bits(out, expected.to_vector<float>())) << n;
  }
}

TEST(Interpret, ColumnSums) {
  const Kernel kernel = column_sum();
  Random random;
  for (const int64_t rows : {1, 15, 16, 17, 32, 33, 100, 1040})
    for (const int64_t width : {2, 16, 19}) {
      std::vector<float> x = random.reals<float>(rows * width, 100), out(static_cast<size_t>(width));
      run(kernel, {buffer_of(x), buffer_of(out)}, {rows, width}, rows % 2 == 0);
      const nx::Array expected = nx::sum(nx::array(x, {rows, width}), {.axis = 0});
      EXPECT_TRUE(same_bits(out, expected.to_vector<float>())) << rows << " x " << width;
    }
}

TEST(Interpret, AFailedCheckReportsAndReturns) {
  std::vector<float> table = {10, 11, 12}, out(4, -1);
  std::vector<int64_t> index = {2, 0, 3, -5}, status(4, 0);
  const std::vector<Buffer> buffers = {buffer_of(table), buffer_of(index), buffer_of(out), buffer_of(status)};
  run(gather(), buffers, {4, 3});
  EXPECT_EQ(out, (std::vector<float>{12, 10, -1, -1}));
  EXPECT_EQ(status, (std::vector<int64_t>{0, 0, 1, 3}));
  status = {0, 0, 0, 0}, index = {2, 0, 1, 1};
  run(gather(), buffers, {4, 3}, true);
  EXPECT_EQ(out, (std::vector<float>{12, 10, 11, 11}));
  EXPECT_EQ(status, (std::vector<int64_t>(4, 0)));
}

TEST(Interpret, AFalseMaskReadsNothing) {
  std::vector<double> x = {1, 2, 3}, out(3, -1);
  run(shift(), {buffer_of(x), buffer_of(out)}, {3});
  EXPECT_EQ(out, (std::vector<double>{0, 1, 2}));
}

TEST(Interpret, BackwardsReversesEachGroup) {
  Builder b("order");
  const Id n = b.dim(0), out = b.param(Type::i64, Access::both, n), next = b.param(Type::i64, Access::both, 1);
  const Id i = b.lanes(b.index(0), n, 4);  // on purpose not independent
  const Id at = b.load(next, b.index(0));
  b.store(out, at, i);
  b.store(next, b.index(0), b.add(at, b.index(1)));
  b.end();
  const Kernel kernel = b.finish();
  std::vector<int64_t> order(6), counter = {0};
  run(kernel, {buffer_of(order), buffer_of(counter)}, {6}, true);
  EXPECT_EQ(order, (std::vector<int64_t>{3, 2, 1, 0, 5, 4}));
}

TEST(Interpret, LocalsArePoisoned) {
  Builder b("poison");
  const Id out = b.param(Type::u32, Access::write, 1), local = b.local(Type::u32, 3);
  b.store(out, b.index(0), b.load(local, b.index(2)));
  const Kernel kernel = b.finish();
  std::vector<uint32_t> value = {0};
  run(kernel, {buffer_of(value)}, {});
  EXPECT_EQ(value[0], ~0u);
}

TEST(Interpret, LoopsWithStepsUpToTheGreatestInteger) {
  Builder b("loops");
  const Id out = b.param(Type::i64, Access::both, 2);
  const Id count = b.reg(Type::i64, 1, b.index(0)), last = b.reg(Type::i64, 1, b.index(0));
  const Id i = b.loop(b.index(INT64_MAX - 10), b.index(INT64_MAX), 4);
  b.set(count, b.add(b.get(count), b.index(1)));
  b.set(last, i);
  b.end();
  b.loop(b.index(5), b.index(-5));
  b.set(last, b.index(0));
  b.end();
  b.store(out, b.index(0), b.get(count));
  b.store(out, b.index(1), b.get(last));
  std::vector<int64_t> result(2);
  run(b.finish(), {buffer_of(result)}, {});
  EXPECT_EQ(result, (std::vector<int64_t>{3, INT64_MAX - 2}));
}

TEST(Interpret, ReportsAccessesOutOfBounds) {
  Builder b("bounds");
  const Id n = b.dim(0), out = b.param(Type::f32, Access::both, n), local = b.local(Type::f32, 4), at = b.dim(1);
  b.store(local, b.binary(Code::minimum, at, b.index(4)), b.real(Type::f32, 1));
  b.store(out, at, b.load(out, b.index(0)));
  const Kernel kernel = b.finish();
  std::vector<float> out_values(4, 1);
  const std::vector<Buffer> buffers = {buffer_of(out_values)};
  const auto call = [&](std::vector<int64_t> dims) { return interpret(kernel, buffers, dims, 0, 1); };
  EXPECT_EQ(call({4, 3}), "");
  EXPECT_EQ(call({3, 3}), "node 10 (store.f32 %1 %3 %5): index 3 outside 3 elements");
  EXPECT_EQ(call({9, -1}), "node 7 (store.f32 %2 %4 1.0): index -1 outside 4 elements");
  EXPECT_EQ(call({0, 0}), "node 9 (%5 = load.f32 %1 0): index 0 outside 0 elements");
  out_values.resize(2);
  EXPECT_EQ(interpret(kernel, std::vector<Buffer>{{out_values.data(), 2}}, std::vector<int64_t>{4, 3}, 0, 1),
            "node 10 (store.f32 %1 %3 %5): index 3 outside 4 elements (the buffer has 2)");
  EXPECT_EQ(call({1}), "node 3 (%3 = dim 1): the call brings 1 dims");
  EXPECT_EQ(interpret(kernel, {}, std::vector<int64_t>{1, 1}, 0, 1),
            "node 1 (%1 = param.f32 %0 both): the call brings 0 buffers");
  EXPECT_EQ(interpret(kernel, std::vector<Buffer>(2), std::vector<int64_t>{1, 1}, 0, 1), "2 buffers for 1 params");
}

}  // namespace
