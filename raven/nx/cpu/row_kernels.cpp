// Kernels of row-wise composites. Along the last axis a fused loop runs on contiguous rows; along another axis the steps
// of the decomposition run over whole arrays, so the bits are the same as decomposed.
#include <algorithm>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/levels.hpp"
#include "raven/nx/cpu/map.hpp"
#include "raven/nx/cpu/reduce.hpp"
#include "raven/nx/internal/copy.hpp"

namespace nx::cpu::kernel {

namespace {

constexpr int64_t row_chunk_elements = 16 << 10;  // about 20 µs of exponentials

size_t round64(size_t bytes) { return (bytes + 63) / 64 * 64; }
bool last_axis(const View& x, int64_t axis) {
  for (int64_t i = axis + 1; i < x.rank; ++i)
    if (x.shape[i] != 1) return false;
  return true;
}

/// Contiguous operands: the view itself, or a copy in scratch (advanced past it).
View contiguous(const View& x, const Dims& strides, std::byte*& scratch) {
  if (x.contiguous) return x;
  View copy = x;
  copy.data = scratch;
  copy.strides = strides.data();
  copy.contiguous = true;
  detail::copy_view(copy, x);
  scratch += round64(static_cast<size_t>(x.size * item_size(x.dtype)));
  return copy;
}

/// What the decomposition over a middle axis needs: one reduced array, and the reduction's own scratch.
struct Reduced {
  Dims axes, shape, strides, broadcast;
  View view, expanded;
};
Reduced make_reduced(const View& like, int64_t axis) {
  Reduced r;
  r.axes = Dims{axis};
  r.shape = Dims(like.shape_span());
  r.shape[static_cast<int>(axis)] = 1;
  r.strides = contiguous_strides(r.shape.span());
  r.broadcast = r.strides;
  r.broadcast[static_cast<int>(axis)] = 0;
  return r;
}
void place(Reduced& r, const View& like, std::byte* data) {
  r.view = like;
  r.view.data = data;
  r.view.shape = r.shape.data();
  r.view.strides = r.strides.data();
  r.view.size = like.size / std::max<int64_t>(like.shape[r.axes[0]], 1);
  r.view.contiguous = true;
  r.expanded = like;
  r.expanded.data = data;
  r.expanded.strides = r.broadcast.data();
  r.expanded.contiguous = false;
}
void step(Op op, const View& out, std::initializer_list<View> in) {
  const std::span<const View> operands(in.begin(), in.size());
  run_map(map_loop(op, operands, out.dtype), out, operands, no_attrs, map_cost(op));
}

void rows(Op op, const KernelCall& call) {
  auto* scratch = static_cast<std::byte*>(call.scratch);
  const View& out = call.out[0];
  if (out.size == 0) return;
  const Dims strides = contiguous_strides(out.shape_span());
  const std::byte* in[2] = {};
  for (size_t i = 0; i < call.in.size(); ++i) in[i] = contiguous(call.in[i], strides, scratch).data;
  const int64_t n = out.shape[call.as<AxisAttrs>().axis], count = out.size / n, item = item_size(out.dtype);
  RowLoop* loop = loops().row[static_cast<int>(op)][static_cast<int>(out.dtype)];
  raven::parallel_for(count, std::max<int64_t>(1, row_chunk_elements / n), [&](int64_t begin, int64_t end) {
    const std::byte* from[2] = {in[0] + begin * n * item, in[1] ? in[1] + begin * n * item : nullptr};
    std::byte* to = out.data + begin * n * item;
    loop(&to, from, end - begin, n, *call.attrs);
  });
}

}  // namespace

size_t rows_scratch(const KernelCall& call) {
  const int64_t axis = call.as<AxisAttrs>().axis;
  size_t bytes = 0;
  for (const View& x : call.in)
    if (!x.contiguous) bytes += round64(static_cast<size_t>(x.size * item_size(x.dtype)));
  if (!last_axis(call.out[0], axis)) {
    const View& out = call.out[0];
    bytes += round64(static_cast<size_t>(out.size / std::max<int64_t>(out.shape[axis], 1) * item_size(out.dtype)));
    bytes += cpu::reduce_scratch(out, Dims{axis}, out.dtype) + cpu::reduce_scratch(call.in[0], Dims{axis}, out.dtype);
  }
  return bytes;
}

void Softmax(const KernelCall& call) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t axis = call.as<AxisAttrs>().axis;
  if (last_axis(y, axis)) return rows(Op::Softmax, call);
  if (y.size == 0) return;
  Reduced r = make_reduced(y, axis);
  auto* data = static_cast<std::byte*>(call.scratch);
  place(r, y, data);
  void* scratch = data + round64(static_cast<size_t>(r.view.size * item_size(y.dtype)));
  reduce_view(ReduceKind::max, x, r.axes, r.view, scratch);
  step(Op::Sub, y, {x, r.expanded});
  step(Op::Exp, y, {y});
  reduce_view(ReduceKind::sum, y, r.axes, r.view, scratch);
  step(Op::Div, y, {y, r.expanded});
}

void SoftmaxGrad(const KernelCall& call) {
  const View &y = call.in[0], &dy = call.in[1], &dx = call.out[0];
  const int64_t axis = call.as<AxisAttrs>().axis;
  if (last_axis(y, axis)) return rows(Op::SoftmaxGrad, call);
  if (dx.size == 0) return;
  Reduced r = make_reduced(dx, axis);
  auto* data = static_cast<std::byte*>(call.scratch);
  place(r, dx, data);
  void* scratch = data + round64(static_cast<size_t>(r.view.size * item_size(dx.dtype)));
  step(Op::Mul, dx, {dy, y});
  reduce_view(ReduceKind::sum, dx, r.axes, r.view, scratch);
  step(Op::Sub, dx, {dy, r.expanded});
  step(Op::Mul, dx, {dx, y});
}

}  // namespace nx::cpu::kernel
