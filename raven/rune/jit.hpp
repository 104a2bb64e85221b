#pragma once
// rune::jit: functions traced once per signature, compiled, and run as one plan.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "raven/nx/api/options.hpp"
#include "raven/nx/tree.hpp"
#include "raven/rune/jit_key.hpp"
#include "raven/rune/record.hpp"

namespace rune {

/// What happens to a program that does not compile: CompileError, or eager kernels one after the other, counted in
/// JitStats.
enum class Fallback : uint8_t { error, eager };

struct JitOpts {
  nx::detail::Named _named{};
  std::string name = "function";  ///< in messages and explain()
  Fallback fallback = Fallback::error;
  /// Loops are generated for the program. Off, every op is a call of its eager kernel: the same bits, more slowly, and
  /// no compiler back end is needed. The environment variable TOLK_KERNELS=0 turns it off everywhere.
  bool kernels = true;
};

/// What a jitted function did so far. Times in milliseconds; sizes of all signatures together. Under grad and vjp the
/// halves of its derivative are compiled and counted here; under jvp and in another jitted function its operations
/// belong to what calls it, and only calls, hits and traces count.
struct JitStats {
  int64_t calls = 0, hits = 0;
  int64_t traces = 0;     ///< first calls of a signature
  int64_t retraces = 0;   ///< second calls, which are checked against the first
  int64_t compiles = 0;   ///< plans made
  int64_t shared = 0;     ///< plans found, compiled for an equal program before
  int64_t fallbacks = 0;  ///< runs of what did not compile, by eager kernels
  double trace_ms = 0, compile_ms = 0;
  int64_t kernels = 0;   ///< different loops generated, of the last signature called and its derivatives
  int64_t launches = 0;  ///< launches of them; many leaves may share one
  int64_t externs = 0;   ///< calls of eager kernels, of the last signature called and its derivatives
  int64_t arena_bytes = 0, live_bytes = 0;
  int64_t input_copies = 0;
  int64_t donations = 0, donations_missed = 0;
};

namespace detail {

/// What tracing a function gives, in terms of its result's leaves.
struct JitTraced {
  std::vector<nx::Array> leaves;       ///< absent ones included
  std::shared_ptr<const void> result;  ///< the result with empty leaves
  std::string key;                     ///< its structure and static values
  std::vector<int> skeletons;          ///< by element of a tuple: the argument of equal type and structure, or −1
};
/// Calls the function on arguments whose leaves are `leaves`.
using JitTrace = JitTraced(void* context, const std::vector<nx::Array>& leaves);

/// One signature, and the program for one choice of donated leaves.
struct JitEntry;
class CompiledProgram;
struct JitTarget {
  std::shared_ptr<const JitEntry> entry;
  std::shared_ptr<const CompiledProgram> compiled;
};

/// Everything of a jitted function that does not depend on its types.
class RAVEN_API JitState {
 public:
  explicit JitState(JitOpts options);
  ~JitState();
  JitState(const JitState&) = delete;
  JitState& operator=(const JitState&) = delete;

  /// Room for a call's signature, with what tracing depends on besides.
  JitArguments start() const;
  /// The entry of this signature; traces at its first call, and checks the second against the first.
  JitTarget entry(const JitArguments& arguments, void* context, JitTrace* trace);
  /// Runs it; one handle per leaf of the result.
  std::vector<nx::Array> run(const JitTarget& target, const JitArguments& arguments);

  JitStats stats() const;
  std::string explain() const;
  size_t cache_size() const;
  void clear_cache();

  static const void* result_of(const JitEntry& entry);
  static int skeleton_of(const JitEntry& entry, size_t element);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

/// Leaves moved in, in tree order.
template <class T>
void fill_leaves(T& tree, std::vector<nx::Array>& leaves) {
  size_t at = 0;
  nx::tree::for_each_leaf(
      tree, [&](nx::Array& leaf, const nx::tree::PathNode*, nx::tree::Role) { leaf = std::move(leaves[at++]); });
}

template <class T>
struct is_std_array : std::false_type {};
template <class T, size_t n>
struct is_std_array<std::array<T, n>> : std::true_type {};

}  // namespace detail

/// A function compiled at its first call of each signature: argument types, tree structure, static values, shapes and
/// dtypes. Made by jit. Copies share their cache. Thread-safe.
template <class F>
class Jitted {
 public:
  Jitted(F function, JitOpts options)
      : function_(std::move(function)), state_(std::make_shared<detail::JitState>(std::move(options))) {}

