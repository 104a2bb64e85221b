#pragma once
// Results of movement ops as views. Not installed.
#include "raven/nx/gateway.hpp"

namespace nx::detail {

/// The result of a view op (already inferred as `result`): shares x's data, or copies where strides forbid (Reshape).
Array make_view(Op op, const Array& x, const Attrs& attrs, const Aval& result);

/// Where the result of a view op lies in its operand's memory: strides in elements of the result, offset of the first
/// element in bytes.
struct ViewPlace {
  Dims strides;
  int64_t byte_offset = 0;
};
/// False when the elements must be copied first (some reshapes, bitcasts to another item size).
bool place_view(Op op, const Aval& operand, std::span<const int64_t> strides, const Attrs& attrs, const Aval& result,
                ViewPlace& place);

}  // namespace nx::detail
