#pragma once
// The functions that the suite compiles, shared with the program that times first calls.
#include <tuple>
#include <vector>

#include "raven/nx.hpp"
#include "raven/rune.hpp"

namespace raven::bench {

inline nx::Array map_gelu(const nx::Array& x, const nx::Array& y) { return nx::gelu(x * y + y) * x; }
/// A layer's bias, relu, and a residual.
inline nx::Array bias_relu_residual(const nx::Array& x, const nx::Array& bias, const nx::Array& residual) {
  return nx::maximum(x + bias, 0) + residual;
}
/// The value and what flows back of g.
inline std::tuple<nx::Array, nx::Array> dropout_both(const nx::Array& x, const nx::Array& key, const nx::Array& g) {
  auto [y, pullback] = rune::vjp([&](const nx::Array& a) { return nx::dropout(a, key, 0.1); }, x);
  return {y, std::get<0>(std::move(pullback)(g))};
}
inline nx::Array softmax(const nx::Array& x) { return nx::softmax(x); }
inline nx::Array softmax_grad(const nx::Array& x, const nx::Array& g) {
  auto [y, pullback] = rune::vjp(softmax, x);
  return std::get<0>(std::move(pullback)(g));
}
inline nx::Array layer_norm(const nx::Array& x, const nx::Array& weight, const nx::Array& bias) {
  return nx::layer_norm(x, weight, bias);
}
/// Gradients of x, weight and bias.
inline auto layer_norm_grad(const nx::Array& x, const nx::Array& weight, const nx::Array& bias, const nx::Array& g) {
  auto [y, pullback] = rune::vjp(layer_norm, x, weight, bias);
  return std::move(pullback)(g);
}
/// The rows and the gradient of the table.
inline std::tuple<nx::Array, nx::Array> embedding_both(const nx::Array& table, const nx::Array& ids,
                                                       const nx::Array& g) {
  auto [rows, pullback] = rune::vjp([&](const nx::Array& t) { return nx::embedding(t, ids); }, table);
  return {rows, std::get<0>(std::move(pullback)(g))};
}
inline std::tuple<nx::Array, nx::Array> cross_entropy_both(const nx::Array& logits, const nx::Array& labels) {
  auto [loss, gradient] =
      rune::value_and_grad([&](const nx::Array& l) { return nx::cross_entropy(l, labels); })(logits);
  return {loss, gradient};
}

}  // namespace raven::bench