  /// The function's value, bit for bit. Trees given as rvalues are donated: arrays that nobody else holds are
  /// overwritten. Inside a transformation the call stays one op, with a compiled derivative. Throws what the function
  /// throws while it is traced; ConcretizationError, SideEffectError, StaleCaptureError, CompileError; nx::IndexError
  /// for an index outside its axis.
  template <class... A>
  auto operator()(A&&... arguments) const {
    using R = std::decay_t<std::invoke_result_t<const F&, std::decay_t<A>&...>>;
    static_assert(nx::tree::IsTree<R>, "rune::jit: the function must return nx::Array or a tree of them");
    detail::JitArguments call = state_->start();
    detail::append_bytes(call.key, &detail::type_tag<R, std::decay_t<A>...>);
    (detail::append_argument(call, std::as_const(arguments), is_given_up<A>), ...);

    std::tuple<A&...> given(arguments...);
    Context<R, std::tuple<A&...>> context{function_, given};
    const detail::JitTarget target = state_->entry(call, &context, &trace<R, A...>);
    std::vector<nx::Array> leaves = state_->run(target, call);
    return rebuild<R, A...>(*target.entry, leaves, given);
  }

  JitStats stats() const { return state_->stats(); }
  /// Each signature with its passes and its plan, step by step, or why it did not compile.
  std::string explain() const { return state_->explain(); }
  size_t cache_size() const { return state_->cache_size(); }
  void clear_cache() { state_->clear_cache(); }

 private:
  template <class R, class Arguments>
  struct Context {
    const F& function;
    Arguments& arguments;
  };
  template <class A>
  static constexpr bool is_given_up = !std::is_lvalue_reference_v<A> && !std::is_const_v<A>;

  template <class R>
  static constexpr bool has_elements = nx::tree::detail::TupleLike<R> && !detail::is_std_array<R>::value;

  template <class R, class... A>
  static detail::JitTraced trace(void* context_pointer, const std::vector<nx::Array>& leaves) {
    auto& context = *static_cast<Context<R, std::tuple<A&...>>*>(context_pointer);
    std::tuple<std::decay_t<A>...> staged = context.arguments;
    size_t at = 0;
    std::apply([&](auto&... a) { (stage(a, leaves, at), ...); }, staged);
    R result = std::apply([&](auto&... a) -> R { return context.function(a...); }, staged);
    detail::JitTraced traced;
    nx::tree::for_each_leaf(result, [&](nx::Array& leaf, const nx::tree::PathNode*, nx::tree::Role) {
      traced.leaves.push_back(std::move(leaf));
      leaf = nx::Array{};
    });
    detail::JitArguments shape;
    detail::append_tree(shape, std::as_const(result), false);
    traced.key = std::move(shape.key);
    if constexpr (has_elements<R>) {
      std::array<bool, sizeof...(A)> used{};
      [&]<size_t... j>(std::index_sequence<j...>) {
        (traced.skeletons.push_back(skeleton<j, R, A...>(result, context.arguments, used)), ...);
      }(std::make_index_sequence<std::tuple_size_v<R>>{});
    }
    traced.result = std::make_shared<const R>(std::move(result));
    return traced;
  }
  template <class T>
  static void stage(T& argument, const std::vector<nx::Array>& leaves, size_t& at) {
    if constexpr (detail::has_leaves<T>)
      nx::tree::for_each_leaf(argument,
                              [&](nx::Array& leaf, const nx::tree::PathNode*, nx::tree::Role) { leaf = leaves[at++]; });
  }

