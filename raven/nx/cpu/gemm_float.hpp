#pragma once
// Floating-point matrix multiplication at one CPU level; instantiated by gemm_f32.cpp and gemm_f64.cpp.
//
// The contract: one chain of fma per output and k-block (DESIGN §3.13)
// --------------------------------------------------------------------
//   block b covers k in [b·K, (b+1)·K), K = vmath::gemm_k_block(k): a function of k alone
//   part[b] = fma(A[i][k], B[k][j], …) for k in block b in order, from +0
//   C[i][j] = (((C[i][j] if accumulate) + part[0]) + part[1]) + … + bias[j]
//
// Every path below computes exactly this, so the choice of path, tile, level, chunk and thread can never change a bit:
//   * an output lives in one lane of one accumulator; its chain never mixes with another's, so the tile's size, edges,
//     masks and zero padding are invisible (padding feeds only lanes that are not stored);
//   * fma(a, b, c) = fma(b, a, c), so exchanging the roles of A and B (Cᵀ = BᵀAᵀ) is invisible;
//   * a chain may be interrupted inside a block: the accumulator is stored and loaded again, which is exact (the strips
//     of the skinny path);
//   * blocks are added in order, by loops whose outer counter is b, or from an array of parts (the dot path). Two
//   threads
//     never add to one output.
// Chunks handed to threads are made from the shape (and cache sizes) and each output belongs to one of them.
// Only where both operands of a product are NaN may the payload differ. Level portable multiplies and adds: no hardware
// fma there, and it is exempt.
//
// The paths
// ---------
//   packed   A and B are copied into panels (gemm_pack.hpp), one k-block at a time, by all threads together; then
//   chunks
//            of C are computed from the panels, which all threads share. A is read in place instead when it is small,
//            or when C is so narrow that each element is used once or twice.
//   skinny   m ≤ rows of the tile: B is streamed once, in strips of k short enough that consecutive rows of B stay open
//            pages, with the accumulators of one chunk of columns in the first-level cache.
//   dot      m = n = 1: eight k-blocks at a time, so that their chains overlap.
// Small members of a batch are computed whole, many at a time, one chunk of members per thread.
#include "raven/base/cpu.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/gemm.hpp"
#include "raven/nx/cpu/gemm_pack.hpp"
#include "raven/vmath/gemm_tile.hpp"

namespace nx::cpu {
namespace RAVEN_LEVEL {

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

template <class T>
struct Gemm {
  static constexpr int lanes = vmath::vector_bytes / static_cast<int>(sizeof(T));
  static constexpr int rows = vmath::gemm_tile_shape.rows;
  static constexpr int vectors = vmath::gemm_tile_shape.vectors;
  static constexpr int columns = vectors * lanes;
  /// Panels of A packed together, so that a transpose fills its registers.
  static constexpr int group = 2 * rows == lanes ? 2 : 1;
  using Domain = vmath::Native<lanes>;
  using Vector = vmath::Lanes<T, lanes>;

  /// Work below this stays on the caller; the least and the most in one chunk of C (flop).
  static constexpr int64_t parallel_flop = int64_t{2} << 20;
  static constexpr int64_t least_chunk_flop = int64_t{1} << 18, most_chunk_flop = int64_t{32} << 20;
  /// Bytes of packed A and of packed B held at once.
  static constexpr int64_t panel_bytes = int64_t{4} << 20;
  static constexpr int64_t all_blocks_bytes = int64_t{2} << 20;
  /// Panels of C whose accumulators one skinny chunk keeps, and steps of k per strip: half the direct one for one or
  /// two rows, where long runs along each row of B count most.
  static constexpr int64_t skinny_panels = 20;
  static constexpr int64_t direct_strip = 16, packed_strip = 256;
  static constexpr int64_t batch_chunks = 64;
  /// The most columns of C for which A, consecutive along k, is read in place.
  static constexpr int64_t direct_columns = 16 * columns;

  /// One member of the batch, perhaps transposed: C[m×n] (+)= A·B + bias[i·bias_row + j·bias_col].
  struct Problem {
    const T *a, *b;
    T* c;
    const T* bias;
    int64_t m, n, k;
    int64_t a_row, a_col, b_row, b_col, c_row, c_col, bias_row, bias_col;
    bool accumulate;
    /// Rows of C are consecutive and so is the bias: tiles are stored from registers.
    bool plain_output() const { return c_col == 1 && (bias == nullptr || bias_col == 1); }
  };

