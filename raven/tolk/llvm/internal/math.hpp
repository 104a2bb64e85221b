#pragma once
// Functions of reals over IR values.
#include "raven/tolk/llvm/internal/ir.hpp"

namespace tolk::backend {

/// The value of `code` where vmath computes it (`b` null for functions of one operand), null for other codes.
llvm::Value* real_function(Ir& ir, loop::Code code, llvm::Value* a, llvm::Value* b);

/// The value of any VALUE node with operands: `from` is the type of its data operands, `to` its own. Operands are all
/// scalars or all vectors of the same lanes.
llvm::Value* compute(Ir& ir, loop::Code code, Type from, Type to, llvm::Value* a, llvm::Value* b, llvm::Value* c);

}  // namespace tolk::backend
