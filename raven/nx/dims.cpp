#include "raven/nx/dims.hpp"

#include <algorithm>
#include <cstring>

#include "raven/base/allocator.hpp"
#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"

namespace nx {

namespace {
int64_t* new_heap(int count) {
  return static_cast<int64_t*>(raven::Allocator::allocate(sizeof(int64_t) * static_cast<size_t>(count)));
}
void check_rank(int64_t count) {
  if (count > Dims::max_size)
    throw ShapeError("nx", raven::Message("rank ") << count << " exceeds the limit of " << Dims::max_size);
}
}  // namespace

Dims::Dims(std::span<const int64_t> values) : size_(0) {
  check_rank(static_cast<int64_t>(values.size()));
  const int count = static_cast<int>(values.size());
  if (count > inline_size) heap_ = new_heap(count);
  size_ = count;
  if (count > 0) std::memcpy(data(), values.data(), values.size_bytes());
}

Dims Dims::filled(int count, int64_t value) {
  check_rank(count);
  Dims dims;
  if (count > inline_size) dims.heap_ = new_heap(count);
  dims.size_ = count;
  std::fill_n(dims.data(), count, value);
  return dims;
}

Dims::Dims(Dims&& other) noexcept : size_(other.size_) {
  if (size_ > inline_size)
    heap_ = other.heap_;
  else
    std::memcpy(inline_, other.inline_, sizeof(int64_t) * static_cast<size_t>(size_));
  other.size_ = 0;
}

Dims& Dims::operator=(const Dims& other) {
  if (this != &other) *this = Dims(other);
  return *this;
}

Dims& Dims::operator=(Dims&& other) noexcept {
  if (this == &other) return *this;
  if (size_ > inline_size) free_heap();
  size_ = other.size_;
  if (size_ > inline_size)
    heap_ = other.heap_;
  else
    std::memcpy(inline_, other.inline_, sizeof(int64_t) * static_cast<size_t>(size_));
  other.size_ = 0;
  return *this;
}

void Dims::free_heap() noexcept {
  raven::Allocator::deallocate(heap_, sizeof(int64_t) * static_cast<size_t>(size_));
}

void Dims::insert(int position, int64_t value) {
  check_rank(size_ + 1);
  int64_t values[max_size];
  std::copy_n(data(), position, values);
  values[position] = value;
  std::copy(data() + position, data() + size_, values + position + 1);
  if (size_ + 1 <= inline_size) {
    ++size_;
    std::copy_n(values, size_, inline_);
  } else {
    *this = Dims(std::span<const int64_t>(values, static_cast<size_t>(size_ + 1)));
  }
}

void Dims::erase(int position) {
  int64_t values[max_size];
  std::copy_n(data(), size_, values);
  std::copy(values + position + 1, values + size_, values + position);
  *this = Dims(std::span<const int64_t>(values, static_cast<size_t>(size_ - 1)));
}

bool Dims::contains(int64_t value) const noexcept { return std::find(begin(), end(), value) != end(); }

bool operator==(const Dims& a, const Dims& b) noexcept {
  return a.size_ == b.size_ && std::memcmp(a.data(), b.data(), sizeof(int64_t) * static_cast<size_t>(a.size_)) == 0;
}

int64_t element_count(std::span<const int64_t> shape, const char* operation) {
  // The largest byte size must stay below 2^63 too, so the product is taken over bytes of the widest element.
  int64_t bytes = 8;
  bool zero = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      throw ShapeError(operation, raven::Message("negative extent ") << extent << " in shape " << Dims(shape));
    if (extent == 0) zero = true;
  }
  if (zero) return 0;
  for (int64_t extent : shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      throw OverflowError(operation, raven::Message("shape ") << Dims(shape) << " has more elements than memory can address");
  return bytes / 8;
}

Dims contiguous_strides(std::span<const int64_t> shape) {
  Dims strides = Dims::filled(static_cast<int>(shape.size()), 1);
  int64_t step = 1;
  for (int i = strides.size() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= std::max<int64_t>(shape[static_cast<size_t>(i)], 1);
  }
  return strides;
}

raven::Message& operator<<(raven::Message& message, const Dims& dims) {
  message << "(";
  for (int i = 0; i < dims.size(); ++i) {
    if (i > 0) message << ", ";
    message << dims[i];
  }
  if (dims.size() == 1) message << ",";
  message << ")";
  return message;
}
raven::Message&& operator<<(raven::Message&& message, const Dims& dims) {
  message << dims;
  return static_cast<raven::Message&&>(message);
}

}  // namespace nx
