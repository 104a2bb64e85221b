#pragma once
// Types that option structs share.
#include <concepts>
#include <cstdint>
#include <initializer_list>

#include "raven/nx/array.hpp"
#include "raven/nx/attrs.hpp"

namespace nx {

namespace detail {
/// First member of every option struct: positional braces then never compile, so `{.axis = 0}` is the only spelling.
struct Named {
  explicit Named() = default;
};
/// What braces of positional options become, to be refused by name.
struct PositionalOptions {
  template <class A, class B, class... More>
  PositionalOptions(const A&, const B&, const More&...);
};
}  // namespace detail

/// Which axes: nothing for all of them, one integer, or a list; negative axes count from the end.
class Axes {
 public:
  Axes() noexcept : all_(true) {}
  template <std::integral T>
  Axes(T axis) : all_(false), list_{detail::saturated(axis)} {}
  Axes(std::initializer_list<int64_t> axes) : all_(false), list_(axes) {}
  explicit Axes(const Dims& axes) : all_(false), list_(axes) {}
  bool all() const noexcept { return all_; }
  const Dims& list() const noexcept { return list_; }

 private:
  bool all_;
  Dims list_;
};

/// A dtype, or nothing.
class MaybeDType {
 public:
  MaybeDType() = default;
  MaybeDType(DType dtype) : set_(true), dtype_(dtype) {}
  bool has_value() const { return set_; }
  DType value_or(DType other) const { return set_ ? dtype_ : other; }

 private:
  bool set_ = false;
  DType dtype_ = DType::f64;
};

/// A number, or nothing.
class MaybeNumber {
 public:
  MaybeNumber() = default;
  template <class T>
    requires(std::integral<T> || std::floating_point<T>)
  MaybeNumber(T value) : set_(true) {
    if constexpr (std::floating_point<T>)
      value_ = Scalar::from(static_cast<double>(value));
    else if constexpr (std::same_as<T, bool>)
      value_ = Scalar::from(value);
    else if constexpr (std::unsigned_integral<T>)
      value_ = Scalar::from(static_cast<uint64_t>(value));
    else
      value_ = Scalar::from(static_cast<int64_t>(value));
  }
  bool has_value() const { return set_; }
  const Scalar& value() const { return value_; }

 private:
  bool set_ = false;
  Scalar value_;
};

struct DTypeOpts {
  detail::Named _named{};
  MaybeDType dtype{};
};

/// Options of argmax, argmin and logsumexp.
struct ReduceOpts {
  detail::Named _named{};
  Axes axis{};            ///< axes to reduce; all by default
  bool keepdims = false;  ///< reduced axes stay with extent 1
};
/// Options of sum and prod.
struct SumOpts {
  detail::Named _named{};
  Axes axis{};
  bool keepdims = false;
  MaybeDType dtype{};     ///< of the result, and what the operand becomes first; default: NumPy's rule
  MaybeNumber initial{};  ///< one more term (factor)
  Array where{};          ///< b1, broadcast to the operand: which elements count; all by default
};
/// Options of mean.
struct MeanOpts {
  detail::Named _named{};
  Axes axis{};
  bool keepdims = false;
  MaybeDType dtype{};
  Array where{};
};
/// Options of max and min.
struct ExtremumOpts {
  detail::Named _named{};
  Axes axis{};
  bool keepdims = false;
  MaybeNumber initial{};  ///< one more candidate, and the result where no element counts
  Array where{};          ///< needs an initial value
};
/// Options of any and all.
struct TruthOpts {
  detail::Named _named{};
  Axes axis{};
  bool keepdims = false;
  Array where{};
};

struct LinspaceOpts {
  detail::Named _named{};
  bool endpoint = true;  ///< the last element is `stop` itself
  MaybeDType dtype{};
};
/// Options of eye and tri.
struct EyeOpts {
  detail::Named _named{};
  int64_t m = -1;  ///< columns; −1: as many as rows
  int64_t k = 0;   ///< diagonal: 0 the main one, above it positive
  MaybeDType dtype{};
};

/// Options of var and std.
struct VarOpts {
  detail::Named _named{};
  Axes axis{};
  bool keepdims = false;
  int64_t ddof = 0;  ///< divides by n − ddof: 0 for a population, 1 for a sample
  Array where{};     ///< b1, broadcast to the operand: which elements count; all by default
};

}  // namespace nx
