#pragma once
// Reverse-mode differentiation over trees.
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "raven/nx/api/options.hpp"
#include "raven/nx/tree.hpp"
#include "raven/rune/tape.hpp"

namespace rune {

using nx::Array;
namespace tree = nx::tree;

namespace detail {
/// A struct that may hold arrays which nobody can find: no tree, and not plain data.
template <class T>
constexpr bool hides_arrays = std::is_aggregate_v<T> && !std::is_trivially_copyable_v<T> && !std::is_array_v<T> &&
                              !tree::detail::Declared<T> && !tree::detail::TupleLike<T> && !tree::detail::VectorLike<T>;
}  // namespace detail
#define RUNE_DECLARED_AUX                                                                                        \
  "rune::with_aux: a struct that may hold arrays is declared with NX_TREE(Type, members…), its other members with " \
  "NX_TREE_STATIC or NX_IGNORE"

/// A value with something beside it that is not differentiated. Made by with_aux.
template <class Y, class A>
struct Aux {
  Y value;
  A aux;
};
/// Returned by a function given to grad, value_and_grad, vjp or jvp: `aux` comes back as it is, lowered to plain values.
template <class Y, class A>
Aux<std::decay_t<Y>, std::decay_t<A>> with_aux(Y&& value, A&& aux) {
  static_assert(!detail::hides_arrays<std::decay_t<A>>, RUNE_DECLARED_AUX);
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

struct GradOpts {
  nx::detail::Named _named{};
  /// Leaves of integers and bools are allowed in a differentiated argument; their place in the gradient stays absent.
  bool allow_int = false;
};

namespace detail {

template <class T>
struct is_aux : std::false_type {};
template <class Y, class A>
struct is_aux<Aux<Y, A>> : std::true_type {};

/// Replaces a leaf by a tracer. Throws NonDifferentiableError naming the path and `remedy` when it is not of a floating
/// dtype.
RAVEN_API void watch_leaf(Tape& tape, const char* name, Array& leaf, const tree::PathNode* path, const char* remedy);
inline constexpr const char* integer_remedy = "pass it as another argument or cast it with .astype(nx::f32)";
inline constexpr const char* grad_integer_remedy =
    "pass it as another argument, cast it with .astype(nx::f32), or leave it out of the gradient with {.allow_int = "
    "true}";
/// A loss must be one floating element; throws ShapeError or DTypeError naming `name`, the shape and the remedy.
RAVEN_API void require_scalar_loss(const char* name, const Array& value);
RAVEN_API Array ones_cotangent(const Array& value);
/// Cotangent or zeros like the parameter; absent stays absent.
RAVEN_API Array gradient_or_zeros(Array cotangent, const Array& parameter);
RAVEN_API void check_cotangent(const char* name, const Array& value, const Array& cotangent, const tree::PathNode* path);

/// Replaces every array in a value by f(array): of trees, of containers of anything, of nothing in other types. What a
/// pointer leads to is looked into when it is a tree, and then copied; any other pointer stays.
template <class F, class T>
void replace_arrays(const F& f, T& value) {
  if constexpr (std::same_as<T, Array>) {
    value = f(value);
  } else if constexpr (tree::detail::Declared<T>) {
    tree::for_each_leaf(value, [&](Array& leaf, const tree::PathNode*, tree::Role) { leaf = f(leaf); });
  } else if constexpr (tree::detail::MapLike<T>) {
    for (auto& [key, item] : value) replace_arrays(f, item);
  } else if constexpr (tree::detail::VectorLike<T>) {
    if constexpr (tree::detail::may_hold_leaves<typename T::value_type>())
      for (auto& item : value) replace_arrays(f, item);
  } else if constexpr (tree::detail::TupleLike<T>) {
    std::apply([&](auto&... item) { (replace_arrays(f, item), ...); }, value);
  } else if constexpr (tree::detail::VariantLike<T>) {
    tree::detail::visit_alternative(value, [&](auto& alternative) { replace_arrays(f, alternative); });
  } else if constexpr (tree::detail::Nullable<T>) {
    if constexpr (tree::IsTree<std::remove_cvref_t<decltype(*value)>>)
      if (value) replace_arrays(f, tree::detail::pointee(value));
  } else {
    static_assert(!hides_arrays<T>, RUNE_DECLARED_AUX);
  }
}
#undef RUNE_DECLARED_AUX

/// Watches the leaves of arguments I… of the tuple; with allow_int those of integers stay as they are.
template <size_t... I, class Tuple>
void watch_arguments(Tape& tape, const char* name, const char* remedy, bool allow_int, Tuple& arguments) {
  (tree::for_each_leaf(std::get<I>(arguments),
                       [&](Array& leaf, const tree::PathNode* path, tree::Role) {
                         if (leaf.defined() && !(allow_int && !nx::is_float(leaf.dtype())))
                           watch_leaf(tape, name, leaf, path, remedy);
                       }),
   ...);
}

/// A gradient tree: the argument with each present leaf replaced by its cotangent, in watching order; leaves of
/// integers are absent.
template <class T>
T gradient_tree(const T& argument, std::vector<Array>& cotangents, size_t& at) {
  T out = argument;
  tree::for_each_leaf(out, [&](Array& leaf, const tree::PathNode*, tree::Role) {
    if (!leaf.defined()) return;
    leaf = nx::is_float(leaf.dtype()) ? gradient_or_zeros(std::move(cotangents[at++]), leaf) : Array();
  });
  return out;
}

template <size_t... I, class F, class... A>
auto value_and_grad_call(const char* name, const GradOpts& options, const F& f, const A&... arguments) {
  using Tuple = std::tuple<std::decay_t<A>...>;
  const std::tuple<const A&...> originals(arguments...);
  Tape tape(name);
  const auto run = [&] {
    Tuple traced(arguments...);
    watch_arguments<I...>(tape, name, grad_integer_remedy, options.allow_int, traced);
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
    replace_arrays([&](const Array& x) { return tape.lower(x); }, result.aux);
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
namespace detail {
template <size_t... I>
constexpr bool are_distinct() {
  constexpr size_t list[] = {I..., 0};
  for (size_t i = 0; i < sizeof...(I); ++i)
    for (size_t k = 0; k < i; ++k)
      if (list[i] == list[k]) return false;
  return true;
}
}  // namespace detail
// Checked where the user's call is instantiated, so that the remedy stands in the first lines of the compiler's output.
#define RUNE_CHECK_DIFFERENTIABLE(I, F, A)                                                                      \
  constexpr bool arguments_exist = sizeof...(A) > 0 && ((I < sizeof...(A)) && ...);                             \
  static_assert(arguments_exist, "grad<I>: there is no argument of that number; the first is 0");               \
  constexpr bool arguments_differ = detail::are_distinct<I...>();                                               \
  static_assert(arguments_differ, "grad<I, …>: an argument is listed twice");                                   \
  constexpr bool arguments_are_trees =                                                                          \
      sizeof...(I) == 0 ? detail::is_differentiable<0, A...>() : (detail::is_differentiable<I, A...>() && ...); \
  static_assert(!arguments_exist || arguments_are_trees,                                                        \
                "differentiated arguments are nx::Array or trees of them; write nx::array(3.0) for a number");  \
  constexpr bool is_callable = std::is_invocable_v<const F&, std::decay_t<A>&...>;                              \
  static_assert(is_callable,                                                                                    \
                "the function does not take these arguments, or is a mutable lambda: it must not change "       \
                "what it captures, return it with rune::with_aux(loss, value)");                                \
  constexpr bool may_differentiate = arguments_exist && arguments_differ && arguments_are_trees && is_callable; \
  if constexpr (may_differentiate)                                                                              \
    static_assert(                                                                                              \
        detail::IsLoss<std::decay_t<std::invoke_result_t<const F&, std::decay_t<A>&...>>>,                      \
        "the function must return one nx::Array, or rune::with_aux(array, anything); leave out item<double>()");

/// The function `args… ↦ {value, gradient}` of a scalar-valued f; differentiates argument I (default 0), or several:
/// `value_and_grad<0, 2>(f)` gives a tuple of gradients. A gradient has its argument's type, shapes and dtypes; leaves
/// that f does not use get zeros, absent leaves stay absent. With rune::with_aux(loss, a) the result is {value, grad,
/// aux}. JAX: value_and_grad. Throws ShapeError when the value is not one element, NonDifferentiableError for integer
/// leaves unless `allow_int`.
template <size_t... I, class F>
auto value_and_grad(F f, GradOpts options = {}) {
  return [f = std::move(f), options]<class... A>(const A&... arguments) {
    RUNE_CHECK_DIFFERENTIABLE(I, F, A)
    if constexpr (!may_differentiate)
      return;
    else if constexpr (sizeof...(I) == 0)
      return detail::value_and_grad_call<0>("rune.value_and_grad", options, f, arguments...);
    else
      return detail::value_and_grad_call<I...>("rune.value_and_grad", options, f, arguments...);
  };
}

/// The function `args… ↦ gradient` (or `{grad, aux}` with rune::with_aux). JAX: grad.
template <size_t... I, class F>
auto grad(F f, GradOpts options = {}) {
  return [f = std::move(f), options]<class... A>(const A&... arguments) {
    RUNE_CHECK_DIFFERENTIABLE(I, F, A)
    if constexpr (may_differentiate) {
      const auto call = [&] {
        if constexpr (sizeof...(I) == 0)
          return detail::value_and_grad_call<0>("rune.grad", options, f, arguments...);
        else
          return detail::value_and_grad_call<I...>("rune.grad", options, f, arguments...);
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

/// The backward half of vjp. Callable many times; `std::move(pullback)(ct)` frees residuals as it goes, when no copy of
/// the pullback still needs them.
template <class Y, class... A>
class Pullback {
 public:
  Pullback(std::shared_ptr<Tape> tape, Y traced, std::tuple<A...> arguments)
      : tape_(std::move(tape)), traced_(std::move(traced)), arguments_(std::move(arguments)) {}
  /// Cotangents of every argument, a tuple of trees. `cotangent` has the structure, shapes and dtypes of the value.
  std::tuple<A...> operator()(const Y& cotangent) const& { return pull(cotangent, false); }
  std::tuple<A...> operator()(const Y& cotangent) && { return pull(cotangent, tape_.use_count() == 1); }

 private:
  std::tuple<A...> pull(const Y& cotangent, bool consume) const {
    tree::detail::require_same("rune.vjp", traced_, cotangent);
    std::vector<Array> values, cotangents;
    tree::for_each_leaf(traced_, [&](const Array& leaf, const tree::PathNode*, tree::Role) { values.push_back(leaf); });
    tree::for_each_leaf(cotangent, [&](const Array& leaf, const tree::PathNode* path, tree::Role) {
      if (leaf.defined()) detail::check_cotangent("rune.vjp", values[cotangents.size()], leaf, path);
      cotangents.push_back(leaf);
    });
    std::vector<Array> gradients = tape_->backward(values, cotangents, consume);
    size_t at = 0;
    return std::apply([&](const A&... a) { return std::tuple<A...>{detail::gradient_tree(a, gradients, at)...}; }, arguments_);
  }
  std::shared_ptr<Tape> tape_;
  Y traced_;
  std::tuple<A...> arguments_;
};

/// f's value and its pullback at `arguments` (any trees, any output tree): {y, pullback}, or {y, aux, pullback} with
/// rune::with_aux(y, aux). JAX: vjp.
template <class F, class... A>
auto vjp(F&& f, const A&... arguments) {
  auto tape = std::make_shared<Tape>("rune::vjp");
  const auto run = [&] {
    std::tuple<std::decay_t<A>...> traced(arguments...);
    [&]<size_t... i>(std::index_sequence<i...>) {
      detail::watch_arguments<i...>(*tape, "rune.vjp", detail::integer_remedy, false, traced);
    }(std::index_sequence_for<A...>{});
    const nx::InterpreterScope scope(tape.get());
    return std::apply([&](auto&... a) { return f(a...); }, traced);
  };
  const auto lower = [&](const Array& x) { return tape->lower(x); };
  const auto finish = [&](auto&& traced) {
    auto value = traced;
    detail::replace_arrays(lower, value);
    using Y = decltype(value);
    return std::pair<Y, Pullback<Y, std::decay_t<A>...>>(
        std::move(value), Pullback<Y, std::decay_t<A>...>(tape, std::move(traced), {arguments...}));
  };
  auto result = run();
  if constexpr (detail::is_aux<decltype(result)>::value) {
    detail::replace_arrays(lower, result.aux);
    auto [value, pullback] = finish(std::move(result.value));
    return std::tuple{std::move(value), std::move(result.aux), std::move(pullback)};
  } else {
    return finish(std::move(result));
  }
}

}  // namespace rune