  /// An argument whose object can become element j of the result when it is given up: same type, same structure, and no
  /// other element's.
  template <size_t j, class R, class... A>
  static int skeleton(const R& result, std::tuple<A&...>& arguments, std::array<bool, sizeof...(A)>& used) {
    using Element = std::tuple_element_t<j, R>;
    int found = -1;
    const auto look = [&]<size_t i>() {
      using Given = std::tuple_element_t<i, std::tuple<A...>>;
      if constexpr (std::same_as<Element, std::decay_t<Given>> && !std::same_as<Element, nx::Array> &&
                    detail::has_leaves<Element>) {
        if (found >= 0 || used[i]) return;
        detail::JitArguments a, b;
        detail::append_tree(a, std::get<j>(result), false);
        detail::append_tree(b, std::as_const(std::get<i>(arguments)), false);
        if (a.key == b.key && a.leaves.size() == b.leaves.size()) found = static_cast<int>(i);
      }
    };
    [&]<size_t... i>(std::index_sequence<i...>) {
      (look.template operator()<i>(), ...);
    }(std::index_sequence_for<A...>{});
    if (found >= 0) used[static_cast<size_t>(found)] = true;
    return found;
  }

  template <class R, class... A>
  static R rebuild(const detail::JitEntry& entry, std::vector<nx::Array>& leaves, std::tuple<A&...>& arguments) {
    if constexpr (std::same_as<R, nx::Array>) {
      return std::move(leaves[0]);
    } else {
      const R& like = *static_cast<const R*>(detail::JitState::result_of(entry));
      if constexpr (has_elements<R>) {
        R result = [&]<size_t... j>(std::index_sequence<j...>) {
          return R{element<j, R, A...>(like, detail::JitState::skeleton_of(entry, j), arguments)...};
        }(std::make_index_sequence<std::tuple_size_v<R>>{});
        detail::fill_leaves(result, leaves);
        return result;
      } else {
        R result = like;
        detail::fill_leaves(result, leaves);
        return result;
      }
    }
  }
  template <size_t j, class R, class... A>
  static std::tuple_element_t<j, R> element(const R& like, int skeleton, std::tuple<A&...>& arguments) {
    using Element = std::tuple_element_t<j, R>;
    if constexpr (std::same_as<Element, nx::Array>) {
      return {};
    } else {
      Element* from = nullptr;
      const auto look = [&]<size_t i>() {
        using Given = std::tuple_element_t<i, std::tuple<A...>>;
        if constexpr (std::same_as<Element, std::decay_t<Given>> && is_given_up<Given>)
          if (skeleton == static_cast<int>(i)) from = &std::get<i>(arguments);
      };
      [&]<size_t... i>(std::index_sequence<i...>) {
        (look.template operator()<i>(), ...);
        // An object given up twice can be one element only; it is none.
        const void* address = from;
        if (((address == static_cast<const void*>(&std::get<i>(arguments))) + ... + 0) > 1) from = nullptr;
      }(std::index_sequence_for<A...>{});
      return from ? std::move(*from) : std::get<j>(like);
    }
  }

  F function_;
  std::shared_ptr<detail::JitState> state_;
};

/// f compiled. Its arguments are trees of arrays (dynamic) and numbers, enums, strings (static: part of the signature),
/// its result a tree of arrays. Arrays that f captures are bound as they are at the first call. The second call of a
/// signature is traced again: another captured array, number or structure of the result is a StaleCaptureError, and so
/// is, at any call, a captured array that nobody else holds any more. Pass what changes as an argument. JAX: jit.
template <class F>
Jitted<std::decay_t<F>> jit(F&& f, JitOpts options = {}) {
  return Jitted<std::decay_t<F>>(std::forward<F>(f), std::move(options));
}

/// Paths, shapes and dtypes of f's result at arguments of these shapes and dtypes (arrays, trees, Specs); numbers,
/// enums and strings are static. No data is touched. JAX: eval_shape.
template <class F, class... A>
std::vector<nx::tree::LeafInfo> eval_shape(F&& f, const A&... arguments) {
  Recorder recorder("rune::eval_shape");
  std::tuple<decltype(detail::stage_argument(recorder, arguments))...> staged{
      detail::stage_argument(recorder, arguments)...};
  const nx::InterpreterScope scope(&recorder);
  return nx::tree::infos(std::apply([&](auto&... a) { return f(a...); }, staged));
}

}  // namespace rune
