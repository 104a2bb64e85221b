#pragma once
// Eager results of movement ops as views. Not installed.
#include "raven/nx/gateway.hpp"

namespace nx::detail {

/// The result of a view op (already inferred as `result`): shares x's data, or copies where strides forbid (Reshape).
Array make_view(Op op, const Array& x, const Attrs& attrs, const Aval& result);

}  // namespace nx::detail
