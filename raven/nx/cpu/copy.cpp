#include "raven/nx/internal/copy.hpp"

#include <algorithm>
#include <bit>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/layout.hpp"
#include "raven/nx/cpu/levels.hpp"

namespace nx {
namespace detail {

namespace {
constexpr int64_t parallel_bytes = 1 << 20;
constexpr int64_t chunk_bytes = 256 << 10;
}  // namespace

RAVEN_API void copy_view(const cpu::View& dst, const cpu::View& src) {
  if (dst.size == 0) return;
  const int64_t item = item_size(dst.dtype);
  const int item_log = std::countr_zero(static_cast<uint64_t>(item));
  const cpu::LevelTable& table = cpu::loops();
  const cpu::View* views[2] = {&dst, &src};
  const cpu::Walk<2> walk = cpu::make_walk<2>(views);
  if (walk.rank == 0) {
    table.copy[item_log](dst.data, src.data, 1, 1, 1);
    return;
  }
  const bool parallel = walk.size * item >= parallel_bytes;
  const int inner = walk.rank - 1;

  if (walk.rank == 1) {
    const int64_t grain = parallel ? std::max<int64_t>(1, chunk_bytes / item) : walk.size;
    raven::parallel_for(walk.size, grain, [&](int64_t begin, int64_t end) {
      table.copy[item_log](dst.data + begin * walk.stride[0][0] * item, src.data + begin * walk.stride[1][0] * item,
                           end - begin, walk.stride[0][0], walk.stride[1][0]);
    });
    return;
  }

  // A transposed source: the axis along which it is dense is not the innermost one of the destination.
  int dense = -1;
  if (walk.stride[0][inner] == 1 && walk.stride[1][inner] != 1 && walk.stride[1][inner] != 0)
    for (int a = 0; a < inner; ++a)
      if (walk.stride[1][a] == 1 && walk.extent[a] >= 4 && walk.extent[inner] >= 4) dense = a;

  if (dense >= 0) {
    // Put the two axes last; tiles of 64 rows × 64 columns stay in the first-level cache.
    cpu::Walk<2> outer;
    for (int a = 0; a < inner; ++a) {
      if (a == dense) continue;
      outer.extent[outer.rank] = walk.extent[a];
      outer.stride[0][outer.rank] = walk.stride[0][a];
      outer.stride[1][outer.rank] = walk.stride[1][a];
      outer.size *= walk.extent[a];
      ++outer.rank;
    }
    const int64_t rows = walk.extent[dense], cols = walk.extent[inner];
    const int64_t dst_stride = walk.stride[0][dense], src_stride = walk.stride[1][inner];
    constexpr int64_t tile = 64;
    const int64_t row_tiles = (rows + tile - 1) / tile;
    const int64_t total = outer.size * row_tiles;
    const int64_t grain = parallel ? std::max<int64_t>(1, chunk_bytes / (tile * cols * item)) : total;
    raven::parallel_for(total, grain, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        int64_t offset[2];
        cpu::offsets_at(outer, outer.rank, t / row_tiles, offset);
        const int64_t r0 = (t % row_tiles) * tile, r1 = std::min(rows, r0 + tile);
        for (int64_t c0 = 0; c0 < cols; c0 += tile) {
          const int64_t c1 = std::min(cols, c0 + tile);
          table.transpose[item_log](dst.data + (offset[0] + r0 * dst_stride + c0) * item,
                                    src.data + (offset[1] + r0 + c0 * src_stride) * item, r1 - r0, c1 - c0, dst_stride,
                                    src_stride);
        }
      }
    });
    return;
  }

  const int64_t n = walk.extent[inner], runs = walk.size / n;
  const int64_t grain = parallel ? std::max<int64_t>(1, chunk_bytes / (n * item)) : runs;
  raven::parallel_for(runs, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      int64_t offset[2];
      cpu::offsets_at(walk, inner, r, offset);
      table.copy[item_log](dst.data + offset[0] * item, src.data + offset[1] * item, n, walk.stride[0][inner],
                           walk.stride[1][inner]);
    }
  });
}

void copy_strided(std::byte* destination, const Impl* source) {
  const cpu::View src(source);
  const Dims strides = contiguous_strides(src.shape_span());
  cpu::View dst = src;
  dst.data = destination;
  dst.strides = strides.data();
  dst.contiguous = true;
  copy_view(dst, src);
}

RAVEN_API Array contiguous_array(const Array& x) {
  if (x.is_contiguous()) return x;
  Array out = empty_array(x.dtype(), shape_span(x));
  copy_view(cpu::View(impl_of(out)), cpu::View(impl_of(x)));
  return out;
}

}  // namespace detail
}  // namespace nx
