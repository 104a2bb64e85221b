#pragma once
// Matrix times vector: products with m = 1 or n = 1 whose matrix is read once, at the speed of memory. Internal to nx.
#include "raven/nx/cpu/gemm.hpp"

namespace nx::cpu {

/// A product of this form, with the orders of sums that gemm promises (gemm_float.hpp): gemv gives the same bits.
/// One of m and n is 1 and the other is not, there is one member, and rows or columns of the matrix are consecutive.
bool gemv_takes(const GemmArgs& args);

/// Computes it: no scratch; parallel by parallel_for where it pays.
void gemv(const GemmArgs& args, raven::CpuLevel level);

/// out[i] (+)= Σ_k vector[k]·matrix(k, i) (+ bias[i]), i < outputs: gemm with the roles of A and B settled.
struct GemvArgs {
  const void *vector, *matrix, *bias;
  void* out;
  int64_t outputs, k;
  int64_t vector_step, matrix_k, matrix_output, out_step, bias_step;  ///< in elements; one step of the matrix is 1
  bool accumulate;
};

#if defined(__x86_64__)
#define RAVEN_GEMV_LEVELS(X) X(portable) X(v3) X(v4)
#else
#define RAVEN_GEMV_LEVELS(X) X(portable)
#endif
#define RAVEN_GEMV_DECLARE(level)      \
  namespace level {                    \
  void gemv_f32(const GemvArgs& args); \
  void gemv_f64(const GemvArgs& args); \
  }
RAVEN_GEMV_LEVELS(RAVEN_GEMV_DECLARE)
#undef RAVEN_GEMV_DECLARE

}  // namespace nx::cpu
