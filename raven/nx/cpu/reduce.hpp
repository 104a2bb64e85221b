#pragma once
// Reduction of a view, in stages. Not installed.
#include "raven/nx/cpu/kernel.hpp"

namespace nx::cpu {

/// out = reduction of `in` over `axes` (ascending); out is C-contiguous without these axes.
void reduce_view(ReduceKind kind, const View& in, const Dims& axes, const View& out, void* scratch);
size_t reduce_scratch(const View& in, const Dims& axes, DType out);

}  // namespace nx::cpu
