// Composites: the fused kernel against its decomposition, layouts, edge shapes, errors by message.
#include <limits>

#include "expect.hpp"
#include "raven/base/cpu.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/attention.hpp"
#include "raven/nx/cpu/kernel.hpp"
#include "raven/nx/cpu/levels.hpp"

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

// Σ over (i, k) of a[i, k, m]·b[i, k]: with b broadcast along k its step there is 0, along i it is not.
TEST(DotGeneral, ABroadcastAxisIsNotMergedWithItsNeighbour) {
  const nx::Array a = nx::reshape(nx::arange(0.0, 24.0), {3, 2, 4});
  const nx::Array b = nx::broadcast_to(nx::reshape(nx::array({1.0, 2.0, 3.0}), {3, 1}), {3, 2});
  nx::DotGeneralAttrs attrs;
  attrs.lhs_contract = {0, 1};
  attrs.rhs_contract = {0, 1};
  EXPECT_EQ(nx::apply(nx::Op::DotGeneral, {a, b}, attrs).to_vector<double>(),
            (std::vector<double>{152, 164, 176, 188}));
}

TEST(Gelu, AgreesWithItsDecomposition) {
  for (const DType dtype : {f32, f64})
    for (const GeluApproximate approximate : {GeluApproximate::none, GeluApproximate::tanh}) {
      GeluAttrs attrs;
      attrs.approximate = approximate;
      const Array x = concatenate({values({7, 31}, 1, dtype) * 6, values({7, 2}, 2, dtype) * 40}, 1),
                  g = values({7, 33}, 3, dtype);
      // A few roundings of values no larger than |x| ≤ 40 and, in the gradient, x·φ(x) ≤ 1.
      const double eps = dtype == f32 ? 0x1p-24 : 0x1p-53;
      expect_near(gelu(x, approximate), both(Op::Gelu, {x}, attrs, 1).decomposed[0], 160 * eps, "gelu");
      const Both slope = both(Op::GeluGrad, {x, g}, attrs, 1);
      expect_near(slope.fused[0], slope.decomposed[0], 64 * eps, "gelu_grad");
      expect_bits(apply(Op::Gelu, {transpose(x)}, attrs), transpose(gelu(x, approximate)), "strided");
      expect_bits(apply(Op::GeluGrad, {x, slice(g, {0, 0}, {1, 33}, {1, 1})}, attrs),
                  apply(Op::GeluGrad, {x, contiguous(broadcast_to(slice(g, {0, 0}, {1, 33}, {1, 1}), {7, 33}))}, attrs),
                  "broadcast");
    }
  const std::vector<double> tail = gelu(array({-10.0, -infinity, infinity, -0.0})).to_vector<double>();
  EXPECT_NEAR(tail[0] / -7.619853024160526e-23, 1, 1e-14);  // −10·Φ(−10): relative accuracy in the tail
  EXPECT_EQ(tail[1], 0);
  EXPECT_EQ(tail[2], infinity);
  EXPECT_TRUE(std::signbit(tail[3]));
}

TEST(LayerNorm, HasTheBitsOfItsDecomposition) {
  for (const DType dtype : {f32, f64})
    for (const Shape& shape : {Shape{5, 7}, Shape{2, 3, 130}, Shape{9}, Shape{1, 1, 16}, Shape{40, 3}, Shape{300, 1},
                               Shape{2100, 5}, Shape{3, 2500}, Shape{0, 4}, Shape{1, 1}, Shape{7, 1, 70}}) {
      SCOPED_TRACE(testing::Message() << shape[0] << " rows");
      const Array x = values(shape, 1, dtype) * 3 + 1, g = values(shape, 2, dtype);
      const Array w = values({shape[shape.size() - 1]}, 3, dtype), b = values({shape[shape.size() - 1]}, 4, dtype);
      LayerNormAttrs attrs;
      attrs.eps = 1e-3;
      for (const auto& in : {std::vector{x}, std::vector{x, w}, std::vector{x, w, b}}) {
        const Both r = both(Op::LayerNorm, in, attrs, 3);
        for (size_t i = 0; i < 3; ++i) expect_bits(r.fused[i], r.decomposed[i], "LayerNorm");
        LayerNormGradAttrs grad;
        grad.affine = in.size() > 1;
        std::vector<Array> operands{x, r.fused[1], r.fused[2], g};
        if (grad.affine) operands.push_back(w);
        const Both d = both(Op::LayerNormGrad, operands, grad, grad.affine ? 3 : 1);
        for (size_t i = 0; i < d.fused.size(); ++i)
          expect_bits(d.fused[i], d.decomposed[i], i == 0 ? "dx" : i == 1 ? "dw" : "db");
      }
    }
  const Array x = values({6, 8}, 4);
  expect_bits(layer_norm(transpose(x)), layer_norm(contiguous(transpose(x))), "strided");
}

