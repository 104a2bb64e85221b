#pragma once
// Composites: functions that keep their identity through transformations, each with a fused kernel, a vjp rule of its own
// and a decomposition into primitives with the same bits.
#include <span>

#include "raven/nx/array.hpp"
#include "raven/nx/attrs.hpp"

namespace nx {

/// exp(x − max) / Σ exp(x − max) along `axis`. Rows of −inf give NaN. Integers become the default float.
/// PyTorch: softmax. Throws AxisError.
RAVEN_API Array softmax(const Array& x, int64_t axis = -1);

/// The composite as primitives, issued through the gateway: what transformations without a rule of their own see.
RAVEN_API void decompose(Op op, std::span<const Array> in, const Attrs& attrs, std::span<Array> out);

}  // namespace nx
