#pragma once
// Making arrays.
#include <initializer_list>
#include <span>
#include <vector>

#include "raven/nx/api/options.hpp"
#include "raven/nx/gateway.hpp"

namespace nx {

namespace detail {
/// Copies `count` elements; throws ShapeError when the shape has another count.
RAVEN_API Array array_from(const void* values, size_t count, DType dtype, const Shape& shape);
RAVEN_API Array adopt_vector(void* data, DType dtype, const Shape& shape, void (*deleter)(void*, void*) noexcept, void* owner);
template <class T>
concept Number = std::integral<T> || std::floating_point<T>;
}  // namespace detail

/// Every element is `value`. dtype: by default of the value (real → default float, integer → i64, bool → b1).
RAVEN_API Array full(const Shape& shape, const Operand& value, const DTypeOpts& options = {});
/// Zeros or ones of the default float unless a dtype is named.
RAVEN_API Array zeros(const Shape& shape, const DTypeOpts& options = {});
RAVEN_API Array ones(const Shape& shape, const DTypeOpts& options = {});
/// The same with x's shape and dtype.
RAVEN_API Array zeros_like(const Array& x);
RAVEN_API Array ones_like(const Array& x);
/// Every element is `value`, with x's shape and dtype. NumPy: full_like.
RAVEN_API Array full_like(const Array& x, const Operand& value);
/// Elements of any value, to be overwritten; zeros under a transformation. NumPy: empty.
RAVEN_API Array empty(const Shape& shape, const DTypeOpts& options = {});

/// start, start + step, … below stop: ⌈(stop − start) / step⌉ elements, element i = start + i·((start + step) − start).
/// dtype: i64 when all three are integers, else the default float. Throws ValueError for step 0. NumPy: arange.
RAVEN_API Array arange(const Operand& stop, const DTypeOpts& options = {});
RAVEN_API Array arange(const Operand& start, const Operand& stop, const DTypeOpts& options = {});
RAVEN_API Array arange(const Operand& start, const Operand& stop, const Operand& step, const DTypeOpts& options = {});
/// `count` numbers from start to stop, equally far apart; integer dtypes round down. NumPy: linspace.
RAVEN_API Array linspace(double start, double stop, int64_t count, const LinspaceOpts& options = {});
/// Ones on a diagonal (eye), on and below it (tri), zeros elsewhere. NumPy: eye, tri.
RAVEN_API Array eye(int64_t n, const EyeOpts& options = {});
RAVEN_API Array tri(int64_t n, const EyeOpts& options = {});
/// x with zeros above (below) diagonal k of its last two axes. NumPy: tril, triu.
RAVEN_API Array tril(const Array& x, int64_t k = 0);
RAVEN_API Array triu(const Array& x, int64_t k = 0);
/// One number as a 0-d array of `dtype`.
RAVEN_API Array scalar(const Operand& value, DType dtype);

/// Nested braces of numbers: `{{1, 2}, {3, 4}}`. Lives only during the call.
class RAVEN_API Literal {
 public:
  template <detail::Number T>
  Literal(T value) : scalar_(Operand(value).scalar()) {}
  Literal(std::initializer_list<Literal> items) : is_list_(true), items_(items.begin(), items.size()) {}
  bool is_list() const { return is_list_; }
  std::span<const Literal> items() const { return items_; }
  const Scalar& scalar() const { return scalar_; }

 private:
  bool is_list_ = false;
  Scalar scalar_;
  std::span<const Literal> items_;
};
/// An array from nested braces, to any depth. dtype: by default reals → default float, integers → i64, bools → b1.
/// Throws ShapeError for ragged braces. NumPy: array.
RAVEN_API Array array(const Literal& values, const DTypeOpts& options = {});
/// Copies a contiguous range in C order. Throws ShapeError when the shape has another element count.
template <Element T>
Array array(std::span<const T> values, const Shape& shape) {
  return detail::array_from(values.data(), values.size(), dtype_of<T>, shape);
}
template <Element T>
  requires(!std::same_as<T, bool>)
Array array(const std::vector<T>& values) {
  return array(std::span<const T>(values), Shape{static_cast<int64_t>(values.size())});
}
template <Element T>
  requires(!std::same_as<T, bool>)
Array array(const std::vector<T>& values, const Shape& shape) {
  return array(std::span<const T>(values), shape);
}
/// Takes the vector's memory without copying.
template <Element T>
  requires(!std::same_as<T, bool>)
Array array(std::vector<T>&& values) {
  auto* owner = new std::vector<T>(std::move(values));
  const auto deleter = [](void* context, void*) noexcept { delete static_cast<std::vector<T>*>(context); };
  return detail::adopt_vector(owner->data(), dtype_of<T>, Shape{static_cast<int64_t>(owner->size())}, deleter, owner);
}

}  // namespace nx
