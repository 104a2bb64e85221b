#pragma once
// Materialising copies. Not installed.
#include "raven/nx/cpu/kernel.hpp"

namespace nx::detail {

/// dst = src elementwise; same shape and dtype, any strides, no overlap. Runs on the thread pool when large.
void copy_view(const cpu::View& dst, const cpu::View& src);
/// The elements in C order.
void copy_strided(std::byte* destination, const Impl* source);
/// x itself when contiguous, else a C-contiguous copy (no tracers).
Array contiguous_array(const Array& x);

}  // namespace nx::detail
