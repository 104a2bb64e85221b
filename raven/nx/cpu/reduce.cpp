#include "raven/nx/cpu/reduce.hpp"

#include <algorithm>
#include <cstring>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/levels.hpp"
#include "raven/nx/internal/copy.hpp"

namespace nx::cpu {

namespace {

// Work below about 20 µs stays on the caller; a chunk streams about 256 KiB.
constexpr int64_t chunk_elements = 64 << 10;

int64_t round64(int64_t bytes) { return (bytes + 63) / 64 * 64; }
int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Logical neighbours of the same kind (kept, reduced) joined; axes of extent 1 dropped. The order of sums depends on
/// these groups alone.
struct Groups {
  int count = 0;
  int64_t extent[Dims::max_size];
  bool reduced[Dims::max_size];
};
Groups make_groups(const View& in, const Dims& axes) {
  Groups g;
  for (int i = 0; i < in.rank; ++i) {
    if (in.shape[i] == 1) continue;
    const bool r = axes.contains(i);
    if (g.count > 0 && g.reduced[g.count - 1] == r) {
      g.extent[g.count - 1] *= in.shape[i];
    } else {
      g.extent[g.count] = in.shape[i];
      g.reduced[g.count++] = r;
    }
  }
  return g;
}

/// The operand as it lies in memory can be read by the first stage: axes of every group but the outermost ones merge
/// into one stride, and the innermost stride is 1.
struct FirstStage {
  bool direct = false;
  int64_t stride_reduced = 1, stride_inner = 1;
  int outer_axes = 0;  ///< leading axes of the operand that only select
};
FirstStage plan_first(const View& in, const Dims& axes) {
  FirstStage s;
  // Walk from the last axis: inner kept axes, then the reduced group; the rest selects.
  int64_t expected = 0;
  bool started = false;  // an axis of the current phase was seen (its stride may be 0)
  int phase = 0;         // 0: inner kept, 1: reduced
  bool have_inner = false, have_reduced = false;
  int i = in.rank - 1;
  for (; i >= 0; --i) {
    if (in.shape[i] == 1) continue;
    const bool r = axes.contains(i);
    if (phase == 0 && r) phase = 1, started = false;
    if (phase == 1 && !r) break;
    if (!started) {
      started = true;
      (r ? s.stride_reduced : s.stride_inner) = in.strides[i];
      (r ? have_reduced : have_inner) = true;
    } else if (in.strides[i] != expected) {
      return s;
    }
    expected = in.strides[i] * in.shape[i];
  }
  s.outer_axes = i + 1;
  s.direct = have_inner ? s.stride_inner == 1 : (!have_reduced || s.stride_reduced == 1 || in.size < 4096);
  return s;
}

/// One stage: [outer, n, width] → [outer, width]; element (o, r, j) at in + offset(o) + r·row_stride + j·inner_stride.
template <class Offset>
void stage(const ReduceLoops& loop, const std::byte* in, int64_t in_item, int64_t outer, int64_t n, int64_t width,
           int64_t row_stride, std::byte* out, int64_t out_item, std::byte* values, Offset&& offset) {
  if (width == 1) {
    const int64_t segments = std::max<int64_t>(1, ceil_div(n, run_segment));
    const int64_t grain = segments > 1 ? 1 : std::max<int64_t>(1, chunk_elements / std::max<int64_t>(n, 1));
    raven::parallel_for(outer * segments, grain, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        const int64_t o = t / segments, first = t % segments * run_segment;
        std::byte* place = segments > 1 ? values + t * out_item : out + o * out_item;
        loop.rows(place, in + (offset(o) + first * row_stride) * in_item, 1, std::min(run_segment, n - first), 0, row_stride);
      }
    });
    if (segments > 1)
      for (int64_t o = 0; o < outer; ++o) {
        loop.tree(values + o * segments * out_item, segments, 1);
        std::memcpy(out + o * out_item, values + o * segments * out_item, static_cast<size_t>(out_item));
      }
    return;
  }
  const int64_t segments = std::max<int64_t>(1, ceil_div(n, column_segment)), cuts = ceil_div(width, column_width);
  const int64_t task = std::min(n, column_segment) * std::min(width, column_width);
  const int64_t grain = std::max<int64_t>(1, chunk_elements / std::max<int64_t>(task, 1));
  raven::parallel_for(outer * segments * cuts, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t cut = t % cuts, s = t / cuts % segments, o = t / cuts / segments;
      const int64_t j = cut * column_width, first = s * column_segment;
      std::byte* place = segments > 1 ? values + ((o * segments + s) * width + j) * out_item : out + (o * width + j) * out_item;
      loop.columns(place, in + (offset(o) + first * row_stride + j) * in_item, std::min(column_segment, n - first),
                   std::min(column_width, width - j), row_stride);
    }
  });
  if (segments > 1)
    for (int64_t o = 0; o < outer; ++o) {
      std::byte* mine = values + o * segments * width * out_item;
      loop.tree(mine, segments, width);
      std::memcpy(out + o * width * out_item, mine, static_cast<size_t>(width * out_item));
    }
}