TEST(LayerNorm, Errors) {
  const Array x = zeros({2, 3});
  EXPECT_RAISES(ShapeError, layer_norm(x, zeros({4})),
                "nx.layer_norm: the weight has shape (4,), expected (3,) for x (2, 3)");
  EXPECT_RAISES(ValueError, layer_norm(x, {}, zeros({3})),
                "nx.layer_norm: a bias without a weight; give ones_like(bias) as the weight");
  EXPECT_RAISES(ShapeError, layer_norm(array(1.0)),
                "nx.layer_norm: x has no axis to normalise over, expected rank ≥ 1");
}

TEST(Softmax, HasTheBitsOfItsDecomposition) {
  for (const DType dtype : {f32, f64})
    for (const Shape& shape : {Shape{5, 7}, Shape{33, 65}, Shape{4, 1}, Shape{2, 2500}, Shape{0, 4}, Shape{3, 0}})
      for (const int64_t axis : {0, 1}) {
        AxisAttrs attrs;
        attrs.axis = axis;
        const Array x = values(shape, 1, dtype) * 9;
        const Both r = both(Op::Softmax, {x}, attrs, 1);
        expect_bits(r.fused[0], r.decomposed[0], "softmax");
        const Both d = both(Op::SoftmaxGrad, {r.fused[0], x}, attrs, 1);
        expect_bits(d.fused[0], d.decomposed[0], "dx");
      }
}

TEST(CrossEntropy, HasTheBitsOfItsDecomposition) {
  for (const DType dtype : {f32, f64})
    for (const DType integer : {i32, i64})
      for (const Shape& shape : {Shape{5, 7}, Shape{33, 65}, Shape{4, 1}, Shape{3, 2500}, Shape{0, 4}}) {
        const Array x = values(shape, 1, dtype) * 9, g = values({shape[0]}, 2, dtype);
        Array labels = astype((values({shape[0]}, 3, f64) + 1) * (0.5 * static_cast<double>(shape[1])), integer);
        labels = where(equal(labels, 1), -7, labels);
        CrossEntropyAttrs attrs;
        attrs.ignore_index = -7;
        const Both r = both(Op::CrossEntropy, {x, labels}, attrs, 2);
        expect_bits(r.fused[0], r.decomposed[0], "loss");
        expect_bits(r.fused[1], r.decomposed[1], "lse");
        const Both d = both(Op::CrossEntropyGrad, {x, labels, r.fused[1], g}, attrs, 1);
        expect_bits(d.fused[0], d.decomposed[0], "dlogits");
      }
}

TEST(CrossEntropy, ReductionsAndIgnoredLabels) {
  const Array logits = array({{0.0, 0.0}, {0.0, 0.0}, {5.0, 5.0}}), labels = array({0, -100, 1});
  const double ln2 = std::log(2.0);
  EXPECT_DOUBLE_EQ(cross_entropy(logits, labels).item<double>(), ln2);
  EXPECT_DOUBLE_EQ(cross_entropy(logits, labels, {.reduction = Reduction::sum}).item<double>(), 2 * ln2);
  const Array each = cross_entropy(reshape(logits, {1, 3, 2}), reshape(labels, {1, 3}), {.reduction = Reduction::none});
  EXPECT_EQ(each.shape(), (Shape{1, 3}));
  expect_near(each, array({{ln2, 0.0, ln2}}), 0x1p-53, "each row");
  EXPECT_TRUE(std::isnan(cross_entropy(logits, array({-100, -100, -100})).item<double>()));
  EXPECT_NEAR(cross_entropy(array({{1e4, -1e4}}), array({1})).item<double>(), 2e4, 0);
}

