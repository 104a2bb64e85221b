// LayerNorm over the last axis, and its backward pass: rows are independent; dw and db are sums over rows in the
// canonical order (blocks of 16 rows, then a binary tree).
#include <algorithm>
#include <cstring>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/levels.hpp"
#include "raven/nx/cpu/reduce.hpp"
#include "raven/nx/cpu/row_operands.hpp"

namespace nx::cpu::kernel {

namespace {

constexpr int64_t chunk_elements = 16 << 10;  // about 20 µs
constexpr int64_t block_rows = 16;            // of the canonical sum over rows

struct Rows {
  int64_t count, n;
};
Rows rows_of(const View& x) {
  const int64_t n = x.shape[x.rank - 1];
  return {n > 0 ? x.size / n : 0, n};
}

/// Sums of how many rows one partial result holds. Rows of one element form a run, which has an order of its own.
int64_t rows_per_partial(const Rows& rows) { return rows.n == 1 ? 1 : block_rows; }
int64_t partials(const Rows& rows) { return (rows.count + rows_per_partial(rows) - 1) / rows_per_partial(rows); }
size_t partial_bytes(const Rows& rows, DType dtype) {
  return round64(static_cast<size_t>(partials(rows) * rows.n * item_size(dtype)));
}
/// `count` single values as a view.
struct Run {
  int64_t count, stride = 1;
  View view(std::byte* data, DType dtype) const {
    View v;
    v.data = data, v.shape = &count, v.strides = &stride, v.size = count, v.dtype = dtype, v.rank = 1;
    return v;
  }
};

}  // namespace

size_t layer_norm_scratch(const KernelCall& call) {
  size_t bytes = 0;
  for (const View& x : call.in) bytes += contiguous_bytes(x);
  return bytes;
}

void LayerNorm(const KernelCall& call) {
  auto* scratch = static_cast<std::byte*>(call.scratch);
  const Rows rows = rows_of(call.in[0]);
  const DType dtype = call.out[0].dtype;
  const int64_t item = item_size(dtype);
  const std::byte* in[3] = {};
  for (size_t i = 0; i < call.in.size(); ++i) in[i] = contiguous_data(call.in[i], scratch);
  RowLoop* loop = loops().row[static_cast<int>(Op::LayerNorm)][static_cast<int>(dtype)];
  if (rows.n == 0)  // 0 / 0: ones everywhere are a NaN
    for (const View& statistic : call.out.subspan(1))
      std::memset(statistic.data, 0xFF, static_cast<size_t>(statistic.size * item));
  if (rows.count == 0) return;
  raven::parallel_for(rows.count, std::max<int64_t>(1, chunk_elements / rows.n), [&](int64_t begin, int64_t end) {
    const std::byte* from[3] = {in[0] + begin * rows.n * item, in[1], in[2]};
    std::byte* to[3] = {call.out[0].data + begin * rows.n * item, call.out[1].data + begin * item,
                        call.out[2].data + begin * item};
    loop(to, from, end - begin, rows.n, *call.attrs);
  });
}

size_t layer_norm_grad_scratch(const KernelCall& call) {
  size_t bytes = layer_norm_scratch(call);
  if (call.out.size() == 1) return bytes;
  const Rows rows = rows_of(call.in[0]);
  const DType dtype = call.out[0].dtype;
  bytes += 2 * partial_bytes(rows, dtype);
  if (rows.n == 1) bytes += cpu::reduce_scratch(Run{rows.count}.view(nullptr, dtype), Dims{0}, dtype);
  return bytes;
}

void LayerNormGrad(const KernelCall& call) {
  auto* scratch = static_cast<std::byte*>(call.scratch);
  const Rows rows = rows_of(call.in[0]);
  const DType dtype = call.out[0].dtype;
  const int64_t item = item_size(dtype);
  const bool affine = call.out.size() > 1;
  if (rows.count == 0) {
    for (size_t i = 1; i < call.out.size(); ++i)
      std::memset(call.out[i].data, 0, static_cast<size_t>(call.out[i].size * item));
    return;
  }
  std::byte* in[5] = {};  // x, mean, rstd, g, weight
  for (size_t i = 0; i < call.in.size(); ++i) in[i] = contiguous_data(call.in[i], scratch);
  std::byte* sums[2] = {scratch, affine ? scratch + partial_bytes(rows, dtype) : scratch};
  RowLoop* loop = loops().row[static_cast<int>(Op::LayerNormGrad)][static_cast<int>(dtype)];
  const int64_t step = rows_per_partial(rows), blocks = partials(rows);
  raven::parallel_for(blocks, std::max<int64_t>(1, chunk_elements / (step * rows.n)), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * step;
      const std::byte* from[5] = {in[0] + first * rows.n * item, in[1] + first * item, in[2] + first * item,
                                  in[3] + first * rows.n * item, in[4]};
      std::byte* to[3] = {call.out[0].data + first * rows.n * item, affine ? sums[0] + b * rows.n * item : nullptr,
                          affine ? sums[1] + b * rows.n * item : nullptr};
      loop(to, from, std::min(step, rows.count - first), rows.n, *call.attrs);
    }
  });
  if (!affine) return;
  const ReduceLoops& sum =
      loops().reduce[static_cast<int>(ReduceKind::sum)][static_cast<int>(dtype)][static_cast<int>(dtype)];
  for (int i = 0; i < 2; ++i) {
    const View& out = call.out[static_cast<size_t>(i) + 1];
    if (rows.n == 1) {
      const Run run{rows.count};
      reduce_view(ReduceKind::sum, run.view(sums[i], dtype), Dims{0}, out, sums[1] + partial_bytes(rows, dtype));
    } else {
      sum.tree(sums[i], blocks, rows.n);
      std::memcpy(out.data, sums[i], static_cast<size_t>(rows.n * item));
    }
  }
}

}  // namespace nx::cpu::kernel