struct Sizes {
  int64_t copy = 0, values = 0, stage[2] = {0, 0};
  int64_t total() const { return copy + values + stage[0] + stage[1]; }
};
/// Scratch of all stages: a contiguous copy when the layout asks for one, segment values, two buffers of stage results.
Sizes sizes_of(const View& in, const Dims& axes, DType out_dtype) {
  Sizes z;
  const int64_t out_item = item_size(out_dtype);
  if (!plan_first(in, axes).direct) z.copy = round64(in.size * item_size(in.dtype));
  Groups g = make_groups(in, axes);
  int stages = 0;
  while (true) {
    int last = -1;
    for (int i = 0; i < g.count; ++i)
      if (g.reduced[i]) last = i;
    if (last < 0) break;
    int64_t outer = 1, width = 1;
    for (int i = 0; i < last; ++i) outer *= g.extent[i];
    for (int i = last + 1; i < g.count; ++i) width *= g.extent[i];
    const int64_t segments = ceil_div(g.extent[last], width == 1 ? run_segment : column_segment);
    if (segments > 1) z.values = std::max(z.values, round64(outer * segments * width * out_item));
    z.stage[stages & 1] = std::max(z.stage[stages & 1], round64(outer * width * out_item));
    ++stages;
    for (int i = last; i + 1 < g.count; ++i) g.extent[i] = g.extent[i + 1], g.reduced[i] = g.reduced[i + 1];
    --g.count;
  }
  return z;
}

}  // namespace

size_t reduce_scratch(const View& in, const Dims& axes, DType out) {
  return static_cast<size_t>(sizes_of(in, axes, out).total());
}

void reduce_view(ReduceKind kind, const View& in, const Dims& axes, const View& out, void* scratch) {
  if (out.size == 0) return;
  const auto table = [&](DType from) -> const ReduceLoops& {
    return loops().reduce[static_cast<int>(kind)][static_cast<int>(from)][static_cast<int>(out.dtype)];
  };
  const Sizes sizes = sizes_of(in, axes, out.dtype);
  auto* copy = static_cast<std::byte*>(scratch);
  std::byte* values = copy + sizes.copy;
  std::byte* buffer[2] = {values + sizes.values, values + sizes.values + sizes.stage[0]};
  const int64_t out_item = item_size(out.dtype);

  View x = in;
  Dims contiguous = contiguous_strides(in.shape_span());
  FirstStage first = plan_first(in, axes);
  if (!first.direct) {
    x.data = copy;
    x.strides = contiguous.data();
    x.contiguous = true;
    detail::copy_view(x, in);
    first = plan_first(x, axes);
  }

  Groups g = make_groups(in, axes);
  int remaining = 0;
  for (int i = 0; i < g.count; ++i) remaining += g.reduced[i];
  if (remaining == 0) {
    // Every reduced axis has extent 1: each result is its one element, converted.
    table(in.dtype).rows(out.data, x.data, out.size, 1, x.contiguous ? 1 : 0, 1);
    return;
  }
  DType dtype = in.dtype;
  const std::byte* source = x.data;
  for (int s = 0; remaining > 0; ++s, --remaining) {
    int last = 0;
    for (int i = 0; i < g.count; ++i)
      if (g.reduced[i]) last = i;
    int64_t outer = 1, width = 1;
    for (int i = 0; i < last; ++i) outer *= g.extent[i];
    for (int i = last + 1; i < g.count; ++i) width *= g.extent[i];
    const int64_t n = g.extent[last];
    std::byte* place = remaining == 1 ? out.data : buffer[s & 1];
    if (s == 0) {
      const auto offset = [&](int64_t o) {
        int64_t at = 0;
        for (int a = first.outer_axes - 1; a >= 0; --a) {
          at += o % x.shape[a] * x.strides[a];
          o /= x.shape[a];
        }
        return at;
      };
      stage(table(dtype), source, item_size(dtype), outer, n, width, first.stride_reduced, place, out_item, values, offset);
    } else {
      stage(table(dtype), source, out_item, outer, n, width, width, place, out_item, values,
            [&](int64_t o) { return o * n * width; });
    }
    source = place;
    dtype = out.dtype;
    for (int i = last; i + 1 < g.count; ++i) g.extent[i] = g.extent[i + 1], g.reduced[i] = g.reduced[i + 1];
    --g.count;
  }
}

}  // namespace nx::cpu
