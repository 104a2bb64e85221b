#pragma once
// Contraction of strided views through gemm. Not installed.
#include "raven/nx/cpu/kernel.hpp"

namespace nx::cpu {

/// out = left · right over the contracted axes, plus `bias` along out's last axis (consecutive elements, or null),
/// which must be the only free axis of `right` then.
void contract(const View& left, const View& right, const View& out, const DotGeneralAttrs& axes, const void* bias,
              void* scratch);
size_t contract_scratch(const View& left, const View& right, const View& out, const DotGeneralAttrs& axes);

}  // namespace nx::cpu
