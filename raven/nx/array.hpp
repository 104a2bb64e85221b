#pragma once
// nx::Array: one pointer, dynamic dtype and shape, O(1) copy, value semantics with copy-on-write.
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "raven/nx/dims.hpp"
#include "raven/nx/dtype.hpp"

namespace nx {

class Array;
class Axes;
class Index;
class AtReference;
class RowIterator;

namespace detail {

struct Impl;
/// The part of an array's record that inline code reads; the rest is in raven/nx/internal/impl.hpp.
struct Header {
  int32_t refs;
  DType dtype;
  uint8_t rank;
  uint16_t flags;
  int64_t size;
  int64_t* dims;  ///< shape[rank] followed by strides[rank], strides in elements
  std::byte* data;
};
RAVEN_API void destroy(Header* header) noexcept;
RAVEN_API const void* checked_data(const Header* header, DType expected);
RAVEN_API double item_as_double(const Array& x, const char* what);
/// The bits of the only element as an integer of `bytes` bytes; reals truncate. Throws OverflowError when it does not fit.
RAVEN_API uint64_t item_as_integer(const Array& x, const char* what, size_t bytes, bool is_signed);

}  // namespace detail

/// An n-dimensional array. Copies share data; a write through one handle never changes another.
/// An empty handle (`Array{}`) holds no array: it marks an absent leaf in trees and is refused by every function.
class RAVEN_API Array {
 public:
  Array() noexcept = default;
  Array(const Array& other) noexcept : header_(other.header_) {
    if (header_) __atomic_fetch_add(&header_->refs, 1, __ATOMIC_RELAXED);
  }
  Array(Array&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  Array& operator=(const Array& other) & noexcept {
    Array copy(other);
    std::swap(header_, copy.header_);
    return *this;
  }
  Array& operator=(Array&& other) & noexcept {
    Array moved(std::move(other));
    std::swap(header_, moved.header_);
    return *this;
  }
  Array& operator=(const Array&) && __attribute__((unavailable("x(i) = v changes a temporary; write x.at(i) = v")));
  Array& operator=(Array&&) && __attribute__((unavailable("x(i) = v changes a temporary; write x.at(i) = v")));
  ~Array() {
    // A sole owner needs no atomic subtraction: nobody else can be taking a reference.
    if (header_ && (__atomic_load_n(&header_->refs, __ATOMIC_ACQUIRE) == 1 ||
                    __atomic_fetch_sub(&header_->refs, 1, __ATOMIC_ACQ_REL) == 1))
      detail::destroy(header_);
  }

  /// False for an empty handle.
  bool defined() const noexcept { return header_ != nullptr; }

  // Metadata; never touches data. Undefined handles answer rank 0, size 0, f64.
  DType dtype() const noexcept { return header_ ? header_->dtype : DType::f64; }
  int ndim() const noexcept { return header_ ? header_->rank : 0; }
  int64_t size() const noexcept { return header_ ? header_->size : 0; }
  /// Extent of one axis; negative axes count from the end. Throws AxisError.
  int64_t shape(int axis) const;
  Shape shape() const { return header_ ? Shape(std::span<const int64_t>(header_->dims, header_->rank)) : Shape(); }
  /// Strides in elements; may be 0 (broadcast) or negative.
  Dims strides() const {
    return header_ ? Dims(std::span<const int64_t>(header_->dims + header_->rank, header_->rank)) : Dims();
  }
  int64_t nbytes() const noexcept { return size() * item_size(dtype()); }
  /// Elements lie in C order without gaps.
  bool is_contiguous() const noexcept;
  /// True while a transformation follows this value.
  bool is_traced() const noexcept;

  // Values. Under grad, jvp and vjp the primal is read; where a tracer has no number, TracerError says what to do.
  /// The only element; of reals as an integer the part before the point, of anything as a bool whether it is not 0.
  /// Throws ValueError when size() ≠ 1, OverflowError for an integer that T cannot hold.
  template <class T>
  T item() const {
    if constexpr (std::floating_point<T> || std::same_as<T, bool>)
      return static_cast<T>(detail::item_as_double(*this, "item"));
    else
      return static_cast<T>(detail::item_as_integer(*this, "item", sizeof(T), std::signed_integral<T>));
  }
  /// Pointer to the elements in C order; the array must be contiguous and of dtype T (see `contiguous`).
  template <Element T>
  const T* data() const {
    return static_cast<const T*>(detail::checked_data(header_, dtype_of<T>));
  }
  /// The elements in C order, copied; dtype must be T.
  template <Element T>
  std::vector<T> to_vector() const;
  explicit operator bool() const { return detail::item_as_double(*this, "operator bool") != 0; }
  explicit operator double() const { return detail::item_as_double(*this, "operator double"); }
  explicit operator int64_t() const { return static_cast<int64_t>(detail::item_as_integer(*this, "operator int64_t", 8, true)); }

  // Frequent functions as members; each is the free function of the same name.
  Array reshape(const Shape& shape) const;
  Array astype(DType dtype) const;
  Array T() const;
  Array mT() const;
  std::string str() const;
  std::string repr() const;
#define NX_MEMBER(name)    \
  Array name() const;      \
  Array name(const Axes& axes) const;
  NX_MEMBER(sum)
  NX_MEMBER(prod)
  NX_MEMBER(max)
  NX_MEMBER(min)
  NX_MEMBER(any)
  NX_MEMBER(all)
  NX_MEMBER(mean)
  NX_MEMBER(var)
  NX_MEMBER(std)
  NX_MEMBER(argmax)
  NX_MEMBER(argmin)
#undef NX_MEMBER

  // `for (Array row : x)` takes the slices along axis 0 one after the other. Throws ShapeError for a 0-d array.
  RowIterator begin() const;
  RowIterator end() const;

  // Internal access.
  explicit Array(detail::Header* owned) noexcept : header_(owned) {}
  detail::Header* header() const noexcept { return header_; }
  detail::Header* take() noexcept { return std::exchange(header_, nullptr); }

  // Indexing (raven/nx/index.hpp): `x(i, s(1, 5))` reads, `x.at(i) = v` rebinds this handle only, `x.at(i).set(v)` is pure.
  Array operator()(const Index& i0) const;
  Array operator()(const Index& i0, const Index& i1) const;
  Array operator()(const Index& i0, const Index& i1, const Index& i2) const;
  Array operator()(const Index& i0, const Index& i1, const Index& i2, const Index& i3) const;
  Array operator()(const Index& i0, const Index& i1, const Index& i2, const Index& i3, const Index& i4) const;
  Array operator()(const Index& i0, const Index& i1, const Index& i2, const Index& i3, const Index& i4, const Index& i5) const;
  Array operator()(const Index& i0, const Index& i1, const Index& i2, const Index& i3, const Index& i4, const Index& i5, const Index& i6) const;
  Array operator()(const Index& i0, const Index& i1, const Index& i2, const Index& i3, const Index& i4, const Index& i5, const Index& i6, const Index& i7) const;
  AtReference at(const Index& i0) &;
  AtReference at(const Index& i0, const Index& i1) &;
  AtReference at(const Index& i0, const Index& i1, const Index& i2) &;
  AtReference at(const Index& i0, const Index& i1, const Index& i2, const Index& i3) &;
  AtReference at(const Index& i0, const Index& i1, const Index& i2, const Index& i3, const Index& i4) &;
  AtReference at(const Index& i0, const Index& i1, const Index& i2, const Index& i3, const Index& i4, const Index& i5) &;
  AtReference at(const Index& i0, const Index& i1, const Index& i2, const Index& i3, const Index& i4, const Index& i5, const Index& i6) &;
  AtReference at(const Index& i0, const Index& i1, const Index& i2, const Index& i3, const Index& i4, const Index& i5, const Index& i6, const Index& i7) &;

 private:
  detail::Header* header_ = nullptr;
};

namespace detail {
RAVEN_API void copy_elements(const Array& x, DType expected, void* destination);
}
template <Element T>
std::vector<T> Array::to_vector() const {
  std::vector<T> values(static_cast<size_t>(size()));
  if constexpr (std::same_as<T, bool>) {
    std::vector<unsigned char> bytes(values.size());
    detail::copy_elements(*this, DType::b1, bytes.data());
    for (size_t i = 0; i < bytes.size(); ++i) values[i] = bytes[i] != 0;
  } else {
    detail::copy_elements(*this, dtype_of<T>, values.data());
  }
  return values;
}

}  // namespace nx
