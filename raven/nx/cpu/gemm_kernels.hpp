#pragma once
// The kernels of gemm at one CPU level, as one row of the table in gemm.cpp.
#include "raven/nx/cpu/gemm.hpp"

namespace nx::cpu {

struct GemmKernels {
  size_t (*scratch_f32)(const GemmArgs&);
  size_t (*scratch_f64)(const GemmArgs&);
  void (*gemm_f32)(const GemmArgs&, void* scratch);
  void (*gemm_f64)(const GemmArgs&, void* scratch);
  void (*gemm_integer)(const GemmArgs&);
};

#if defined(__x86_64__)
#define RAVEN_GEMM_LEVELS(X) X(portable) X(v3) X(v4)
#else
#define RAVEN_GEMM_LEVELS(X) X(portable)
#endif
#define RAVEN_GEMM_DECLARE(level)           \
  namespace level {                         \
  size_t gemm_scratch_f32(const GemmArgs&); \
  size_t gemm_scratch_f64(const GemmArgs&); \
  void gemm_f32(const GemmArgs&, void*);    \
  void gemm_f64(const GemmArgs&, void*);    \
  void gemm_integer(const GemmArgs&);       \
  }
RAVEN_GEMM_LEVELS(RAVEN_GEMM_DECLARE)
#undef RAVEN_GEMM_DECLARE

}  // namespace nx::cpu
