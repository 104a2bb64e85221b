// Composites: the fused kernel against its decomposition, layouts, edge shapes, errors by message.
#include <limits>

#include "expect.hpp"
#include "raven/base/thread_pool.hpp"

namespace {

using namespace nx;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Values in (−1, 1), different for each seed.
Array values(const Shape& shape, uint64_t seed, DType dtype = f32) {
  std::vector<double> v(static_cast<size_t>(element_count(shape.span())));
  uint64_t s = seed * 7919 + 17;
  for (double& x : v) {
    s = s * 6364136223846793005u + 1442695040888963407u;
    x = 2 * (static_cast<double>(s >> 11) * 0x1p-53) - 1;
  }
  return astype(array(std::span<const double>(v), shape), dtype);
}

std::vector<double> numbers(const Array& x) { return astype(x, f64).to_vector<double>(); }

void expect_bits(const Array& a, const Array& b, const char* what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  const std::vector<double> x = numbers(a), y = numbers(b);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_TRUE((x[i] == y[i] && std::signbit(x[i]) == std::signbit(y[i])) || (std::isnan(x[i]) && std::isnan(y[i])))
        << what << " element " << i << ": " << x[i] << " and " << y[i];
}
void expect_near(const Array& a, const Array& b, double bound, const char* what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  const std::vector<double> x = numbers(a), y = numbers(b);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_TRUE(x[i] == y[i] || std::abs(x[i] - y[i]) <= bound)
        << what << " element " << i << ": " << x[i] << " and " << y[i];
}

/// The op's kernel and its decomposition on the same operands.
struct Both {
  std::vector<Array> fused, decomposed;
};
Both both(Op op, const std::vector<Array>& in, const Attrs& attrs, size_t results) {
  Both b{std::vector<Array>(results), std::vector<Array>(results)};
  const std::vector<Operand> operands(in.begin(), in.end());
  apply(op, operands, attrs, b.fused);
  decompose(op, in, attrs, b.decomposed);
  return b;
}

TEST(Linear, HasTheBitsOfItsDecomposition) {
  for (const DType dtype : {f32, f64})
    for (const Shape& shape : {Shape{5, 7}, Shape{2, 3, 33}, Shape{9}, Shape{4, 600}, Shape{0, 3}, Shape{3, 0}}) {
      const int64_t n = shape[shape.size() - 1];
      const Array x = values(shape, 1, dtype), w = values({17, n}, 2, dtype), b = values({17}, 3, dtype);
      for (const auto& in : {std::vector{x, w}, std::vector{x, w, b}}) {
        const Both r = both(Op::Linear, in, no_attrs, 1);
        expect_bits(r.fused[0], r.decomposed[0], "Linear");
      }
    }
  const Array x = values({6, 4, 8}, 4), w = values({8, 5}, 5), b = slice(values({10}, 6), {0}, {10}, {2});
  expect_bits(linear(transpose(x, {1, 0, 2}), transpose(w), b),
              contiguous(linear(transpose(x, {1, 0, 2}), contiguous(transpose(w)), contiguous(b))), "strided");
}

TEST(Linear, Errors) {
  const Array x = zeros({2, 3}), w = zeros({4, 5});
  EXPECT_RAISES(ShapeError, linear(x, w), "nx.linear: x (2, 3) does not end in the 5 inputs of the weight (4, 5)");
  EXPECT_RAISES(ShapeError, linear(x, zeros({4, 3}), zeros({3})), "nx.linear: the bias has shape (3,), expected (4,)");
  EXPECT_RAISES(DTypeError, linear(x, astype(zeros({4, 3}), f32)),
                "nx.linear: dtypes differ: f64 and f32; use .astype(…)");
}

struct SdpaCase {
  int64_t batch, heads, queries, keys, width, value_width;
  bool causal;
  int64_t offset;
};

TEST(Sdpa, AgreesWithItsDecomposition) {
  for (const SdpaCase& c : {SdpaCase{1, 1, 1, 1, 1, 1, false, 0}, SdpaCase{2, 3, 9, 9, 4, 4, true, 0},
                            SdpaCase{1, 2, 65, 65, 16, 16, true, 0}, SdpaCase{1, 2, 64, 64, 32, 32, true, 0},
                            SdpaCase{1, 1, 5, 131, 33, 17, false, 0}, SdpaCase{1, 9, 200, 200, 64, 64, true, 0},
                            SdpaCase{1, 2, 7, 20, 8, 8, true, 13}, SdpaCase{1, 1, 20, 7, 8, 8, true, -13},
                            SdpaCase{3, 3, 70, 5, 8, 24, true, 0}, SdpaCase{1, 1, 3, 200, 8, 8, true, 70},
                            SdpaCase{1, 1, 300, 300, 16, 16, true, -100}, SdpaCase{2, 4, 0, 3, 4, 4, true, 0},
                            SdpaCase{1, 2, 3, 0, 4, 5, false, 0}})
    for (const DType dtype : {f32, f64}) {
      SCOPED_TRACE(testing::Message() << c.queries << " queries, " << c.keys << " keys, width " << c.width
                                      << ", offset " << c.offset);
      SdpaAttrs attrs;
      attrs.scale = 0.7, attrs.causal = c.causal, attrs.offset = c.offset;
      const Array q = values({c.batch, c.heads, c.queries, c.width}, 1, dtype) * 2,
                  k = values({c.batch, c.heads, c.keys, c.width}, 2, dtype) * 2;
      const Array v = values({c.batch, c.heads, c.keys, c.value_width}, 3, dtype),
                  g = values({c.batch, c.heads, c.queries, c.value_width}, 4, dtype);
      const double eps = dtype == f32 ? 0x1p-24 : 0x1p-53;
      // Scores of magnitude ≤ 4·width carry width·eps each, which the exponential passes on; sums of `keys` terms add
      // theirs.
      const double bound = 8 * eps * (4 * static_cast<double>(c.width) + std::sqrt(static_cast<double>(c.keys)) + 4);
      const Both r = both(Op::Sdpa, {q, k, v}, attrs, 2);
      expect_near(r.fused[0], r.decomposed[0], bound, "o");
      expect_near(r.fused[1], r.decomposed[1], bound * 2, "lse");
      for (const bool with_lse : {false, true}) {
        std::vector<Array> in{q, k, v, r.fused[0], r.fused[1], g};
        if (with_lse) in.push_back(values({c.batch, c.heads, c.queries}, 5, dtype));
        const Both d = both(Op::SdpaGrad, in, attrs, 3);
        const double magnitude = 4 * std::sqrt(static_cast<double>(c.queries + c.keys));
        for (size_t i = 0; i < 3; ++i)
          expect_near(d.fused[i], d.decomposed[i], bound * magnitude, i == 0 ? "dq" : i == 1 ? "dk" : "dv");
      }
    }
}

TEST(Sdpa, AnyStrides) {
  const Array packed = values({2, 70, 3, 4, 16}, 1);  // batch, time, (q k v), heads, width
  const auto part = [&](int64_t i) {
    return transpose(reshape(slice(packed, {0, 0, i, 0, 0}, {2, 70, i + 1, 4, 16}, {1, 1, 1, 1, 1}), {2, 70, 4, 16}),
                     {0, 2, 1, 3});
  };
  const Array o = sdpa(part(0), part(1), part(2), {.causal = true});
  expect_bits(o, sdpa(contiguous(part(0)), contiguous(part(1)), contiguous(part(2)), {.causal = true}), "strided");
  const Array columns = values({1, 2, 16, 70}, 2);
  const Array x = transpose(columns, {0, 1, 3, 2});
  expect_bits(sdpa(x, x, x), sdpa(contiguous(x), contiguous(x), contiguous(x)), "transposed");
}

TEST(Sdpa, TheBitsDoNotDependOnThreads) {
  for (const int64_t heads : {2, 9}) {
    const Array q = values({1, heads, 400, 24}, 1), k = values({1, heads, 400, 24}, 2),
                v = values({1, heads, 400, 24}, 3);
    SdpaAttrs attrs;
    attrs.scale = 0.2, attrs.causal = true;
    const auto compute = [&] {
      std::vector<Array> out(2), grads(3);
      apply(Op::Sdpa, std::vector<Operand>{q, k, v}, attrs, out);
      apply(Op::SdpaGrad, std::vector<Operand>{q, k, v, out[0], out[1], v}, attrs, grads);
      out.insert(out.end(), grads.begin(), grads.end());
      return out;
    };
    const std::vector<Array> many = compute();
    const raven::ThreadLimit one(1);
    const std::vector<Array> alone = compute();
    for (size_t i = 0; i < many.size(); ++i) expect_bits(many[i], alone[i], "threads");
  }
}

TEST(Sdpa, AQueryWithoutKeysGivesZero) {
  const Array q = values({1, 1, 4, 8}, 1), k = values({1, 1, 2, 8}, 2), v = values({1, 1, 2, 8}, 3);
  const std::vector<double> o = numbers(sdpa(q, k, v, {.causal = true, .causal_align = CausalAlign::bottom_right}));
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(o[i], 0);
  for (size_t i = 16; i < 24; ++i) EXPECT_EQ(o[i], numbers(v)[i - 16]);  // one key: weight 1
  const std::vector<double> none = numbers(
      sdpa(q, slice(k, {0, 0, 0, 0}, {1, 1, 0, 8}, {1, 1, 1, 1}), slice(v, {0, 0, 0, 0}, {1, 1, 0, 8}, {1, 1, 1, 1})));
  for (double x : none) EXPECT_EQ(x, 0);
}

TEST(Sdpa, LargeScoresAndNan) {
  const Array q = full({1, 1, 2, 4}, 1e4, {.dtype = f32}), k = values({1, 1, 70, 4}, 2), v = values({1, 1, 70, 4}, 3);
  for (double x : numbers(sdpa(q, k, v))) EXPECT_TRUE(std::isfinite(x));
  const Array bad = full({1, 1, 1, 4}, std::numeric_limits<double>::quiet_NaN(), {.dtype = f32});
  for (double x : numbers(sdpa(bad, k, v))) EXPECT_TRUE(std::isnan(x));
}

TEST(Sdpa, Errors) {
  const Array q = zeros({1, 2, 3, 4}), k = zeros({1, 2, 5, 4});
  EXPECT_RAISES(ShapeError, sdpa(q, k, zeros({1, 2, 6, 4})),
                "nx.sdpa: q (1, 2, 3, 4), k (1, 2, 5, 4), v (1, 2, 6, 4): numbers of keys and values differ");
  EXPECT_RAISES(ShapeError, sdpa(zeros({3, 4}), k, k),
                "nx.sdpa: q (3, 4), k (1, 2, 5, 4), v (1, 2, 5, 4): expected rank 4 (batch, heads, length, width)");
  EXPECT_RAISES(DTypeError, sdpa(astype(q, i32), astype(k, i32), astype(k, i32)),
                "nx.sdpa: got i32, expected a floating dtype; use .astype(nx::f32)");
  EXPECT_RAISES(ValueError, sdpa(q, k, k, {.scale = infinity}), "nx.sdpa: scale is inf, expected a finite number");
}

}  // namespace
