#pragma once
#include <concepts>
#include <type_traits>
#pragma GCC system_header  // so that compilers report a wrong use where the macro is used, in their first lines
// NX_TREE and its sisters. A member may be written `NX_AS(member, "name")` to rename its path.

// ---- for-each over macro arguments (recursion through deferred expansion, up to 64 members) --------------------------
#define NX_PARENS ()
#define NX_EXPAND(...) NX_EXPAND3(NX_EXPAND3(NX_EXPAND3(NX_EXPAND3(__VA_ARGS__))))
#define NX_EXPAND3(...) NX_EXPAND2(NX_EXPAND2(NX_EXPAND2(NX_EXPAND2(__VA_ARGS__))))
#define NX_EXPAND2(...) NX_EXPAND1(NX_EXPAND1(NX_EXPAND1(NX_EXPAND1(__VA_ARGS__))))
#define NX_EXPAND1(...) __VA_ARGS__
#define NX_EACH(macro, ...) __VA_OPT__(NX_EXPAND(NX_EACH_STEP(macro, __VA_ARGS__)))
#define NX_EACH_STEP(macro, first, ...) macro(first) __VA_OPT__(NX_EACH_AGAIN NX_PARENS(macro, __VA_ARGS__))
#define NX_EACH_AGAIN() NX_EACH_STEP
#define NX_COUNT_ONE(member) +1