TEST(CrossEntropy, Errors) {
  const Array logits = zeros({3, 4});
  EXPECT_RAISES(IndexError, cross_entropy(logits, array({0, 4, 1})),
                "nx.cross_entropy: label 4 at position (1,) is outside [0, 4)");
  EXPECT_RAISES(IndexError, cross_entropy(logits, array({0, 1, -1})),
                "nx.cross_entropy: label -1 at position (2,) is outside [0, 4)");
  EXPECT_RAISES(ShapeError, cross_entropy(logits, array({0, 1})),
                "nx.cross_entropy: logits (3, 4) and labels (2,), expected (…, C) and (…)");
  EXPECT_RAISES(DTypeError, cross_entropy(logits, array({0.0, 1.0, 2.0})),
                "nx.cross_entropy: labels are f64, expected an integer dtype");
}

TEST(Embedding, HasTheBitsOfItsDecomposition) {
  for (const DType dtype : {f32, f64})
    for (const DType integer : {i32, i64, u8}) {
      const Array table = values({7, 33}, 1, dtype), ids = astype(array({{0, 6, 3}, {3, 3, 1}}), integer);
      const Array g = values({2, 3, 33}, 2, dtype);
      const Both r = both(Op::Embedding, {table, ids}, no_attrs, 1);
      expect_bits(r.fused[0], r.decomposed[0], "Embedding");
      EmbeddingGradAttrs attrs;
      attrs.rows = 7;
      const Both d = both(Op::EmbeddingGrad, {ids, g}, attrs, 1);
      expect_bits(d.fused[0], d.decomposed[0], "EmbeddingGrad");
      expect_bits(apply(Op::EmbeddingGrad, {transpose(ids), transpose(g, {1, 0, 2})}, attrs),
                  apply(Op::EmbeddingGrad, {contiguous(transpose(ids)), contiguous(transpose(g, {1, 0, 2}))}, attrs),
                  "strided");
      expect_bits(embedding(transpose(contiguous(transpose(table))), ids), r.fused[0], "strided table");
    }
  const Array table = array({{1.0, 2.0}, {3.0, 4.0}});
  EXPECT_ARRAY(double, embedding(table, array(1)), {2}, {3.0, 4.0});
  EmbeddingGradAttrs attrs;
  attrs.rows = 3;
  const Array added = apply(Op::EmbeddingGrad, {array({2, 0, 2}), array({{1.0}, {2.0}, {3.0}})}, attrs);
  EXPECT_EQ(numbers(added), (std::vector<double>{2, 0, 4}));
}

TEST(Embedding, Errors) {
  const Array table = zeros({7, 3});
  EXPECT_RAISES(IndexError, embedding(table, array({{0, 1}, {7, 9}})),
                "nx.embedding: id 7 at position (1, 0) is outside [0, 7), the rows of the table");
  EXPECT_RAISES(IndexError, embedding(table, array({-1})),
                "nx.embedding: id -1 at position (0,) is outside [0, 7), the rows of the table");
  EXPECT_RAISES(DTypeError, embedding(table, array({0.5})), "nx.embedding: ids are f64, expected an integer dtype");
}

TEST(Dropout, HasTheBitsOfItsDecomposition) {
  const Array key = random::key(42);
  for (const DType dtype : {f32, f64})
    for (const Shape& shape : {Shape{5, 7}, Shape{3, 5000}, Shape{}, Shape{0, 3}}) {
      DropoutAttrs attrs;
      attrs.rate = 0.3;
      const Array x = values(shape, 1, dtype);
      const Both r = both(Op::Dropout, {x, key}, attrs, 1);
      expect_bits(r.fused[0], r.decomposed[0], "Dropout");
    }
  const Array x = values({70, 90}, 2);
  expect_bits(dropout(transpose(x), key, 0.5), dropout(contiguous(transpose(x)), key, 0.5), "strided");
}

