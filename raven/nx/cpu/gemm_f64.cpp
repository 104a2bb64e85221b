// f64 matrix multiplication, compiled once per CPU level.
#include "raven/nx/cpu/gemm_float.hpp"
#include "raven/nx/cpu/gemm_kernels.hpp"

namespace nx::cpu {

size_t RAVEN_LEVEL::gemm_scratch_f64(const GemmArgs& args) {
  return Gemm<double>::scratch_bytes(args);
}
void RAVEN_LEVEL::gemm_f64(const GemmArgs& args, void* scratch) {
  Gemm<double>::run(args, scratch);
}

}  // namespace nx::cpu
