#pragma once
// Composites: functions that keep their identity through transformations, each with a fused kernel, a vjp rule of its
// own and a decomposition into primitives with the same bits.
#include <optional>
#include <span>

#include "raven/nx/api/options.hpp"
#include "raven/nx/array.hpp"
#include "raven/nx/attrs.hpp"

namespace nx {

/// exp(x − max) / Σ exp(x − max) along `axis`. Rows of −inf give NaN. Integers become the default float.
/// PyTorch: softmax. Throws AxisError.
RAVEN_API Array softmax(const Array& x, int64_t axis = -1);

/// x·weightᵀ + bias: x (…, in), weight (out, in), bias (out) or absent (an empty handle) → (…, out). One dtype, f32 or
/// f64. PyTorch: linear. Throws ShapeError, DTypeError.
RAVEN_API Array linear(const Array& x, const Array& weight, const Array& bias = {});

/// Where a causal mask is anchored when there are not as many queries as keys: the first query sees the first key, or
/// the last query sees the last key (queries that continue a cache).
enum class CausalAlign : uint8_t { top_left, bottom_right };
struct SdpaOpts {
  detail::Named _named{};
  std::optional<double> scale{};  ///< of the scores; default 1/√D
  bool causal = false;            ///< a query sees no key after its own position
  CausalAlign causal_align = CausalAlign::top_left;
};
/// Scaled dot-product attention: softmax(q·kᵀ·scale)·v over the keys that each query sees. q (B, H, T, D), k (B, H, S,
/// D), v (B, H, S, E), any strides, one dtype, f32 or f64 → (B, H, T, E). A query that sees no key gives 0 with zero
/// gradient. Tiled: memory beyond the result is O(T), forward and backward. PyTorch: scaled_dot_product_attention.
/// Throws ShapeError, DTypeError.
RAVEN_API Array sdpa(const Array& q, const Array& k, const Array& v, const SdpaOpts& options = {});

/// A composite as primitives, a higher-order op as the ops of its Program, issued through the gateway: what transformations
/// without a rule of their own see.
RAVEN_API void decompose(Op op, std::span<const Array> in, const Attrs& attrs, std::span<Array> out);

}  // namespace nx
