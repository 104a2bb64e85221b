#pragma once
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

// ---- the declarations ------------------------------------------------------------------------------------------------

/// Leaves and nested trees of a struct, in order; they are parameters.
#define NX_TREE(Type, ...)                                                                                              \
  static constexpr int nx_tree_count = 0 NX_EACH(NX_COUNT_ONE, __VA_ARGS__);                                            \
  template <class NxSelf, class NxVisit>                                                                                \
  static void nx_tree_fields([[maybe_unused]] NxSelf& self, [[maybe_unused]] NxVisit&& visit) {                         \
    {                                                                                                                   \
      [[maybe_unused]] constexpr bool buffer = false;                                                                   \
      NX_EACH(NX_VISIT, __VA_ARGS__)                                                                                    \
    }                                                                                                                   \
    if constexpr (requires { NxSelf::nx_buffer_fields(self, visit); }) NxSelf::nx_buffer_fields(self, visit);           \
  }                                                                                                                     \
  static void nx_every_data_member_is_listed([[maybe_unused]] Type& self) {                                             \
    [](auto& nx_self, auto nx_n) {                                                                                      \
      NX_TREE_ARITY_CHECK(decltype(nx_n)::value, nx_self);                                                              \
    }(self, std::integral_constant<int, nx_tree_count + ::nx::tree::detail::listed_elsewhere<Type>()>{});               \
  }

/// Leaves that are state but not trained.
#define NX_TREE_BUFFERS(Type, ...)                                                                  \
  static constexpr int nx_buffer_count = 0 NX_EACH(NX_COUNT_ONE, __VA_ARGS__);                      \
  template <class NxSelf, class NxVisit>                                                            \
  static void nx_buffer_fields([[maybe_unused]] NxSelf& self, [[maybe_unused]] NxVisit&& visit) {   \
    [[maybe_unused]] constexpr bool buffer = true;                                                  \
    NX_EACH(NX_VISIT, __VA_ARGS__)                                                                  \
  }

/// Fields that belong to the structure: copied, compared and hashed, never transformed.
#define NX_TREE_STATIC(Type, ...)                                                                   \
  static constexpr int nx_static_count = 0 NX_EACH(NX_COUNT_ONE, __VA_ARGS__);                      \
  template <class NxSelf, class NxVisit>                                                            \
  static void nx_static_fields([[maybe_unused]] NxSelf& self, [[maybe_unused]] NxVisit&& visit) {   \
    NX_EACH(NX_VISIT_STATIC, __VA_ARGS__)                                                           \
  }

/// Fields that are none of these; transformations copy and never look at them.
#define NX_IGNORE(Type, ...) static constexpr int nx_ignored_count = 0 NX_EACH(NX_COUNT_ONE, __VA_ARGS__);

namespace nx::tree::detail {
template <class T>
constexpr int listed_elsewhere() {
  int count = 0;
  if constexpr (requires { T::nx_buffer_count; }) count += T::nx_buffer_count;
  if constexpr (requires { T::nx_static_count; }) count += T::nx_static_count;
  if constexpr (requires { T::nx_ignored_count; }) count += T::nx_ignored_count;
  return count;
}
}  // namespace nx::tree::detail
