#pragma once
// A short list of int64: shapes, strides, axes, index bounds. Six entries live inline; 64 at most.
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "raven/base/export.hpp"

namespace raven {
class Message;
}

namespace nx {

namespace detail {
/// A number as int64; what is above becomes the largest, never a negative one.
template <std::integral T>
constexpr int64_t saturated(T value) {
  if constexpr (T(-1) > T(0) && sizeof(T) == 8)
    return value > static_cast<T>(INT64_MAX) ? INT64_MAX : static_cast<int64_t>(value);
  else
    return static_cast<int64_t>(value);
}
}  // namespace detail

class RAVEN_API Dims {
 public:
  static constexpr int inline_size = 6;
  static constexpr int max_size = 64;

  Dims() noexcept : size_(0) {}
  Dims(std::initializer_list<int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  explicit Dims(std::span<const int64_t> values);
  /// `count` entries of `value`.
  static Dims filled(int count, int64_t value);
  Dims(const Dims& other) : Dims(other.span()) {}
  Dims(Dims&& other) noexcept;
  Dims& operator=(const Dims& other);
  Dims& operator=(Dims&& other) noexcept;
  ~Dims() {
    if (size_ > inline_size) free_heap();
  }

  int size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const int64_t* data() const noexcept { return size_ > inline_size ? heap_ : inline_; }
  int64_t* data() noexcept { return size_ > inline_size ? heap_ : inline_; }
  const int64_t* begin() const noexcept { return data(); }
  const int64_t* end() const noexcept { return data() + size_; }
  int64_t* begin() noexcept { return data(); }
  int64_t* end() noexcept { return data() + size_; }
  int64_t operator[](int i) const noexcept { return data()[i]; }
  int64_t& operator[](int i) noexcept { return data()[i]; }
  int64_t back() const noexcept { return data()[size_ - 1]; }
  std::span<const int64_t> span() const noexcept { return {data(), static_cast<size_t>(size_)}; }

  void push_back(int64_t value) { insert(size_, value); }
  void insert(int position, int64_t value);
  void erase(int position);
  bool contains(int64_t value) const noexcept;
  friend RAVEN_API bool operator==(const Dims& a, const Dims& b) noexcept;

 private:
  void free_heap() noexcept;
  int32_t size_;
  union {
    int64_t inline_[inline_size];
    int64_t* heap_;
  };
};

/// Extents of an array, one per axis.
using Shape = Dims;

/// Product of the extents; throws OverflowError naming `operation` beyond int64.
RAVEN_API int64_t element_count(std::span<const int64_t> shape, const char* operation = "nx");
/// Strides of a C-contiguous array, in elements.
RAVEN_API Dims contiguous_strides(std::span<const int64_t> shape);
/// `(2, 3)`, `(4,)`, `()`.
RAVEN_API raven::Message& operator<<(raven::Message& message, const Dims& dims);
RAVEN_API raven::Message&& operator<<(raven::Message&& message, const Dims& dims);

}  // namespace nx
