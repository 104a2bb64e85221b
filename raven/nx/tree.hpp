#pragma once
// Trees: plain structs whose arrays transformations can find. Inside a struct, type name first:
//
//   struct Linear {
//     nx::Array weight, bias;
//     int64_t features = 0;
//     NX_TREE(Linear, weight, bias)         // leaves and nested trees, in this order
//     NX_TREE_STATIC(Linear, features)      // fields that belong to the structure
//   };
//
// Every data member must be in one of NX_TREE, NX_TREE_BUFFERS, NX_TREE_STATIC, NX_IGNORE: a forgotten one is a compile
// error. Leaves are Arrays; an empty handle is an absent leaf. Members of trees may be std::vector, array, pair, tuple,
// optional, map and unordered_map with string keys (sorted by key), variant (the alternative it holds is structure), and
// unique_ptr or shared_ptr to a tree. A shared_ptr is a value here: changing leaves through a tree copies what others share.
#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "raven/nx/array.hpp"
#include "raven/nx/tree_arity.hpp"
#include "raven/nx/tree_macros.hpp"

namespace nx::tree {

/// param: trained; buffer: state that is not.
enum class Role : uint8_t { param, buffer };

/// Where a leaf sits: a chain of names and indices, printed only when asked.
struct PathNode {
  const PathNode* parent = nullptr;
  std::string_view name;
  int64_t index = -1;  ///< used when name is empty
};
/// `layers.0.weight`.
RAVEN_API std::string path_string(const PathNode* node);

/// What is known of a leaf besides its value.
struct LeafInfo {
  std::string path;
  Shape shape;
  DType dtype = DType::f64;
  Role role = Role::param;
};

namespace detail {

template <class T>
concept Declared = requires { std::remove_cvref_t<T>::nx_tree_count; };
template <class T>
concept VectorLike = requires(T t) {
  t.begin();
  t.end();
  t.size();
  t.push_back(std::declval<typename T::value_type>());
} && !std::same_as<T, std::string>;
template <class T>
concept MapLike = requires { typename T::mapped_type; typename T::key_type; };
template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; };
template <class T>
concept VariantLike = requires(const T t) {
  t.index();
  t.valueless_by_exception();
};
template <class T>
concept SharedPointer = requires(const T t) {
  typename T::element_type;
  t.use_count();
  *t;
};
template <class T>
concept Nullable = requires(T t) {
  static_cast<bool>(t);
  *t;
} && !std::same_as<T, Array> && !std::is_pointer_v<T> && !std::is_array_v<T>;

template <class T>
struct always_false : std::false_type {};

/// False for numbers, enums and strings, and for containers of them: what belongs into NX_TREE_STATIC.
template <class T>
constexpr bool may_hold_leaves() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || std::same_as<T, std::string> || std::same_as<T, std::string_view>)
    return false;
  else if constexpr (Declared<T> || std::same_as<T, Array>)
    return true;
  else if constexpr (MapLike<T>)
    return may_hold_leaves<typename T::mapped_type>();
  else if constexpr (VectorLike<T>)
    return may_hold_leaves<typename T::value_type>();
  else
    return true;  // for_each_leaf says more when it comes by
}

/// `visit(name, field)` on the static fields of a declared struct, those of its bases first.
template <class T, class Visit>
void for_each_static(const T& tree, const Visit& visit) {
  if constexpr (requires { typename T::nx_tree_base; })
    if constexpr (!std::same_as<typename T::nx_tree_base, T>)
      for_each_static<typename T::nx_tree_base>(tree, visit);
  if constexpr (has_own_statics<T>) T::nx_static_fields(tree, visit);
}

/// The text in an array of characters: up to its zero, if there is one.
template <size_t n>
std::string_view text_of(const char (&characters)[n]) {
  const std::string_view all(characters, n);
  return all.substr(0, all.find('\0'));
}

/// Order of the keys of an unordered map.
RAVEN_API std::vector<size_t> sorted_order(const std::vector<std::string_view>& keys);

