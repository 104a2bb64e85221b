#pragma once
// LoopIR → LLVM IR with explicit vectors: one pass over the nodes.
#include "raven/tolk/llvm/internal/ir.hpp"

namespace tolk::backend {

/// The name of the function, whatever the kernel is called.
inline constexpr const char* entry_name = "kernel";

/// Adds the function of a verified kernel to the module.
void emit(Ir& ir, const loop::Kernel& kernel);

}  // namespace tolk::backend
