#include <algorithm>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/levels.hpp"

namespace nx::cpu::kernel {

namespace {
constexpr int64_t chunk_elements = 64 << 10;
}

void ArgReduce(const KernelCall& call) {
  const auto& a = call.as<ArgReduceAttrs>();
  const View &in = call.in[0], &out = call.out[0];
  if (out.size == 0) return;
  const ArgLoops& loop = loops().arg[a.kind == ReduceKind::min][static_cast<int>(in.dtype)];
  const int64_t item = item_size(in.dtype), n = in.shape[a.axis], step = in.strides[a.axis];
  auto* to = reinterpret_cast<int64_t*>(out.data);
  // The result's axes are the operand's without `axis`, in order.
  int64_t extent[Dims::max_size], stride[Dims::max_size];
  int rank = 0;
  for (int i = 0; i < in.rank; ++i)
    if (i != a.axis) extent[rank] = in.shape[i], stride[rank++] = in.strides[i];
  const auto offset = [&](int64_t flat, int axes) {
    int64_t at = 0;
    for (int i = axes - 1; i >= 0; --i) {
      at += flat % extent[i] * stride[i];
      flat /= extent[i];
    }
    return at;
  };
  if (rank > 0 && stride[rank - 1] == 1 && extent[rank - 1] > 1 && step != 1) {
    // Dense across the results: whole rows are compared at once.
    const int64_t width = extent[rank - 1], cuts = (width + column_width - 1) / column_width;
    const int64_t grain = std::max<int64_t>(1, chunk_elements / std::max<int64_t>(1, n * std::min(width, column_width)));
    raven::parallel_for(out.size / width * cuts, grain, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        const int64_t o = t / cuts, j = t % cuts * column_width;
        loop.columns(to + o * width + j, in.data + (offset(o, rank - 1) + j) * item, n, std::min(column_width, width - j), step);
      }
    });
    return;
  }
  raven::parallel_for(out.size, std::max<int64_t>(1, chunk_elements / n), [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) to[o] = loop.run(in.data + offset(o, rank) * item, n, step);
  });
}

}  // namespace nx::cpu::kernel