  enum class Path : uint8_t { empty, dot, skinny, packed };
  struct Plan {
    Path path = Path::empty;
    bool transposed = false;  ///< computes Cᵀ = Bᵀ·Aᵀ
    bool direct_a = false;    ///< A is read in place
    int64_t k_block = 1;
    int64_t m_super = 0, n_super = 0;           ///< packed: rows and columns packed at once,
    int64_t k_blocks = 1;                       ///< and k-blocks
    int64_t chunk_columns = 0, chunk_rows = 0;  ///< part of C that one task computes
    bool serial = true;
    bool stream = false;  ///< skinny: B comes from memory, so it is fetched one strip ahead
    int64_t scratch_bytes = 0;
  };

  // ------------------------------------------------------------------------------------------------------- the tile

  struct TileArgs {
    const T* a;
    int64_t a_row, a_k;
    const T* b;
    int64_t b_k, k;
    const T* start;  ///< interrupted chains, or null: zeros
    int64_t start_row;
    T* c;
    int64_t c_row;
    int64_t last;  ///< outputs of the last vector
    bool add;      ///< adds to C
    const T* bias;
  };
  using TileFunction = void (*)(const TileArgs&);

  template <int tile_rows, int tile_vectors>
  static void run_tile(const TileArgs& t) {
    const Domain d;
    // C comes from beyond the second level; it arrives while k runs
    for (int i = 0; i < tile_rows; ++i) {
      for (int j = 0; j < tile_vectors; ++j) vmath::prefetch(t.c + i * t.c_row + j * lanes);
    }
    const auto start = [&](auto i, auto j) RAVEN_VMATH_LAMBDA {
      return t.start == nullptr ? Vector{} : d.load(t.start + i * t.start_row + j * lanes);
    };
    const auto finish = [&](auto i, auto j, Vector value) RAVEN_VMATH_LAMBDA {
      T* to = t.c + i * t.c_row + j * lanes;
      if (j == tile_vectors - 1 && t.last != lanes) {
        if (t.add) value = vmath::load_partial<lanes>(to, t.last) + value;
        if (t.bias != nullptr) value = value + vmath::load_partial<lanes>(t.bias + j * lanes, t.last);
        vmath::store_partial(to, value, t.last);
      } else {
        if (t.add) value = d.load(to) + value;
        if (t.bias != nullptr) value = value + d.load(t.bias + j * lanes);
        d.store(to, value);
      }
    };
    vmath::gemm_tile<tile_rows, tile_vectors>(d, t.a, t.a_row, t.a_k, t.b, t.b_k, t.k, start, finish);
  }

  template <int... index>
  static constexpr TileFunction tile_function(int at, std::integer_sequence<int, index...>) {
    constexpr TileFunction table[] = {run_tile<index / vectors + 1, index % vectors + 1>...};
    return table[at];
  }
  /// The tile of `r` rows and `v` vectors, 1 ≤ r ≤ rows, 1 ≤ v ≤ vectors.
  static TileFunction tile(int64_t r, int64_t v) {
    return tile_function(static_cast<int>((r - 1) * vectors + v - 1),
                         std::make_integer_sequence<int, rows * vectors>{});
  }

