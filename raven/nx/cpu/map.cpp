#include "raven/nx/cpu/map.hpp"

#include <algorithm>
#include <bit>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/layout.hpp"

namespace nx::cpu {

namespace {

constexpr int max_operands = 3;
// A chunk is worth about 10 µs: shorter ones lose to the hand-out. Costs count quarter nanoseconds.
constexpr int64_t chunk_cost = 40'000;

int64_t grain_of(int64_t n, int64_t cost) {
  const int64_t grain = std::max<int64_t>(1024, chunk_cost / cost);
  return n < 2 * grain ? std::max<int64_t>(n, 1) : (grain + 63) / 64 * 64;
}

/// The axis along which operands that the innermost axis strides over are consecutive: they are read in squares along
/// it. −1: none, or too short to pay.
template <int count>
int axis_across(const Walk<count>& walk) {
  constexpr int64_t least = 16;
  const int inner = walk.rank - 1;
  if (inner < 1 || walk.extent[inner] < least) return -1;
  for (int o = 1; o < count; ++o) {
    if (walk.stride[o][inner] == 0 || walk.stride[o][inner] == 1) continue;
    for (int a = 0; a < inner; ++a)
      if (walk.stride[o][a] == 1 && walk.extent[a] >= least) return a;
  }
  return -1;
}

constexpr int64_t tile_rows = 64;  // along the axis across
constexpr int64_t tile_bytes = 256;  // of one row, along the innermost axis: operands' tiles stay in the first two levels

/// Mixed layouts, as in a + bᵀ: a tile of an operand that lies across is transposed into a buffer, so that memory is
/// read in whole lines and the loop sees consecutive elements.
template <int count>
void run_across(MapLoop* loop, const View& out, std::span<const View> in, const Attrs& attrs, int64_t cost,
                const Walk<count>& walk, int across, const int64_t (&item)[count]) {
  constexpr int operands = count - 1;
  const int inner = walk.rank - 1;
  Walk<count> outer;
  for (int a = 0; a < inner; ++a) {
    if (a == across) continue;
    outer.extent[outer.rank] = walk.extent[a];
    for (int o = 0; o < count; ++o) outer.stride[o][outer.rank] = walk.stride[o][a];
    outer.size *= walk.extent[a];
    ++outer.rank;
  }
  const int64_t rows = walk.extent[across], columns = walk.extent[inner];
  int64_t widest = 1;
  bool transposed[operands];
  int64_t strides[operands];
  for (int o = 0; o < operands; ++o) {
    const int64_t step = walk.stride[o + 1][inner];
    transposed[o] = step != 0 && step != 1 && walk.stride[o + 1][across] == 1;
    strides[o] = transposed[o] ? 1 : step;
    if (transposed[o]) widest = std::max(widest, item[o + 1]);
  }
  const int64_t tile_columns = tile_bytes / widest, row_tiles = (rows + tile_rows - 1) / tile_rows;
  const int64_t total = outer.size * row_tiles, task = std::min(rows, tile_rows) * columns;
  const int64_t grain = std::max<int64_t>(1, (grain_of(walk.size, cost) + task - 1) / task);
  const LevelTable& table = loops();
  raven::parallel_for(total, grain, [&](int64_t begin, int64_t end) {
    alignas(64) std::byte buffer[operands][tile_rows * tile_bytes];
    for (int64_t t = begin; t < end; ++t) {
      int64_t offset[count];
      offsets_at(outer, outer.rank, t / row_tiles, offset);
      const int64_t r0 = t % row_tiles * tile_rows, height = std::min(tile_rows, rows - r0);
      for (int64_t c0 = 0; c0 < columns; c0 += tile_columns) {
        const int64_t width = std::min(tile_columns, columns - c0);
        const std::byte* first[operands];
        int64_t row_bytes[operands];
        for (int o = 0; o < operands; ++o) {
          const int64_t row_step = walk.stride[o + 1][across], step = walk.stride[o + 1][inner];
          first[o] = in[static_cast<size_t>(o)].data + (offset[o + 1] + r0 * row_step + c0 * step) * item[o + 1];
          row_bytes[o] = row_step * item[o + 1];
          if (!transposed[o]) continue;
          const int item_log = std::countr_zero(static_cast<uint64_t>(item[o + 1]));
          table.transpose[item_log](buffer[o], first[o], height, width, tile_columns, step);
          first[o] = buffer[o];
          row_bytes[o] = tile_columns * item[o + 1];
        }
        for (int64_t r = 0; r < height; ++r) {
          const std::byte* pointers[operands];
          for (int o = 0; o < operands; ++o) pointers[o] = first[o] + r * row_bytes[o];
          loop(out.data + (offset[0] + (r0 + r) * walk.stride[0][across] + c0) * item[0], pointers, strides, width, attrs);
        }
      }
    }
  });
}

template <int operands>
void run(MapLoop* loop, const View& out, std::span<const View> in, const Attrs& attrs, int64_t cost) {
  const View* views[operands + 1];
  views[0] = &out;
  int64_t item[operands + 1] = {item_size(out.dtype)};
  for (int o = 0; o < operands; ++o) {
    views[o + 1] = &in[static_cast<size_t>(o)];
    item[o + 1] = item_size(in[static_cast<size_t>(o)].dtype);
  }
  const Walk<operands + 1> walk = make_walk<operands + 1>(reinterpret_cast<const View* const(&)[operands + 1]>(views));
  if (const int across = axis_across(walk); across >= 0)
    return run_across(loop, out, in, attrs, cost, walk, across, item);
  const int inner = walk.rank - 1;
  const int64_t n = walk.rank == 0 ? 1 : walk.extent[inner];
  int64_t strides[operands];
  for (int o = 0; o < operands; ++o) strides[o] = walk.rank == 0 ? 0 : walk.stride[o + 1][inner];

  const auto part = [&](int64_t run_index, int64_t begin, int64_t end) {
    int64_t offset[operands + 1];
    offsets_at(walk, inner < 0 ? 0 : inner, run_index, offset);
    const std::byte* pointers[operands];
    for (int o = 0; o < operands; ++o)
      pointers[o] = in[static_cast<size_t>(o)].data + (offset[o + 1] + begin * strides[o]) * item[o + 1];
    loop(out.data + (offset[0] + begin) * item[0], pointers, strides, end - begin, attrs);
  };
  const int64_t runs = walk.size / n;
  if (runs == 1) {
    raven::parallel_for(n, grain_of(n, cost), [&](int64_t begin, int64_t end) { part(0, begin, end); });
  } else {
    const int64_t grain = std::max<int64_t>(1, grain_of(walk.size, cost) / n);
    raven::parallel_for(runs, grain, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) part(r, 0, n);
    });
  }
}

}  // namespace

