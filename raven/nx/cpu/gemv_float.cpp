// Matrix times vector at one CPU level. Each output is one chain of fma per block of k, blocks added in order: the
// contract of gemm_float.hpp, kept whatever the path, the chunk and the thread.
//
//   along   the matrix is consecutive along the outputs: its rows are added eight at a time to a buffer of chains in
//   the
//           first-level cache, while the next eight come into the second level. A few long streams are what memory
//           serves best; more rows at once would meet in the same cache sets when their distance is a power of two.
//   across  it is consecutive along k: a square of registers is transposed, so that each lane follows one output.
#include <cstring>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/gemv.hpp"
#include "raven/vmath/gemm_tile.hpp"
#include "raven/vmath/simd.hpp"

namespace nx::cpu {
namespace RAVEN_LEVEL {
namespace {  // NOLINT: internal linkage per level is the point

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

template <class T>
struct Gemv {
  static constexpr int lanes = vmath::vector_bytes / static_cast<int>(sizeof(T));
  static constexpr int64_t size = sizeof(T);
  using Domain = vmath::Native<lanes>;
  using Vector = vmath::Lanes<T, lanes>;

  /// A matrix below this is about 20 µs of reading, and stays on the caller.
  static constexpr int64_t parallel_bytes = 512 << 10;
  /// Outputs whose chains are kept at once.
  static constexpr int64_t buffer = (8 << 10) / size;
  static constexpr int rows = 8;
  /// Bytes that a chunk of outputs across reads, and how far ahead of the registers each of its rows is asked for.
  static constexpr int64_t chunk_bytes = 256 << 10, ahead = 512 / size;

  const GemvArgs& g;
  const T* vector = static_cast<const T*>(g.vector);
  const T* matrix = static_cast<const T*>(g.matrix);
  const T* bias = static_cast<const T*>(g.bias);
  T* out = static_cast<T*>(g.out);
  int64_t block = vmath::gemm_k_block(g.k);

  /// out[i] = (out[i] +) part (+ bias[i]), as the first, a middle or the last block asks for.
  void finish(int64_t i, T part, bool add, bool last) const {
    T& to = out[i * g.out_step];
    T value = add ? to + part : part;
    if (last && bias != nullptr) value = value + bias[i * g.bias_step];
    to = value;
  }

  // ------------------------------------------------------------------------------------------------------- along

  /// chains[i] = fma(vector[k], matrix(k, i), …) over `count` values of k from `k` on, i in [begin, begin + width).
  template <int count>
  void add_rows(int64_t k, int64_t begin, int64_t width, T* chains, bool first) const {
    const Domain d;
    const T* row[count];
    Vector factor[count];
    for (int r = 0; r < count; ++r) {
      row[r] = matrix + (k + r) * g.matrix_k + begin;
      factor[r] = d.bcast(vector + (k + r) * g.vector_step);
    }
    const int64_t next = k + 2 * count <= g.k ? count * g.matrix_k : 0;
    int64_t i = 0;
    for (; i + lanes <= width; i += lanes) {
      Vector chain = first ? Vector{} : d.load(chains + i);
      for (int r = 0; r < count; ++r) {
        vmath::prefetch_l2(row[r] + next + i);
        chain = d.mul_add(factor[r], d.load(row[r] + i), chain);
      }
      d.store(chains + i, chain);
    }
    if (i < width) {
      Vector chain = first ? Vector{} : d.load(chains + i);
      for (int r = 0; r < count; ++r) {
        chain = d.mul_add(factor[r], vmath::load_partial<lanes>(row[r] + i, width - i), chain);
      }
      d.store(chains + i, chain);  // the buffer ends on a whole register
    }
  }

  void along(int64_t begin, int64_t end) const {
    alignas(64) T chains[buffer];
    for (int64_t i = begin; i < end; i += buffer) {
      const int64_t width = least(buffer, end - i);
      for (int64_t start = 0; start < g.k; start += block) {
        const int64_t stop = least(start + block, g.k);
        int64_t k = start;
        for (; k + rows <= stop; k += rows) add_rows<rows>(k, i, width, chains, k == start);
        for (; k + 2 <= stop; k += 2) add_rows<2>(k, i, width, chains, k == start);
        for (; k < stop; ++k) add_rows<1>(k, i, width, chains, k == start);
        for (int64_t j = 0; j < width; ++j) finish(i + j, chains[j], start > 0 || g.accumulate, stop == g.k);
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------- across

  /// Outputs [i, i + height), height ≤ lanes.
  void across(int64_t i, int64_t height) const {
    const Domain d;
    const T* first = matrix + i * g.matrix_output;
    Vector square[lanes];
    for (int64_t start = 0; start < g.k; start += block) {
      const int64_t stop = least(start + block, g.k);
      Vector chain{};
      int64_t k = start;
      if (height == lanes) {
        for (; k + lanes <= stop; k += lanes) {
          for (int r = 0; r < lanes; ++r) {
            const T* from = first + r * g.matrix_output + k;
            square[r] = d.load(from);
            vmath::prefetch_l2(from + least(ahead, g.k - 1 - k));
          }
          vmath::transpose(square);
          for (int c = 0; c < lanes; ++c)
            chain = d.mul_add(d.bcast(vector + (k + c) * g.vector_step), square[c], chain);
        }
      }
      for (; k < stop; k += lanes) {
        const int64_t length = least(lanes, stop - k);
        for (int64_t r = 0; r < lanes; ++r) {
          square[r] = r < height ? vmath::load_partial<lanes>(first + r * g.matrix_output + k, length) : Vector{};
        }
        vmath::transpose(square);
        for (int64_t c = 0; c < length; ++c) {
          chain = d.mul_add(d.bcast(vector + (k + c) * g.vector_step), square[c], chain);
        }
      }
      for (int64_t r = 0; r < height; ++r) {
        finish(i + r, chain.v[r], start > 0 || g.accumulate, stop == g.k);
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------- both

  void run() const {
    const int64_t n = g.outputs;
    const bool serial = n * g.k * size < parallel_bytes;
    if (g.matrix_output == 1) {
      // Four chunks or more, of at least a page and at most what the buffer holds.
      const int64_t quarter = ((n + 3) / 4 + lanes - 1) / lanes * lanes;
      const int64_t chunk = serial ? n : least(most(quarter, (1 << 10) / size), buffer);
      raven::parallel_for(n, chunk, [&](int64_t begin, int64_t end) { along(begin, end); });
    } else {
      const int64_t groups = (n + lanes - 1) / lanes;
      const int64_t grain = serial ? groups : most(1, chunk_bytes / (lanes * g.k * size));
      raven::parallel_for(groups, grain, [&](int64_t begin, int64_t end) {
        for (int64_t group = begin; group < end; ++group) across(group * lanes, least(lanes, n - group * lanes));
      });
    }
  }
};

}  // namespace

void gemv_f32(const GemvArgs& args) { Gemv<float>{args}.run(); }
void gemv_f64(const GemvArgs& args) { Gemv<double>{args}.run(); }

}  // namespace RAVEN_LEVEL
}  // namespace nx::cpu
