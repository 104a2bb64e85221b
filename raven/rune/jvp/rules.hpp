#pragma once
// Forward rules: from the tangents of an op's operands to those of its results. One row per op, in a file per family.
// Not installed.
#include <span>

#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/gateway.hpp"

namespace rune::jvp_rule {

using nx::Array;

/// One op pushed forward. An undefined tangent is zero.
struct Push {
  nx::Op op;
  const nx::Attrs& attrs;
  std::span<const Array> in;       ///< primal operands
  std::span<const Array> tangent;  ///< their tangents
  std::span<const Array> out;      ///< primal results
  std::span<Array> result;         ///< tangents of the results, to be set; undefined: zero

  template <class A>
  const A& as() const {
    return static_cast<const A&>(attrs);
  }
  bool has(int i) const { return tangent[static_cast<size_t>(i)].defined(); }
  const Array& x(int i = 0) const { return in[static_cast<size_t>(i)]; }
  const Array& y() const { return out[0]; }
  const Array& t(int i = 0) const { return tangent[static_cast<size_t>(i)]; }
  /// The tangent of operand i, or zeros.
  Array t_or_zeros(int i) const;
  /// Adds a term to the tangent of the only result.
  void add(Array term) const { result[0] = result[0].defined() ? nx::add(std::move(result[0]), term) : std::move(term); }
};

struct Rule {
  /// Null: the derivative is zero, or `decompose` is set.
  void (*push)(const Push&) = nullptr;
  bool decompose = false;
};
inline constexpr Rule zero{};
inline constexpr Rule by_decomposition{nullptr, true};
/// The op is linear in its only operand: the tangent of the result is the op of the tangent.
void push_linear(const Push& p);
inline constexpr Rule linear{&push_linear};

#define PRIMITIVE(name, ...) extern const Rule name;
#define HIGHER_ORDER(name, ...) extern const Rule name;
#define COMPOSITE(name, ...) extern const Rule name;
#include "raven/nx/op.def"

/// Row of an op.
const Rule& rule_of(nx::Op op);

}  // namespace rune::jvp_rule
