// Linear: y = x·wᵀ + b, the bias added in the product's epilogue.
#include "raven/nx/cpu/contract.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/internal/copy.hpp"

namespace nx::cpu::kernel {

namespace {
DotGeneralAttrs axes_of(const KernelCall& call) {
  DotGeneralAttrs axes;
  axes.lhs_contract = Dims{call.in[0].rank - 1};
  axes.rhs_contract = Dims{1};
  return axes;
}
/// A bias whose elements are not consecutive is copied.
size_t bias_bytes(const KernelCall& call) {
  if (call.in.size() < 3 || call.in[2].contiguous) return 0;
  return (static_cast<size_t>(call.in[2].size * item_size(call.in[2].dtype)) + 63) / 64 * 64;
}
}  // namespace

size_t linear_scratch(const KernelCall& call) {
  return bias_bytes(call) + contract_scratch(call.in[0], call.in[1], call.out[0], axes_of(call));
}

void Linear(const KernelCall& call) {
  auto* scratch = static_cast<std::byte*>(call.scratch);
  const void* bias = call.in.size() < 3 ? nullptr : call.in[2].data;
  if (const size_t bytes = bias_bytes(call)) {
    const int64_t one = 1;
    View copy = call.in[2];
    copy.data = scratch;
    copy.strides = &one;
    copy.contiguous = true;
    detail::copy_view(copy, call.in[2]);
    bias = scratch;
    scratch += bytes;
  }
  contract(call.in[0], call.in[1], call.out[0], axes_of(call), bias, scratch);
}

}  // namespace nx::cpu::kernel
