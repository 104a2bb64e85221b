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
  int order = 2;   ///< 1: the function's derivative; 2: also the derivative of its gradient; and so on
  double eps = 0;  ///< step of the central difference; 0: 1e-6, with f32 leaves 1e-2 times the largest |x| above 1
  double tolerance = 0;  ///< relative to 1 + |value|; 0: 1e-5, with f32 leaves 2e-3
  int directions = 2;    ///< random unit directions per check
  uint64_t seed = 0;
};
/// `ok`, the largest error met relative to 1 + |value|, and which check it was. When not ok, `path` is the leaf along
/// which the derivative differs most: the number of the argument, and the path inside it.
struct CheckReport {
  bool ok = true;
  double worst = 0;
  std::string message;
  std::string path;
};

namespace detail {
/// A function of flat leaves, as the checker sees it.
using LeafFunction = std::vector<Array> (*)(void* context, const std::vector<Array>& leaves);
RAVEN_API CheckReport check_leaves(LeafFunction f, void* context, const std::vector<Array>& at,
                                   const std::vector<std::string>& paths, const CheckOpts& options);
}  // namespace detail

/// Checks f (any trees in, any tree out) at `arguments`: jvp and vjp against central differences along random unit
/// directions, and for order 2 the same of the gradient ⟨ȳ, f⟩', and so on. Throws nx::ValueError for wrong options and
/// when no leaf is floating.
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
  return detail::check_leaves(flat, &context, tree::leaves(arguments), tree::paths(arguments), options);
}

}  // namespace rune
