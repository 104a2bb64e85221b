#pragma once
// Floating-point matrix multiplication at one CPU level; instantiated by gemm_f32.cpp and gemm_f64.cpp.
//
// The contract: one chain of fma per output and k-block
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
//            chunks of C are computed from the panels, which all threads share. What lies well already is read in
//            place: a tile from the second-level cache is as fast as one from panels, whatever its strides.
//   skinny   m ≤ rows of the tile: B is streamed once, in strips of k short enough that consecutive rows of B stay open
//            pages, with the accumulators of one chunk of columns in the first-level cache.
//   dot      m = n = 1: eight k-blocks at a time, so that their chains overlap.
// Small members of a batch are computed whole, many at a time, one chunk of members per thread.
#include <numeric>

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
  static constexpr int64_t least_chunk_flop = int64_t{1} << 20, most_chunk_flop = int64_t{32} << 20;
  /// Bytes of packed A and of packed B held at once.
  static constexpr int64_t panel_bytes = int64_t{4} << 20;
  static constexpr int64_t all_blocks_bytes = int64_t{2} << 20;
  /// Panels of C whose accumulators one skinny chunk keeps, and steps of k per strip: half the direct one for one or
  /// two rows, where long runs along each row of B count most.
  static constexpr int64_t skinny_panels = 20;
  static constexpr int64_t direct_strip = 16, packed_strip = 256;
  static constexpr int64_t batch_chunks = 64;
  /// The most columns of C for which A, consecutive along k, is read in place, and the most bytes that the lines of a
  /// k-block may span for an operand whose k-steps are lines apart.
  static constexpr int64_t direct_columns = 16 * columns;
  static constexpr int64_t l1_ways = 8, l2_ways = 8;  // of the cores since 2017 none has fewer
  static constexpr int64_t direct_bytes = int64_t{1} << 20;

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
    bool direct_b = false;    ///< so is B, but for a last panel of broken vectors
    int64_t k_block = 1;
    int64_t m_super = 0, n_super = 0;           ///< packed: rows and columns packed at once,
    int64_t k_blocks = 1;                       ///< and k-blocks;
    int64_t a_rows = 0, b_columns = 0;          ///< rows and columns of them that panels hold
    int64_t chunk_columns = 0, chunk_rows = 0;  ///< part of C that one task computes
    bool columns_first = false;                 ///< chunks go down the columns of C: A stays in the cache, B passes by
    bool serial = true;
    bool stream = false;  ///< skinny: B comes from memory, so it is fetched one strip ahead
    int64_t scratch_bytes = 0;
  };

  // ------------------------------------------------------------------------------------------------------- the tile

  /// What comes next: step k asks for the line at from + (k mod rows)·row + (k div rows)·k_step, where rows is 1 or the
  /// tile's.
  struct Fetch {
    const T* from = nullptr;
    int64_t row = 0, k_step = 0;
    int shift = 0;
  };
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
    Fetch fetch;
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
    const Fetch fetch = t.fetch;
    const int64_t row_mask = (int64_t{1} << fetch.shift) - 1;
    const auto each = [&]([[maybe_unused]] int64_t k) RAVEN_VMATH_LAMBDA {
      // Beside 12 products of narrow vectors the address alone would take a sixth of the time.
      if constexpr (vmath::vector_bytes == 64)
        vmath::prefetch_l2(fetch.from + (k & row_mask) * fetch.row + (k >> fetch.shift) * fetch.k_step);
    };
    vmath::gemm_tile<tile_rows, tile_vectors>(d, t.a, t.a_row, t.a_k, t.b, t.b_k, t.k, start, finish, each);
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
    plan_operands(plan, m, n, g.k, plan.transposed ? g.b_col : g.a_row, a_col, plan.transposed ? g.a_col : g.b_row,
                  plan.transposed ? g.a_row : g.b_col);
    plan_chunks(plan, n, g.k);
    return plan;
  }

  /// Which operands are read in place, and how much of the others is packed at once.
  static void plan_operands(Plan& plan, int64_t m, int64_t n, int64_t k, int64_t a_row, int64_t a_col, int64_t b_row,
                            int64_t b_col) {
    const int64_t size = sizeof(T), blocks = ceil_div(k, plan.k_block);
    // Steps of k that far apart stay in the second-level cache, and do not share its sets.
    const int64_t way = raven::cpu_info().l2 / l2_ways;
    const auto near = [&](int64_t k_stride) {
      const int64_t distance = (k_stride < 0 ? -k_stride : k_stride) * size;
      const auto lines = [&](int64_t ways, int64_t bytes) {
        return ways * bytes / most(std::gcd(distance, bytes), 64);
      };
      // Narrow vectors multiply faster than the second level feeds them: the steps share no sets of the first either.
      return distance % 4096 != 0 && plan.k_block * distance <= direct_bytes && plan.k_block <= lines(l2_ways, way) &&
             (vmath::vector_bytes == 64 || plan.k_block <= lines(l1_ways, 4096));
    };
    // Where C is narrow, packing A costs a tenth of the products and more: tiles read consecutive rows in place, unless
    // their distance puts them into the same sets of the first-level cache.
    plan.direct_a = m * k * size <= (32 << 10) || (a_row == 1 && near(a_col)) ||
                    (a_col == 1 && (n <= 2 * columns || (n <= direct_columns && a_row * size % 4096 != 0)));
    plan.direct_b = b_col == 1 && n >= lanes && near(b_row);
    const int64_t limit = panel_bytes / (plan.k_block * size);
    plan.n_super = plan.direct_b ? round_up(n, columns) : least(round_up(n, columns), round_up(limit, columns));
    plan.m_super = plan.direct_a ? m : least(m, round_up(limit, rows * group));
    plan.serial = 2 * plan.m_super * least(n, plan.n_super) * plan.k_block < parallel_flop;
    plan.a_rows = plan.direct_a ? 0 : round_up(plan.m_super, rows * group);
    plan.b_columns = !plan.direct_b ? plan.n_super : n % lanes != 0 ? columns : 0;
    // Small panels of all blocks are made together: threads meet once, not once for each block.
    const int64_t block_bytes = (plan.a_rows + plan.b_columns) * plan.k_block * size;
    if (!plan.serial && blocks * block_bytes <= all_blocks_bytes) plan.k_blocks = blocks;
    plan.scratch_bytes = round_up(plan.k_blocks * block_bytes, 64);
  }

  /// The parts of C that tasks compute: some sixty of them, so that no thread waits long for the last one.
  static void plan_chunks(Plan& plan, int64_t n, int64_t k) {
    const int64_t height = plan.m_super, width = least(n, plan.n_super);
    if (plan.serial) {
      plan.chunk_columns = plan.n_super;
      plan.chunk_rows = height;
      return;
    }
    const int64_t size = sizeof(T), k_span = least(plan.k_blocks * plan.k_block, k);
    const int64_t cache = raven::cpu_info().l2 / 2, panels = ceil_div(width, columns);
    const int64_t target = least(most(2 * height * width * k_span / 64, least_chunk_flop), most_chunk_flop);
    int64_t tallest = height;
    if (k_span * width * size <= cache) {
      plan.chunk_columns = plan.n_super;  // B stays in the second-level cache, A passes by
    } else if (k_span * height * size <= cache) {
      plan.chunk_columns = columns;
      plan.columns_first = true;
    } else {
      plan.chunk_columns = ceil_div(panels, ceil_div(panels, most(384 / columns, 1))) * columns;
      tallest = most(cache / (plan.k_block * size), rows);
    }
    const int64_t row_flop = 2 * least(width, plan.chunk_columns) * k_span;
    const int64_t tall = ceil_div(height, least(most(target / row_flop, rows), tallest));
    plan.chunk_rows = round_up(ceil_div(height, tall), rows);
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
          TileArgs t{p.a + k * p.a_col, p.a_row, p.a_col,   b,     p.b_row, length,  nullptr,
                     chain_row,         nullptr, chain_row, lanes, false,   nullptr, {p.a}};
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
    bool with_b;  ///< B is to be packed
  };

  /// Whether the panel of B at column j of the step is read in place.
  static bool in_place(const Plan& plan, const Step& s, int64_t j) {
    return plan.direct_b && least(columns, s.width - j) % lanes == 0;
  }

  /// The panels that a step makes, in units of `steps` k-steps of one panel of B or of all k-steps of a group of A.
  struct Packing {
    static constexpr int64_t steps = 128;
    const Problem& p;
    const Plan& plan;
    const Step& s;
    int64_t first_column = s.width;  ///< that is packed
    int64_t pieces = ceil_div(least(plan.k_block, s.k_end - s.k0), steps);
    int64_t a_units = plan.direct_a ? 0 : ceil_div(s.height, rows* group), b_units = 0;

    Packing(const Problem& p, const Plan& plan, const Step& s) : p(p), plan(plan), s(s) {
      if (!s.with_b) return;
      first_column = plan.direct_b ? s.width / columns * columns : 0;
      if (in_place(plan, s, first_column)) first_column = s.width;
      b_units = ceil_div(s.width - first_column, columns) * pieces;
    }
    int64_t units() const { return (a_units + b_units) * ceil_div(s.k_end - s.k0, plan.k_block); }

    void operator()(int64_t unit) const {
      const int64_t block = unit / (a_units + b_units), in_block = unit % (a_units + b_units);
      const int64_t k = s.k0 + block * plan.k_block, length = least(plan.k_block, s.k_end - k);
      if (in_block < b_units) {
        const int64_t j = first_column + in_block / pieces * columns, at = in_block % pieces * steps;
        if (at >= length) return;
        pack_panels<columns>(p.b + (s.j0 + j) * p.b_col + (k + at) * p.b_row, p.b_col, p.b_row,
                             least(columns, s.width - j), least(steps, length - at),
                             b_panel(plan, s, j, block, length) + at * columns);
      } else {
        const int64_t i = (in_block - b_units) * rows * group;
        pack_panels<rows, group>(p.a + (s.i0 + i) * p.a_row + k * p.a_col, p.a_row, p.a_col,
                                 least(rows * group, s.height - i), length, s.a_panels + block * s.a_next + i * length);
      }
    }
  };
  static T* b_panel(const Plan& plan, const Step& s, int64_t j, int64_t block, int64_t length) {
    return s.b_panels + block * s.b_next + (plan.direct_b ? 0 : j * length);
  }

  /// A chunk of C: rows [i_begin, i_end), columns [j_begin, j_end) of the step.
  static void chunk(const Problem& p, const Plan& plan, const Step& s, int64_t i_begin, int64_t i_end, int64_t j_begin,
                    int64_t j_end) {
    constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
    int64_t block = 0;
    for (int64_t k = s.k0; k < s.k_end; k += plan.k_block, ++block) {
      const int64_t length = least(plan.k_block, s.k_end - k);
      for (int64_t j = j_begin; j < j_end; j += columns) {
        TileArgs t{};
        if (in_place(plan, s, j)) {
          t.b = p.b + (s.j0 + j) + k * p.b_row, t.b_k = p.b_row;
        } else {
          t.b = b_panel(plan, s, j, block, length), t.b_k = columns;
        }
        t.k = length;
        for (int64_t i = i_begin; i < i_end; i += rows) {
          if (plan.direct_a) {
            t.a = p.a + (s.i0 + i) * p.a_row + k * p.a_col, t.a_row = p.a_row, t.a_k = p.a_col;
          } else {
            t.a = s.a_panels + block * s.a_next + i * length, t.a_row = 1, t.a_k = rows;
          }
          // The first panel of B asks for the next rows of A, the others for the next panel of B.
          if (j > j_begin) {
            t.fetch = {t.b + (plan.direct_b ? columns : columns * length) + i / rows % vectors * lanes, 0, t.b_k, 0};
          } else if (!plan.direct_a) {
            t.fetch = {t.a + rows * length, 0, rows, 0};
          } else if (p.a_row == 1) {
            t.fetch = {t.a + line, 0, p.a_col, 0};
          } else {
            t.fetch = {t.a + rows * p.a_row, p.a_row, 8, 3};
          }
          output_tile(p, t, s.i0 + i, s.j0 + j, least(rows, i_end - i), least(columns, j_end - j), k == 0,
                      k + length == p.k);
        }
      }
    }
  }

  static void run_step(const Problem& p, const Plan& plan, const Step& s) {
    const int64_t tall = ceil_div(s.height, plan.chunk_rows), wide = ceil_div(s.width, plan.chunk_columns);
    const auto compute = [&](int64_t begin, int64_t end) {
      for (int64_t at = begin; at < end; ++at) {
        const int64_t i = (plan.columns_first ? at % tall : at / wide) * plan.chunk_rows;
        const int64_t j = (plan.columns_first ? at / tall : at % wide) * plan.chunk_columns;
        chunk(p, plan, s, i, least(i + plan.chunk_rows, s.height), j, least(j + plan.chunk_columns, s.width));
      }
    };
    const Packing packing(p, plan, s);
    if (plan.serial) {
      for (int64_t unit = 0; unit < packing.units(); ++unit) packing(unit);
      compute(0, tall * wide);
    } else {
      raven::parallel_for_after(packing.units(), packing, tall * wide, 1, compute);
    }
  }

  static void packed(const Problem& p, const Plan& plan, T* scratch) {
    const int64_t k_step = plan.k_blocks * plan.k_block;
    T* b_panels = scratch;
    T* a_panels = scratch + plan.b_columns * k_step;
    for (int64_t j = 0; j < p.n; j += plan.n_super) {
      for (int64_t k = 0; k < p.k; k += k_step) {
        for (int64_t i = 0; i < p.m; i += plan.m_super) {
          run_step(p, plan,
                   Step{i, least(plan.m_super, p.m - i), j, least(plan.n_super, p.n - j), k, least(k + k_step, p.k),
                        a_panels, b_panels, plan.a_rows * plan.k_block, plan.b_columns * plan.k_block, i == 0});
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
