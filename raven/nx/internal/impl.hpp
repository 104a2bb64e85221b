#pragma once
// The record behind an Array handle, its storage, and the constructors that the gateway and kernels' callers use.
// Not installed.
#include <cstring>

#include "raven/base/allocator.hpp"
#include "raven/nx/array.hpp"
#include "raven/nx/aval.hpp"
#include "raven/nx/gateway.hpp"

#ifndef RAVEN_INLINE_DATA
#if defined(RAVEN_SANITIZED)
// A sanitizer that sees one record sees nothing: under it every array's data is a block of its own.
#define RAVEN_INLINE_DATA 0
#else
#define RAVEN_INLINE_DATA 64
#endif
#endif

namespace nx::detail {

namespace array_flag {
inline constexpr uint16_t contiguous = 1;
inline constexpr uint16_t tracer = 2;
inline constexpr uint16_t heap_dims = 4;
}  // namespace array_flag

/// A block of bytes shared by views.
struct Storage {
  int32_t refs;
  bool readonly;                                    ///< borrowed or mapped: the first write copies
  int64_t bytes;                                    ///< of `data`
  std::byte* data;
  void (*deleter)(void* context, void* data) noexcept;  ///< null: data follows this header in one block
  void* context;
};
inline constexpr size_t storage_header = 64;  // keeps the data that follows 64-byte aligned
static_assert(sizeof(Storage) <= storage_header);

Storage* new_storage(int64_t bytes, bool zeroed = false);
void release_storage(Storage* storage) noexcept;

/// Data of at most RAVEN_INLINE_DATA bytes lives here (storage null); a view of such data copies it.
struct Impl : Header {
  Storage* storage;
  uint64_t tag;
  uint32_t id;
  int32_t jit_holders;  ///< how many of `refs` are held by jit entries
  Header* value;        ///< tracers of eager transformations: the parent-level array
  int64_t inline_dims[2 * Dims::inline_size];
  alignas(64) std::byte inline_data[RAVEN_INLINE_DATA > 0 ? RAVEN_INLINE_DATA : 8];
};

inline Impl* impl_of(const Array& x) { return static_cast<Impl*>(x.header()); }
inline int64_t* shape_of(const Header* h) { return h->dims; }
inline int64_t* strides_of(const Header* h) { return h->dims + h->rank; }
inline std::span<const int64_t> shape_span(const Array& x) {
  return x.defined() ? std::span<const int64_t>(x.header()->dims, x.header()->rank) : std::span<const int64_t>();
}
inline std::span<const int64_t> strides_span(const Array& x) {
  return x.defined() ? std::span<const int64_t>(strides_of(x.header()), x.header()->rank) : std::span<const int64_t>();
}

/// Extents or strides into a record; an empty list has no address to copy from.
inline void copy_dims(int64_t* to, std::span<const int64_t> from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size_bytes());
}
/// A record with shape[rank] and strides[rank] unset, no data, refs 1.
Impl* new_impl(DType dtype, int rank);
/// Gives an Impl whose shape is set C-contiguous strides, size and data of its own (uninitialised, or zero).
void allocate_data(Impl* impl, bool zeroed = false);

/// An uninitialised C-contiguous array.
Array empty_array(DType dtype, std::span<const int64_t> shape);
Array zeroed_array(DType dtype, std::span<const int64_t> shape);
/// A view of x's data: same storage, first element at byte_offset from x's, given shape and strides (elements).
Array view_of(const Array& x, std::span<const int64_t> shape, std::span<const int64_t> strides, int64_t byte_offset);
/// An array over memory that `deleter(context, data)` gives back; C-contiguous.
Array adopt_data(DType dtype, std::span<const int64_t> shape, void* data, int64_t bytes, bool readonly,
                 void (*deleter)(void*, void*) noexcept, void* context);

/// Data that no transformation follows and no interpreter would hear of: public functions may compute it directly. Such a
/// shortcut must give what infer says of the op it stands for (check_shortcut).
inline bool is_direct(const Array& x) {
  return x.defined() && !(x.header()->flags & array_flag::tracer) && !current_interpreter();
}
/// In sanitized builds throws std::logic_error unless `out` has the dtype and shape that infer gives.
#if defined(RAVEN_SANITIZED)
void check_shortcut(Op op, const Array& x, const Attrs& attrs, const Array& out);
#else
inline void check_shortcut(Op, const Array&, const Attrs&, const Array&) {}
#endif

/// The `id` of plain arrays made while an interpreter was active: values of the traced function's own.
inline constexpr uint32_t born_under_interpreter = 1;
/// Tells the interpreters of this thread that `x op= y` is about to rebind the handle of a plain array.
void announce_write(const char* name, const Array& target);

/// Strides describe C order without gaps (also size 0 and 1).
bool strides_are_contiguous(std::span<const int64_t> shape, const int64_t* strides);

/// Nobody else can see this handle's data, and it may be written.
inline bool uniquely_owned(const Impl* impl) {
  return __atomic_load_n(&impl->refs, __ATOMIC_ACQUIRE) == 1 && !(impl->flags & array_flag::tracer) &&
         (impl->storage == nullptr ||
          (__atomic_load_n(&impl->storage->refs, __ATOMIC_ACQUIRE) == 1 && !impl->storage->readonly));
}

}  // namespace nx::detail
