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
  // An update is a slice [1, width] of the table.
  View g = call.in[1];
  Dims shape = Dims(g.shape_span()), strides(std::span<const int64_t>(g.strides, static_cast<size_t>(g.rank)));
  shape[shape.size() - 1] = 1, strides[strides.size() - 1] = 0;
  shape.push_back(g.shape[g.rank - 1]), strides.push_back(g.strides[g.rank - 1]);
  g.shape = shape.data(), g.strides = strides.data(), g.rank += 1;
  const View in[] = {out, call.in[0], g};
  Scatter({in, call.out, &attrs, call.scratch});
}

}  // namespace nx::cpu::kernel
