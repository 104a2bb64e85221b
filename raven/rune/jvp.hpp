#pragma once
// Forward-mode differentiation over trees.
#include <tuple>
#include <utility>

#include "raven/nx/tree.hpp"
#include "raven/rune/forward.hpp"
#include "raven/rune/grad.hpp"

namespace rune {

namespace detail {
/// A tracer of the primal, or the primal itself where the tangent is absent. Throws ShapeError or NonDifferentiableError
/// naming the path when the two differ in shape or dtype.
RAVEN_API Array watch_pair(Forward& forward, const Array& primal, const Array& tangent, const tree::PathNode* path);
RAVEN_API Array tangent_or_zeros(const Forward& forward, const Array& x);
}  // namespace detail

/// f's value at `primals` and its derivative in the direction `tangents` (tuples of trees of equal structure; an absent
/// tangent leaf is zero). Gives {y, dy}, or {y, dy, aux} with rune::with_aux. JAX: jvp.
template <class F, class... P>
auto jvp(F&& f, const std::tuple<P...>& primals, const std::tuple<P...>& tangents) {
  Forward forward;
  std::tuple<P...> traced = primals;
  std::vector<Array> directions = tree::leaves(tangents);
  if constexpr (!(std::same_as<P, Array> && ...)) tree::detail::require_same("rune.jvp", primals, tangents);
  size_t at = 0;
  tree::for_each_leaf(traced, [&](Array& leaf, const tree::PathNode* path, tree::Role) {
    leaf = detail::watch_pair(forward, leaf, directions[at++], path);
  });
  auto result = [&] {
    const nx::InterpreterScope scope(&forward);
    return std::apply([&](auto&... a) { return f(a...); }, traced);
  }();
  const auto tangent = [&](const auto& y) {
    auto dy = y;
    tree::for_each_leaf(dy, [&](Array& leaf, const tree::PathNode*, tree::Role) { leaf = detail::tangent_or_zeros(forward, leaf); });
    return dy;
  };
  const auto lower = [&](auto& y) { detail::replace_arrays([&](const Array& x) { return forward.lower(x); }, y); };
  if constexpr (detail::is_aux<decltype(result)>::value) {
    auto dy = tangent(result.value);
    lower(result.value);
    lower(result.aux);
    return std::tuple{std::move(result.value), std::move(dy), std::move(result.aux)};
  } else {
    auto dy = tangent(result);
    lower(result);
    return std::pair{std::move(result), std::move(dy)};
  }
}

}  // namespace rune
