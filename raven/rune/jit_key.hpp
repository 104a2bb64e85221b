#pragma once
// What tells one signature of a jitted function from another: types, structure and static values as bytes, leaves
// apart.
#include <cfloat>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "raven/nx/tree.hpp"

namespace rune {

/// An argument of a jitted function that belongs to its signature although its type would count as a tree: a list of
/// numbers, say. Converts to what it holds. Numbers, enums and strings are static without it.
template <class T>
struct Static {
  T value;
  operator const T&() const { return value; }
};

namespace detail {

namespace tree_detail = nx::tree::detail;

/// One array of the arguments. `donated`: the caller gave up the handle.
struct JitLeaf {
  nx::Array* array;
  bool donated;
};
/// One call's signature and its arrays, absent ones included, in tree order.
struct JitArguments {
  std::string key;
  std::vector<JitLeaf> leaves;
};

template <class T>
struct is_static : std::false_type {};
template <class T>
struct is_static<Static<T>> : std::true_type {};

/// Its address tells types apart within a process.
template <class... T>
inline constexpr char type_tag = 0;

template <class T>
void append_bytes(std::string& key, const T& value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline void append_text(std::string& key, std::string_view text) {
  append_bytes(key, text.size());
  key.append(text);
}

template <class T>
void append_tree(JitArguments& arguments, const T& tree, bool donated);

/// A static value, exactly.
template <class T>
void append_static(std::string& key, const T& value) {
  if constexpr (is_static<T>::value) {
    append_static(key, value.value);
  } else if constexpr (std::is_same_v<T, long double> && LDBL_MANT_DIG == 64) {
    key.append(reinterpret_cast<const char*>(&value), 10);  // what follows is padding, which holds anything
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    append_bytes(key, value);
  } else if constexpr (requires { tree_detail::text_of(value); }) {
    append_text(key, tree_detail::text_of(value));
  } else if constexpr (std::is_array_v<T>) {
    append_bytes(key, std::extent_v<T>);
    for (const auto& item : value) append_static(key, item);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    append_text(key, value);
  } else if constexpr (tree_detail::Declared<T>) {
    JitArguments inner;
    append_tree(inner, value, false);
    key += inner.key;
  } else if constexpr (tree_detail::MapLike<T>) {
    append_bytes(key, value.size());
    tree_detail::for_each_entry(value, [&](std::string_view name, const auto& item) {
      append_text(key, name);
      append_static(key, item);
    });
  } else if constexpr (requires {
                         value.begin();
                         value.end();
                         value.size();
                       } && !std::is_same_v<T, nx::Array>) {
    append_bytes(key, static_cast<uint64_t>(value.size()));
    for (const auto& item : value) append_static(key, static_cast<std::remove_cvref_t<decltype(item)>>(item));
  } else if constexpr (tree_detail::TupleLike<T>) {
    std::apply([&](const auto&... item) { (append_static(key, item), ...); }, value);
  } else if constexpr (tree_detail::Nullable<T>) {
    append_bytes(key, static_cast<bool>(value));
    if (value) append_static(key, *value);
  } else {
    static_assert(
        tree_detail::always_false<T>::value,
        "rune::jit: an argument or static field must be a number, an enum, a string or a container of these, so that "
        "calls can be compared; give arrays as nx::Array or trees of them, and list what does not matter with "
        "NX_IGNORE(Type, member)");
  }
}

/// Structure bytes and leaves of a tree. Names of fields belong to the type, unless the type lists its fields by hand.
template <class T>
void append_tree(JitArguments& arguments, const T& tree, bool donated) {
  std::string& key = arguments.key;
  if constexpr (std::same_as<T, nx::Array>) {
    // Member by member: a pair that is put together first and copied at once stalls on its own stores.
    JitLeaf& leaf = arguments.leaves.emplace_back();
    leaf.array = const_cast<nx::Array*>(&tree);
    leaf.donated = donated;
  } else if constexpr (tree_detail::Declared<T>) {
    constexpr bool fixed_names = requires { typename T::nx_tree_owner; };
    T::nx_tree_fields(tree, [&](std::string_view name, const auto& field, bool) {
      if constexpr (!fixed_names) append_text(key, name);
      append_tree(arguments, field, donated);
    });
    if constexpr (!fixed_names) append_text(key, "}");
    tree_detail::for_each_static(tree, [&](std::string_view, const auto& field) { append_static(key, field); });
  } else if constexpr (tree_detail::MapLike<T>) {
    append_bytes(key, tree.size());
    tree_detail::for_each_entry(tree, [&](std::string_view name, const auto& value) {
      append_text(key, name);
      append_tree(arguments, value, donated);
    });
  } else if constexpr (tree_detail::VectorLike<T>) {
    append_bytes(key, tree.size());
    for (const auto& item : tree) append_tree(arguments, item, donated);
  } else if constexpr (tree_detail::TupleLike<T>) {
    std::apply([&](const auto&... item) { (append_tree(arguments, item, donated), ...); }, tree);
  } else if constexpr (tree_detail::VariantLike<T>) {
    append_bytes(key, tree.index());
    tree_detail::visit_alternative(tree,
                                   [&](const auto& alternative) { append_tree(arguments, alternative, donated); });
  } else if constexpr (tree_detail::Nullable<T>) {
    append_bytes(key, static_cast<bool>(tree));
    // What a shared pointer points to is not the caller's alone.
    if (tree) append_tree(arguments, std::as_const(*tree), donated && !tree_detail::SharedPointer<T>);
  } else if constexpr (!std::is_empty_v<T>) {
    append_static(key, tree);
  }
}

/// Whether an argument's arrays are looked for; others are static.
template <class T>
inline constexpr bool has_leaves = nx::tree::IsTree<T> && !is_static<T>::value && !std::is_arithmetic_v<T> &&
                                   !std::is_convertible_v<const T&, std::string_view>;

template <class T>
void append_argument(JitArguments& arguments, const T& argument, bool donated) {
  if constexpr (has_leaves<T>)
    append_tree(arguments, argument, donated);
  else
    append_static(arguments.key, argument);
}

}  // namespace detail
}  // namespace rune