  /// Runs one tile of `height`×`width` outputs at C(i, j); through a buffer where C is not plain. `t` comes with A, B
  /// and the chain, and is completed here: a copy of it would wait for its own stores, and those of the last tile.
  static void output_tile(const Problem& p, TileArgs& t, int64_t i, int64_t j, int64_t height, int64_t width,
                          bool first, bool final) {
    const int64_t used = ceil_div(width, lanes);
    t.last = width - (used - 1) * lanes;
    const bool add = p.accumulate || !first;
    const T* bias = final && p.bias != nullptr ? p.bias + i * p.bias_row + j * p.bias_col : nullptr;
    T* c = p.c + i * p.c_row + j * p.c_col;
    if (p.plain_output()) {
      t.c = c, t.c_row = p.c_row, t.add = add, t.bias = bias;
      tile(height, used)(t);
      return;
    }
    alignas(64) T buffer[rows * columns];
    t.c = buffer, t.c_row = columns, t.add = false, t.bias = nullptr;
    tile(height, used)(t);
    for (int64_t x = 0; x < height; ++x) {
      for (int64_t y = 0; y < width; ++y) {
        T* to = c + x * p.c_row + y * p.c_col;
        T value = buffer[x * columns + y];
        if (add) value = *to + value;
        if (bias != nullptr) value = value + bias[x * p.bias_row + y * p.bias_col];
        *to = value;
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------- plans

  static Plan plan(const GemmArgs& g) {
    Plan plan;
    if (g.k == 0) return plan;
    plan.k_block = vmath::gemm_k_block(g.k);
    if (g.m == 1 && g.n == 1) {
      plan.path = Path::dot;
      const int64_t blocks = ceil_div(g.k, plan.k_block);
      plan.scratch_bytes = round_up(blocks * static_cast<int64_t>(sizeof(T)), 64);
      return plan;
    }
    // Vectors run along the columns of C: exchange the roles of A and B where its rows are consecutive, or longer by
    // far.
    const bool narrow = g.n < lanes && g.n <= 8 && g.m >= 4 * g.n;
    const bool flat = g.m <= 8 && g.n >= 4 * g.m;
    plan.transposed = narrow || (g.c_row == 1 && g.c_col != 1 && g.n > 1 && !flat);
    const int64_t m = plan.transposed ? g.n : g.m, n = plan.transposed ? g.m : g.n;
    const int64_t a_col = plan.transposed ? g.b_row : g.a_col;
    const int64_t size = sizeof(T), flop = 2 * m * n * plan.k_block;
    if (m <= rows) {
      plan.path = Path::skinny;
      plan.stream = n * g.k * size >= (int64_t{1} << 20);
      plan.serial = !plan.stream && flop < parallel_flop;
      const int64_t limit = m <= 2 ? skinny_panels : skinny_panels / 2;
      const int64_t panels = ceil_div(n, columns);
      int64_t chunks = ceil_div(panels, limit);
      if (!plan.serial) chunks = least(round_up(chunks, 8), most(panels / 4, 1));
      plan.chunk_columns = least(ceil_div(panels, chunks), limit) * columns;
      return plan;
    }
    plan.path = Path::packed;
    // Where C is narrow, packing A costs a tenth of the products and more: tiles read consecutive rows in place, unless
    // their distance puts them into the same sets of the first-level cache.
    const int64_t a_row = plan.transposed ? g.b_col : g.a_row;
    plan.direct_a = m * g.k * size <= (32 << 10) ||
                    (a_col == 1 && (n <= 2 * columns || (n <= direct_columns && a_row * size % 4096 != 0)));
    const int64_t limit = panel_bytes / (plan.k_block * size);
    plan.n_super = least(round_up(n, columns), round_up(limit, columns));
    plan.m_super = plan.direct_a ? m : least(m, round_up(limit, rows * group));
    const int64_t height = plan.m_super, width = least(n, plan.n_super);
    plan.serial = 2 * height * width * plan.k_block < parallel_flop;
    const int64_t panels = ceil_div(width, columns);
    const int64_t wide = ceil_div(panels, most(384 / columns, 1));
    plan.chunk_columns = ceil_div(panels, wide) * columns;
    if (plan.serial) {
      plan.chunk_columns = plan.n_super;
      plan.chunk_rows = height;
    } else {
      const int64_t row_flop = 2 * least(width, plan.chunk_columns) * plan.k_block;
      const int64_t target = least(most(height * width * plan.k_block / 8, least_chunk_flop), most_chunk_flop);
      const int64_t cache = most(raven::cpu_info().l2 / 2 / (plan.k_block * size), rows);
      const int64_t tall = ceil_div(height, least(most(target / row_flop, rows), cache));
      plan.chunk_rows = round_up(ceil_div(height, tall), rows);
    }
    const int64_t a_rows = plan.direct_a ? 0 : round_up(plan.m_super, rows * group);
    const int64_t block_bytes = (a_rows + plan.n_super) * plan.k_block * size, blocks = ceil_div(g.k, plan.k_block);
    // Small panels of all blocks are made together: threads meet twice, not twice for each block.
    if (!plan.serial && blocks * block_bytes <= all_blocks_bytes) plan.k_blocks = blocks;
    plan.scratch_bytes = round_up(plan.k_blocks * block_bytes, 64);
    return plan;
  }

  /// Members that one task computes; 0: members one after the other, each in parallel.
  static int64_t batch_grain(const GemmArgs& g, const Plan& plan) {
    if (g.batch == 1 || !plan.serial || plan.scratch_bytes > (int64_t{512} << 10)) return 0;
    const int64_t work = 2 * g.m * g.n * g.k + 4 * (g.m * g.n + g.m * g.k + g.n * g.k) + 64;
    return most(ceil_div(parallel_flop, work), ceil_div(g.batch, batch_chunks));
  }

  /// A batch whose members share B and stack along the rows is one taller problem.
  static GemmArgs merged(GemmArgs g) {
    if (g.batch > 1 && g.b_batch == 0 && g.a_batch == g.m * g.a_row && g.c_batch == g.m * g.c_row) {
      g.m *= g.batch;
      g.batch = 1;
    }
    return g;
  }

  static size_t scratch_bytes(const GemmArgs& original) {
    if (original.m == 0 || original.n == 0 || original.batch == 0) return 0;
    const GemmArgs g = merged(original);
    const Plan plan = Gemm::plan(g);
    const int64_t grain = batch_grain(g, plan);
    const int64_t slices = grain == 0 ? 1 : ceil_div(g.batch, grain);
    return static_cast<size_t>(slices * plan.scratch_bytes);
  }

  // ------------------------------------------------------------------------------------------------------- paths

  /// k = 0: C = (C) + bias.
  static void empty_sum(const Problem& p) {
    for (int64_t i = 0; i < p.m; ++i) {
      for (int64_t j = 0; j < p.n; ++j) {
        T* to = p.c + i * p.c_row + j * p.c_col;
        T value = p.accumulate ? *to : T{0};
        if (p.bias != nullptr) value = value + p.bias[i * p.bias_row + j * p.bias_col];
        *to = value;
      }
    }
  }

  /// The chains of `count` neighbouring k-blocks of `length` steps, interleaved. Each chain fills all lanes of a small
  /// vector: scalars would be gathered into one by the optimiser, at four times the cost.
  template <int count>
  static void dot_blocks(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t length, T* parts) {
    constexpr int copies = 16 / static_cast<int>(sizeof(T));
    const vmath::Native<copies> d;
    vmath::Lanes<T, copies> sum[count] = {};
    for (int64_t k = 0; k < length; ++k) {
#pragma GCC unroll 8
      for (int block = 0; block < count; ++block) {
        const int64_t at = block * length + k;
        sum[block] = d.mul_add(d.bcast(a + at * a_step), d.bcast(b + at * b_step), sum[block]);
      }
    }
    for (int block = 0; block < count; ++block) parts[block] = sum[block].v[0];
  }

  static void dot(const Problem& p, const Plan& plan, T* parts) {
    const int64_t length = plan.k_block, blocks = ceil_div(p.k, length), full = p.k / length;
    const int64_t grain = plan.k_block < vmath::gemm_k_limit / 2 ? blocks : 256;
    raven::parallel_for(blocks, grain, [&](int64_t begin, int64_t end) {
      int64_t block = begin;
      const auto a = [&] { return p.a + block * length * p.a_col; };
      const auto b = [&] { return p.b + block * length * p.b_row; };
      for (; block + 8 <= least(end, full); block += 8)
        dot_blocks<8>(a(), p.a_col, b(), p.b_row, length, parts + block);
      for (; block + 2 <= least(end, full); block += 2)
        dot_blocks<2>(a(), p.a_col, b(), p.b_row, length, parts + block);
      for (; block < end; ++block) {
        dot_blocks<1>(a(), p.a_col, b(), p.b_row, least(length, p.k - block * length), parts + block);
      }
    });
    T value = p.accumulate ? *p.c + parts[0] : parts[0];
    for (int64_t block = 1; block < blocks; ++block) value = value + parts[block];
    if (p.bias != nullptr) value = value + *p.bias;
    *p.c = value;
  }

  /// Asks for `length` rows of `width` elements each, if they are consecutive in either direction.
  static void fetch(const T* from, int64_t row, int64_t col, int64_t length, int64_t width) {
    constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
    if (col == 1) {
      for (int64_t i = 0; i < length; ++i) {
        for (int64_t j = 0; j < width; j += line) vmath::prefetch_l2(from + i * row + j);
      }
    } else if (row == 1) {
      for (int64_t j = 0; j < width; ++j) {
        for (int64_t i = 0; i < length; i += line) vmath::prefetch_l2(from + i + j * col);
      }
    }
  }

  /// Columns [begin, end) of a product with at most `rows` rows.
  static void skinny_columns(const Problem& p, const Plan& plan, int64_t begin, int64_t end) {
    alignas(64) T chains[rows * skinny_panels * columns / 2];
    alignas(64) T packed[packed_strip * columns];
    static_assert(rows >= 2);
    const int64_t chain_row = plan.chunk_columns;
    const bool direct = p.b_col == 1;
    const int64_t strip = !direct ? packed_strip : p.m <= 2 ? direct_strip / 2 : direct_strip;
    for (int64_t block = 0; block < p.k; block += plan.k_block) {
      const int64_t block_end = least(block + plan.k_block, p.k);
      for (int64_t k = block; k < block_end; k += strip) {
        const int64_t length = least(strip, block_end - k);
        for (int64_t j = begin; j < end; j += columns) {
          const int64_t width = least(columns, end - j), used = ceil_div(width, lanes);
          const T* b = p.b + k * p.b_row + j * p.b_col;
          if (plan.stream && k + length < p.k) {
            fetch(b + length * p.b_row, p.b_row, p.b_col, least(strip, p.k - k - length), width);
          }
          TileArgs t{p.a + k * p.a_col, p.a_row, p.a_col,   b,     p.b_row, length, nullptr,
                     chain_row,         nullptr, chain_row, lanes, false,   nullptr};
          if (!direct || width % lanes != 0) {
            pack_panels<columns>(b, p.b_col, p.b_row, width, length, packed);
            t.b = packed, t.b_k = columns;
          }
          T* chain = chains + (j - begin);
          if (k > block) t.start = chain;
          if (k + length < block_end) {
            t.c = chain;
            tile(p.m, used)(t);
          } else {
            output_tile(p, t, 0, j, p.m, width, block == 0, block_end == p.k);
          }
        }
      }
    }
  }

  static void skinny(const Problem& p, const Plan& plan) {
    const int64_t chunk = plan.chunk_columns, chunks = ceil_div(p.n, chunk);
    raven::parallel_for(chunks, plan.serial ? chunks : 1, [&](int64_t first, int64_t last) {
      for (int64_t at = first; at < last; ++at) skinny_columns(p, plan, at * chunk, least((at + 1) * chunk, p.n));
    });
  }

  /// One step of the packed path: rows [i0, i0 + height) and columns [j0, j0 + width) of C, k in [k0, k_end). The
  /// panels of the next k-block follow at `a_next` and `b_next`.
  struct Step {
    int64_t i0, height, j0, width, k0, k_end;
    T *a_panels, *b_panels;
    int64_t a_next, b_next;
  };

  static void pack(const Problem& p, const Plan& plan, const Step& s, bool with_b) {
    const int64_t a_units = plan.direct_a ? 0 : ceil_div(s.height, rows * group);
    const int64_t b_units = with_b ? ceil_div(s.width, columns) : 0;
    const int64_t per_block = a_units + b_units, units = per_block * ceil_div(s.k_end - s.k0, plan.k_block);
    const int64_t unit_bytes = (rows * group + columns) / 2 * plan.k_block * static_cast<int64_t>(sizeof(T));
    const int64_t grain = plan.serial ? units : most((32 << 10) / unit_bytes, 1);
    raven::parallel_for(units, units * unit_bytes < (64 << 10) ? units : grain, [&](int64_t first, int64_t last) {
      for (int64_t unit = first; unit < last; ++unit) {
        const int64_t block = unit / per_block, in_block = unit % per_block;
        const int64_t k = s.k0 + block * plan.k_block, length = least(plan.k_block, s.k_end - k);
        if (in_block < b_units) {
          const int64_t j = in_block * columns;
          pack_panels<columns>(p.b + (s.j0 + j) * p.b_col + k * p.b_row, p.b_col, p.b_row, least(columns, s.width - j),
                               length, s.b_panels + block * s.b_next + j * length);
        } else {
          const int64_t i = (in_block - b_units) * rows * group;
          pack_panels<rows, group>(p.a + (s.i0 + i) * p.a_row + k * p.a_col, p.a_row, p.a_col,
                                   least(rows * group, s.height - i), length,
                                   s.a_panels + block * s.a_next + i * length);
        }
      }
    });
  }

  static void compute(const Problem& p, const Plan& plan, const Step& s) {
    const int64_t tall = ceil_div(s.height, plan.chunk_rows), wide = ceil_div(s.width, plan.chunk_columns);
    raven::parallel_for(tall * wide, plan.serial ? tall * wide : 1, [&](int64_t begin, int64_t end) {
      for (int64_t chunk = begin; chunk < end; ++chunk) {
        const int64_t i_begin = chunk / wide * plan.chunk_rows, j_begin = chunk % wide * plan.chunk_columns;
        const int64_t i_end = least(i_begin + plan.chunk_rows, s.height);
        const int64_t j_end = least(j_begin + plan.chunk_columns, s.width);
        const T *a_panels = s.a_panels, *b_panels = s.b_panels;
        for (int64_t k = s.k0; k < s.k_end; k += plan.k_block, a_panels += s.a_next, b_panels += s.b_next) {
          const int64_t length = least(plan.k_block, s.k_end - k);
          for (int64_t j = j_begin; j < j_end; j += columns) {
            for (int64_t i = i_begin; i < i_end; i += rows) {
              TileArgs t{};
              if (plan.direct_a) {
                t.a = p.a + (s.i0 + i) * p.a_row + k * p.a_col, t.a_row = p.a_row, t.a_k = p.a_col;
              } else {
                t.a = a_panels + i * length, t.a_row = 1, t.a_k = rows;
              }
              t.b = b_panels + j * length, t.b_k = columns, t.k = length;
              output_tile(p, t, s.i0 + i, s.j0 + j, least(rows, i_end - i), least(columns, j_end - j), k == 0,
                          k + length == p.k);
            }
          }
        }
      }
    });
  }

  static void packed(const Problem& p, const Plan& plan, T* scratch) {
    const int64_t k_step = plan.k_blocks * plan.k_block;
    T* b_panels = scratch;
    T* a_panels = scratch + plan.n_super * k_step;
    for (int64_t j = 0; j < p.n; j += plan.n_super) {
      for (int64_t k = 0; k < p.k; k += k_step) {
        for (int64_t i = 0; i < p.m; i += plan.m_super) {
          const Step step{i,
                          least(plan.m_super, p.m - i),
                          j,
                          least(plan.n_super, p.n - j),
                          k,
                          least(k + k_step, p.k),
                          a_panels,
                          b_panels,
                          round_up(plan.m_super, rows * group) * plan.k_block,
                          plan.n_super * plan.k_block};
          pack(p, plan, step, i == 0);
          compute(p, plan, step);
        }
      }
    }
  }

  static void member(const GemmArgs& g, const Plan& plan, int64_t index, void* scratch) {
    Problem p{static_cast<const T*>(g.a) + index * g.a_batch,
              static_cast<const T*>(g.b) + index * g.b_batch,
              static_cast<T*>(g.c) + index * g.c_batch,
              static_cast<const T*>(g.bias),
              g.m,
              g.n,
              g.k,
              g.a_row,
              g.a_col,
              g.b_row,
              g.b_col,
              g.c_row,
              g.c_col,
              0,
              1,
              g.accumulate};
    if (plan.transposed) {
      p = Problem{p.b,     p.a,     p.c,     p.bias,  p.n,     p.m, p.k, p.b_col,
                  p.b_row, p.a_col, p.a_row, p.c_col, p.c_row, 1,   0,   p.accumulate};
    }
    switch (plan.path) {
      case Path::empty: return empty_sum(p);
      case Path::dot: return dot(p, plan, static_cast<T*>(scratch));
      case Path::skinny: return skinny(p, plan);
      case Path::packed: return packed(p, plan, static_cast<T*>(scratch));
    }
  }

  static void run(const GemmArgs& original, void* scratch) {
    const GemmArgs g = merged(original);
    const Plan plan = Gemm::plan(g);
    const int64_t grain = batch_grain(g, plan);
    if (grain == 0) {
      for (int64_t index = 0; index < g.batch; ++index) member(g, plan, index, scratch);
      return;
    }
    raven::parallel_for(g.batch, grain, [&](int64_t begin, int64_t end) {
      // parallel_for without workers may hand out everything at once: then the first slice serves all members
      char* slice = static_cast<char*>(scratch) + begin / grain * plan.scratch_bytes;
      for (int64_t index = begin; index < end; ++index) {
        if (index + 1 < end) {
          fetch(static_cast<const T*>(g.a) + (index + 1) * g.a_batch, g.a_row, g.a_col, g.m, g.k);
          fetch(static_cast<const T*>(g.b) + (index + 1) * g.b_batch, g.b_row, g.b_col, g.k, g.n);
        }
        member(g, plan, index, slice);
      }
    });
  }
};

}  // namespace RAVEN_LEVEL
}  // namespace nx::cpu