/// Calls `visit(key, value)` in ascending order of the keys.
template <class Map, class Visit>
void for_each_entry(Map& map, Visit&& visit) {
  if constexpr (requires { typename Map::hasher; }) {
    std::vector<std::string_view> keys;
    std::vector<decltype(&map.begin()->second)> values;
    for (auto& [key, value] : map) {
      keys.push_back(key);
      values.push_back(&value);
    }
    for (const size_t i : sorted_order(keys)) visit(keys[i], *values[i]);
  } else {
    for (auto& [key, value] : map) visit(std::string_view(key), value);
  }
}

/// What a pointer or optional holds, to be read (const tree) or changed: changing what others share copies it first.
template <class T>
auto& pointee(T& pointer) {
  if constexpr (std::is_const_v<T>) {
    return std::as_const(*pointer);
  } else {
    if constexpr (SharedPointer<T>)
      if (pointer.use_count() > 1) pointer = std::make_shared<typename T::element_type>(std::as_const(*pointer));
    return *pointer;
  }
}

}  // namespace detail

namespace detail {
/// `f` on the alternative that a variant holds; std::visit is found through its argument, without its header here.
template <class Variant, class F>
void visit_alternative(Variant& variant, F&& f) {
  if (!variant.valueless_by_exception()) visit(f, variant);
}
}  // namespace detail

/// Calls `visit(Array& leaf, const PathNode* path, Role role)` on every leaf in declaration order. Works on const trees
/// (the leaf is const then).
template <class T, class Visit>
void for_each_leaf(T& tree, Visit&& visit, const PathNode* path = nullptr, Role role = Role::param) {
  using Plain = std::remove_cv_t<T>;
  if constexpr (std::same_as<Plain, Array>) {
    visit(tree, path, role);
  } else if constexpr (detail::Declared<Plain>) {
    if constexpr (requires { typename Plain::nx_tree_owner; })
      static_assert(std::same_as<typename Plain::nx_tree_owner, Plain>,
                    "NX_TREE: this struct derives from a tree; declare NX_TREE_BASE(Type, Base, members…) in it");
    Plain::nx_tree_fields(tree, [&](std::string_view name, auto& field, bool buffer) {
      const PathNode node{path, name, -1};
      for_each_leaf(field, visit, &node, buffer ? Role::buffer : role);
    });
  } else if constexpr (detail::MapLike<Plain>) {
    detail::for_each_entry(tree, [&](std::string_view key, auto& value) {
      const PathNode node{path, key, -1};
      for_each_leaf(value, visit, &node, role);
    });
  } else if constexpr (detail::VectorLike<Plain>) {
    int64_t index = 0;
    for (auto& item : tree) {
      const PathNode node{path, {}, index++};
      for_each_leaf(item, visit, &node, role);
    }
  } else if constexpr (detail::TupleLike<Plain>) {
    [&]<size_t... i>(std::index_sequence<i...>) {
      const auto one = [&](auto& item, int64_t index) {
        const PathNode node{path, {}, index};
        for_each_leaf(item, visit, &node, role);
      };
      (one(std::get<i>(tree), static_cast<int64_t>(i)), ...);
    }(std::make_index_sequence<std::tuple_size_v<Plain>>{});
  } else if constexpr (detail::VariantLike<Plain>) {
    detail::visit_alternative(tree, [&](auto& alternative) { for_each_leaf(alternative, visit, path, role); });
  } else if constexpr (detail::Nullable<Plain>) {
    if (tree) for_each_leaf(detail::pointee(tree), visit, path, role);
  } else if constexpr (std::is_empty_v<Plain>) {
    // nothing to find
  } else {
    static_assert(detail::always_false<Plain>::value,
                  "NX_TREE: this member is neither an nx::Array nor a tree of them; list it with "
                  "NX_TREE_STATIC(Type, member), which copies, compares and hashes it but never transforms it");
  }
}

/// True for what for_each_leaf accepts.
template <class T>
concept IsTree = std::same_as<std::remove_cvref_t<T>, Array> || detail::Declared<std::remove_cvref_t<T>> ||
                 detail::MapLike<std::remove_cvref_t<T>> || detail::VectorLike<std::remove_cvref_t<T>> ||
                 detail::TupleLike<std::remove_cvref_t<T>> || detail::VariantLike<std::remove_cvref_t<T>> ||
                 detail::Nullable<std::remove_cvref_t<T>>;

