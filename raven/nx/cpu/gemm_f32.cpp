// f32 matrix multiplication, compiled once per CPU level.
#include "raven/nx/cpu/gemm_float.hpp"
#include "raven/nx/cpu/gemm_kernels.hpp"

namespace nx::cpu {

size_t RAVEN_LEVEL::gemm_scratch_f32(const GemmArgs& args) {
  return Gemm<float>::scratch_bytes(args);
}
void RAVEN_LEVEL::gemm_f32(const GemmArgs& args, void* scratch) {
  Gemm<float>::run(args, scratch);
}

}  // namespace nx::cpu
