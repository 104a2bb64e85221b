// SliceUpdate: operand 0 with a part replaced or increased.
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/layout.hpp"
#include "raven/nx/cpu/map.hpp"
#include "raven/nx/internal/copy.hpp"

namespace nx::cpu::kernel {

void SliceUpdate(const KernelCall& call) {
  const auto& a = call.as<SliceUpdateAttrs>();
  const View &x = call.in[0], &update = call.in[1], &out = call.out[0];
  if (out.data != x.data) detail::copy_view(out, x);
  if (update.size == 0) return;
  View part = out;
  Dims strides = Dims::filled(out.rank, 0);
  int64_t offset = 0;
  for (int i = 0; i < out.rank; ++i) {
    offset += a.starts[i] * out.strides[i];
    if (update.shape[i] > 1) strides[i] = out.strides[i] * a.steps[i];  // else the step is never taken
  }
  part.data += offset * item_size(out.dtype);
  part.shape = update.shape;
  part.strides = strides.data();
  part.size = update.size;
  part.contiguous = false;
  if (a.kind == UpdateKind::set) return detail::copy_view(part, update);
  const View in[2] = {part, update};
  run_update(map_loop(Op::Add, in, out.dtype), part, update);
}

}  // namespace nx::cpu::kernel
