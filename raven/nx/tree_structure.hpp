#pragma once
// The structure of a tree: everything but the values of its leaves. Comparable, hashable, printable.
#include <cstring>
#include <string>

#include "raven/nx/tree.hpp"

namespace nx::tree {

/// Types, names, lengths, which leaves are present, which alternative a variant holds, and the static fields:
/// `Linear{weight: *, bias: -; features = 3}` with `*` for an array and `-` for an absent one.
class RAVEN_API Structure {
 public:
  explicit Structure(std::string text) : text_(std::move(text)) {}
  const std::string& str() const noexcept { return text_; }
  /// 64 bits of the text: the same in every run.
  uint64_t hash() const noexcept;
  friend bool operator==(const Structure&, const Structure&) = default;

 private:
  std::string text_;
};

namespace detail {

RAVEN_API void append_quoted(std::string& out, std::string_view text);
RAVEN_API void append_integer(std::string& out, int64_t value);
RAVEN_API void append_unsigned(std::string& out, uint64_t value);
/// Shortest decimal, with the bits behind it where decimals would not tell them apart (NaN).
RAVEN_API void append_real(std::string& out, double value);

template <class T>
void append_structure(std::string& out, const T& tree);

/// A static field, exactly.
template <class T>
void append_static(std::string& out, const T& value) {
  if constexpr (std::is_enum_v<T>) {
    append_static(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    append_real(out, static_cast<double>(value));
  } else if constexpr (std::is_unsigned_v<T>) {
    append_unsigned(out, value);
  } else if constexpr (std::is_integral_v<T>) {
    append_integer(out, value);
  } else if constexpr (requires { text_of(value); }) {
    append_quoted(out, text_of(value));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    append_quoted(out, value);
  } else if constexpr (Declared<T>) {
    append_structure(out, value);
  } else if constexpr (MapLike<T>) {
    out += '{';
    for_each_entry(value, [&](std::string_view key, const auto& item) {
      append_quoted(out, key);
      out += ": ";
      append_static(out, item);
      out += ", ";
    });
    out += '}';
  } else if constexpr (std::is_array_v<T> ||
                       (requires { value.begin(); value.end(); } && !std::is_same_v<T, Array>)) {
    out += '[';
    for (const auto& item : value) {
      append_static(out, static_cast<std::remove_cvref_t<decltype(item)>>(item));
      out += ", ";
    }
    out += ']';
  } else if constexpr (TupleLike<T>) {
    out += '(';
    std::apply([&](const auto&... item) { ((append_static(out, item), out += ", "), ...); }, value);
    out += ')';
  } else if constexpr (Nullable<T>) {
    if (value)
      append_static(out, *value);
    else
      out += '-';
  } else {
    static_assert(always_false<T>::value,
                  "NX_TREE_STATIC: the field must be a number, an enum, a string or a container of these, so that structures "
                  "can be compared; list it with NX_IGNORE(Type, member) when it does not matter");
  }
}

template <class T>
void append_declared(std::string& out, const T& tree) {
  if constexpr (requires { T::nx_tree_name; }) out += T::nx_tree_name;
  out += '{';
  T::nx_tree_fields(tree, [&](std::string_view name, const auto& field, bool buffer) {
    out.append(name).append(buffer ? " (buffer): " : ": ");
    append_structure(out, field);
    out += ", ";
  });
  for_each_static(tree, [&](std::string_view name, const auto& field) {
    out.append(name).append(" = ");
    append_static(out, field);
    out += ", ";
  });
  out += '}';
}

template <class T>
void append_structure(std::string& out, const T& tree) {
  if constexpr (std::same_as<T, Array>) {
    out += tree.defined() ? '*' : '-';
  } else if constexpr (Declared<T>) {
    append_declared(out, tree);
  } else if constexpr (MapLike<T>) {
    out += '{';
    for_each_entry(tree, [&](std::string_view key, const auto& value) {
      append_quoted(out, key);
      out += ": ";
      append_structure(out, value);
      out += ", ";
    });
    out += '}';
  } else if constexpr (VectorLike<T>) {
    out += '[';
    for (const auto& item : tree) {
      append_structure(out, item);
      out += ", ";
    }
    out += ']';
  } else if constexpr (TupleLike<T>) {
    out += '(';
    std::apply([&](const auto&... item) { ((append_structure(out, item), out += ", "), ...); }, tree);
    out += ')';
  } else if constexpr (VariantLike<T>) {
    out += '<';
    append_unsigned(out, tree.index());
    out += "> ";
    visit_alternative(tree, [&](const auto& alternative) { append_structure(out, alternative); });
  } else if constexpr (Nullable<T>) {
    if (tree) {
      out += '&';
      append_structure(out, pointee(tree));
    } else {
      out += '-';
    }
  }
}

}  // namespace detail

/// The structure of a tree. JAX: tree_structure. Time linear in leaves and static fields.
template <class T>
Structure structure(const T& tree) {
  std::string text;
  detail::append_structure(text, tree);
  return Structure(std::move(text));
}

}  // namespace nx::tree
