// Dropout: random bits of a piece that stays in the first-level cache, compared, and the piece scaled or zeroed.
#include <algorithm>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/levels.hpp"
#include "raven/nx/cpu/row_operands.hpp"
#include "raven/nx/internal/dropout.hpp"
#include "raven/nx/internal/elementwise.hpp"

namespace nx::cpu::kernel {

size_t dropout_scratch(const KernelCall& call) { return contiguous_bytes(call.in[0]); }

/// y[i] = bits[i] ≥ threshold ? x[i]·scale : 0, bits of the element's index in C order.
void Dropout(const KernelCall& call) {
  constexpr int64_t piece = 1024;
  auto* scratch = static_cast<std::byte*>(call.scratch);
  const View &out = call.out[0], &keys = call.in[1];
  const double rate = call.as<DropoutAttrs>().rate;
  const std::byte* x = contiguous_data(call.in[0], scratch);
  const auto* words = reinterpret_cast<const uint32_t*>(keys.data);
  const uint32_t key[2] = {words[0], words[keys.strides[0]]}, threshold = detail::dropout_threshold(rate);
  alignas(8) std::byte scale[8], zero[8];
  detail::write_scalar("nx.dropout", Scalar::from(1 / (1 - rate)), out.dtype, scale);
  detail::write_scalar("nx.dropout", Scalar::from(0.0), out.dtype, zero);
  const LevelTable& table = loops();
  const auto loop = [&](Op op, DType dtype) { return table.map[static_cast<int>(op)][static_cast<int>(dtype)]; };
  MapLoop *less_equal = loop(Op::Le, DType::u32), *multiply = loop(Op::Mul, out.dtype),
          *select = loop(Op::Select, out.dtype);
  const int64_t item = item_size(out.dtype);
  raven::parallel_for(out.size, 8 * piece, [&](int64_t begin, int64_t end) {
    alignas(64) uint32_t bits[piece];
    alignas(64) std::byte keep[piece];
    for (int64_t i = begin; i < end; i += piece) {
      const int64_t n = std::min(piece, end - i);
      table.random_bits[static_cast<int>(RandomBitsKind::u32)](reinterpret_cast<std::byte*>(bits), key,
                                                               static_cast<uint64_t>(i), n);
      const std::byte* compared[] = {reinterpret_cast<const std::byte*>(&threshold),
                                     reinterpret_cast<const std::byte*>(bits)};
      const int64_t first_fixed[] = {0, 1};
      less_equal(keep, compared, first_fixed, n, no_attrs);
      std::byte* y = out.data + i * item;
      const std::byte* scaled[] = {x + i * item, scale};
      const int64_t last_fixed[] = {1, 0};
      multiply(y, scaled, last_fixed, n, no_attrs);
      const std::byte* chosen[] = {keep, y, zero};
      const int64_t choice[] = {1, 1, 0};
      select(y, chosen, choice, n, no_attrs);
    }
  });
}

}  // namespace nx::cpu::kernel