TEST(Dropout, DropsThePartAskedForAndKeepsTheMean) {
  const Array ones_in = ones({200, 500});
  const std::vector<double> y = numbers(dropout(ones_in, random::key(1), 0.2));
  double zeros_seen = 0;
  for (double v : y) {
    EXPECT_TRUE(v == 0 || v == 1.25);
    zeros_seen += v == 0;
  }
  EXPECT_NEAR(zeros_seen / 1e5, 0.2, 4 * std::sqrt(0.2 * 0.8 / 1e5));  // four standard deviations
  expect_bits(dropout(ones_in, random::key(1), 0), ones_in, "rate 0");
  expect_bits(dropout(ones_in, random::key(1), 1), zeros_like(ones_in), "rate 1");
  EXPECT_NE(numbers(dropout(ones_in, random::key(2), 0.2)), y);
  EXPECT_RAISES(ValueError, dropout(ones_in, random::key(1), 1.5), "nx.dropout: rate is 1.5, expected 0 ≤ rate ≤ 1");
  EXPECT_RAISES(ValueError, dropout(ones_in, array({1, 2}), 0.5),
                "nx.dropout: the key is i64[2], expected u32[2]; make it with nx::random::key(seed)");
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

TEST(Sdpa, ResultsLieInTheOrderOfTheirOperands) {
  const Array heads = transpose(values({2, 5, 3, 4}, 1), {0, 2, 1, 3}), plain = values({2, 3, 5, 4}, 2);
  const Dims of_heads{60, 4, 12, 1}, in_order{60, 20, 4, 1};
  const Array o = sdpa(heads, plain, plain);
  EXPECT_EQ(o.strides(), of_heads);
  EXPECT_TRUE(reshape(transpose(o, {0, 2, 1, 3}), {2, 5, 12}).is_contiguous());  // a view
  expect_bits(o, sdpa(contiguous(heads), plain, plain), "o");
  EXPECT_EQ(sdpa(plain, heads, heads).strides(), in_order);
  // A row's elements stay neighbours, and what is repeated says nothing.
  EXPECT_EQ(sdpa(transpose(values({2, 3, 4, 5}, 3), {0, 1, 3, 2}), plain, plain).strides(), in_order);
  EXPECT_EQ(sdpa(broadcast_to(values({2, 3, 1, 4}, 3), {2, 3, 5, 4}), plain, plain).strides(), in_order);

  SdpaAttrs attrs;
  attrs.scale = 0.5;
  const auto call = [&](Op op, std::vector<Operand> in, size_t results) {
    std::vector<Array> out(results);
    apply(op, in, attrs, out);
    return out;
  };
  const std::vector<Array> forward = call(Op::Sdpa, {heads, plain, heads}, 2);
  const Array g = values({2, 3, 5, 4}, 4);
  const std::vector<Array> out = call(Op::SdpaGrad, {heads, plain, heads, forward[0], forward[1], g}, 3);
  EXPECT_EQ(out[0].strides(), of_heads);
  EXPECT_EQ(out[1].strides(), in_order);
  EXPECT_EQ(out[2].strides(), of_heads);
  const Array dense = contiguous(heads);
  const std::vector<Array> expected =
      call(Op::SdpaGrad, {dense, plain, dense, contiguous(forward[0]), forward[1], g}, 3);
  for (size_t i = 0; i < 3; ++i) expect_bits(out[i], expected[i], "gradient");
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

/// Forward and backward by the loops of one CPU level: o, lse, dq, dk, dv one after the other.
template <class T>
std::vector<T> attention_at(raven::CpuLevel level, cpu::AttentionArgs a) {
  const int64_t rows = a.batch * a.heads, sizes[] = {a.queries * a.value_width, a.queries, a.queries * a.width,
                                                     a.keys * a.width, a.keys * a.value_width};
  // NaN where nothing is written, which equals nothing
  std::vector<T> out(static_cast<size_t>(rows * (sizes[0] + sizes[1] + sizes[2] + sizes[3] + sizes[4])),
                     std::numeric_limits<T>::quiet_NaN());
  const int64_t widths[] = {a.value_width, 1, a.width, a.width, a.value_width};
  cpu::AttentionOperand* results[] = {&a.o, &a.lse, &a.dq, &a.dk, &a.dv};
  T* place = out.data();
  for (int i = 0; i < 5; ++i) {
    *results[i] = {reinterpret_cast<std::byte*>(place), a.heads * sizes[i], sizes[i], widths[i], 1};
    place += rows * sizes[i];
  }
  const cpu::AttentionLoops& loops = cpu::level_table(level).attention[static_cast<int>(dtype_of<T>)];
  std::vector<T> scratch(static_cast<size_t>(cpu::attention_scratch(a) + cpu::attention_grad_scratch(a)));
  auto* bytes = reinterpret_cast<std::byte*>(scratch.data());
  loops.forward(a, 0, rows * ((a.queries + cpu::attention_queries - 1) / cpu::attention_queries), bytes);
  loops.backward(a, cpu::AttentionGradPart::head, 0, rows, bytes);
  return out;
}

template <class T>
void expect_equal_levels() {
  const auto dense = [](const Array& x) {
    const Dims s = x.strides();
    return cpu::AttentionOperand{reinterpret_cast<std::byte*>(const_cast<T*>(x.template data<T>())), s[0], s[1], s[2],
                                 s[3]};
  };
  // queries, keys, widths, offset
  const int64_t shapes[][5] = {{64, 64, 32, 32, 0}, {201, 150, 19, 24, 20}, {7, 300, 64, 5, 20}, {150, 70, 8, 8, -70}};
  for (const auto& [queries, keys, width, value_width, offset] : shapes) {
    const DType dtype = dtype_of<T>;
    const Array q = values({1, 2, queries, width}, 1, dtype), k = values({1, 2, keys, width}, 2, dtype),
                v = values({1, 2, keys, value_width}, 3, dtype), g = values({1, 2, queries, value_width}, 4, dtype);
    cpu::AttentionArgs a;
    a.q = dense(q), a.k = dense(k), a.v = dense(v), a.g = dense(g);
    a.batch = 1, a.heads = 2, a.queries = queries, a.keys = keys, a.width = width, a.value_width = value_width;
    a.scale = 0.6, a.causal = true, a.offset = offset;
    EXPECT_EQ(attention_at<T>(raven::CpuLevel::v3, a), attention_at<T>(raven::CpuLevel::v4, a))
        << queries << " queries";
  }
}

TEST(Sdpa, TheBitsDoNotDependOnTheWidthOfRegisters) {
  if (raven::cpu_info().best < raven::CpuLevel::v4) GTEST_SKIP() << "this CPU has no AVX-512";
  expect_equal_levels<float>();
  expect_equal_levels<double>();
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

// 12 heads of 1024 × 64: the scores alone would be 48 MiB.
TEST(Sdpa, ScratchStaysBelow8MiB) {
  const Array q = zeros({1, 12, 1024, 64}, {.dtype = f32}), lse = zeros({1, 12, 1024}, {.dtype = f32});
  SdpaAttrs attrs;
  attrs.causal = true;
  const cpu::View view(detail::impl_of(q)), row(detail::impl_of(lse));
  const cpu::View forward_in[] = {view, view, view}, forward_out[] = {view, row};
  const cpu::View backward_in[] = {view, view, view, view, row, view}, backward_out[] = {view, view, view};
  EXPECT_LE(cpu::scratch_bytes(Op::Sdpa, {forward_in, forward_out, &attrs}), size_t{8} << 20);
  EXPECT_LE(cpu::scratch_bytes(Op::SdpaGrad, {backward_in, backward_out, &attrs}), size_t{8} << 20);
}

}  // namespace
