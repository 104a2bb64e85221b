// Which elements are read and written. Classes of failure: "Indexing" and "Scatter".
#include <cmath>
#include <limits>

#include "tolk/failures/support.hpp"

namespace failures {
namespace {

using nx::s;

template <class T>
Array list(const std::vector<T>& values, nx::DType dtype) {
  return nx::array(values, {static_cast<int64_t>(values.size())}).astype(dtype);
}

// ---- quotients and remainders

TEST(Failures, divmod_negative) {
  const Array x = list<int64_t>({-7, -6, -1, 0, 1, 6, 7}, nx::i32);
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::floor_divide(a, 3); }, x),
            (std::vector<int32_t>{-3, -2, -1, 0, 0, 2, 2}));
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::remainder(a, 3); }, x),
            (std::vector<int32_t>{2, 0, 2, 0, 1, 0, 1}));
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::floor_divide(a, -3); }, x),
            (std::vector<int32_t>{2, 2, 0, 0, -1, -2, -3}));
  EXPECT_EQ(numbers<int32_t>([](Array a) { return nx::remainder(a, -3); }, x),
            (std::vector<int32_t>{-1, 0, -1, 0, -2, 0, -2}));
}
TEST(Failures, divmod_zero_fold) {
  // Neither 0 / x nor x / 0 nor x mod x may be folded to a number that is wrong for x = 0.
  for (const nx::DType dtype : {nx::i32, nx::i64, nx::u8, nx::u64, nx::f32}) {
    const Array x = list<int64_t>({0, 1, 5, 0}, dtype), zero = nx::zeros({4}, {.dtype = dtype});
    compiled([&](Array a) { return std::tuple{nx::floor_divide(zero, a), nx::remainder(zero, a)}; }, x);
    compiled([&](Array a) { return std::tuple{nx::floor_divide(a, zero), nx::remainder(a, zero)}; }, x);
    compiled([](Array a) { return std::tuple{nx::floor_divide(a, a), nx::remainder(a, a), a - a}; }, x);
  }
}
TEST(Failures, div_recombine) {
  // (x / d)·d + x mod d is x, also where x is negative or the product wraps.
  const Array x = list<int64_t>({-100, -7, -1, 0, 1, 99, 2147483647, -2147483648}, nx::i32);
  for (const int64_t d : {1, 2, 3, 7, 64, 1000, -3, -8})
    EXPECT_EQ(numbers<int32_t>([d](Array a) { return nx::floor_divide(a, d) * d + nx::remainder(a, d); }, x),
              x.to_vector<int32_t>())
        << d;
}
TEST(Failures, double_div) {
  // (x / a) / b is x / (a·b) only where the signs allow it and a·b does not wrap.
  const Array x = list<int64_t>({-2147483648, -25, -1, 0, 1, 24, 25, 2147483647}, nx::i32);
  for (const auto& [a, b] : {std::pair<int64_t, int64_t>{5, 5}, {-5, 5}, {5, -5}, {65536, 65536}, {3, 1 << 30}})
    compiled([a = a, b = b](Array v) { return nx::floor_divide(nx::floor_divide(v, a), b); }, x);
  EXPECT_EQ(numbers<int32_t>([](Array v) { return nx::floor_divide(nx::floor_divide(v, 65536), 65536); }, x),
            (std::vector<int32_t>{-1, -1, -1, 0, 0, 0, 0, 0}));
}
TEST(Failures, fastdiv_edges) {
  // Division by a constant becomes a multiplication: every byte by every byte, and edges of the wider types.
  const Array bytes = nx::arange(256).astype(nx::u8);
  for (int64_t d = 1; d < 256; d = d < 20 ? d + 1 : d + 17) {
    std::vector<uint8_t> quotients, rests;
    for (int64_t x = 0; x < 256; ++x)
      quotients.push_back(static_cast<uint8_t>(x / d)), rests.push_back(static_cast<uint8_t>(x % d));
    const auto out = compiled(
        [d](Array a) {
          const Array by = nx::full({}, d, {.dtype = nx::u8});
          return std::pair{nx::floor_divide(a, by), nx::remainder(a, by)};
        },
        bytes);
    EXPECT_EQ(out[0].to_vector<uint8_t>(), quotients) << d;
    EXPECT_EQ(out[1].to_vector<uint8_t>(), rests) << d;
  }
  const auto edges = [](int bits) {
    std::vector<uint64_t> values;
    for (int k = 0; k < bits; ++k)
      for (const uint64_t step : {0, 1, 2}) values.push_back((uint64_t{1} << k) - 1 + step);
    values.push_back(~uint64_t{0} >> (64 - bits));
    values.push_back((~uint64_t{0} >> (64 - bits)) - 1);
    return values;
  };
  const std::vector<uint64_t> wide = edges(64), narrow = edges(32);
  const auto size = [](const auto& v) { return nx::Shape{static_cast<int64_t>(v.size())}; };
  const Array x64 = nx::array(wide, size(wide)), x32 = nx::array(narrow, size(narrow)).astype(nx::u32);
  for (const uint64_t d : {uint64_t{3}, uint64_t{7}, uint64_t{641}, (uint64_t{1} << 32) - 5, uint64_t{6700417},
                           (uint64_t{1} << 63) + 1, ~uint64_t{0}}) {
    std::vector<uint64_t> quotients;
    for (const uint64_t x : wide) quotients.push_back(x / d);
    EXPECT_EQ(numbers<uint64_t>([d](Array a) { return nx::floor_divide(a, nx::full({}, d, {.dtype = nx::u64})); }, x64),
              quotients)
        << d;
    if (d >> 32) continue;
    std::vector<uint32_t> small;
    for (const uint64_t x : narrow) small.push_back(static_cast<uint32_t>(x / d));
    EXPECT_EQ(numbers<uint32_t>([d](Array a) { return nx::floor_divide(a, nx::full({}, d, {.dtype = nx::u32})); }, x32),
              small)
        << d;
  }
}

