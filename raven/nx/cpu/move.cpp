// Kernels of movement ops. Eager calls of view ops never come here; compiled plans do, to materialise.
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/internal/copy.hpp"

namespace nx::cpu::kernel {

void Reshape(const KernelCall& call) {
  // Both sides in C order: copy through the operand's shape.
  View out = call.out[0];
  const Dims strides = contiguous_strides(call.in[0].shape_span());
  out.shape = call.in[0].shape;
  out.strides = strides.data();
  out.rank = call.in[0].rank;
  detail::copy_view(out, call.in[0]);
}

void StopGradient(const KernelCall& call) { detail::copy_view(call.out[0], call.in[0]); }

/// Through the narrower of the two item sizes: the operand's last axis is read as result elements, or the reverse.
void Bitcast(const KernelCall& call) {
  View in = call.in[0], out = call.out[0];
  if (item_size(in.dtype) == item_size(out.dtype)) {
    in.dtype = out.dtype;
    return detail::copy_view(out, in);
  }
  out.dtype = in.dtype;
  const Dims strides = contiguous_strides(in.shape_span());
  out.shape = in.shape;
  out.strides = strides.data();
  out.size = in.size;
  detail::copy_view(out, in);
}

void Permute(const KernelCall& call) {
  const Dims& permutation = call.as<PermuteAttrs>().permutation;
  View in = call.in[0];
  Dims strides = permutation;
  for (int i = 0; i < permutation.size(); ++i) strides[i] = call.in[0].strides[permutation[i]];
  in.shape = call.out[0].shape;
  in.strides = strides.data();
  detail::copy_view(call.out[0], in);
}

void Expand(const KernelCall& call) {
  const Dims& axes = call.as<ExpandAttrs>().axes;
  View in = call.in[0];
  Dims strides = Dims::filled(call.out[0].rank, 0);
  for (int i = 0; i < axes.size(); ++i)
    if (in.shape[i] == call.out[0].shape[axes[i]]) strides[static_cast<int>(axes[i])] = in.strides[i];
  in.shape = call.out[0].shape;
  in.strides = strides.data();
  in.rank = call.out[0].rank;
  in.size = call.out[0].size;
  detail::copy_view(call.out[0], in);
}

namespace {
/// The part of `x` that a slice names; `strides` gives room for its strides.
View slice_view(const View& x, const Dims& starts, const Dims& steps, const View& like, Dims& strides) {
  View part = x;
  strides = Dims::filled(x.rank, 0);
  int64_t offset = 0;
  for (int i = 0; i < x.rank; ++i) {
    offset += starts[i] * x.strides[i];
    if (like.shape[i] > 1) strides[i] = x.strides[i] * steps[i];  // else the step is never taken
  }
  part.data += like.size > 0 ? offset * item_size(x.dtype) : 0;
  part.shape = like.shape;
  part.strides = strides.data();
  part.size = like.size;
  part.contiguous = false;
  return part;
}
}  // namespace

void Slice(const KernelCall& call) {
  const auto& a = call.as<SliceAttrs>();
  Dims strides;
  detail::copy_view(call.out[0], slice_view(call.in[0], a.starts, a.steps, call.out[0], strides));
}

}  // namespace nx::cpu::kernel
