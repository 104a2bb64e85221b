#pragma once
// Reverse rules: from the cotangent of an op's results to those of its operands. One row per op, in a file per family.
// Rules are written with nx functions, so they are differentiable themselves. Not installed.
#include <span>

#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/gateway.hpp"

namespace rune::vjp_rule {

using nx::Array;

/// What a rule keeps of a call until the backward pass. Bit i stands for operand (result) i.
struct Keep {
  uint32_t values = 0;   ///< operands whose values the rule reads
  uint32_t results = 0;  ///< results whose values it reads
  uint32_t shapes = 0;   ///< operands of which the shape is enough; all_shapes for any number
};
inline constexpr uint32_t all_shapes = ~0u;

struct PullAccess;

/// One op of the backward pass.
class Pull {
 public:
  /// Attributes of the op.
  template <class A>
  const A& as() const {
    return static_cast<const A&>(*attrs_);
  }
  int operands() const { return operands_; }
  /// Whether operand i wants a cotangent. Ops with more than 64 operands have them of one dtype.
  bool needs(int i) const { return i < 64 ? (needed_ >> i & 1) != 0 : ids_[i] >= 0; }
  /// Whether the tape follows operand i (compiled calls, which may have more operands than `needs` knows).
  bool follows(int i) const { return ids_[i] >= 0; }
  /// Whether the tape follows result i.
  bool is_followed_result(int i) const { return ids_[operands_ + i] >= 0; }
  int results() const { return static_cast<int>(cotangents_.size()); }
  /// What a compiled call kept for its backward half.
  std::span<const Array> residuals() const { return {saved_, saved_count_}; }
  /// Kept operand, kept result, kept shape.
  const Array& in(int i) const { return saved_[i]; }
  const Array& out(int i = 0) const { return saved_[operands_ + i]; }
  const nx::Shape& shape(int i = 0) const { return shapes_[i]; }
  /// dtype of operand 0.
  nx::DType operand_dtype() const { return operand_dtype_; }
  /// Cotangent of result i; zeros when nothing flowed into it.
  const Array& ct(int i = 0);
  /// False when nothing flowed into result i.
  bool has_ct(int i) const { return cotangents_[i].defined(); }

  /// Adds to the cotangent of operand i.
  void emit(int i, Array cotangent);
  /// Adds to a part of it (x[start:stop:step] per axis): accumulated in place, so a loop over slices stays linear.
  void emit_region(int i, const nx::Dims& starts, const nx::Dims& stops, const nx::Dims& steps, const Array& cotangent);

 private:
  friend struct PullAccess;
  const nx::Attrs* attrs_ = nullptr;
  int operands_ = 0;
  nx::DType operand_dtype_ = nx::DType::f64;
  uint64_t needed_ = 0;
  const Array* saved_ = nullptr;
  size_t saved_count_ = 0;
  const nx::Shape* shapes_ = nullptr;
  std::span<Array> cotangents_;
  std::span<const nx::Aval> result_avals_;
  const int32_t* ids_ = nullptr;
  Array* slots_ = nullptr;
};

struct Rule {
  /// Null: the derivative is zero everywhere (comparisons, rounding), or `decompose` is set.
  void (*pull)(Pull&) = nullptr;
  /// Which values to keep for the operands that want a cotangent. Null: none.
  Keep (*keep)(uint64_t needed, const nx::Attrs& attrs) = nullptr;
  /// Composite without a rule of its own: differentiate its decomposition.
  bool decompose = false;
};

/// Zero derivative.
inline constexpr Rule zero{};
inline constexpr Rule by_decomposition{nullptr, nullptr, true};

namespace keep {
inline Keep operands(uint64_t, const nx::Attrs&) { return {~0u, 0, 0}; }
inline Keep result(uint64_t, const nx::Attrs&) { return {0, 1, 0}; }
inline Keep shapes(uint64_t, const nx::Attrs&) { return {0, 0, all_shapes}; }
/// Of two operands each needs the other one only: x·y.
inline Keep other(uint64_t needed, const nx::Attrs&) { return {static_cast<uint32_t>((needed & 1) << 1 | (needed >> 1 & 1)), 0, 0}; }
inline Keep first(uint64_t, const nx::Attrs&) { return {1, 0, 0}; }
}  // namespace keep

#define PRIMITIVE(name, ...) extern const Rule name;
#define HIGHER_ORDER(name, ...) extern const Rule name;
#define COMPOSITE(name, ...) extern const Rule name;
#include "raven/nx/op.def"

/// Row of an op.
const Rule& rule_of(nx::Op op);

}  // namespace rune::vjp_rule
