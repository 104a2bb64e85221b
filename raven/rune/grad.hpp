#pragma once
// Reverse-mode differentiation over trees.
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "raven/nx/tree.hpp"
#include "raven/rune/tape.hpp"

namespace rune {

using nx::Array;
namespace tree = nx::tree;

/// A value with something beside it that is not differentiated. Made by with_aux.
template <class Y, class A>
struct Aux {
  Y value;
  A aux;
};
/// Returned by a function given to grad, value_and_grad, vjp or jvp: `aux` comes back as it is, lowered to plain values.
template <class Y, class A>
Aux<std::decay_t<Y>, std::decay_t<A>> with_aux(Y&& value, A&& aux) {
  return {std::forward<Y>(value), std::forward<A>(aux)};
}

/// Result of value_and_grad, for structured bindings: `auto [value, grad] = …`.
template <class G>
struct ValueGrad {
  Array value;
  G grad;
};
template <class G, class A>
struct ValueGradAux {
  Array value;
  G grad;
  A aux;
};

namespace detail {

template <class T>
struct is_aux : std::false_type {};
template <class Y, class A>
struct is_aux<Aux<Y, A>> : std::true_type {};

/// Replaces a leaf by a tracer. Throws NonDifferentiableError naming the path when it is not of a floating dtype.
RAVEN_API void watch_leaf(Tape& tape, const char* name, Array& leaf, const tree::PathNode* path);
/// A loss must be one floating element; throws ShapeError or DTypeError naming `name`, the shape and the remedy.
RAVEN_API void require_scalar_loss(const char* name, const Array& value);
RAVEN_API Array ones_cotangent(const Array& value);
/// Cotangent or zeros like the parameter; absent stays absent.
RAVEN_API Array gradient_or_zeros(Array cotangent, const Array& parameter);
RAVEN_API void check_cotangent(const char* name, const Array& value, const Array& cotangent, const tree::PathNode* path);

template <class T>
void lower_tree(const Tape& tape, T& value) {
  tree::for_each_leaf(value, [&](Array& leaf, const tree::PathNode*, tree::Role) { leaf = tape.lower(leaf); });
}

/// Watches the leaves of arguments I… of the tuple.
template <size_t... I, class Tuple>
void watch_arguments(Tape& tape, const char* name, Tuple& arguments) {
  (tree::for_each_leaf(std::get<I>(arguments),
                       [&](Array& leaf, const tree::PathNode* path, tree::Role) {
                         if (leaf.defined()) watch_leaf(tape, name, leaf, path);
                       }),
   ...);
}

/// A gradient tree: the argument with each present leaf replaced by its cotangent, in watching order.
template <class T>
T gradient_tree(const T& argument, std::vector<Array>& cotangents, size_t& at) {
  T out = argument;
  tree::for_each_leaf(out, [&](Array& leaf, const tree::PathNode*, tree::Role) {
    if (leaf.defined()) leaf = gradient_or_zeros(std::move(cotangents[at++]), leaf);
  });
  return out;
}

template <size_t... I, class F, class... A>
auto value_and_grad_call(const char* name, const F& f, const A&... arguments) {
  using Tuple = std::tuple<std::decay_t<A>...>;
  const std::tuple<const A&...> originals(arguments...);
  Tape tape(name);
  const auto run = [&] {
    Tuple traced(arguments...);
    watch_arguments<I...>(tape, name, traced);
    const nx::InterpreterScope scope(&tape);
    return std::apply([&](auto&... a) { return f(a...); }, traced);
  };
  auto result = run();
  const auto gradients = [&](const Array& value) {
    require_scalar_loss(name, value);
    const Array seed = ones_cotangent(value);
    std::vector<Array> cotangents = tape.backward(std::span(&value, 1), std::span(&seed, 1), true);
    size_t at = 0;
    if constexpr (sizeof...(I) == 1) {
      return gradient_tree(std::get<I...>(originals), cotangents, at);
    } else {
      return std::tuple{gradient_tree(std::get<I>(originals), cotangents, at)...};  // braces: left to right
    }
  };
  if constexpr (is_aux<decltype(result)>::value) {
    auto gradient = gradients(result.value);
    lower_tree(tape, result.aux);
    return ValueGradAux<decltype(gradient), decltype(result.aux)>{tape.lower(result.value), std::move(gradient), std::move(result.aux)};
  } else {
    static_assert(std::same_as<decltype(result), Array>, "the differentiated function must return one nx::Array, or rune::with_aux(array, anything)");
    auto gradient = gradients(result);
    return ValueGrad<decltype(gradient)>{tape.lower(result), std::move(gradient)};
  }
}

}  // namespace detail

namespace detail {
/// Whether argument I of the function is a tree.
template <size_t I, class... A>
constexpr bool is_differentiable() {
  if constexpr (I < sizeof...(A))
    return tree::IsTree<std::tuple_element_t<I, std::tuple<A...>>>;
  else
    return false;
}
template <class R>
concept IsLoss = std::same_as<R, Array> || (is_aux<R>::value && requires(R r) { { r.value } -> std::same_as<Array&>; });
}  // namespace detail
// Checked where the user's call is instantiated, so that the remedy stands in the first lines of the compiler's output.
#define RUNE_CHECK_DIFFERENTIABLE(I, F, A)                                                                                   \
  constexpr bool arguments_are_trees = sizeof...(I) == 0 ? detail::is_differentiable<0, A...>()                              \
                                                         : (detail::is_differentiable<I, A...>() && ...);                    \
  static_assert(arguments_are_trees, "differentiated arguments are nx::Array or trees of them; write nx::array(3.0) for a number"); \
  if constexpr (arguments_are_trees)                                                                                         \
    static_assert(detail::IsLoss<std::decay_t<std::invoke_result_t<const F&, std::decay_t<A>&...>>>,                               \
                  "the function must return one nx::Array, or rune::with_aux(array, anything); leave out item<double>()");

/// The function `args… ↦ {value, gradient}` of a scalar-valued f; differentiates argument I (default 0), or several:
/// `value_and_grad<0, 2>(f)` gives a tuple of gradients. A gradient has its argument's type, shapes and dtypes; leaves
/// that f does not use get zeros, absent leaves stay absent. With rune::with_aux(loss, a) the result is {value, grad, aux}.
/// JAX: value_and_grad. Throws ShapeError when the value is not one element, NonDifferentiableError for integer leaves.
template <size_t... I, class F>
auto value_and_grad(F f) {
  return [f = std::move(f)]<class... A>(const A&... arguments) {
    RUNE_CHECK_DIFFERENTIABLE(I, F, A)
    if constexpr (!arguments_are_trees)
      return;
    else if constexpr (sizeof...(I) == 0)
      return detail::value_and_grad_call<0>("rune.value_and_grad", f, arguments...);
    else
      return detail::value_and_grad_call<I...>("rune.value_and_grad", f, arguments...);
  };
}

/// The function `args… ↦ gradient` (or `{grad, aux}` with rune::with_aux). JAX: grad.
template <size_t... I, class F>
auto grad(F f) {
  return [f = std::move(f)]<class... A>(const A&... arguments) {
    RUNE_CHECK_DIFFERENTIABLE(I, F, A)
    if constexpr (arguments_are_trees) {
      const auto call = [&] {
        if constexpr (sizeof...(I) == 0)
          return detail::value_and_grad_call<0>("rune.grad", f, arguments...);
        else
          return detail::value_and_grad_call<I...>("rune.grad", f, arguments...);
      };
      auto result = call();
      if constexpr (requires { result.aux; })
        return std::pair{std::move(result.grad), std::move(result.aux)};
      else
        return std::move(result.grad);
    }
  };
}

#undef RUNE_CHECK_DIFFERENTIABLE

/// The backward half of vjp. Callable many times; `std::move(pullback)(ct)` frees residuals as it goes.
template <class Y, class... A>
class Pullback {
 public:
  Pullback(std::shared_ptr<Tape> tape, Y traced, std::tuple<A...> arguments)
      : tape_(std::move(tape)), traced_(std::move(traced)), arguments_(std::move(arguments)) {}
  /// Cotangents of every argument, a tuple of trees. `cotangent` has the structure, shapes and dtypes of the value.
  std::tuple<A...> operator()(const Y& cotangent) const& { return pull(cotangent, false); }
  std::tuple<A...> operator()(const Y& cotangent) && { return pull(cotangent, true); }

