// Kernels that put a result together from parts: Iota, Flip, Pad, Concat.
#include <algorithm>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/internal/copy.hpp"

namespace nx::cpu::kernel {

namespace {
template <class T>
void write_indices(const View& out, int64_t inner, int64_t n) {
  T* to = reinterpret_cast<T*>(out.data);
  raven::parallel_for(out.size / std::max<int64_t>(inner, 1), std::max<int64_t>(1, (64 << 10) / std::max<int64_t>(inner, 1)),
                      [&](int64_t begin, int64_t end) {
                        for (int64_t r = begin; r < end; ++r)
                          std::fill_n(to + r * inner, inner, static_cast<T>(r % n));
                      });
}
}  // namespace

void Iota(const KernelCall& call) {
  const auto& a = call.as<IotaAttrs>();
  const View& out = call.out[0];
  if (out.size == 0) return;
  int64_t inner = 1;
  for (int i = static_cast<int>(a.axis) + 1; i < out.rank; ++i) inner *= out.shape[i];
  const int64_t n = out.shape[a.axis];
  switch (out.dtype) {
    case DType::b1: return;  // refused by infer
#define NX_CASE(name, type) \
  case DType::name: return write_indices<type>(out, inner, n);
    NX_CASE(u8, uint8_t)
    NX_CASE(u32, uint32_t)
    NX_CASE(u64, uint64_t)
    NX_CASE(i32, int32_t)
    NX_CASE(i64, int64_t)
    NX_CASE(f32, float)
    NX_CASE(f64, double)
#undef NX_CASE
  }
}

void Flip(const KernelCall& call) {
  View in = call.in[0];
  Dims strides(std::span<const int64_t>(in.strides, static_cast<size_t>(in.rank)));
  if (in.size > 0)
    for (int64_t axis : call.as<AxesAttrs>().axes) {
      int64_t& step = strides[static_cast<int>(axis)];
      in.data += (in.shape[axis] - 1) * step * item_size(in.dtype);
      step = -step;
    }
  in.strides = strides.data();
  in.contiguous = false;
  detail::copy_view(call.out[0], in);
}

void Pad(const KernelCall& call) {
  const auto& a = call.as<PadAttrs>();
  View in = call.in[0], part = call.out[0];
  const View& out = call.out[0];
  if (out.size == 0) return;
  // The value everywhere, then the operand's elements at low + i·(interior + 1) where that is inside.
  const int64_t zero[Dims::max_size] = {};
  View value = out;
  value.data = call.in[1].data;
  value.strides = zero;
  value.contiguous = false;
  detail::copy_view(out, value);
  Shape shape(in.shape_span());
  Dims strides(std::span<const int64_t>(out.strides, static_cast<size_t>(out.rank)));
  int64_t size = 1, in_offset = 0, out_offset = 0;
  for (int i = 0; i < out.rank; ++i) {
    const int64_t step = a.interior[i] + 1;
    const int64_t first = a.low[i] >= 0 ? 0 : (-a.low[i] + step - 1) / step;
    const int64_t room = out.shape[i] - a.low[i];  // positions before it are inside
    const int64_t end = std::min(in.shape[i], room <= 0 ? 0 : (room + step - 1) / step);
    shape[i] = std::max<int64_t>(0, end - first);
    size *= shape[i];
    in_offset += first * in.strides[i];
    out_offset += (a.low[i] + first * step) * out.strides[i];
    strides[i] = out.strides[i] * step;
  }
  if (size == 0) return;
  const int64_t item = item_size(out.dtype);
  in.data += in_offset * item;
  in.shape = part.shape = shape.data();
  in.size = part.size = size;
  part.data += out_offset * item;
  part.strides = strides.data();
  in.contiguous = part.contiguous = false;
  detail::copy_view(part, in);
}

void Concat(const KernelCall& call) {
  const int64_t axis = call.as<AxisAttrs>().axis;
  View part = call.out[0];
  const int64_t step = part.strides[axis] * item_size(part.dtype);
  part.contiguous = false;
  for (const View& in : call.in) {
    if (in.size > 0) {
      part.shape = in.shape;
      part.size = in.size;
      detail::copy_view(part, in);
    }
    part.data += in.shape[axis] * step;
  }
}

}  // namespace nx::cpu::kernel