// ---- one member: `name` or `(name, "path name")` ---------------------------------------------------------------------
#define NX_AS(member, path_name) (member, path_name)
#define NX_PICK(first, second, chosen, ...) chosen
#define NX_IS_PAREN(x) NX_PICK_EXPAND(NX_PAREN_PROBE x)
#define NX_PAREN_PROBE(...) ~, ~
#define NX_PICK_EXPAND(...) NX_PICK_THIRD(__VA_ARGS__, 1, 0)
#define NX_PICK_THIRD(a, b, c, ...) c
#define NX_JOIN(a, b) NX_JOIN_(a, b)
#define NX_JOIN_(a, b) a##b
#define NX_VISIT_0(member) visit(#member, self.member, buffer);
#define NX_VISIT_1(member) NX_VISIT_RENAMED member
#define NX_VISIT_RENAMED(member, path_name) visit(path_name, self.member, buffer);
#define NX_VISIT(member) NX_JOIN(NX_VISIT_, NX_IS_PAREN(member))(member)
#define NX_VISIT_STATIC(member) visit(#member, self.member);
#define NX_CHECK_0(member)                                              \
  static_assert(!std::is_array_v<decltype(self.member)>,                  \
                "NX_TREE: member '" #member "' is a C array; make it a std::array or std::vector"); \
  static_assert(::nx::tree::detail::may_hold_leaves<decltype(self.member)>(), \
                "NX_TREE: member '" #member "' is not an array or a tree of them; list it with NX_TREE_STATIC(Type, " #member ")");
#define NX_CHECK_1(member) NX_CHECK_RENAMED member
#define NX_CHECK_RENAMED(member, path_name) NX_CHECK_0(member)
#define NX_CHECK_MEMBER(member) NX_JOIN(NX_CHECK_, NX_IS_PAREN(member))(member)

// ---- the declarations ------------------------------------------------------------------------------------------------

/// Leaves and nested trees of a struct, in order; they are parameters.
#define NX_TREE(Type, ...)                                                                                            \
  using nx_tree_owner = Type;                                                                                         \
  [[maybe_unused]] static constexpr const char* nx_tree_name = #Type;                                                            \
  static constexpr int nx_tree_count = 0 NX_EACH(NX_COUNT_ONE, __VA_ARGS__);                                          \
  template <class NxSelf, class NxVisit>                                                                              \
  static void nx_tree_fields([[maybe_unused]] NxSelf& self, [[maybe_unused]] NxVisit&& visit) {                       \
    NX_VISIT_OWN_FIELDS(Type, __VA_ARGS__)                                                                            \
  }                                                                                                                   \
  static void nx_list_every_data_member_in_NX_TREE_or_NX_TREE_STATIC_or_NX_IGNORE([[maybe_unused]] Type& self) {                                           \
    NX_EACH(NX_CHECK_MEMBER, __VA_ARGS__)                                                                             \
    [](auto& nx_self, auto nx_n) {                                                                                    \
      NX_TREE_ARITY_CHECK(decltype(nx_n)::value, nx_self); /* list every member: NX_TREE, _STATIC, _BUFFERS, NX_IGNORE */ \
    }(self, std::integral_constant<int, nx_tree_count + ::nx::tree::detail::listed_elsewhere<Type>()>{});             \
  }

/// The same for a struct that derives from a tree: the base's leaves come first, under their own paths. The struct must be
/// an aggregate (no constructors, no private members), so that a forgotten member is found.
#define NX_TREE_BASE(Type, Base, ...)                                                                                 \
  using nx_tree_owner = Type;                                                                                         \
  using nx_tree_base = Base;                                                                                          \
  [[maybe_unused]] static constexpr const char* nx_tree_name = #Type;                                                            \
  static constexpr int nx_tree_count = 0 NX_EACH(NX_COUNT_ONE, __VA_ARGS__);                                          \
  template <class NxSelf, class NxVisit>                                                                              \
  static void nx_tree_fields([[maybe_unused]] NxSelf& self, [[maybe_unused]] NxVisit&& visit) {                       \
    Base::nx_tree_fields(::nx::tree::detail::as_base<Base>(self), visit);                                             \
    NX_VISIT_OWN_FIELDS(Type, __VA_ARGS__)                                                                            \
  }                                                                                                                   \
  static void nx_list_every_data_member_in_NX_TREE_or_NX_TREE_STATIC_or_NX_IGNORE([[maybe_unused]] Type& self) {                                           \
    NX_EACH(NX_CHECK_MEMBER, __VA_ARGS__)                                                                             \
    static_assert(std::is_aggregate_v<Type>, "NX_TREE_BASE: the struct has constructors or private members; hold the " \
                                             "base as a member instead");                                             \
    static_assert(!std::is_aggregate_v<Type> || ::nx::tree::detail::initializers<Type>() ==                           \
                      1 + nx_tree_count + ::nx::tree::detail::listed_elsewhere<Type>(),                               \
                  "NX_TREE_BASE: list every data member in NX_TREE_BASE, NX_TREE_BUFFERS, NX_TREE_STATIC or "         \
                  "NX_IGNORE");                                                                                       \
  }

#define NX_VISIT_OWN_FIELDS(Type, ...)                                                                                \
  {                                                                                                                   \
    [[maybe_unused]] constexpr bool buffer = false;                                                                   \
    NX_EACH(NX_VISIT, __VA_ARGS__)                                                                                    \
  }                                                                                                                   \
  if constexpr (::nx::tree::detail::has_own_buffers<std::remove_const_t<NxSelf>>)                                       \
    std::remove_const_t<NxSelf>::nx_buffer_fields(self, visit);

/// Leaves that are state but not trained.
#define NX_TREE_BUFFERS(Type, ...)                                                                  \
  using nx_buffer_owner = Type;                                                                     \
  static constexpr int nx_buffer_count = 0 NX_EACH(NX_COUNT_ONE, __VA_ARGS__);                      \
  template <class NxSelf, class NxVisit>                                                            \
  static void nx_buffer_fields([[maybe_unused]] NxSelf& self, [[maybe_unused]] NxVisit&& visit) {   \
    [[maybe_unused]] constexpr bool buffer = true;                                                  \
    NX_EACH(NX_VISIT, __VA_ARGS__)                                                                  \
  }

/// Fields that belong to the structure: copied, compared and hashed, never transformed.
#define NX_TREE_STATIC(Type, ...)                                                                   \
  using nx_static_owner = Type;                                                                     \
  static constexpr int nx_static_count = 0 NX_EACH(NX_COUNT_ONE, __VA_ARGS__);                      \
  template <class NxSelf, class NxVisit>                                                            \
  static void nx_static_fields([[maybe_unused]] NxSelf& self, [[maybe_unused]] NxVisit&& visit) {   \
    NX_EACH(NX_VISIT_STATIC, __VA_ARGS__)                                                           \
  }

/// Fields that are none of these; transformations copy and never look at them.
#define NX_IGNORE(Type, ...)       \
  using nx_ignored_owner = Type;   \
  static constexpr int nx_ignored_count = 0 NX_EACH(NX_COUNT_ONE, __VA_ARGS__);

namespace nx::tree::detail {

// A derived struct inherits its base's lists: only those it declares itself are its own.
template <class T>
concept has_own_buffers = std::same_as<typename T::nx_buffer_owner, T>;
template <class T>
concept has_own_statics = std::same_as<typename T::nx_static_owner, T>;
template <class T>
concept has_own_ignored = std::same_as<typename T::nx_ignored_owner, T>;

template <class T>
constexpr int listed_elsewhere() {
  int count = 0;
  if constexpr (has_own_buffers<T>) count += T::nx_buffer_count;
  if constexpr (has_own_statics<T>) count += T::nx_static_count;
  if constexpr (has_own_ignored<T>) count += T::nx_ignored_count;
  return count;
}

template <class Base, class Self>
auto& as_base(Self& self) {
  if constexpr (std::is_const_v<Self>)
    return static_cast<const Base&>(self);
  else
    return static_cast<Base&>(self);
}

/// Stands for any initializer.
struct Anything {
  template <class T>
  operator T() const;
};
/// How many initializers an aggregate takes, its base being one.
template <class T, class... Given>
constexpr int initializers() {
  if constexpr (requires { T{Given()..., Anything()}; } && sizeof...(Given) < 128)
    return initializers<T, Given..., Anything>();
  else
    return sizeof...(Given);
}

}  // namespace nx::tree::detail
