// check_grads in f64, orders 1 and 2, one line per op (and per interesting attribute).
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "raven/rune.hpp"

namespace {

using namespace nx;
using Args = std::vector<Array>;

/// Values in (low, high), different for each seed.
Array values(const Shape& shape, double low, double high, uint64_t seed) {
  std::vector<double> v(static_cast<size_t>(element_count(shape.span())));
  uint64_t s = seed * 7919 + 17;
  for (double& x : v) {
    s = s * 6364136223846793005u + 1442695040888963407u;
    x = low + (high - low) * static_cast<double>(s >> 11) * 0x1p-53;
  }
  return array(std::span<const double>(v), shape);
}

struct Case {
  const char* name;
  Args arguments;
  Array (*f)(const Args&);
};

std::vector<Case> cases() {
  const Array a = values({3, 4}, -1.5, 1.5, 1), b = values({3, 4}, 0.5, 2, 2), row = values({4}, -1, 1, 3);
  const Array c = values({2, 3, 4}, -1, 1, 4), m = values({4, 5}, -1, 1, 5), scalar0 = values({}, 0.5, 1, 6);
  return {
      {"Add", {a, b}, [](const Args& x) { return x[0] + x[1]; }},
      {"Add broadcast", {a, row}, [](const Args& x) { return x[0] + x[1]; }},
      {"Add scalar", {scalar0, a}, [](const Args& x) { return x[0] + x[1] * 2; }},
      {"Sub", {a, b}, [](const Args& x) { return x[0] - x[1]; }},
      {"Mul", {a, b}, [](const Args& x) { return x[0] * x[1]; }},
      {"Mul same", {a}, [](const Args& x) { return x[0] * x[0]; }},
      {"Div", {a, b}, [](const Args& x) { return x[0] / x[1]; }},
      {"Neg", {a}, [](const Args& x) { return -x[0] * x[0]; }},
      {"Exp", {a}, [](const Args& x) { return exp(x[0]); }},
      {"Cast", {a}, [](const Args& x) { return astype(astype(x[0], f64) * 2, f64) * x[0]; }},
      {"Maximum", {a, b}, [](const Args& x) { return maximum(x[0], x[1]) * x[0]; }},
      {"Select", {a, b}, [](const Args& x) { return where(equal(x[0], x[0]), x[0] * x[1], x[1]); }},
      {"Abs", {a, b}, [](const Args& x) { return abs(x[0]); }},
      {"Sqrt", {a, b}, [](const Args& x) { return sqrt(x[1]); }},
      {"Rsqrt", {a, b}, [](const Args& x) { return rsqrt(x[1]); }},
      {"Exp2", {a, b}, [](const Args& x) { return exp2(x[0]); }},
      {"Expm1", {a, b}, [](const Args& x) { return expm1(x[0]); }},
      {"Log", {a, b}, [](const Args& x) { return log(x[1]); }},
      {"Log2", {a, b}, [](const Args& x) { return log2(x[1]); }},
      {"Log10", {a, b}, [](const Args& x) { return log10(x[1]); }},
      {"Log1p", {a, b}, [](const Args& x) { return log1p(x[1]); }},
      {"Sin", {a, b}, [](const Args& x) { return sin(x[0]); }},
      {"Cos", {a, b}, [](const Args& x) { return cos(x[0]); }},
      {"Tanh", {a, b}, [](const Args& x) { return tanh(x[0]); }},
      {"Logistic", {a, b}, [](const Args& x) { return sigmoid(x[0]); }},
      {"Erf", {a, b}, [](const Args& x) { return erf(x[0]); }},
      {"ErfInv", {a, b}, [](const Args& x) { return erfinv(x[0] * 0.5); }},
      {"Rem", {a, b}, [](const Args& x) { return fmod(x[0] * 3, x[1]); }},
      {"Pow", {a, b}, [](const Args& x) { return power(x[1], x[0]); }},
      {"Pow square", {a, b}, [](const Args& x) { return power(x[0], 2); }},
      {"Minimum", {a, b}, [](const Args& x) { return minimum(x[0], x[1]) * x[0]; }},
      {"Clip", {a, b}, [](const Args& x) { return clip(x[0], -1, x[1] - 1) * x[0]; }},
      {"Softplus", {a, b}, [](const Args& x) { return softplus(x[0]); }},
      {"Silu", {a, b}, [](const Args& x) { return silu(x[0]); }},
      {"Floor divide has no slope", {a, b}, [](const Args& x) { return x[0] + floor_divide(x[0], x[1]); }},
      {"Remainder", {a, b}, [](const Args& x) { return remainder(x[0], x[1]); }},
      {"Reduce sum all", {c}, [](const Args& x) { return sum(x[0] * x[0]); }},
      {"Reduce sum middle", {c}, [](const Args& x) { return sum(exp(x[0]), 1); }},
      {"Reduce sum two", {c}, [](const Args& x) { return sum(exp(x[0]), {0, 2}); }},
      {"Reduce prod", {c}, [](const Args& x) { return prod(x[0], 1); }},
      {"Reduce prod of odd and even lengths",
       {values({2, 3, 5}, -1, 1, 12)},
       [](const Args& x) { return prod(x[0], {0, 2}) * prod(x[0]); }},
      {"Reduce prod with a zero",
       {array({{2.0, 0.0, 3.0, 1.0}, {0.5, 2.0, 3.0, 4.0}})},
       [](const Args& x) { return prod(x[0], 1); }},
      {"Reduce prod with two zeros", {array({0.0, 3.0, 0.0, 2.0, 1.5})}, [](const Args& x) { return prod(x[0]); }},
      {"Reduce prod with three zeros",
       {array({0.0, 3.0, 0.0, 0.0})},
       [](const Args& x) { return prod(x[0] * x[0] + x[0]); }},
      {"Reduce prod of nothing and of one",
       {values({2, 0}, 0, 1, 1), values({2, 1}, 0, 1, 1)},
       [](const Args& x) { return prod(x[0], 1) + prod(x[1], 1); }},
      {"Scatter mul to one place",
       {a, values({3, 4}, -1, 1, 13)},
       [](const Args& x) {
         Array y = x[0];
         return y.at(array({2, 0, 2})).mul(x[1]);
       }},
      {"Scatter mul by zeros",
       {row, array({0.0, 2.0, 0.0, 3.0, 0.0})},
       [](const Args& x) {
         Array y = x[0];
         return y.at(array({1, 1, 1, 3, 3})).mul(x[1]);
       }},
      {"ScatterAxis mul to one place",
       {a, values({3, 4}, -1, 1, 14)},
       [](const Args& x) {
         return put_along_axis(x[0], array({{2, 1, 0, 0}, {2, 0, 1, 0}, {2, 1, 0, 2}}), x[1], 0, ScatterKind::mul);
       }},
      {"Mean and var", {c}, [](const Args& x) { return mean(x[0], 0) * var(x[0], {.axis = 0}); }},
      {"Logsumexp", {c}, [](const Args& x) { return logsumexp(x[0] * 3, {.axis = 1}); }},
      {"Flip", {c}, [](const Args& x) { return flip(x[0], {0, 2}) * x[0]; }},
      {"Pad", {a, scalar0}, [](const Args& x) { return exp(pad(x[0], {1, -1}, {-1, 2}, x[1])); }},
      {"Pad interior",
       {a, scalar0},
       [](const Args& x) {
         PadAttrs attrs;
         attrs.low = {0, 2}, attrs.high = {1, -3}, attrs.interior = {2, 1};
         return exp(apply(Op::Pad, {x[0], x[1]}, attrs));
       }},
      {"Concat", {a, b}, [](const Args& x) { return exp(concatenate({x[0], x[1] * 2, x[0]}, 1)); }},
      {"Tril and roll", {a}, [](const Args& x) { return tril(x[0]) * roll(x[0], 1, 0); }},
      {"Gather", {a}, [](const Args& x) { return exp(x[0](array({2, 0, 2}), array({1, 3, 1}))); }},
      {"Gather rows", {c}, [](const Args& x) { return exp(take(x[0], array({{1, 0}, {1, 1}}), {.axis = 0})); }},
      {"GatherAxis", {a}, [](const Args& x) { return exp(take_along_axis(x[0], array({{0, 3, 0}}), 1)); }},
      {"Scatter set",
       {a, row},
       [](const Args& x) {
         Array y = x[0];
         y.at(array({2, 0})) = x[1];
         return exp(y);
       }},
      {"Scatter add",
       {a, row},
       [](const Args& x) {
         Array y = x[0];
         return exp(y.at(array({2, 2})).add(x[1]));
       }},
      {"Scatter mul",
       {a, row},
       [](const Args& x) {
         Array y = x[0];
         return exp(y.at(array({2, 0})).mul(x[1]));
       }},
      {"Scatter max",
       {a, row},
       [](const Args& x) {
         Array y = x[0];
         return exp(y.at(array({2, 0})).max(x[1]));
       }},
      {"ScatterAxis",
       {a, row},
       [](const Args& x) { return exp(put_along_axis(x[0], array({{2, 1, 0, 0}}), x[1] * 2, 0, ScatterKind::add)); }},
      {"At slices",
       {a, scalar0},
       [](const Args& x) {
         Array y = x[0];
         y.at(s(1, none), s(none, none, -2)) *= x[1];
         return exp(y);
       }},
      {"Sort", {a}, [](const Args& x) { return sort(x[0], {.axis = 1}) * x[0]; }},
      {"Top k", {a}, [](const Args& x) { return exp(top_k(x[0], 2).values); }},
      {"Reduce max", {c}, [](const Args& x) { return max(x[0] * x[0], {.axis = -1, .keepdims = true}); }},
      {"Reshape", {c}, [](const Args& x) { return exp(reshape(x[0], {6, -1})); }},
      {"Permute", {c}, [](const Args& x) { return exp(transpose(x[0], {2, 0, 1})); }},
      {"Expand", {row}, [](const Args& x) { return exp(broadcast_to(x[0], {3, 4}) * 2); }},
      {"Slice", {c}, [](const Args& x) { return exp(slice(x[0], {0, 1, 0}, {2, 3, 4}, {1, 1, 2})); }},
      {"SliceUpdate set",
       {c, values({2, 1, 2}, -1, 1, 8)},
       [](const Args& x) { return exp(slice_update(x[0] * 1, x[1], {0, 1, 0}, {2, 2, 4}, {1, 1, 2})); }},
      {"SliceUpdate add",
       {c, values({2, 1, 2}, -1, 1, 8)},
       [](const Args& x) { return exp(slice_update(x[0] * 1, x[1] * x[1], {0, 1, 0}, {2, 2, 4}, {1, 1, 2}, true)); }},
      {"DotGeneral matmul", {a, m}, [](const Args& x) { return matmul(x[0], x[1]); }},
      {"DotGeneral vector", {a, row}, [](const Args& x) { return matmul(x[0], x[1]); }},
      {"DotGeneral stack", {c, m}, [](const Args& x) { return exp(matmul(x[0], x[1])); }},
      {"DotGeneral batch", {c, values({2, 4, 3}, -1, 1, 9)}, [](const Args& x) { return exp(matmul(x[0], x[1])); }},
      {"DotGeneral broadcast batch",
       {values({1, 3, 4}, -1, 1, 10), values({2, 4, 3}, -1, 1, 9)},
       [](const Args& x) { return exp(matmul(x[0], x[1])); }},
      {"DotGeneral two contracted axes",
       {c, values({4, 3, 5}, -1, 1, 11)},
       [](const Args& x) { return dot_general(x[0], x[1], {.lhs_contract = {1, 2}, .rhs_contract = {1, 0}}); }},
      {"DotGeneral batch axes in another order",
       {values({2, 3, 4}, -1, 1, 9), values({3, 4, 2}, -1, 1, 10)},
       [](const Args& x) {
         return exp(dot_general(x[0], x[1],
                                {.lhs_contract = {2}, .rhs_contract = {1}, .lhs_batch = {0, 1}, .rhs_batch = {2, 0}}));
       }},
      {"Gelu", {values({3, 4}, -3, 3, 26)}, [](const Args& x) { return gelu(x[0]); }},
      {"Gelu tanh", {values({3, 4}, -3, 3, 26)}, [](const Args& x) { return gelu(x[0], GeluApproximate::tanh); }},
      {"LayerNorm",
       {values({2, 3, 5}, -1, 1, 27), values({5}, 0.5, 1, 28), values({5}, -1, 1, 29)},
       [](const Args& x) { return exp(layer_norm(x[0], x[1], x[2])); }},
      {"LayerNorm without bias",
       {values({3, 5}, -1, 1, 27), values({5}, 0.5, 1, 28)},
       [](const Args& x) { return exp(layer_norm(x[0], x[1], {}, {.eps = 0.1})); }},
      {"LayerNorm without weight", {values({3, 5}, -1, 1, 27)}, [](const Args& x) { return exp(layer_norm(x[0])); }},
      {"CrossEntropy",
       {values({4, 5}, -2, 2, 30)},
       [](const Args& x) { return cross_entropy(x[0], array({0, 4, -100, 2})); }},
      {"CrossEntropy of each row",
       {values({2, 2, 5}, -2, 2, 30)},
       [](const Args& x) {
         return exp(cross_entropy(x[0], array({{0, 4}, {3, 2}}), {.reduction = Reduction::none, .ignore_index = 3}));
       }},
      {"Embedding",
       {values({4, 3}, -1, 1, 31)},
       [](const Args& x) { return exp(embedding(x[0], array({{0, 3}, {3, 1}}))); }},
      {"Dropout", {values({6, 5}, -1, 1, 32)}, [](const Args& x) { return exp(dropout(x[0], random::key(5), 0.4)); }},
      {"Linear",
       {values({2, 3, 5}, -1, 1, 20), values({4, 5}, -1, 1, 21), values({4}, -1, 1, 22)},
       [](const Args& x) { return exp(linear(x[0], x[1], x[2])); }},
      {"Linear of a vector, no bias",
       {values({5}, -1, 1, 20), values({4, 5}, -1, 1, 21)},
       [](const Args& x) { return exp(linear(x[0], x[1])); }},
      {"Sdpa",
       {values({1, 2, 3, 4}, -1, 1, 23), values({1, 2, 5, 4}, -1, 1, 24), values({1, 2, 5, 3}, -1, 1, 25)},
       [](const Args& x) { return sdpa(x[0], x[1], x[2]); }},
      {"Sdpa causal",
       {values({2, 1, 4, 3}, -1, 1, 23), values({2, 1, 4, 3}, -1, 1, 24), values({2, 1, 4, 3}, -1, 1, 25)},
       [](const Args& x) { return sdpa(x[0], x[1], x[2], {.scale = 0.8, .causal = true}); }},
      {"Sdpa with queries that see no key",
       {values({1, 1, 4, 3}, -1, 1, 23), values({1, 1, 2, 3}, -1, 1, 24), values({1, 1, 2, 3}, -1, 1, 25)},
       [](const Args& x) {
         return sdpa(x[0], x[1], x[2], {.causal = true, .causal_align = CausalAlign::bottom_right});
       }},
      {"Softmax", {c}, [](const Args& x) { return softmax(x[0]); }},
      {"Softmax axis 0", {c}, [](const Args& x) { return softmax(x[0], 0); }},
      {"Softmax twice", {a}, [](const Args& x) { return softmax(softmax(x[0] * 3) * x[0]); }},
  };
}

TEST(Gradients, EveryOpToSecondOrder) {
  for (const Case& c : cases()) {
    const rune::CheckReport report = rune::check_grads([&](const Args& x) { return c.f(x); }, std::tuple{c.arguments});
    EXPECT_TRUE(report.ok) << c.name << ": " << report.message;
  }
}

TEST(Gradients, CheckGradsFindsAWrongRule) {
  // d/dx of a value that detaches one factor is wrong by that factor.
  const auto f = [](const Array& x) { return x * Array(concrete(x, "test")); };
  EXPECT_FALSE(rune::check_grads(f, std::tuple{values({3}, 0.5, 2, 1)}).ok);
}

TEST(Gradients, OfManyOperands) {
  for (const int count : {63, 64, 65, 100, 200})
    for (const int traced : {0, 5, 62, 63, 64, 70, 150, 199}) {
      if (traced >= count) continue;
      const Array x = array({2.0, 3.0});
      const Array g = rune::grad([&](const Array& v) {
        std::vector<Array> parts(static_cast<size_t>(count), array({1.0, 1.0}));
        parts[static_cast<size_t>(traced)] = v;
        return sum(concatenate(parts) * static_cast<double>(traced + 1));
      })(x);
      EXPECT_EQ(g.to_vector<double>(), std::vector<double>(2, traced + 1)) << count << " operands, number " << traced;
    }
  const Array all = rune::grad([](const Array& v) { return sum(concatenate(std::vector<Array>(70'000, v))); })(array({1.0}));
  EXPECT_EQ(all.to_vector<double>(), std::vector<double>{70'000});
}

TEST(Gradients, OfScatteredUpdates) {
  // Of two updates to one place the last one counts.
  const Array y = array({5.0, 6.0}), u = array({1.0, 2.0, 3.0}), weight = array({1.0, 10.0});
  const Array set = rune::grad([&](const Array& v) {
    Array z = y;
    return sum(z.at(array({0, 0, 1})).set(v) * weight);
  })(u);
  EXPECT_EQ(set.to_vector<double>(), (std::vector<double>{0, 1, 10}));
  // What did not reach the result gets 0, whatever flows into it.
  const double inf = std::numeric_limits<double>::infinity();
  const Array most = rune::grad([&](const Array& v) {
    Array z = y;
    return sum(z.at(array({0, 1})).max(v) * array({inf, 1.0}));
  })(array({1.0, 7.0}));
  EXPECT_EQ(most.to_vector<double>(), (std::vector<double>{0, 1}));
}

TEST(Gradients, LabelsOfANarrowDtype) {
  const Array logits = nx::random::normal(nx::random::key(3), {4, 300});
  const std::vector<int64_t> numbers = {5, 1, 44, 250};
  const Array wide = array(numbers), narrow = wide.astype(u8);
  const auto loss = [&](const Array& labels) { return [labels](const Array& x) { return sum(cross_entropy(x, labels)); }; };
  const Array tangent = nx::random::normal(nx::random::key(4), {4, 300});
  const auto [value, slope] = rune::jvp(loss(narrow), std::tuple{logits}, std::tuple{tangent});
  EXPECT_NEAR(value.item<double>(), loss(wide)(logits).item<double>(), 1e-12);
  const Array expected = sum(rune::grad(loss(wide))(logits) * tangent);
  EXPECT_NEAR(slope.item<double>(), expected.item<double>(), 1e-12);
  const auto jitted = rune::jit([](const Array& x, const Array& labels) { return sum(cross_entropy(x, labels)); });
  EXPECT_EQ(jitted(logits, narrow).item<double>(), loss(wide)(logits).item<double>());
}

TEST(Gradients, ForwardModeRefusesWhatTheFunctionRefuses) {
  const Array q = ones({1, 3, 2, 4}), k = ones({1, 1, 2, 4}), x = ones({2, 8}), w = ones({1}), b = ones({8});
  EXPECT_THROW(rune::jvp([&](const Array& v) { return sdpa(v, k, k); }, std::tuple{q}, std::tuple{q}), ShapeError);
  EXPECT_THROW(rune::jvp([&](const Array& v) { return layer_norm(v, w, b); }, std::tuple{x}, std::tuple{x}), ShapeError);
}

TEST(Gradients, MaximumSplitsTies) {
  const Array x = array({1.0, 2.0}), y = array({1.0, 1.0});
  const auto [gx, gy] = rune::grad<0, 1>([](const Array& a, const Array& b) { return sum(maximum(a, b)); })(x, y);
  EXPECT_EQ(gx.to_vector<double>(), (std::vector<double>{0.5, 1}));
  EXPECT_EQ(gy.to_vector<double>(), (std::vector<double>{0.5, 0}));
}

TEST(Gradients, ReduceMaxSplitsTies) {
  const Array g = rune::grad([](const Array& x) { return max(x); })(array({3.0, 1.0, 3.0}));
  EXPECT_EQ(g.to_vector<double>(), (std::vector<double>{0.5, 0, 0.5}));
}

TEST(Gradients, ScatterMaxSplitsTies) {
  const auto f = [](const Array& x, const Array& u) { Array y = x; return sum(y.at({0, 0, 1}).max(u)); };
  const auto [gx, gu] = rune::grad<0, 1>(f)(array({2.0, 5.0}), array({2.0, 2.0, 7.0}));
  EXPECT_EQ(gx.to_vector<double>(), (std::vector<double>{1.0 / 3, 0}));
  EXPECT_EQ(gu.to_vector<double>(), (std::vector<double>{1.0 / 3, 1.0 / 3, 1}));
}

TEST(Gradients, ReduceProdOfLargeAndInfiniteNumbers) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto loss = [](const Array& v) { return prod(v); };
  const auto both = [&](const Array& x) {
    const Array g = rune::grad(loss)(x), t = rune::jvp(loss, std::tuple{x}, std::tuple{array({0.0, 1.0})}).second;
    EXPECT_EQ(g(1).item<double>(), t.item<double>());
    return g.to_vector<double>();
  };
  EXPECT_EQ(both(array({1e200, 1e250})), (std::vector<double>{1e250, 1e200}));
  EXPECT_EQ(both(array({1e-200, 1e-250})), (std::vector<double>{1e-250, 1e-200}));
  EXPECT_EQ(both(array({inf, 2.0})), (std::vector<double>{2, inf}));
  const Array narrow = array({2.0, 3.0}, {.dtype = f32});
  EXPECT_EQ(rune::grad([](const Array& v) { return prod(v, {.dtype = f64}); })(narrow).dtype(), f32);
}

TEST(Gradients, HessianOfAProductAtAZero) {
  const auto hessian = [](const Array& x) {
    std::vector<double> rows;
    for (int64_t i = 0; i < x.size(); ++i) {
      const Array row =
          rune::grad([&](const Array& y) { return rune::grad([](const Array& v) { return prod(v); })(y)(i); })(x);
      for (const double v : row.to_vector<double>()) rows.push_back(v);
    }
    return rows;
  };
  EXPECT_EQ(hessian(array({0.0, 2.0, 3.0})), (std::vector<double>{0, 3, 2, 3, 0, 0, 2, 0, 0}));
  EXPECT_EQ(hessian(array({0.0, 0.0, 3.0})), (std::vector<double>{0, 3, 0, 3, 0, 0, 0, 0, 0}));
}

TEST(Gradients, OfAConstantRowAndAnEmptyOneAreZero) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto deviation = [](const Array& x) { return sum(nx::std(x, {.axis = 1})); };
  const Array rows = array({{2.0, 2.0, 2.0}, {1.0, 2.0, 3.0}});
  const std::vector<double> g = rune::grad(deviation)(rows).to_vector<double>();
  EXPECT_EQ(std::vector<double>(g.begin(), g.begin() + 3), (std::vector<double>{0, 0, 0}));
  EXPECT_NEAR(g[5], 1 / std::sqrt(6.0), 1e-15);
  EXPECT_EQ(rune::jvp(deviation, std::tuple{rows(0).reshape({1, 3})}, std::tuple{array({{1.0, 0.0, 5.0}})})
                .second.item<double>(),
            0);
  const auto masked = [](const Array& x) { return logsumexp(x, {.axis = 1}); };
  const Array scores = array({{-inf, -inf}, {0.0, -inf}});
  EXPECT_EQ(masked(scores).to_vector<double>(), (std::vector<double>{-inf, 0}));
  const auto total = [&](const Array& x) { return sum(masked(x)); };
  EXPECT_EQ(rune::grad(total)(scores).to_vector<double>(), (std::vector<double>{0, 0, 1, 0}));
  const auto [y, slope] = rune::jvp(masked, std::tuple{scores}, std::tuple{array({{1.0, 2.0}, {3.0, 4.0}})});
  EXPECT_EQ(slope.to_vector<double>(), (std::vector<double>{0, 3}));
}

TEST(Gradients, WhatAMaskLeavesOutHasNoPart) {
  const double nan = std::nan("");
  const Array x = array({1.0, 2.0, nan, 4.0});
  const auto var = [](const Array& v) { return nx::var(v, {.where = nx::isfinite(v)}); };
  EXPECT_NEAR(var(x).item<double>(), 14.0 / 9, 1e-15);
  const std::vector<double> g = rune::grad(var)(x).to_vector<double>();
  EXPECT_NEAR(g[0], -8.0 / 9, 1e-15);
  EXPECT_EQ(g[2], 0);
  EXPECT_NEAR(g[3], 10.0 / 9, 1e-15);
  const auto std = [](const Array& v) { return nx::std(v, {.where = nx::isfinite(v)}); };
  EXPECT_NEAR(rune::grad(std)(x).to_vector<double>()[3], 5.0 / 9 / std::sqrt(14.0 / 9), 1e-15);
}

// NaN is the extremum wherever it stands, and gets the derivative as other ties do; the modes agree.
TEST(Gradients, AnExtremumOfNan) {
  const double nan = std::nan("");
  const Array x = array({1.0, nan, nan}), t = array({1.0, 2.0, 4.0});
  EXPECT_EQ(rune::grad([](const Array& v) { return max(v); })(x).to_vector<double>(),
            (std::vector<double>{0, 0.5, 0.5}));
  EXPECT_EQ(rune::jvp([](const Array& v) { return max(v); }, std::tuple{x}, std::tuple{t}).second.item<double>(), 3);
  const auto scatter = [](const Array& v, const Array& u) {
    Array y = v;
    return y.at(array({0, 0})).max(u);
  };
  const Array start = array({1.0, nan}), updates = array({nan, 2.0});
  const auto [gv, gu] =
      rune::grad<0, 1>([&](const Array& v, const Array& u) { return sum(scatter(v, u)); })(start, updates);
  EXPECT_EQ(gv.to_vector<double>(), (std::vector<double>{0, 1}));
  EXPECT_EQ(gu.to_vector<double>(), (std::vector<double>{1, 0}));
  const auto [y, dy] = rune::jvp(scatter, std::tuple{start, updates}, std::tuple{array({1.0, 2.0}), array({3.0, 4.0})});
  EXPECT_EQ(dy.to_vector<double>(), (std::vector<double>{3, 2}));
}

TEST(Gradients, AnIdOutsideTheTableIsAnErrorThoughTheForwardPassIsNotNeeded) {
  const Array table = ones({2, 3}), bad = array({0, 99});
  const auto gradient = [](const Array& t, const Array& ids) {
    return rune::grad([&](const Array& v) { return sum(embedding(v, ids)); })(t);
  };
  for (const bool kernels : {true, false}) {
    const auto jitted = rune::jit(gradient, {.kernels = kernels});
    EXPECT_EQ(jitted(table, array({0, 1})).to_vector<double>(), std::vector<double>(6, 1));
    EXPECT_THROW(jitted(table, bad), IndexError) << kernels;
    EXPECT_THROW(jitted(table, array({-1, 0})), IndexError) << kernels;
  }
  EXPECT_THROW(gradient(table, bad), IndexError);
}

TEST(CheckGrads, TakesF32AndAnyOrder) {
  const Array x = array({0.3, -0.7, 1.2});
  const auto f = [](const Array& v) { return sin(v) * v; };
  for (const DType dtype : {f32, f64}) {
    const rune::CheckReport report = rune::check_grads(f, std::tuple{x.astype(dtype)}, {.order = 3});
    EXPECT_TRUE(report.ok) << report.message;
  }
  EXPECT_TRUE(
      rune::check_grads([](const Array& v) { return v * v; }, std::tuple{array({3e4, -2e4}, {.dtype = f32})}).ok);
  const auto wrong = [](const Array& v) { return v * Array(concrete(v, "test")); };
  EXPECT_FALSE(rune::check_grads(wrong, std::tuple{x.astype(f32)}).ok);
  // x³/6 whose second derivative forgets that it is x: the first and second order are right, the third is not.
  const auto detached = [](const Array& v) {
    const Array c = Array(concrete(v, "test")), d = v - c;
    return c * c * c / 6 + c * c / 2 * d + c / 2 * d * d;
  };
  const rune::CheckReport second = rune::check_grads(detached, std::tuple{x}, {.order = 1});
  EXPECT_TRUE(second.ok) << second.message;
  EXPECT_FALSE(rune::check_grads(detached, std::tuple{x}, {.order = 3}).ok);
}

TEST(CheckGrads, StepsByTheFiniteElements) {
  const float inf = std::numeric_limits<float>::infinity();
  const auto kept = [](const Array& x, const Array& mask) { return nx::where(nx::isfinite(mask), x, 0); };
  EXPECT_TRUE(rune::check_grads(kept, std::tuple{array({1.0f, 2.0f}), array({0.0f, -inf})}).ok);
}

TEST(CheckGrads, NamesTheLeafAndRefusesWrongOptions) {
  using Named = std::map<std::string, Array>;
  const auto wrong = [](const Named& m, const Array& scale) {
    return m.at("right") * scale + m.at("wrong") * rune::stop_gradient(m.at("wrong"));
  };
  const rune::CheckReport report =
      rune::check_grads(wrong, std::tuple{Named{{"right", array({1.0})}, {"wrong", array({2.0})}}, array({3.0})});
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.path, "0.wrong");
  EXPECT_NE(report.message.find("jvp against central differences: got "), std::string::npos) << report.message;
  EXPECT_NE(report.message.find("; most at leaf '0.wrong'"), std::string::npos) << report.message;
  const auto square = [](const Array& v) { return v * v; };
  const auto message = [&](const Array& x, const rune::CheckOpts& options) -> std::string {
    try {
      rune::check_grads(square, std::tuple{x}, options);
    } catch (const ValueError& e) {
      return e.what();
    }
    return "no error";
  };
  const Array one = array({1.0});
  EXPECT_EQ(message(one, {.order = 0}), "rune.check_grads: order: got 0, expected 1 or more");
  EXPECT_EQ(message(one, {.directions = 0}), "rune.check_grads: directions: got 0, expected 1 or more");
  EXPECT_NE(message(one, {.eps = -1}).find("eps: got -1"), std::string::npos);
  EXPECT_NE(message(one, {.tolerance = std::nan("")}).find("tolerance: got nan"), std::string::npos);
  EXPECT_NE(message(array({1}), {}).find("no leaf of the arguments is floating"), std::string::npos);
}

TEST(Gradients, ReduceProdOfZeros) {
  const auto g = [](const Array& x) { return rune::grad([](const Array& v) { return prod(v); })(x).to_vector<double>(); };
  EXPECT_EQ(g(array({2.0, 0.0, 3.0})), (std::vector<double>{0, 6, 0}));
  EXPECT_EQ(g(array({0.0, 0.0, 3.0})), (std::vector<double>{0, 0, 0}));
}

TEST(Gradients, SelectNeverMultipliesByTheMask) {
  // exp overflows where the condition is false; 0 · inf would be NaN.
  const Array g = rune::grad([](const Array& x) { return sum(where(equal(x, 0), x, exp(x))); })(array({0.0, 1.0}));
  EXPECT_EQ(g.to_vector<double>()[0], 1);
}

}  // namespace
