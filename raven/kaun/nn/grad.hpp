#pragma once
// Gradients of models: of their parameters, not of their buffers and integers.
#include <utility>
#include <vector>

#include "raven/rune/grad.hpp"

namespace kaun {

using nx::Array;

namespace detail {
template <class T, class Keep>
T with_leaves(const T& model, const Keep& keep) {
  T out = model;
  nx::tree::for_each_leaf(out, [&](Array& leaf, const nx::tree::PathNode*, nx::tree::Role role) {
    if (!keep(leaf, role)) leaf = Array();
  });
  return out;
}
inline bool is_trainable(const Array& leaf, nx::tree::Role role) {
  return role == nx::tree::Role::param && leaf.defined() && nx::is_float(leaf.dtype());
}
}  // namespace detail

/// The model twice, of its own type: with its trainable leaves (floating parameters) alone, and with the others. Flax:
/// nnx.split.
template <class T>
std::pair<T, T> split(const T& model) {
  return {detail::with_leaves(model, detail::is_trainable),
          detail::with_leaves(model, [](const Array& leaf, auto role) { return !detail::is_trainable(leaf, role); })};
}
/// The first tree, its absent leaves taken from the second. Throws nx::TreeMismatchError when their paths differ.
template <class T>
T merge(const T& first, const T& second) {
  nx::tree::detail::require_same("kaun.merge", first, second);
  const std::vector<Array> rest = nx::tree::leaves(second);
  T out = first;
  size_t at = 0;
  nx::tree::for_each_leaf(out, [&](Array& leaf, const nx::tree::PathNode*, nx::tree::Role) {
    if (!leaf.defined()) leaf = rest[at];
    ++at;
  });
  return out;
}

/// As rune::value_and_grad of the first argument, a model, by its trainable leaves: buffers and leaves of integers
/// reach f as they are and are absent in the gradient.
template <class F>
auto value_and_grad(F f) {
  return [f = std::move(f)]<class T, class... A>(const T& model, const A&... arguments) {
    const auto [trainable, rest] = split(model);
    const auto loss = [&f, &fixed = rest](const T& part, const A&... others) {
      const T whole = merge(part, fixed);
      return f(whole, others...);
    };
    return rune::value_and_grad(loss)(trainable, arguments...);
  };
}

}  // namespace kaun