 private:
  std::tuple<A...> pull(const Y& cotangent, bool consume) const {
    std::vector<Array> values, cotangents;
    tree::for_each_leaf(traced_, [&](const Array& leaf, const tree::PathNode*, tree::Role) { values.push_back(leaf); });
    tree::for_each_leaf(cotangent, [&](const Array& leaf, const tree::PathNode* path, tree::Role) {
      if (cotangents.size() < values.size() && leaf.defined())
        detail::check_cotangent("rune.vjp", values[cotangents.size()], leaf, path);
      cotangents.push_back(leaf);
    });
    if (values.size() != cotangents.size()) tree::detail::check_same("rune.vjp", tree::paths(traced_), tree::paths(cotangent));
    std::vector<Array> gradients = tape_->backward(values, cotangents, consume);
    size_t at = 0;
    return std::apply([&](const A&... a) { return std::tuple<A...>{detail::gradient_tree(a, gradients, at)...}; }, arguments_);
  }
  std::shared_ptr<Tape> tape_;
  Y traced_;
  std::tuple<A...> arguments_;
};

/// f's value and its pullback at `arguments` (any trees, any output tree). JAX: vjp.
template <class F, class... A>
auto vjp(F&& f, const A&... arguments) {
  auto tape = std::make_shared<Tape>("rune::vjp");
  const auto run = [&] {
    std::tuple<std::decay_t<A>...> traced(arguments...);
    [&]<size_t... i>(std::index_sequence<i...>) {
      detail::watch_arguments<i...>(*tape, "rune.vjp", traced);
    }(std::index_sequence_for<A...>{});
    const nx::InterpreterScope scope(tape.get());
    return std::apply([&](auto&... a) { return f(a...); }, traced);
  };
  auto traced = run();
  auto value = traced;
  detail::lower_tree(*tape, value);
  using Y = decltype(value);
  return std::pair<Y, Pullback<Y, std::decay_t<A>...>>(
      std::move(value), Pullback<Y, std::decay_t<A>...>(std::move(tape), std::move(traced), {arguments...}));
}

}  // namespace rune
