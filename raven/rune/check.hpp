#pragma once
// Checks derivatives against central differences, and the two modes against each other.
#include <string>
#include <tuple>
#include <vector>

#include "raven/nx/api/options.hpp"
#include "raven/rune/grad.hpp"
#include "raven/rune/jvp.hpp"

namespace rune {

struct CheckOpts {
  nx::detail::Named _named{};
  int order = 2;           ///< 1: the function's derivative; 2: also the derivative of its gradient
  double eps = 1e-6;       ///< step of the central difference (f64)
  double tolerance = 1e-5; ///< relative to 1 + |value|
  int directions = 2;      ///< random unit directions per check
  uint64_t seed = 0;
};
/// `ok`, the largest error met relative to 1 + |value|, and which check it was.
struct CheckReport {
  bool ok = true;
  double worst = 0;
  std::string message;
};

namespace detail {
/// A function of flat leaves, as the checker sees it.
using LeafFunction = std::vector<Array> (*)(void* context, const std::vector<Array>& leaves);
RAVEN_API CheckReport check_leaves(LeafFunction f, void* context, const std::vector<Array>& at, const CheckOpts& options);
}  // namespace detail

/// Checks f (any trees in, any tree out; f64 leaves) at `arguments`: jvp against central differences along random unit
/// directions, vjp against jvp by ⟨ȳ, J·ẋ⟩ = ⟨Jᵀ·ȳ, ẋ⟩, and for order 2 the same of the gradient ⟨ȳ, f⟩'.
template <class F, class... A>
CheckReport check_grads(F&& f, const std::tuple<A...>& arguments, const CheckOpts& options = {}) {
  struct Context {
    F& f;
    const std::tuple<A...>& arguments;
  } context{f, arguments};
  const auto flat = [](void* c, const std::vector<Array>& leaves) {
    auto& ctx = *static_cast<Context*>(c);
    const std::tuple<A...> args = tree::unflatten(ctx.arguments, leaves);
    return tree::leaves(std::apply([&](const A&... a) { return ctx.f(a...); }, args));
  };
  return detail::check_leaves(flat, &context, tree::leaves(arguments), options);
}

}  // namespace rune