/// Handles of all leaves, absent ones included.
template <class T>
std::vector<Array> leaves(const T& tree) {
  std::vector<Array> out;
  for_each_leaf(tree, [&](const Array& leaf, const PathNode*, Role) { out.push_back(leaf); });
  return out;
}
/// Paths of all leaves.
template <class T>
std::vector<std::string> paths(const T& tree) {
  std::vector<std::string> out;
  for_each_leaf(tree, [&](const Array&, const PathNode* path, Role) { out.push_back(path_string(path)); });
  return out;
}
/// Path, shape, dtype and role of all leaves.
template <class T>
std::vector<LeafInfo> infos(const T& tree) {
  std::vector<LeafInfo> out;
  for_each_leaf(tree, [&](const Array& leaf, const PathNode* path, Role role) {
    out.push_back({path_string(path), leaf.shape(), leaf.dtype(), role});
  });
  return out;
}

namespace detail {
/// Throws TreeMismatchError when the number of leaves differs or the paths do, naming the first difference.
RAVEN_API void check_same(const char* name, const std::vector<std::string>& a, const std::vector<std::string>& b);
/// path_string(node) == path, without making the string.
RAVEN_API bool is_path(const PathNode* node, std::string_view path);
/// Throws as check_same unless b's leaves have the paths `expected`, in that order.
template <class B>
void require_paths(const char* name, const std::vector<std::string>& expected, const B& b) {
  size_t at = 0;
  bool same = true;
  for_each_leaf(b, [&](const Array&, const PathNode* path, Role) {
    same = same && at < expected.size() && is_path(path, expected[at]);
    ++at;
  });
  if (!same || at != expected.size()) check_same(name, expected, paths(b));
}
/// Throws as check_same unless the leaves of both have the same paths.
template <class A, class B>
void require_same(const char* name, const A& a, const B& b) {
  if constexpr (!std::same_as<A, Array> || !std::same_as<B, Array>) require_paths(name, paths(a), b);
}
}  // namespace detail

/// A copy of `like` with its leaves replaced in order. Throws TreeMismatchError when the count differs.
template <class T>
T unflatten(const T& like, std::vector<Array> values) {
  T out = like;
  size_t at = 0;
  for_each_leaf(out, [&](Array& leaf, const PathNode*, Role) {
    if (at < values.size()) leaf = std::move(values[at]);
    ++at;
  });
  if (at != values.size())
    detail::check_same("nx.tree.unflatten", paths(like), std::vector<std::string>(values.size(), "a leaf"));
  return out;
}

/// f on every present leaf: `f(leaf)` or `f(leaf, LeafInfo)`.
template <class T, class F>
T map(F&& f, const T& tree) {
  T out = tree;
  for_each_leaf(out, [&](Array& leaf, const PathNode* path, Role role) {
    if (!leaf.defined()) return;
    if constexpr (requires { f(leaf); })
      leaf = f(static_cast<const Array&>(leaf));
    else
      leaf = f(static_cast<const Array&>(leaf), LeafInfo{path_string(path), leaf.shape(), leaf.dtype(), role});
  });
  return out;
}
/// f(leaf of a, leaf of b) where both are present; absent where a's is. Structures must agree (TreeMismatchError).
template <class T, class U, class F>
T map2(F&& f, const T& a, const U& b) {
  detail::require_same("nx.tree.map2", a, b);
  const std::vector<Array> other = leaves(b);
  T out = a;
  size_t at = 0;
  for_each_leaf(out, [&](Array& leaf, const PathNode*, Role) {
    const Array& mate = other[at++];
    if (leaf.defined() && mate.defined()) leaf = f(static_cast<const Array&>(leaf), mate);
  });
  return out;
}

/// Σ of leaf sizes; bytes.
template <class T>
int64_t count_params(const T& tree) {
  int64_t n = 0;
  for_each_leaf(tree, [&](const Array& leaf, const PathNode*, Role) { n += leaf.size(); });
  return n;
}
template <class T>
int64_t nbytes(const T& tree) {
  int64_t n = 0;
  for_each_leaf(tree, [&](const Array& leaf, const PathNode*, Role) { n += leaf.nbytes(); });
  return n;
}

}  // namespace nx::tree
