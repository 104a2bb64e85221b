#pragma once
// What the forward and the backward pass of attention share at one CPU level: products of small tiles, the exponential
// of a score, operands as rows. Everything has internal linkage: see level.hpp.
//
// Row-wise arithmetic runs in the domain of 16 lanes at every level (several registers where one holds fewer), so that
// horizontal sums have one order.
#include <limits>

#include "raven/nx/cpu/attention.hpp"
#include "raven/nx/cpu/gemm_pack.hpp"
#include "raven/nx/cpu/kernels/level.hpp"
#include "raven/vmath/gemm_tile.hpp"
#include "raven/vmath/vmath.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {  // NOLINT: internal linkage per level is the point

/// Rows of a register tile, the same at every level: what a causal mask cuts off is decided by groups of them.
constexpr int attention_rows = 6;
constexpr int row_lanes = 16;
/// Up to this length of a sequence the operands of the next head are asked for while one is at work.
constexpr int64_t short_sequence = 128;
using RowDomain = vmath::Native<row_lanes>;

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

template <class T>
struct Attention {
  static constexpr int lanes = vmath::vector_bytes / static_cast<int>(sizeof(T));
  static constexpr int vectors = vmath::vector_bytes == 64 ? 4 : 2;
  static constexpr int columns = vectors * lanes;
  static constexpr int rows = attention_rows;
  using Domain = vmath::Native<lanes>;
  using Vector = vmath::Lanes<T, lanes>;
  using Row = vmath::Lanes<T, row_lanes>;

  /// C[i][j] = C[i][j]·factor[i] + Σ_k A[i][k]·B[k][j] for i < m, j < n: one chain of fma in the order of k. Rows of B
  /// are consecutive elements, readable up to the next multiple of 16.
  struct Product {
    const T* a;
    int64_t a_row, a_k;
    const T* b;
    int64_t b_k, trips;
    T* c;
    int64_t c_row;
    bool add;         ///< chains begin from C, else from zero
    const T* factor;  ///< null: ones
    bool padded;      ///< C may be written up to the next multiple of `lanes`
  };

  template <int tile_rows, int tile_vectors>
  static void run_tile(const Product& p, int64_t j, int64_t last) {
    const Domain d;
    const auto start = [&](auto i, auto v) RAVEN_VMATH_LAMBDA {
      if (!p.add) return Vector{};
      const T* c = p.c + i * p.c_row + j + v * lanes;
      const Vector value = v == tile_vectors - 1 && last != lanes ? vmath::load_partial<lanes>(c, last) : d.load(c);
      return p.factor ? value * d.bcast(p.factor + i) : value;
    };
    const auto finish = [&](auto i, auto v, Vector value) RAVEN_VMATH_LAMBDA {
      T* c = p.c + i * p.c_row + j + v * lanes;
      if (v == tile_vectors - 1 && last != lanes)
        vmath::store_partial(c, value, last);
      else
        d.store(c, value);
    };
    vmath::gemm_tile<tile_rows, tile_vectors>(d, p.a, p.a_row, p.a_k, p.b + j, p.b_k, p.trips, start, finish);
  }
  using TileFunction = void (*)(const Product&, int64_t, int64_t);
  template <int... index>
  static constexpr TileFunction tile_function(int64_t at, std::integer_sequence<int, index...>) {
    constexpr TileFunction table[] = {run_tile<index / vectors + 1, index % vectors + 1>...};
    return table[at];
  }

  static void multiply(Product p, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m; i += rows) {
      const int64_t height = least(rows, m - i);
      for (int64_t j = 0; j < n; j += columns) {
        const int64_t width = least(columns, n - j), used = ceil_div(width, lanes);
        const int64_t last = p.padded ? lanes : width - (used - 1) * lanes;
        tile_function((height - 1) * vectors + used - 1, std::make_integer_sequence<int, rows * vectors>{})(p, j, last);
      }
      p.a += rows * p.a_row;
      p.c += rows * p.c_row;
      if (p.factor) p.factor += rows;
    }
  }

  /// e^x for x ≤ 0 and a little above, 0 below the normal range; NaN stays.
  RAVEN_VMATH_INLINE static Row exp_score(Row x) {
    const RowDomain d;
    constexpr bool single = sizeof(T) == 4;
    const Row low = constant(single ? -87 : -708), high = constant(single ? 88 : 709);
    const auto e = vmath::detail::exp_parts(d, d.max(low, d.min(high, x)));
    Row power;
    if constexpr (single)
      power = d.real(d.shl(e.exponent + d.i32(127), 23));
    else
      power = d.real(d.shl(e.exponent + d.i64(1023), 52));
    return d.select(x < low, Row{}, e.fraction * power);
  }
  RAVEN_VMATH_INLINE static Row constant(double value) {
    const T c = static_cast<T>(value);
    return RowDomain{}.bcast(&c);
  }

  static T* at(const AttentionOperand& x, int64_t batch, int64_t head, int64_t row) {
    return reinterpret_cast<T*>(x.data) + batch * x.batch + head * x.head + row * x.row;
  }

  /// Asks for the rows [first, last) of x, a short sequence of the head that comes next.
  static void ask(const AttentionOperand& x, int64_t batch, int64_t head, int64_t first, int64_t last, int64_t width) {
    constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
    if (x.column != 1) return;
    for (int64_t i = first; i < last; ++i)
      for (int64_t j = 0; j < width; j += line) vmath::prefetch_l2(at(x, batch, head, i) + j);
  }

  /// Rows [first, first + count) of x as the right operand of a product: in place, or copied with the columns padded.
  struct Rows {
    const T* data;
    int64_t stride;
  };
  static Rows rows_of(const AttentionOperand& x, int64_t batch, int64_t head, int64_t first, int64_t count,
                      int64_t width, T* copy) {
    const T* data = at(x, batch, head, first);
    if (x.column == 1 && width % row_lanes == 0) return {data, x.row};
    const int64_t stride = attention_round(width);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < width; ++j) copy[i * stride + j] = data[i * x.row + j * x.column];
      for (int64_t j = width; j < stride; ++j) copy[i * stride + j] = 0;
    }
    return {copy, stride};
  }

  /// Rows [first, first + count) transposed: panel[j·64 + i]; lanes beyond `count` are undefined.
  static void transposed(const AttentionOperand& x, int64_t batch, int64_t head, int64_t first, int64_t count,
                         int64_t width, T* panel) {
    pack_panels<static_cast<int>(attention_keys)>(at(x, batch, head, first), x.row, x.column, count, width, panel);
  }
};

}  // namespace
}  // namespace nx::cpu::RAVEN_LEVEL