void run_map(MapLoop* loop, const View& out, std::span<const View> in, const Attrs& attrs, int64_t cost) {
  if (out.size == 0) return;
  switch (in.size()) {
    case 1: return run<1>(loop, out, in, attrs, cost);
    case 2: return run<2>(loop, out, in, attrs, cost);
    default: return run<3>(loop, out, in, attrs, cost);
  }
}

RAVEN_API void run_flat(MapLoop* loop, std::byte* out, const std::byte* const* in, const int64_t* strides,
                        const int64_t* items, int operands, int64_t out_item, int64_t n, const Attrs& attrs,
                        int64_t cost) {
  const int64_t grain = grain_of(n, cost);
  if (grain >= n) {
    loop(out, in, strides, n, attrs);
    return;
  }
  raven::parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    const std::byte* pointers[max_operands];
    for (int o = 0; o < operands; ++o) pointers[o] = in[o] + begin * strides[o] * items[o];
    loop(out + begin * out_item, pointers, strides, end - begin, attrs);
  });
}

void run_update(MapLoop* loop, const View& part, const View& update) {
  const View* views[2] = {&part, &update};
  const Walk<2> walk = make_walk<2>(views);
  const int64_t item = item_size(part.dtype);
  // The loops write densely: an axis that steps over elements is taken one element at a time.
  const bool dense = walk.rank > 0 && walk.stride[0][walk.rank - 1] == 1;
  const int outer = dense ? walk.rank - 1 : walk.rank;
  const int64_t n = dense ? walk.extent[outer] : 1;
  const int64_t strides[2] = {1, dense ? walk.stride[1][outer] : 0};
  const int64_t runs = walk.size / n, grain = std::max<int64_t>(1, grain_of(walk.size, 1) / n);
  raven::parallel_for(runs, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      int64_t offset[2];
      offsets_at(walk, outer, r, offset);
      std::byte* place = part.data + offset[0] * item;
      const std::byte* in[2] = {place, update.data + offset[1] * item};
      loop(place, in, strides, n, no_attrs);
    }
  });
}

RAVEN_API MapLoop* map_loop(Op op, std::span<const View> in, DType out) {
  const LevelTable& table = loops();
  if (op == Op::Cast) return table.cast[static_cast<int>(in[0].dtype)][static_cast<int>(out)];
  return table.map[static_cast<int>(op)][static_cast<int>(in.back().dtype)];
}

RAVEN_API int64_t map_cost(Op op) {
  switch (op) {
    case Op::Sqrt:
    case Op::Exp:
    case Op::Exp2:
    case Op::Rsqrt:
    case Op::Logistic: return 4;
    case Op::Log:
    case Op::Log2:
    case Op::Log10:
    case Op::Log1p:
    case Op::Expm1:
    case Op::Tanh:
    case Op::IDiv: return 6;
    case Op::Sin:
    case Op::Cos:
    case Op::Erf:
    case Op::ErfInv: return 10;
    case Op::Gelu:
    case Op::GeluGrad: return 12;
    case Op::Pow: return 20;
    case Op::Rem: return 40;
    default: return 1;
  }
}

}  // namespace nx::cpu
