// Chooses the kernels of gemm for the CPU level.
#include "raven/nx/cpu/gemm.hpp"

#include "raven/nx/cpu/gemm_kernels.hpp"
#include "raven/nx/cpu/gemv.hpp"

namespace nx::cpu {
namespace {

#define RAVEN_GEMM_ROW(level) \
  {level::gemm_scratch_f32, level::gemm_scratch_f64, level::gemm_f32, level::gemm_f64, level::gemm_integer},
constexpr GemmKernels kernels[] = {RAVEN_GEMM_LEVELS(RAVEN_GEMM_ROW)};
#undef RAVEN_GEMM_ROW

constexpr const GemmKernels& kernels_of(raven::CpuLevel level) {
  return kernels[static_cast<int>(level)];
}

}  // namespace

size_t gemm_scratch_bytes(const GemmArgs& args, raven::CpuLevel level) {
  switch (args.element) {
    case GemmElement::f32:
      return kernels_of(level).scratch_f32(args);
    case GemmElement::f64:
      return kernels_of(level).scratch_f64(args);
    default:
      return 0;
  }
}
size_t gemm_scratch_bytes(const GemmArgs& args) {
  return gemm_scratch_bytes(args, raven::cpu_level());
}

void gemm(const GemmArgs& args, void* scratch, raven::CpuLevel level) {
  if (args.m == 0 || args.n == 0 || args.batch == 0) return;
  if (gemv_takes(args)) return gemv(args, level);
  switch (args.element) {
    case GemmElement::f32:
      return kernels_of(level).gemm_f32(args, scratch);
    case GemmElement::f64:
      return kernels_of(level).gemm_f64(args, scratch);
    default:
      return kernels_of(level).gemm_integer(args);
  }
}
void gemm(const GemmArgs& args, void* scratch) {
  gemm(args, scratch, raven::cpu_level());
}

}  // namespace nx::cpu
