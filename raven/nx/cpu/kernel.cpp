#include "raven/nx/cpu/kernel.hpp"

#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/internal/op_table.hpp"

namespace nx::cpu {

namespace {
constexpr detail::RuleTable<Kernel> make_table() {
  detail::RuleTable<Kernel> table;
#define PRIMITIVE(name, ...) table.row[static_cast<int>(Op::name)] = &kernel::name;
#define COMPOSITE PRIMITIVE
#include "raven/nx/op.def"
  return table;
}
constexpr auto kernels = make_table();
}  // namespace

RAVEN_API Kernel* kernel_of(Op op) { return kernels[op]; }

RAVEN_API size_t scratch_bytes(Op op, const KernelCall& call) {
  switch (op) {
    case Op::Reduce: return kernel::reduce_scratch(call);
    case Op::DotGeneral: return kernel::dot_general_scratch(call);
    case Op::Gather:
    case Op::Scatter: return kernel::index_scratch(call);
    case Op::Sort: return kernel::sort_scratch(call);
    case Op::Softmax:
    case Op::SoftmaxGrad: return kernel::rows_scratch(call);
    case Op::LayerNorm: return kernel::layer_norm_scratch(call);
    case Op::LayerNormGrad: return kernel::layer_norm_grad_scratch(call);
    case Op::CrossEntropy:
    case Op::CrossEntropyGrad: return kernel::cross_entropy_scratch(call);
    case Op::Embedding: return kernel::index_scratch(call);
    case Op::EmbeddingGrad: return kernel::embedding_grad_scratch(call);
    case Op::Dropout: return kernel::dropout_scratch(call);
    case Op::Linear: return kernel::linear_scratch(call);
    case Op::Sdpa: return kernel::sdpa_scratch(call);
    case Op::SdpaGrad: return kernel::sdpa_grad_scratch(call);
    default: return 0;
  }
}

}  // namespace nx::cpu
