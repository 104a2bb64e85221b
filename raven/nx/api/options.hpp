#pragma once
// Types that option structs share.
#include <concepts>
#include <cstdint>
#include <initializer_list>

#include "raven/nx/dims.hpp"
#include "raven/nx/dtype.hpp"

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
  Axes(T axis) : all_(false), list_{static_cast<int64_t>(axis)} {}
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

struct DTypeOpts {
  detail::Named _named{};
  MaybeDType dtype{};
};

/// Options of reductions.
struct ReduceOpts {
  detail::Named _named{};
  Axes axis{};            ///< axes to reduce; all by default
  bool keepdims = false;  ///< reduced axes stay with extent 1
  MaybeDType dtype{};     ///< of the result; default: NumPy's rule for sums and products, the operand's otherwise
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
};

}  // namespace nx
