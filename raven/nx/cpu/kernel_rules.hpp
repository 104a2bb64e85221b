#pragma once
// One kernel per op, in a file per family (elementwise.cpp, move.cpp, …); those that need scratch say how much.
// Not installed.
#include "raven/nx/cpu/kernel.hpp"

namespace nx::cpu::kernel {

#define PRIMITIVE(name, ...) Kernel name;
#define COMPOSITE(name, ...) Kernel name;
#include "raven/nx/op.def"

size_t reduce_scratch(const KernelCall& call);
size_t dot_general_scratch(const KernelCall& call);
size_t index_scratch(const KernelCall& call);
size_t sort_scratch(const KernelCall& call);
size_t rows_scratch(const KernelCall& call);
size_t layer_norm_scratch(const KernelCall& call);
size_t layer_norm_grad_scratch(const KernelCall& call);
size_t cross_entropy_scratch(const KernelCall& call);
size_t embedding_grad_scratch(const KernelCall& call);
size_t dropout_scratch(const KernelCall& call);
size_t linear_scratch(const KernelCall& call);
size_t sdpa_scratch(const KernelCall& call);
size_t sdpa_grad_scratch(const KernelCall& call);

}  // namespace nx::cpu::kernel
