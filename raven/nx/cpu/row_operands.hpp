#pragma once
// Operands of row kernels: contiguous, or copied into scratch. Not installed.
#include "raven/nx/cpu/kernel.hpp"
#include "raven/nx/internal/copy.hpp"

namespace nx::cpu {

inline size_t round64(size_t bytes) { return (bytes + 63) / 64 * 64; }

/// Scratch that contiguous_data needs.
inline size_t contiguous_bytes(const View& x) {
  return x.contiguous ? 0 : round64(static_cast<size_t>(x.size * item_size(x.dtype)));
}
/// Elements of x in C order: in place, or a copy in scratch (advanced past it).
inline std::byte* contiguous_data(const View& x, std::byte*& scratch) {
  if (x.contiguous) return x.data;
  View copy = x;
  const Dims strides = contiguous_strides(x.shape_span());
  copy.data = scratch;
  copy.strides = strides.data();
  copy.contiguous = true;
  detail::copy_view(copy, x);
  scratch += contiguous_bytes(x);
  return copy.data;
}

}  // namespace nx::cpu