// ---- ranges

TEST(Failures, max_of_empty) {
  EXPECT_THROW(rune::make_program([](Array a) { return nx::max(a, {.axis = 1}); }, nx::zeros({3, 0})), nx::ValueError);
  EXPECT_THROW(rune::jit([](const Array& a) { return nx::argmax(a); })(nx::zeros({0})), nx::ValueError);
  EXPECT_EQ(numbers<double>([](Array a) { return nx::max(a, {.axis = 1}); }, nx::zeros({0, 3})), std::vector<double>{});
}
TEST(Failures, all_axes) {
  const Array x = ramp({2, 3, 4}, 1);
  EXPECT_EQ(numbers<float>([](Array a) { return nx::sum(a); }, x), std::vector<float>{300});
  EXPECT_EQ(numbers<float>([](Array a) { return nx::max(a, {.axis = {0, 1, 2}, .keepdims = true}); }, x),
            std::vector<float>{24});
  EXPECT_EQ(numbers<float>([](Array a) { return nx::sum(a, {.axis = {0, 2}}); }, x),
            (std::vector<float>{68, 100, 132}));
}
TEST(Failures, no_axes) {
  const Array x = ramp({2, 3});
  EXPECT_EQ(
      numbers<float>([](Array a) { return nx::reshape(nx::sum(nx::reshape(a, {6, 1}), {.axis = 1}), {2, 3}); }, x),
      x.to_vector<float>());
  EXPECT_EQ(numbers<float>([](Array a) { return nx::sum(a, {.axis = nx::Axes(nx::Dims{})}) * 2; }, x),
            (x * 2).to_vector<float>());
  EXPECT_EQ(numbers<float>([](Array a) { return nx::sum(a); }, nx::array(5.0, {.dtype = nx::f32})),
            std::vector<float>{5});
}

// ---- guards

