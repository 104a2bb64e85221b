#pragma once
// The register tile of matrix multiplication, written once over a value domain `d` (domain.hpp): native vectors make
// nx's kernels, a builder domain makes compiled ones, and both give the same bits.
//
//   tile[i][j] = start(i, j);   tile[i][j] = fma(A[i][k], B[k][j], tile[i][j])  for k = 0 … trips-1 in order
//
// for i < rows and j < vectors·lanes. Every output is one chain of fused multiply-adds over k, whatever the size of the
// tile, the lane an output falls in, or the side of the product that is broadcast: so tiles of all shapes and levels
// agree bit for bit. (nx's portable kernels are not these: without fused multiply-adds in hardware they multiply, then add.)
//
// Where the chains end is part of the result. One chain over k in blocks whose size depends on the shape
// only: `gemm_k_block` is that size; the chain of block b starts from zero and covers k in [b·size, (b+1)·size), and
// blocks are added to the output in order: ((block 0 + block 1) + block 2) + …
#include <cstdint>

#include "raven/vmath/level.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {

/// Length of the blocks that a contraction of length k is cut into (the last may be shorter): at most `gemm_k_limit`,
/// all alike to within 16, at least 1. A function of k alone.
inline constexpr int64_t gemm_k_limit = 512;
constexpr int64_t gemm_k_block(int64_t k) {
  if (k <= gemm_k_limit) return k > 0 ? k : 1;
  const int64_t blocks = (k + gemm_k_limit - 1) / gemm_k_limit;
  return ((k + blocks - 1) / blocks + 15) / 16 * 16;
}

/// Rows and vectors of the largest tile that leaves registers for the operands: rows·vectors accumulators, `vectors` of
/// B and one of A. 32 registers at v4 (8×48 f32, 8×24 f64), 16 below (6×16 and 6×8 at v3; 4×8 and 4×4 at portable,
/// where the product needs a register too).
struct GemmTileShape {
  int rows, vectors;
};
inline constexpr GemmTileShape gemm_tile_shape = vector_bytes == 64   ? GemmTileShape{8, 3}
                                                 : vector_bytes == 32 ? GemmTileShape{6, 2}
                                                                      : GemmTileShape{4, 2};

/// One tile. A[i][k] is at a + i·a_row + k·a_k, B[k][j] at b + k·b_k + j (lanes are consecutive): packed panels have
/// a_row = 1, a_k = panel rows, b_k = panel columns; unpacked operands have any stride.
/// @param start   start(i, j) → value of `lanes` outputs: where the chain begins (i, j are integral_constants, j counts
///                vectors): zero, or a chain that was interrupted
/// @param finish  finish(i, j, value): adds, applies an epilogue, stores
/// @param each    each(k) beside the products of step k: asks for what comes next
/// Hardware without fma multiplies and adds (mul_add): that level is exempt from the equality of bits.
template <int rows, int vectors, class Domain, class Pointer, class Start, class Finish, class Each>
RAVEN_VMATH_INLINE void gemm_tile(const Domain& d, Pointer a, int64_t a_row, int64_t a_k, Pointer b, int64_t b_k,
                                  typename Domain::Index trips, Start start, Finish finish, Each each) {
  using Value = decltype(d.bcast(a));
  Value tile[rows * vectors];
  d.template unroll<rows>([&](auto i) RAVEN_VMATH_LAMBDA {
    d.template unroll<vectors>([&](auto j) RAVEN_VMATH_LAMBDA { tile[i * vectors + j] = start(i, j); });
  });
  // Narrow vectors: two pointers, from each of which the next rows are an addressing mode away.
  constexpr int half = vector_bytes < 64 ? (rows + 1) / 2 : rows;
  const Pointer a_half = half < rows ? d.anchor(d.offset(a, 0, 0, half * a_row)) : a;
  d.template loop<rows * vectors>(trips, tile, [&](auto k) RAVEN_VMATH_LAMBDA {
    each(k);
    Value column[vectors];
    d.template unroll<vectors>([&](auto j)
                                   RAVEN_VMATH_LAMBDA { column[j] = d.load(d.offset(b, k, b_k, j * Domain::lanes)); });
    d.template unroll<rows>([&](auto i) RAVEN_VMATH_LAMBDA {
      const Value row =
          d.bcast(i < half ? d.offset(a, k, a_k, i * a_row) : d.offset(a_half, k, a_k, (i - half) * a_row));
      d.template unroll<vectors>(
          [&](auto j) RAVEN_VMATH_LAMBDA { tile[i * vectors + j] = d.mul_add(row, column[j], tile[i * vectors + j]); });
    });
  });
  d.template unroll<rows>([&](auto i) RAVEN_VMATH_LAMBDA {
    d.template unroll<vectors>([&](auto j) RAVEN_VMATH_LAMBDA { finish(i, j, tile[i * vectors + j]); });
  });
}

template <int rows, int vectors, class Domain, class Pointer, class Start, class Finish>
RAVEN_VMATH_INLINE void gemm_tile(const Domain& d, Pointer a, int64_t a_row, int64_t a_k, Pointer b, int64_t b_k,
                                  typename Domain::Index trips, Start start, Finish finish) {
  gemm_tile<rows, vectors>(d, a, a_row, a_k, b, b_k, trips, start, finish,
                           [](typename Domain::Index) RAVEN_VMATH_LAMBDA {});
}

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
