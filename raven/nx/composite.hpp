#pragma once
// Composites: functions that keep their identity through transformations, each with a fused kernel, a vjp rule of its
// own and a decomposition into primitives with the same bits.
#include <optional>
#include <span>

#include "raven/nx/api/options.hpp"
#include "raven/nx/gateway.hpp"

namespace nx {

/// exp(x − max) / Σ exp(x − max) along `axis`. Rows of −inf give NaN. Integers become the default float.
/// PyTorch: softmax. Throws AxisError.
RAVEN_API Array softmax(const Array& x, int64_t axis = -1);

/// x·Φ(x), Φ the normal distribution function, or its approximation by tanh. Integers become the default float.
/// PyTorch: gelu.
RAVEN_API Array gelu(const Operand& x, GeluApproximate approximate = GeluApproximate::none);

struct LayerNormOpts {
  detail::Named _named{};
  double eps = 1e-5;
};
/// (x − mean) / sqrt(variance + eps)·weight + bias over the last axis. x (…, n); weight and bias (n) or absent (empty
/// handles; a bias needs a weight). One dtype, f32 or f64. PyTorch: layer_norm. Throws ShapeError, DTypeError,
/// ValueError.
RAVEN_API Array layer_norm(const Array& x, const Array& weight = {}, const Array& bias = {},
                           const LayerNormOpts& options = {});

enum class Reduction : uint8_t { mean, sum, none };
struct CrossEntropyOpts {
  detail::Named _named{};
  Reduction reduction = Reduction::mean;  ///< mean over the rows that are not ignored; NaN when all are
  int64_t ignore_index = -100;            ///< a label without loss and gradient
};
/// −log softmax(logits)[label]: logits (…, C) of a floating dtype, labels (…) of an integer dtype. PyTorch:
/// cross_entropy (classes on the last axis). Throws IndexError for a label outside [0, C) that is not ignored;
/// ShapeError, DTypeError.
RAVEN_API Array cross_entropy(const Array& logits, const Array& labels, const CrossEntropyOpts& options = {});

/// x·weightᵀ + bias: x (…, in), weight (out, in), bias (out) or absent (an empty handle) → (…, out). One dtype, f32 or
/// f64. PyTorch: linear. Throws ShapeError, DTypeError.
RAVEN_API Array linear(const Array& x, const Array& weight, const Array& bias = {});

/// Rows of the table: table (V, D) of a floating dtype, ids (…) of an integer dtype → (…, D). Gradients of equal ids
/// add in the order of the ids. PyTorch: embedding. Throws IndexError for an id outside [0, V); ShapeError, DTypeError.
RAVEN_API Array embedding(const Array& table, const Array& ids);

/// Zeros a random part `rate` of the elements and divides the rest by 1 − rate. Which ones depends on the key (u32[2],
/// made by nx::random::key) and the element's index in C order alone. Rate 0 gives x, rate 1 zeros. PyTorch: dropout.
/// Throws ValueError for a rate outside [0, 1] or another key.
RAVEN_API Array dropout(const Array& x, const Array& key, double rate);
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
