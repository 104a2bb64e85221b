// Embedding is a gather of rows, its backward pass a scatter that adds in the order of the ids.
#include <cstring>

#include "raven/nx/cpu/kernel_rules.hpp"

namespace nx::cpu::kernel {

void Embedding(const KernelCall& call) {
  GatherAttrs attrs;
  attrs.axes = Dims{0};
  attrs.slice_sizes = Dims{1, call.in[0].shape[1]};
  Gather({call.in, call.out, &attrs, call.scratch});
}

size_t embedding_grad_scratch(const KernelCall& call) { return static_cast<size_t>(call.in[0].size) * sizeof(int64_t); }

void EmbeddingGrad(const KernelCall& call) {
  const View& out = call.out[0];
  std::memset(out.data, 0, static_cast<size_t>(out.size * item_size(out.dtype)));
  ScatterAttrs attrs;
  attrs.axes = Dims{0};
  attrs.slice_sizes = Dims{1, out.shape[1]};
  attrs.kind = ScatterKind::add;
  attrs.mode = IndexMode::drop;
  const View in[] = {out, call.in[0], call.in[1]};
  Scatter({in, call.out, &attrs, call.scratch});
}

}  // namespace nx::cpu::kernel
