#pragma once
// The driver of elementwise ops. Not installed.
#include "raven/nx/cpu/kernel.hpp"
#include "raven/nx/cpu/levels.hpp"

namespace nx::cpu {

/// out = f(in…) with operands of out's shape (strides may be 0). `out` is dense in some axis order.
void run_map(MapLoop* loop, const View& out, std::span<const View> in, const Attrs& attrs, int64_t cost);
/// The same when everything is flat: strides 0 or 1 over n elements.
void run_flat(MapLoop* loop, std::byte* out, const std::byte* const* in, const int64_t* strides, const int64_t* items,
              int operands, int64_t out_item, int64_t n, const Attrs& attrs, int64_t cost);
/// part = f(part, update) in place, for a part with any strides.
void run_update(MapLoop* loop, const View& part, const View& update);
/// The loop of an elementwise op or Cast for these operands; null when the op does not compute in that dtype.
MapLoop* map_loop(Op op, std::span<const View> in, DType out);
/// Estimated cost of one element in quarter nanoseconds: decides when threads pay.
int64_t map_cost(Op op);

}  // namespace nx::cpu
