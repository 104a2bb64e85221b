// Whatever a public function refuses is refused under its own name, not under that of a function it is made of.
#include <algorithm>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "nx/expect.hpp"
#include "raven/nx/io/safetensors.hpp"
#include "raven/nx/program.hpp"

namespace {

using namespace nx;

struct Refusal {
  const char* name;  ///< of the public function
  const char* what;  ///< is wrong
  std::function<void()> call;
};
#define REFUSES(name, what, expression) {name, what, [] { (void)(expression); }}

const Array none_given{};
Array grid() { return ones({2, 3}); }
Array line() { return ones({4}); }
Array whole() { return arange(6).reshape({2, 3}); }
Array truths() { return array({true, false}); }
Array key() { return random::key(0); }
constexpr int64_t huge = int64_t{1} << 50;  // an extent that no machine has memory for

const std::vector<Refusal>& refusals() {
  static const std::vector<Refusal> rows = {
      // Making
      REFUSES("nx.full", "memory", full({huge}, 1)),
      REFUSES("nx.full", "value", full({2}, 300, {.dtype = u8})),
      REFUSES("nx.full", "shape", full({2}, line())),
      REFUSES("nx.full", "empty", full({2}, none_given)),
      REFUSES("nx.zeros", "memory", zeros({huge})),
      REFUSES("nx.zeros", "overflow", zeros({huge, huge})),
      REFUSES("nx.ones", "memory", ones({huge})),
      REFUSES("nx.ones", "overflow", ones({huge, huge})),
      REFUSES("nx.empty", "memory", empty({huge})),
      REFUSES("nx.empty", "overflow", empty({huge, huge})),
      REFUSES("nx.zeros_like", "empty", zeros_like(none_given)),
      REFUSES("nx.zeros_like", "memory", zeros_like(broadcast_to(line(), {huge, 4}))),
      REFUSES("nx.ones_like", "empty", ones_like(none_given)),
      REFUSES("nx.ones_like", "memory", ones_like(broadcast_to(line(), {huge, 4}))),
      REFUSES("nx.full_like", "empty", full_like(none_given, 1)),
      REFUSES("nx.full_like", "value", full_like(whole(), 0.5)),
      REFUSES("nx.arange", "step", arange(0, 1, 0)),
      REFUSES("nx.arange", "dtype", arange(3, {.dtype = b1})),
      REFUSES("nx.arange", "memory", arange(huge)),
      REFUSES("nx.arange", "overflow", arange(0, 1, 1e-30)),
      REFUSES("nx.arange", "number", arange(line())),
      REFUSES("nx.arange", "empty", arange(none_given)),
      REFUSES("nx.linspace", "count", linspace(0, 1, -1)),
      REFUSES("nx.linspace", "memory", linspace(0, 1, huge)),
      REFUSES("nx.eye", "count", eye(-1)),
      REFUSES("nx.eye", "memory", eye(1 << 22)),
      REFUSES("nx.tri", "count", tri(-1)),
      REFUSES("nx.tril", "rank", tril(array(1))),
      REFUSES("nx.tril", "empty", tril(none_given)),
      REFUSES("nx.triu", "rank", triu(array(1))),
      REFUSES("nx.triu", "empty", triu(none_given)),
      REFUSES("nx.scalar", "value", scalar(-1, u8)),
      REFUSES("nx.scalar", "kind", scalar(0.5, i64)),
      REFUSES("nx.array", "ragged", array({{1, 2}, {3}})),
      REFUSES("nx.array", "value", array({300}, {.dtype = u8})),
      REFUSES("nx.array", "count", array(std::vector<float>{1, 2}, {3})),

      // Arithmetic
      REFUSES("nx.add", "shapes", grid() + line()),
      REFUSES("nx.add", "value", array({1}, {.dtype = u8}) + 300),
      REFUSES("nx.add", "empty", none_given + 1),
      REFUSES("nx.add", "memory", ones({1 << 22, 1}) + ones({1 << 22})),
      REFUSES("nx.subtract", "shapes", grid() - line()),
      REFUSES("nx.subtract", "dtype", truths() - truths()),
      REFUSES("nx.multiply", "shapes", grid() * line()),
      REFUSES("nx.divide", "shapes", grid() / line()),
      REFUSES("nx.floor_divide", "shapes", floor_divide(grid(), line())),
      REFUSES("nx.floor_divide", "dtype", floor_divide(truths(), truths())),
      REFUSES("nx.floor_divide", "empty", floor_divide(none_given, 2)),
      REFUSES("nx.floor_divide", "value", floor_divide(array({1}, {.dtype = u8}), 300)),
      REFUSES("nx.remainder", "shapes", grid() % line()),
      REFUSES("nx.remainder", "dtype", truths() % truths()),
      REFUSES("nx.remainder", "empty", mod(none_given, 2)),
      REFUSES("nx.remainder", "value", array({1}, {.dtype = u8}) % 300),
      REFUSES("nx.fmod", "shapes", fmod(grid(), line())),
      REFUSES("nx.power", "shapes", power(grid(), line())),
      REFUSES("nx.power", "exponent", power(whole(), -1)),
      REFUSES("nx.power", "empty", power(none_given, 2)),
      REFUSES("nx.power", "empty", power(none_given, 3)),
      REFUSES("nx.power", "dtype", power(truths(), truths())),
      REFUSES("nx.maximum", "shapes", maximum(grid(), line())),
      REFUSES("nx.minimum", "shapes", minimum(grid(), line())),
      REFUSES("nx.clip", "shapes", clip(grid(), line(), 1)),
      REFUSES("nx.clip", "shapes", clip(grid(), 0, line())),
      REFUSES("nx.clip", "empty", clip(none_given, 0, 1)),
      REFUSES("nx.clip", "value", clip(array({1}, {.dtype = u8}), -1, 3)),
      REFUSES("nx.negative", "dtype", -truths()),
      REFUSES("nx.abs", "empty", nx::abs(none_given)),
      REFUSES("nx.sign", "dtype", sign(truths())),
      REFUSES("nx.square", "empty", square(none_given)),
      REFUSES("nx.square", "memory", square(broadcast_to(line(), {huge, 4}))),
      REFUSES("nx.reciprocal", "empty", reciprocal(none_given)),
      REFUSES("nx.sqrt", "empty", nx::sqrt(none_given)),
      REFUSES("nx.rsqrt", "empty", rsqrt(none_given)),
      REFUSES("nx.exp", "empty", nx::exp(none_given)),
      REFUSES("nx.exp2", "empty", nx::exp2(none_given)),
      REFUSES("nx.expm1", "empty", nx::expm1(none_given)),
      REFUSES("nx.log", "empty", nx::log(none_given)),
      REFUSES("nx.log2", "empty", nx::log2(none_given)),
      REFUSES("nx.log10", "empty", nx::log10(none_given)),
      REFUSES("nx.log1p", "empty", nx::log1p(none_given)),
      REFUSES("nx.sin", "empty", nx::sin(none_given)),
      REFUSES("nx.cos", "empty", nx::cos(none_given)),
      REFUSES("nx.tanh", "empty", nx::tanh(none_given)),
      REFUSES("nx.sigmoid", "empty", sigmoid(none_given)),
      REFUSES("nx.erf", "empty", nx::erf(none_given)),
      REFUSES("nx.erfinv", "empty", erfinv(none_given)),
      REFUSES("nx.relu", "empty", relu(none_given)),
      REFUSES("nx.silu", "empty", silu(none_given)),
      REFUSES("nx.silu", "memory", silu(broadcast_to(line(), {huge, 4}))),
      REFUSES("nx.softplus", "empty", softplus(none_given)),
      REFUSES("nx.floor", "empty", nx::floor(none_given)),
      REFUSES("nx.floor", "dtype", nx::floor(truths())),
      REFUSES("nx.ceil", "dtype", nx::ceil(truths())),
      REFUSES("nx.trunc", "dtype", nx::trunc(truths())),
      REFUSES("nx.rint", "dtype", nx::rint(truths())),
      REFUSES("nx.round", "dtype", nx::round(truths())),
      REFUSES("nx.round", "empty", nx::round(none_given, 2)),
      REFUSES("nx.where", "condition", where(grid(), 1, 0)),
      REFUSES("nx.where", "shapes", where(truths(), grid(), 0)),
      REFUSES("nx.stop_gradient", "empty", stop_gradient(none_given)),
      REFUSES("nx.bitcast", "shape", bitcast(array({1, 2, 3}, {.dtype = u8}), u32)),
      REFUSES("nx.bitcast", "dtype", bitcast(array({1, 2, 3}, {.dtype = u8}), b1)),
      REFUSES("nx.astype", "empty", astype(none_given, f32)),
      REFUSES("nx.add", "kind", [x = whole()]() mutable { x += 0.5; }()),
      REFUSES("nx.remainder", "shape", [x = line()]() mutable { x %= grid(); }()),
      REFUSES("nx.left_shift", "kind", [x = truths()]() mutable { x <<= 1; }()),

      // Logic
      REFUSES("nx.equal", "shapes", grid() == line()),
      REFUSES("nx.equal", "empty", equal(whole().astype(u64), none_given)),
      REFUSES("nx.not_equal", "shapes", grid() != line()),
      REFUSES("nx.less", "shapes", grid() < line()),
      REFUSES("nx.less", "shapes", whole().astype(u64) < array({1, 2, 3, 4})),
      REFUSES("nx.less_equal", "shapes", grid() <= line()),
      REFUSES("nx.greater", "shapes", grid() > line()),
      REFUSES("nx.greater", "empty", grid() > none_given),
      REFUSES("nx.greater", "shapes", whole().astype(u64) > array({1, 2, 3, 4})),
      REFUSES("nx.greater_equal", "shapes", grid() >= line()),
      REFUSES("nx.logical_and", "shapes", logical_and(grid(), line())),
      REFUSES("nx.logical_and", "empty", logical_and(none_given, line())),
      REFUSES("nx.logical_or", "shapes", logical_or(grid(), line())),
      REFUSES("nx.logical_xor", "shapes", logical_xor(grid(), line())),
      REFUSES("nx.logical_not", "empty", !none_given),
      REFUSES("nx.bitwise_and", "dtype", grid() & 1),
      REFUSES("nx.bitwise_and", "shapes", whole() & array({1, 2})),
      REFUSES("nx.bitwise_or", "dtype", grid() | 1),
      REFUSES("nx.bitwise_xor", "dtype", grid() ^ 1),
      REFUSES("nx.bitwise_invert", "dtype", ~grid()),
      REFUSES("nx.left_shift", "dtype", grid() << 1),
      REFUSES("nx.right_shift", "dtype", grid() >> 1),
      REFUSES("nx.isnan", "empty", nx::isnan(none_given)),
      REFUSES("nx.isinf", "empty", nx::isinf(none_given)),
      REFUSES("nx.isinf", "memory", nx::isinf(broadcast_to(line(), {huge, 4}))),
      REFUSES("nx.isfinite", "empty", nx::isfinite(none_given)),

      // Reductions
      REFUSES("nx.sum", "axis", sum(grid(), 2)),
      REFUSES("nx.sum", "axis twice", sum(grid(), {0, 0})),
      REFUSES("nx.sum", "empty", sum(none_given)),
      REFUSES("nx.sum", "axis", grid().sum(2)),
      REFUSES("nx.sum", "axis of a view", sum(grid().T(), 2)),
      REFUSES("nx.prod", "axis", prod(grid(), 2)),
      REFUSES("nx.prod", "empty", prod(none_given)),
      REFUSES("nx.max", "axis", nx::max(grid(), 2)),
      REFUSES("nx.max", "no elements", nx::max(zeros({0}))),
      REFUSES("nx.min", "no elements", nx::min(zeros({2, 0}), 1)),
      REFUSES("nx.min", "empty", nx::min(none_given)),
      REFUSES("nx.any", "axis", any(grid(), 2)),
      REFUSES("nx.any", "empty", any(none_given)),
      REFUSES("nx.all", "axis", all(grid(), 2)),
      REFUSES("nx.mean", "axis", mean(grid(), 2)),
      REFUSES("nx.mean", "empty", mean(none_given)),
      REFUSES("nx.mean", "axis", mean(whole(), {.axis = 2, .dtype = i32})),
      REFUSES("nx.logsumexp", "axis", logsumexp(grid(), 2)),
      REFUSES("nx.logsumexp", "empty", logsumexp(none_given)),
      REFUSES("nx.var", "axis", var(grid(), 2)),
      REFUSES("nx.var", "empty", var(none_given)),
      REFUSES("nx.std", "axis", nx::std(grid(), 2)),
      REFUSES("nx.std", "empty", nx::std(none_given)),
      REFUSES("nx.argmax", "axis", argmax(grid(), 2)),
      REFUSES("nx.argmax", "axes", argmax(grid(), {0, 1})),
      REFUSES("nx.argmin", "axis", argmin(grid(), 2)),
      REFUSES("nx.argmin", "no elements", argmin(zeros({0}))),
      REFUSES("nx.argmin", "empty", argmin(none_given)),

      // Shapes
      REFUSES("nx.reshape", "count", reshape(grid(), {4})),
      REFUSES("nx.reshape", "two unknown", grid().reshape({-1, -1})),
      REFUSES("nx.reshape", "empty", reshape(none_given, {1})),
      REFUSES("nx.transpose", "axes", transpose(grid(), {0})),
      REFUSES("nx.transpose", "axis twice", transpose(grid(), {0, 0})),
      REFUSES("nx.transpose", "empty", none_given.T()),
      REFUSES("nx.matrix_transpose", "rank", line().mT()),
      REFUSES("nx.matrix_transpose", "empty", matrix_transpose(none_given)),
      REFUSES("nx.broadcast_to", "shape", broadcast_to(grid(), {2, 4})),
      REFUSES("nx.broadcast_to", "fewer axes", broadcast_to(grid(), {3})),
      REFUSES("nx.broadcast_to", "overflow", broadcast_to(line(), {huge, huge, 4})),
      REFUSES("nx.expand_dims", "axis", expand_dims(grid(), 4)),
      REFUSES("nx.expand_dims", "empty", expand_dims(none_given, 0)),
      REFUSES("nx.squeeze", "extent", squeeze(grid(), 0)),
      REFUSES("nx.squeeze", "axis", squeeze(grid(), 2)),
      REFUSES("nx.ravel", "empty", ravel(none_given)),
      REFUSES("nx.flatten", "axis", flatten(grid(), 2)),
      REFUSES("nx.flatten", "order", flatten(grid(), 1, 0)),
      REFUSES("nx.flatten", "empty", flatten(none_given)),
      REFUSES("nx.moveaxis", "axis", moveaxis(grid(), 2, 0)),
      REFUSES("nx.swapaxes", "axis", swapaxes(grid(), 0, 2)),
      REFUSES("nx.atleast_1d", "empty", atleast_1d(none_given)),
      REFUSES("nx.atleast_2d", "empty", atleast_2d(none_given)),
      REFUSES("nx.atleast_3d", "empty", atleast_3d(none_given)),
      REFUSES("nx.broadcast_arrays", "shapes", broadcast_arrays({grid(), line()})),
      REFUSES("nx.broadcast_arrays", "empty", broadcast_arrays({none_given})),
      REFUSES("nx.slice", "bounds", slice(line(), {0}, {5}, {1})),
      REFUSES("nx.slice_update", "shape", slice_update(line(), line(), {0}, {2}, {1})),
      REFUSES("nx.contiguous", "empty", contiguous(none_given)),
      REFUSES("nx.contiguous", "memory", contiguous(broadcast_to(line(), {huge, 4}))),

      // Joining
      REFUSES("nx.concatenate", "axis", concatenate({grid(), grid()}, 2)),
      REFUSES("nx.concatenate", "shapes", concatenate({grid(), line()})),
      REFUSES("nx.concatenate", "none", concatenate({})),
      REFUSES("nx.concatenate", "0-d", concatenate({array(1), array(2)})),
      REFUSES("nx.concatenate", "empty", concat({none_given, grid()})),
      REFUSES("nx.stack", "shapes", stack({grid(), line()})),
      REFUSES("nx.stack", "axis", stack({grid(), grid()}, 4)),
      REFUSES("nx.stack", "empty", stack({none_given})),
      REFUSES("nx.hstack", "shapes", hstack({grid(), ones({3, 3})})),
      REFUSES("nx.hstack", "empty", hstack({none_given})),
      REFUSES("nx.hstack", "none", hstack({})),
      REFUSES("nx.vstack", "shapes", vstack({grid(), line()})),
      REFUSES("nx.vstack", "empty", vstack({none_given})),
      REFUSES("nx.split", "sections", split(line(), 3)),
      REFUSES("nx.split", "none", split(line(), 0)),
      REFUSES("nx.split", "axis", split(line(), 2, 1)),
      REFUSES("nx.split", "axis", split(line(), {1, 2}, 1)),
      REFUSES("nx.split", "empty", split(none_given, 2)),
      REFUSES("nx.array_split", "none", array_split(line(), 0)),
      REFUSES("nx.array_split", "axis", array_split(line(), {2}, 1)),
      REFUSES("nx.pad", "axes", pad(grid(), {1}, {1})),
      REFUSES("nx.pad", "value", pad(whole().astype(u8), {1, 1}, {1, 1}, 300)),
      REFUSES("nx.pad", "value's shape", pad(grid(), {1, 1}, {1, 1}, line())),
      REFUSES("nx.pad", "empty value", pad(grid(), {1, 1}, {1, 1}, none_given)),
      REFUSES("nx.tile", "count", tile(grid(), {-1})),
      REFUSES("nx.tile", "memory", tile(grid(), {huge})),
      REFUSES("nx.repeat", "count", repeat(grid(), -1)),
      REFUSES("nx.repeat", "axis", repeat(grid(), 2, 2)),
      REFUSES("nx.repeat", "memory", repeat(grid(), huge)),
      REFUSES("nx.repeat", "empty", repeat(none_given, 2)),
      REFUSES("nx.flip", "axis", flip(grid(), 2)),
      REFUSES("nx.roll", "axis", roll(grid(), 1, 2)),
      REFUSES("nx.roll", "empty", roll(none_given, 1)),

      // Indexing
      REFUSES("nx.index", "index", grid()(2)),
      REFUSES("nx.index", "index of a list", grid()({0, 2})),
      REFUSES("nx.index", "too many", grid()(0, 0, 0)),
      REFUSES("nx.index", "mask", grid()({true})),
      REFUSES("nx.index", "empty", none_given(0)),
      REFUSES("nx.index", "empty index", grid()(none_given)),
      REFUSES("nx.index", "shapes", grid()({0, 1}, {0, 1, 2})),
      REFUSES("nx.index", "index", [x = grid()]() mutable { x.at(2) = 1; }()),
      REFUSES("nx.index", "index of a list", [x = grid()]() mutable { x.at({0, 2}) = 1; }()),
      REFUSES("nx.index", "index of a list", [x = grid()]() mutable { x.at({0, 2}) += 1; }()),
      REFUSES("nx.index", "value", [x = whole()]() mutable { x.at(0) = array({1, 2}); }()),
      REFUSES("nx.index", "kind", [x = whole()]() mutable { x.at({0, 1}) += 0.5; }()),
      REFUSES("nx.index", "kind", [x = whole()]() mutable { x.at(0) /= 2; }()),
      REFUSES("nx.index", "dtype", [x = truths()]() mutable { x.at(0) -= true; }()),
      REFUSES("nx.index", "index", [x = grid()]() mutable { return x.at({0, 2}).mul(2); }()),
      REFUSES("nx.begin", "rank", array(1).begin()),
      REFUSES("nx.begin", "empty", none_given.begin()),
      REFUSES("nx.s", "text", "1:2:3:4"_s),
      REFUSES("nx.take", "index", take(grid(), array({6}))),
      REFUSES("nx.take", "index", take(grid(), array({3}), {.axis = 1})),
      REFUSES("nx.take", "axis", take(grid(), array({0}), {.axis = 2})),
      REFUSES("nx.take", "dtype", take(grid(), line())),
      REFUSES("nx.take", "empty", take(none_given, array({0}))),
      REFUSES("nx.take", "empty", take(grid(), none_given)),
      REFUSES("nx.take_along_axis", "index", take_along_axis(grid(), array({{3}}), 1)),
      REFUSES("nx.take_along_axis", "shapes", take_along_axis(grid(), zeros({3, 1}, {.dtype = i64}), 1)),
      REFUSES("nx.take_along_axis", "rank", take_along_axis(grid(), array({0}), 1)),
      REFUSES("nx.put_along_axis", "index", put_along_axis(grid(), array({{3}}), 1, 1)),
      REFUSES("nx.put_along_axis", "value's shape", put_along_axis(grid(), array({{0}}), line(), 1)),
      REFUSES("nx.put_along_axis", "value", put_along_axis(whole().astype(u8), array({{0}}), 300, 1)),
      REFUSES("nx.sort", "axis", sort(grid(), {.axis = 2})),
      REFUSES("nx.argsort", "axis", argsort(grid(), {.axis = 2})),
      REFUSES("nx.argsort", "memory", argsort(broadcast_to(line(), {huge, 4}))),
      REFUSES("nx.top_k", "k", top_k(grid(), 4)),
      REFUSES("nx.top_k", "axis", top_k(grid(), 1, {.axis = 2})),
      REFUSES("nx.nonzero", "empty", nonzero(none_given)),
      REFUSES("nx.nonzero", "memory", nonzero(broadcast_to(line(), {huge, 4}))),

      // Products
      REFUSES("nx.matmul", "shapes", matmul(grid(), grid())),
      REFUSES("nx.matmul", "leading axes", matmul(ones({2, 3, 3}), ones({4, 3, 3}))),
      REFUSES("nx.matmul", "0-d", matmul(array(1), grid())),
      REFUSES("nx.matmul", "empty", matmul(none_given, grid())),
      REFUSES("nx.matmul", "memory", matmul(ones({1 << 22, 1}), ones({1, 1 << 22}))),
      REFUSES("nx.dot_general", "axis", dot_general(grid(), grid(), {.lhs_contract = {2}, .rhs_contract = {0}})),
      REFUSES("nx.dot_general", "shapes", dot_general(grid(), grid(), {.lhs_contract = {1}, .rhs_contract = {0}})),

      // Networks
      REFUSES("nx.softmax", "axis", softmax(grid(), 2)),
      REFUSES("nx.gelu", "empty", gelu(none_given)),
      REFUSES("nx.layer_norm", "weight", layer_norm(grid(), line())),
      REFUSES("nx.cross_entropy", "label", cross_entropy(grid(), array({0, 3}))),
      REFUSES("nx.cross_entropy", "shapes", cross_entropy(grid(), array({0}))),
      REFUSES("nx.cross_entropy", "dtype", cross_entropy(whole(), array({0, 1}))),
      REFUSES("nx.linear", "shapes", linear(grid(), ones({2, 2}))),
      REFUSES("nx.embedding", "id", embedding(grid(), array({2}))),
      REFUSES("nx.dropout", "rate", dropout(grid(), key(), 2)),
      REFUSES("nx.dropout", "key", dropout(grid(), line(), 0.5)),
      REFUSES("nx.sdpa", "rank", sdpa(grid(), grid(), grid())),

      // Random
      REFUSES("nx.random.split", "key", random::split(line())),
      REFUSES("nx.random.split", "count", random::split(key(), -1)),
      REFUSES("nx.random.split", "empty", random::split(none_given)),
      REFUSES("nx.random.fold_in", "key", random::fold_in(line(), 1)),
      REFUSES("nx.random.fold_in", "dtype", random::fold_in(key(), 0.5)),
      REFUSES("nx.random.fold_in", "empty", random::fold_in(key(), none_given)),
      REFUSES("nx.random.bits", "key", random::bits(line(), {2})),
      REFUSES("nx.random.bits", "width", random::bits(key(), {2}, 16)),
      REFUSES("nx.random.bits", "memory", random::bits(key(), {huge})),
      REFUSES("nx.random.uniform", "key", random::uniform(line(), {2})),
      REFUSES("nx.random.uniform", "dtype", random::uniform(key(), {2}, {.dtype = i64})),
      REFUSES("nx.random.uniform", "memory", random::uniform(key(), {huge})),
      REFUSES("nx.random.uniform", "bounds", random::uniform(key(), {2}, {.low = 1, .high = 0})),
      REFUSES("nx.random.normal", "key", random::normal(line(), {2})),
      REFUSES("nx.random.normal", "dtype", random::normal(key(), {2}, {.dtype = i64})),
      REFUSES("nx.random.bernoulli", "key", random::bernoulli(line(), 0.5, {2})),
      REFUSES("nx.random.bernoulli", "p", random::bernoulli(key(), 2, {2})),
      REFUSES("nx.random.randint", "key", random::randint(line(), {2}, 0, 3)),
      REFUSES("nx.random.randint", "dtype", random::randint(key(), {2}, 0, 3, {.dtype = u8})),
      REFUSES("nx.random.randint", "bounds", random::randint(key(), {2}, 0, huge, {.dtype = i32})),
      REFUSES("nx.random.gumbel", "key", random::gumbel(line(), {2})),
      REFUSES("nx.random.gumbel", "dtype", random::gumbel(key(), {2}, {.dtype = i64})),
      REFUSES("nx.random.categorical", "key", random::categorical(line(), grid())),
      REFUSES("nx.random.categorical", "axis", random::categorical(key(), grid(), 2)),
      REFUSES("nx.random.categorical", "no elements", random::categorical(key(), zeros({0}))),
      REFUSES("nx.random.permutation", "key", random::permutation(line(), 3)),
      REFUSES("nx.random.permutation", "count", random::permutation(key(), -1)),
      REFUSES("nx.random.permutation", "axis", random::permutation(key(), grid(), 2)),
      REFUSES("nx.random.permutation", "empty", random::permutation(key(), none_given)),

      // Values and dtypes
      REFUSES("nx.item", "count", line().item<double>()),
      REFUSES("nx.item", "empty", none_given.item<double>()),
      REFUSES("nx.item", "value", array(300).item<uint8_t>()),
      REFUSES("nx.data", "dtype", line().data<float>()),
      REFUSES("nx.to_vector", "dtype", line().to_vector<float>()),
      REFUSES("nx.shape", "axis", line().shape(1)),
      REFUSES("nx.parse_dtype", "text", parse_dtype("f7")),
      REFUSES("nx.finfo", "dtype", finfo(i64)),
      REFUSES("nx.iinfo", "dtype", iinfo(f64)),
  };
  return rows;
}

TEST(Names, RefusalsCarryTheNameOfTheFunctionThatWasCalled) {
  for (const Refusal& row : refusals()) {
    SCOPED_TRACE(std::string(row.name) + ": " + row.what);
    try {
      row.call();
      ADD_FAILURE() << "nothing was refused";
    } catch (const raven::Error& error) {
      EXPECT_EQ(error.op(), row.name) << error.what();
      EXPECT_TRUE(std::string(error.what()).starts_with(std::string(row.name) + ": ")) << error.what();
    }
  }
}

/// Functions that cannot refuse anything, or whose refusals other tests hold.
const std::set<std::string> without_refusals = {
    "key",            // every seed is one
    "set_printoptions", "get_printoptions", "str", "repr", "array2string",  // print_test
    "decompose", "array_from", "adopt_vector", "assign_result",             // behind other functions
};

/// Whoever adds a public function adds its row.
TEST(Names, EveryFunctionOfTheHeadersIsInTheTable) {
  std::set<std::string> covered;
  for (const Refusal& row : refusals()) covered.insert(std::string(row.name).substr(std::string(row.name).rfind('.') + 1));
  const std::regex function(R"((?:RAVEN_API (?:Array|TopK|std::vector<Array>) |NX_REDUCTION(?:_OF)?\()(\w+)(?:\(|,|\)))");
  int found = 0;
  for (const char* header : {"api/creation.hpp", "api/indexing.hpp", "api/join.hpp", "api/linalg.hpp", "api/logic.hpp",
                             "api/math.hpp", "api/random.hpp", "api/reduce.hpp", "api/shape.hpp", "composite.hpp"}) {
    std::ifstream file(std::string(RAVEN_SOURCE_DIR) + "/raven/nx/" + header);
    std::stringstream text;
    text << file.rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator at(source.begin(), source.end(), function), end; at != end; ++at) {
      const std::string name = (*at)[1];
      if (name == "name" || without_refusals.contains(name)) continue;
      ++found;
      EXPECT_TRUE(covered.contains(name)) << header << ": " << name;
    }
  }
  EXPECT_GT(found, 120);
}

TEST(Names, OperandsStandInTheOrderOfTheCall) {
  EXPECT_RAISES(ShapeError, ones({2}) > ones({3}), "nx.greater: shapes (2,) and (3,) cannot be broadcast: axis -1 has sizes 2 and 3");
  EXPECT_RAISES(ShapeError, ones({2}) >= ones({3}),
                "nx.greater_equal: shapes (2,) and (3,) cannot be broadcast: axis -1 has sizes 2 and 3");
  EXPECT_RAISES(ValueError, ones({2}) > none_given, "nx.greater: argument 1 is an empty handle (Array{}), which holds no array");
}

TEST(Names, MemoryIsRefusedUnderTheNameOfTheFunction) {
  EXPECT_RAISES(raven::MemoryError, zeros({huge}, {.dtype = u8}),
                "nx.zeros: cannot allocate 1125899906842624 bytes (1024.0 TiB): for an array u8 (1125899906842624,)");
}

}  // namespace
