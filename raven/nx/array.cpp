#include "raven/nx/array.hpp"

#include <cmath>
#include <new>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/impl.hpp"

namespace nx {
namespace detail {

RAVEN_API Storage* new_storage(int64_t bytes, bool zeroed) {
  // Small data follows its header in one block; large data keeps its alignment in a block of its own.
  constexpr int64_t joined_limit = 64 << 10;
  if (bytes <= joined_limit && !zeroed) {
    void* block = raven::Allocator::allocate(storage_header + static_cast<size_t>(bytes));
    return new (block) Storage{1, false, bytes, static_cast<std::byte*>(block) + storage_header, nullptr, nullptr};
  }
  const auto size = static_cast<size_t>(bytes);
  void* data = zeroed ? raven::Allocator::allocate_zeroed(size) : raven::Allocator::allocate(size);
  void* header = nullptr;
  try {
    header = raven::Allocator::allocate(sizeof(Storage));
  } catch (...) {
    raven::Allocator::deallocate(data, size);
    throw;
  }
  auto deleter = [](void* context, void* block) noexcept {
    raven::Allocator::deallocate(block, static_cast<size_t>(reinterpret_cast<intptr_t>(context)));
  };
  return new (header) Storage{1, false, bytes, static_cast<std::byte*>(data), deleter,
                              reinterpret_cast<void*>(static_cast<intptr_t>(size))};
}

void release_storage(Storage* storage) noexcept {
  if (__atomic_load_n(&storage->refs, __ATOMIC_ACQUIRE) != 1 &&
      __atomic_sub_fetch(&storage->refs, 1, __ATOMIC_ACQ_REL) != 0)
    return;
  if (storage->deleter) {
    storage->deleter(storage->context, storage->data);
    raven::Allocator::deallocate(storage, sizeof(Storage));
  } else {
    raven::Allocator::deallocate(storage, storage_header + static_cast<size_t>(storage->bytes));
  }
}

Impl* new_impl(DType dtype, int rank) {
  auto* impl = static_cast<Impl*>(raven::Allocator::allocate(sizeof(Impl)));
  impl->refs = 1;
  impl->dtype = dtype;
  impl->rank = static_cast<uint8_t>(rank);
  impl->flags = 0;
  impl->size = 0;
  impl->dims = impl->inline_dims;
  impl->data = nullptr;
  impl->storage = nullptr;
  impl->tag = 0;
  impl->id = 0;
  impl->jit_holders = 0;
  impl->value = nullptr;
  if (rank > Dims::inline_size) {
    try {
      impl->dims = static_cast<int64_t*>(raven::Allocator::allocate(2 * sizeof(int64_t) * static_cast<size_t>(rank)));
    } catch (...) {
      raven::Allocator::deallocate(impl, sizeof(Impl));
      throw;
    }
    impl->flags = array_flag::heap_dims;
  }
  return impl;
}

void destroy(Header* header) noexcept {
  // Tracers hold values that may be tracers themselves: a loop, not recursion, though nesting is shallow.
  while (header) {
    auto* impl = static_cast<Impl*>(header);
    Header* value = impl->value;
    if (impl->storage) release_storage(impl->storage);
    if (impl->flags & array_flag::heap_dims)
      raven::Allocator::deallocate(impl->dims, 2 * sizeof(int64_t) * static_cast<size_t>(impl->rank));
    raven::Allocator::deallocate(impl, sizeof(Impl));
    header = nullptr;
    if (value && __atomic_sub_fetch(&value->refs, 1, __ATOMIC_ACQ_REL) == 0) header = value;
  }
}

void allocate_data(Impl* impl, bool zeroed) {
  int64_t size = 1;
  int64_t* shape = shape_of(impl);
  int64_t* strides = strides_of(impl);
  for (int i = impl->rank - 1; i >= 0; --i) {
    strides[i] = size;
    size *= shape[i];
  }
  // Axes of a zero-size array keep positive strides.
  if (size == 0) {
    int64_t step = 1;
    for (int i = impl->rank - 1; i >= 0; --i) {
      strides[i] = step;
      step *= shape[i] > 0 ? shape[i] : 1;
    }
  }
  impl->size = size;
  impl->flags |= array_flag::contiguous;
  const int64_t bytes = size * item_size(impl->dtype);
  if (bytes <= RAVEN_INLINE_DATA) {
    impl->data = impl->inline_data;
    if (zeroed) std::memset(impl->inline_data, 0, sizeof impl->inline_data);
  } else {
    impl->storage = new_storage(bytes, zeroed);
    impl->data = impl->storage->data;
  }
}

namespace {
Array fresh(DType dtype, std::span<const int64_t> shape, bool zeroed) {
  element_count(shape, "nx.empty");
  Impl* impl = new_impl(dtype, static_cast<int>(shape.size()));
  Array out(impl);
  if (current_interpreter()) impl->id = born_under_interpreter;
  copy_dims(impl->dims, {shape.data(), shape.size()});
  try {
    allocate_data(impl, zeroed);
  } catch (const raven::MemoryError& e) {
    throw raven::MemoryError("nx.empty", e.bytes(),
                             raven::Message("for an array ") << dtype_name(dtype) << " " << Dims(shape));
  }
  return out;
}
}  // namespace

RAVEN_API Array empty_array(DType dtype, std::span<const int64_t> shape) { return fresh(dtype, shape, false); }
RAVEN_API Array zeroed_array(DType dtype, std::span<const int64_t> shape) { return fresh(dtype, shape, true); }

RAVEN_API bool strides_are_contiguous(std::span<const int64_t> shape, const int64_t* strides) {
  int64_t expected = 1;
  for (int64_t extent : shape)
    if (extent == 0) return true;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 1) continue;
    if (strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

RAVEN_API Array view_of(const Array& x, std::span<const int64_t> shape, std::span<const int64_t> strides,
                        int64_t byte_offset) {
  const Impl* source = impl_of(x);
  Impl* impl = new_impl(source->dtype, static_cast<int>(shape.size()));
  copy_dims(shape_of(impl), {shape.data(), shape.size()});
  copy_dims(strides_of(impl), {strides.data(), strides.size()});
  int64_t size = 1;
  for (int64_t extent : shape) size *= extent;
  impl->size = size;
  if (strides_are_contiguous(shape, strides.data())) impl->flags |= array_flag::contiguous;
  if (source->storage) {
    __atomic_fetch_add(&source->storage->refs, 1, __ATOMIC_RELAXED);
    impl->storage = source->storage;
    impl->data = source->data + (size > 0 ? byte_offset : 0);
  } else {
    std::memcpy(impl->inline_data, source->inline_data, sizeof impl->inline_data);
    impl->data = impl->inline_data + (source->data - source->inline_data) + (size > 0 ? byte_offset : 0);
  }
  return Array(impl);
}

Array adopt_data(DType dtype, std::span<const int64_t> shape, void* data, int64_t bytes, bool readonly,
                 void (*deleter)(void*, void*) noexcept, void* context) {
  Impl* impl = nullptr;
  Storage* storage = nullptr;
  try {
    impl = new_impl(dtype, static_cast<int>(shape.size()));
    storage = static_cast<Storage*>(raven::Allocator::allocate(sizeof(Storage)));
  } catch (...) {
    if (impl) destroy(impl);
    deleter(context, data);
    throw;
  }
  if (current_interpreter()) impl->id = born_under_interpreter;
  new (storage) Storage{1, readonly, bytes, static_cast<std::byte*>(data), deleter, context};
  copy_dims(shape_of(impl), {shape.data(), shape.size()});
  const Dims strides = contiguous_strides(shape);
  copy_dims(strides_of(impl), {strides.data(), shape.size()});
  impl->size = element_count(shape);
  impl->flags |= array_flag::contiguous;
  impl->storage = storage;
  impl->data = storage->data;
  return Array(impl);
}

const void* checked_data(const Header* header, DType expected) {
  Array x(const_cast<Header*>(header));
  if (header) __atomic_fetch_add(&x.header()->refs, 1, __ATOMIC_RELAXED);
  const Array plain = concrete(x, "data");
  if (plain.dtype() != expected)
    throw DTypeError("nx.data", raven::Message("the array is ") << dtype_name(plain.dtype()) << ", asked as "
                                                                 << dtype_name(expected)
                                                                 << "; use .astype(nx::" << dtype_name(expected) << ")");
  if (!plain.is_contiguous())
    throw ValueError("nx.data", raven::Message("the array ") << plain.shape() << " with strides " << plain.strides()
                                                             << " is not contiguous; use nx::contiguous(x) first");
  return impl_of(plain)->data;  // the caller's handle (or its tracer) keeps the data alive
}

namespace {
/// The only element of x, with the dtype switch on the outside.
template <class R>
R item_as(const Array& x, const char* what) {
  const Array plain = concrete(x, what);
  if (plain.size() != 1)
    throw ValueError(raven::Message("nx.") << what,
                     raven::Message("the array ") << plain.shape() << " has " << plain.size()
                                                  << " elements, expected exactly 1; reduce it with any, all or an index");
  const std::byte* data = impl_of(plain)->data;
  switch (plain.dtype()) {
    case DType::b1: return static_cast<R>(*reinterpret_cast<const uint8_t*>(data) != 0);
    case DType::u8: return static_cast<R>(*reinterpret_cast<const uint8_t*>(data));
    case DType::u32: return static_cast<R>(*reinterpret_cast<const uint32_t*>(data));
    case DType::u64: return static_cast<R>(*reinterpret_cast<const uint64_t*>(data));
    case DType::i32: return static_cast<R>(*reinterpret_cast<const int32_t*>(data));
    case DType::i64: return static_cast<R>(*reinterpret_cast<const int64_t*>(data));
    case DType::f32: return static_cast<R>(*reinterpret_cast<const float*>(data));
    case DType::f64: return static_cast<R>(*reinterpret_cast<const double*>(data));
  }
  return R{};
}
}  // namespace

double item_as_double(const Array& x, const char* what) { return item_as<double>(x, what); }
uint64_t item_as_integer(const Array& x, const char* what, size_t bytes, bool is_signed) {
  const auto refuse = [&](auto value) {
    throw OverflowError(raven::Message("nx.") << what, raven::Message("the value ") << value << " does not fit "
                                                                                    << (is_signed ? "int" : "uint") << 8 * bytes
                                                                                    << "; ask for a wider type");
  };
  const int unused = 64 - 8 * static_cast<int>(bytes);
  if (is_float(x.dtype())) {
    // The bounds ±2^n are exact in f64; between −1 and 0 the part before the point is 0.
    const double value = item_as<double>(x, what), above = std::ldexp(1.0, 64 - unused - (is_signed ? 1 : 0));
    if (!(value < above) || !(is_signed ? value >= -above || value > -above - 1 : value > -1)) refuse(value);
    return is_signed ? static_cast<uint64_t>(static_cast<int64_t>(value)) : static_cast<uint64_t>(value);
  }
  const auto bits = item_as<uint64_t>(x, what);
  const bool negative = nx::is_signed(x.dtype()) && static_cast<int64_t>(bits) < 0;
  const uint64_t most = UINT64_MAX >> (unused + (is_signed ? 1 : 0));
  if (negative && (!is_signed || static_cast<int64_t>(bits) < INT64_MIN >> unused)) refuse(static_cast<int64_t>(bits));
  if (!negative && bits > most) refuse(bits);
  return bits;
}

void copy_elements(const Array& x, DType expected, void* destination) {
  const Array plain = concrete(x, "to_vector");
  if (plain.dtype() != expected)
    throw DTypeError("nx.to_vector", raven::Message("the array is ")
                                         << dtype_name(plain.dtype()) << ", asked as " << dtype_name(expected)
                                         << "; use .astype(nx::" << dtype_name(expected) << ")");
  copy_strided(static_cast<std::byte*>(destination), impl_of(plain));
}

}  // namespace detail

int64_t Array::shape(int axis) const {
  const int rank = ndim();
  const int resolved = axis < 0 ? axis + rank : axis;
  if (resolved < 0 || resolved >= rank)
    throw AxisError("nx.shape", raven::Message("axis ") << axis << " is out of bounds for an array of rank " << rank);
  return header_->dims[resolved];
}

bool Array::is_contiguous() const noexcept {
  return !header_ || (header_->flags & detail::array_flag::contiguous) != 0;
}
bool Array::is_traced() const noexcept { return header_ && (header_->flags & detail::array_flag::tracer) != 0; }

}  // namespace nx
