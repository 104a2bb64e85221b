#pragma once
// Matrix multiplication C (+)= A·B (+ bias) over strided operands: the engine of DotGeneral. Internal to nx.
#include <cstddef>
#include <cstdint>

#include "raven/base/cpu.hpp"

namespace nx::cpu {

/// Element type of A, B and C. Signed and unsigned integers of one width share a kernel: products and sums wrap.
/// `b1` is one byte a truth value; its product is the OR of ANDs.
enum class GemmElement : uint8_t { f32, f64, i8, i16, i32, i64, b1 };

/// The problem, for each of `batch` members: C[m×n] = (accumulate ? C : 0) + A[m×k]·B[k×n] (+ bias[n] in every row).
/// Strides count elements and may be anything: transposed, sliced, reversed, broadcast (0). The elements of C must be
/// distinct and apart from A, B and bias. m, n, k, batch ≥ 0; k = 0 is an empty sum.
struct GemmArgs {
  GemmElement element = GemmElement::f32;
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  const void* bias = nullptr;  ///< n consecutive elements, or null; f32 and f64 only
  int64_t m = 0, n = 0, k = 0;
  int64_t a_row = 0, a_col = 0;  ///< A[i][p] is a[i·a_row + p·a_col]
  int64_t b_row = 0, b_col = 0;  ///< B[p][j] is b[p·b_row + j·b_col]
  int64_t c_row = 0, c_col = 1;
  bool accumulate = false;
  int64_t batch = 1;
  int64_t a_batch = 0, b_batch = 0, c_batch = 0;
};

/// Bytes of scratch, 64-aligned, that gemm(args, …) needs at this level; a function of shape, strides and level. At
/// most about 16 MiB, except for long dot products (one element per 512 terms).
size_t gemm_scratch_bytes(const GemmArgs& args, raven::CpuLevel level);
size_t gemm_scratch_bytes(const GemmArgs& args);

/// Computes C. Allocates nothing; parallel by parallel_for where it pays. The bits of C depend on the values and on k
/// alone (see gemm_float.hpp), NaN payloads apart. `level` must not exceed cpu_info().best.
void gemm(const GemmArgs& args, void* scratch, raven::CpuLevel level);
void gemm(const GemmArgs& args, void* scratch);

}  // namespace nx::cpu
