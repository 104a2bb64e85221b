#pragma once
// Inner loops, compiled once per CPU level (cpu/kernels/*.cpp) and chosen at run time. Not installed.
#include <cstddef>
#include <cstdint>

#include "raven/base/cpu.hpp"
#include "raven/nx/attrs.hpp"
#include "raven/nx/cpu/attention.hpp"

namespace nx::cpu {

/// out[i] = f(in0[i·strides[0]], in1[i·strides[1]], …) for i < n. Strides are in elements; a stride of 0 repeats one
/// element. `out` is dense and may be exactly one of the dense inputs of the same item size.
using MapLoop = void(std::byte* out, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs& attrs);

/// Reductions of T into R in the canonical order (docs/architecture.md, "one order of sums"). Long reductions are cut into
/// segments, which are whole subtrees of the binary tree, so cutting changes no bit.
struct ReduceLoops {
  /// out[r] = reduction of in[r·row_stride + i·stride], i < n; rows independent.
  void (*rows)(std::byte* out, const std::byte* in, int64_t rows, int64_t n, int64_t row_stride, int64_t stride) = nullptr;
  /// out[j] = reduction over r < rows of in[r·row_stride + j], j < width: blocks of 16 rows in order, blocks in the
  /// binary tree. rows ≤ column_segment, width ≤ column_width.
  void (*columns)(std::byte* out, const std::byte* in, int64_t rows, int64_t width, int64_t row_stride) = nullptr;
  /// Combines `count` rows of `width` values in the binary tree by index; destroys them; result in row 0.
  void (*tree)(std::byte* values, int64_t count, int64_t width) = nullptr;
};
inline constexpr int64_t reduce_block = 1024;             ///< elements of a run summed by 64 partials
inline constexpr int64_t run_segment = 64 * reduce_block;  ///< elements of a run handled by one task
inline constexpr int64_t column_segment = 64 * 16;         ///< rows handled by one task
inline constexpr int64_t column_width = 512;

/// Index of the first largest (smallest) element, the first NaN winning. Strides in elements.
struct ArgLoops {
  /// of a[i·stride], i < n
  int64_t (*run)(const std::byte* a, int64_t n, int64_t stride) = nullptr;
  /// out[j] of a[r·row_stride + j], r < n, j < width ≤ column_width
  void (*columns)(int64_t* out, const std::byte* a, int64_t n, int64_t width, int64_t row_stride) = nullptr;
};

/// Row-wise composites over contiguous rows of n elements.
using RowLoop = void(std::byte* const* out, const std::byte* const* in, int64_t rows, int64_t n, const Attrs& attrs);

struct LevelTable {
  MapLoop* map[op_table_size][dtype_count] = {};  ///< by op and dtype of the last operand; null: not computed
  MapLoop* cast[dtype_count][dtype_count] = {};   ///< by from and to
  ReduceLoops reduce[4][dtype_count][dtype_count] = {};  ///< by kind, operand dtype, result dtype
  ArgLoops arg[2][dtype_count] = {};  ///< largest, smallest; by operand dtype
  /// Copies with any strides: dst[i·dst_stride] = src[i·src_stride]; by log2 of the item size.
  void (*copy[4])(std::byte* dst, const std::byte* src, int64_t n, int64_t dst_stride, int64_t src_stride) = {};
  /// dst[i·dst_stride + j] = src[i + j·src_stride], i < rows, j < cols: a tile transposed in registers.
  void (*transpose[4])(std::byte* dst, const std::byte* src, int64_t rows, int64_t cols, int64_t dst_stride,
                       int64_t src_stride) = {};
  /// Threefry blocks of one key for counters start, start + 1, …; by RandomBitsKind.
  void (*random_bits[3])(std::byte* out, const uint32_t* key, uint64_t start, int64_t n) = {};
  RowLoop* row[op_table_size][dtype_count] = {};
  AttentionLoops attention[dtype_count] = {};
};

/// The table of one level, and of the level in use.
const LevelTable& level_table(raven::CpuLevel level);
const LevelTable& loops();

#define NX_DECLARE_LEVEL(level)                  \
  namespace level {                              \
  void fill_arithmetic(LevelTable& table);       \
  void fill_integer(LevelTable& table);          \
  void fill_math(LevelTable& table);             \
  void fill_cast(LevelTable& table);             \
  void fill_move(LevelTable& table);             \
  void fill_reduce(LevelTable& table);           \
  void fill_rows(LevelTable& table);             \
  void fill_random(LevelTable& table);           \
  void fill_arg(LevelTable& table);              \
  void fill_attention_forward(LevelTable& table);  \
  void fill_attention_backward(LevelTable& table); \
  }
NX_DECLARE_LEVEL(portable)
NX_DECLARE_LEVEL(v3)
NX_DECLARE_LEVEL(v4)
#undef NX_DECLARE_LEVEL

}  // namespace nx::cpu