TEST(Failures, gate_kept) {
  // What lies outside of an operand is not read, in vectors and in tails: the operands lie between guarded pages.
  for (const int64_t n : {1, 7, 8, 16, 33, 100}) {
    const Array x = ramp({n}, 1);
    compiled([](Array a) { return nx::exp(nx::pad(a, {3}, {70}, 2)) * 2; }, x);
    compiled([](Array a) { return nx::concatenate({a * 2, nx::exp(a), a(s(0, 1))}, 0) + 1; }, x);
    compiled([n](Array a) { return nx::sum(nx::pad(nx::reshape(a, {1, n}), {2, 1}, {0, 30}), {.axis = 0}); }, x);
    compiled([](Array a) { return nx::pad(nx::pad(a, {5}, {5}), {-3}, {-4}) + 1; }, x);
  }
}
TEST(Failures, pad_value_is_not_multiplied) {
  // pad_identity, of values that times 0 are NaN, and of a sum of exponentials that 0 would change.
  const Array x = ramp({2, 3}, -5);
  const double infinity = std::numeric_limits<double>::infinity();
  const auto sums = [&](double value) {
    return numbers<float>(
        [value](Array a) {
          const Array padded = nx::pad(a, {0, 2}, {0, 2}, value), inside = padded(s(nx::none), s(2, 5));
          return nx::sum(inside, {.axis = 1});
        },
        x);
  };
  for (const double value : {infinity, -infinity, std::nan(""), 0.0})
    EXPECT_EQ(sums(value), (std::vector<float>{-12, -3}));
  EXPECT_EQ(numbers<float>([&](Array a) { return nx::max(nx::pad(a, {0, 1}, {0, 1}, -infinity), {.axis = 1}); }, x),
            (std::vector<float>{-3, 0}));
  expect_same_bits(
      compiled([&](Array a) { return nx::logsumexp(nx::pad(a, {0, 1}, {0, 0}, -infinity), {.axis = 1}); }, x)[0],
      nx::logsumexp(nx::pad(x, {0, 1}, {0, 0}, -infinity), {.axis = 1}));
}
TEST(Failures, simplify_valid) {
  // Slices of padded slices of concatenations: which part an element comes from is known from the bounds of both.
  const Array x = ramp({10, 6}, 1), y = ramp({4, 6}, 100);
  const auto out = compiled(
      [](Array a, Array b) {
        const Array joined = nx::concatenate({a(s(2, 9)), b}, 0);
        const Array padded = nx::pad(joined(s(1, 11, 2)), {2, 0}, {1, 3});
        return padded(s(1, 8), s(3, 9)) + nx::flip(padded, 0)(s(1, 8), s(0, 6));
      },
      x, y);
  EXPECT_EQ(out[0].shape(), (nx::Shape{7, 6}));
}

// ---- gathers

TEST(Failures, gather_empty) {
  const Array x = ramp({5, 3}), none = nx::zeros({0}, {.dtype = nx::i64});
  EXPECT_EQ(compiled([](Array a, Array i) { return nx::take(a, i, {.axis = 0}) + 1; }, x, none)[0].shape(),
            (nx::Shape{0, 3}));
  // No index is fine even where there is nothing to take from; one is not.
  const Array nothing = nx::zeros({0, 3}, {.dtype = nx::f32});
  EXPECT_EQ(compiled([](Array a, Array i) { return nx::take(a, i, {.axis = 0}) + 1; }, nothing, none)[0].shape(),
            (nx::Shape{0, 3}));
  EXPECT_THROW(rune::jit([](const Array& a, const Array& i) { return nx::take(a, i, {.axis = 0}) + 1; })(
                   nothing, nx::zeros({1}, {.dtype = nx::i64})),
               nx::IndexError);
}
TEST(Failures, index_dtype_u8_i64) {
  const Array x = ramp({256, 2});
  for (const nx::DType dtype : {nx::u8, nx::u32, nx::i32, nx::i64}) {
    const auto f = [](Array a, Array i) { return nx::take(a, i, {.axis = 0}); };
    EXPECT_EQ(numbers<float>(f, x, list<int64_t>({255, 0, 128, 127}, dtype)),
              (std::vector<float>{510, 511, 0, 1, 256, 257, 254, 255}))
        << nx::dtype_name(dtype);
  }
  // An index that does not fit into 32 bits is an error, not another element.
  EXPECT_THROW(rune::jit([](const Array& a, const Array& i) { return nx::take(a, i, {.axis = 0}) * 2; })(
                   x, list<int64_t>({int64_t{1} << 32}, nx::i64)),
               nx::IndexError);
}
TEST(Failures, reshape_minus1) {
  const Array x = ramp({4, 6});
  EXPECT_EQ(compiled([](Array a) { return nx::reshape(a * 2, {3, -1}); }, x)[0].shape(), (nx::Shape{3, 8}));
  EXPECT_EQ(compiled([](Array a) { return nx::sum(nx::reshape(nx::transpose(a), {-1}), 0); }, x)[0].item<double>(),
            276);
  EXPECT_THROW(rune::make_program([](Array a) { return nx::reshape(a, {5, -1}); }, x), nx::ShapeError);
}

