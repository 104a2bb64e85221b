// Kernels of CrossEntropy: rows of logits, integer labels.
#include <algorithm>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/levels.hpp"
#include "raven/nx/cpu/row_operands.hpp"

namespace nx::cpu::kernel {

namespace {

constexpr int64_t chunk_elements = 16 << 10;  // about 20 µs of exponentials

/// Labels as i64, in scratch (advanced past them).
const int64_t* wide_labels(const View& labels, std::byte*& scratch) {
  const std::byte* data = contiguous_data(labels, scratch);
  if (labels.dtype == DType::i64) return reinterpret_cast<const int64_t*>(data);
  const int64_t strides[1] = {1};
  loops().cast[static_cast<int>(labels.dtype)][static_cast<int>(DType::i64)](scratch, &data, strides, labels.size,
                                                                             no_attrs);
  const auto* wide = reinterpret_cast<const int64_t*>(scratch);
  scratch += round64(static_cast<size_t>(labels.size) * sizeof(int64_t));
  return wide;
}

}  // namespace

size_t cross_entropy_scratch(const KernelCall& call) {
  size_t bytes = call.in[1].dtype == DType::i64 ? 0 : round64(static_cast<size_t>(call.in[1].size) * sizeof(int64_t));
  for (const View& x : call.in) bytes += contiguous_bytes(x);
  return bytes;
}

namespace {
/// Operand 1 is the labels, operand 0 has rows of n; all others one element a row. Result 0 has `width` elements a row.
void rows(Op op, const KernelCall& call, int64_t width) {
  auto* scratch = static_cast<std::byte*>(call.scratch);
  const int64_t count = call.in[0].shape[0], n = call.in[0].shape[1];
  const DType dtype = call.out[0].dtype;
  const int64_t item = item_size(dtype);
  const std::byte* in[4] = {};
  for (size_t i = 0; i < call.in.size(); ++i) {
    in[i] = i == 1 ? reinterpret_cast<const std::byte*>(wide_labels(call.in[1], scratch))
                   : contiguous_data(call.in[i], scratch);
  }
  RowLoop* loop = loops().row[static_cast<int>(op)][static_cast<int>(dtype)];
  raven::parallel_for(
      count, std::max<int64_t>(1, chunk_elements / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
        const std::byte* from[4] = {in[0] + begin * n * item, in[1] + begin * static_cast<int64_t>(sizeof(int64_t)),
                                    in[2] ? in[2] + begin * item : nullptr, in[3] ? in[3] + begin * item : nullptr};
        std::byte* to[2] = {call.out[0].data + begin * width * item,
                            call.out.size() > 1 ? call.out[1].data + begin * item : nullptr};
        loop(to, from, end - begin, n, *call.attrs);
      });
}
}  // namespace

void CrossEntropy(const KernelCall& call) { rows(Op::CrossEntropy, call, 1); }
void CrossEntropyGrad(const KernelCall& call) { rows(Op::CrossEntropyGrad, call, call.in[0].shape[1]); }

}  // namespace nx::cpu::kernel
