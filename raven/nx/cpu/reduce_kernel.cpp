#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/reduce.hpp"

namespace nx::cpu::kernel {

void Reduce(const KernelCall& call) {
  const auto& a = call.as<ReduceAttrs>();
  reduce_view(a.kind, call.in[0], a.axes, call.out[0], call.scratch);
}
size_t reduce_scratch(const KernelCall& call) {
  return cpu::reduce_scratch(call.in[0], call.as<ReduceAttrs>().axes, call.out[0].dtype);
}

}  // namespace nx::cpu::kernel