// ---- scatters

nx::ScatterAttrs rows_of(const Array& updates, nx::ScatterKind kind) {
  nx::ScatterAttrs attrs;
  attrs.axes = nx::Dims{0};
  attrs.slice_sizes = nx::Dims{1, updates.shape()[2]};
  attrs.kind = kind;
  return attrs;
}
auto scatter(nx::ScatterKind kind) {
  return [kind](Array table, Array ids, Array updates) {
    return nx::apply(nx::Op::Scatter, {table, ids, updates}, rows_of(updates, kind));
  };
}

TEST(Failures, scatter_add_template) {
  // What is added to is no zeros.
  const Array table = ramp({4, 2}, 100), ids = nx::array({3, 0, 3}), updates = ramp({3, 1, 2}, 1);
  EXPECT_EQ(numbers<float>(scatter(nx::ScatterKind::add), table, ids, updates),
            (std::vector<float>{103, 105, 102, 103, 104, 105, 112, 115}));
}
TEST(Failures, scatter_add_zeroed) {
  // A table of zeros has no bytes of its own: each call begins with zeros again, in poisoned memory too.
  const auto f = [](Array ids, Array updates) {
    return scatter(nx::ScatterKind::add)(nx::zeros({5, 2}, {.dtype = nx::f32}), ids, updates);
  };
  const Array ids = nx::array({1, 1}), updates = ramp({2, 1, 2}, 1);
  EXPECT_EQ(numbers<float>(f, ids, updates), (std::vector<float>{0, 0, 4, 6, 0, 0, 0, 0, 0, 0}));
  const auto jitted = rune::jit(f);
  for (int call = 0; call < 3; ++call) EXPECT_EQ(nx::sum(jitted(ids, updates)).item<double>(), 10);
}
TEST(Failures, scatter_dup_set) {
  EXPECT_EQ(numbers<float>(scatter(nx::ScatterKind::set), ramp({3, 1}), nx::array({1, 2, 1, 1}), ramp({4, 1, 1}, 10)),
            (std::vector<float>{0, 13, 11}));  // the last one stays
}
TEST(Failures, scatter_dup_add_large) {
  const int64_t rows = 20000;
  const Array ids = nx::random::randint(nx::random::key(3), {rows}, 0, 7), updates = normal_f32({rows, 1, 9});
  compiled(scatter(nx::ScatterKind::add), ramp({7, 9}), ids, updates);
  EXPECT_EQ(nx::sum(compiled(scatter(nx::ScatterKind::add), nx::zeros({7, 9}, {.dtype = nx::i64}), ids,
                             nx::ones({rows, 1, 9}, {.dtype = nx::i64}))[0])
                .item<int64_t>(),
            9 * rows);
}
TEST(Failures, scatter_bool_u8_f64) {
  const Array ids = nx::array({2, 0, 2});
  for (const nx::DType dtype : {nx::b1, nx::u8, nx::u32, nx::u64, nx::i32, nx::i64, nx::f64})
    for (const auto kind : {nx::ScatterKind::set, nx::ScatterKind::add, nx::ScatterKind::mul, nx::ScatterKind::max}) {
      if (dtype == nx::b1 && kind != nx::ScatterKind::set) continue;
      const Array updates = nx::reshape(nx::array({1, 0, 1, 1, 0, 1}), {3, 1, 2}).astype(dtype);
      compiled(scatter(kind), nx::ones({4, 2}, {.dtype = dtype}), ids, updates);
    }
}
TEST(Failures, scatter_unsorted_parallel) {
  // Indices in no order, one row of updates each, on several threads.
  const int64_t rows = 4096, width = 40;
  const Array ids = nx::random::permutation(nx::random::key(5), rows), updates = ramp({rows, 1, width});
  const Array out =
      compiled(scatter(nx::ScatterKind::set), nx::zeros({rows, width}, {.dtype = nx::f32}), ids, updates)[0];
  expect_same_bits(nx::take(out, ids, {.axis = 0}), nx::reshape(updates, {rows, width}));
}

}  // namespace
}  // namespace failures
