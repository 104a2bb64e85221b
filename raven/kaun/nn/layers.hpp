#pragma once
// Layers: plain structs with array fields, weight layouts and names of PyTorch.
#include "raven/kaun/nn/ctx.hpp"
#include "raven/nx/tree.hpp"

namespace kaun {

struct LayerOpts {
  nx::detail::Named _named{};
  bool bias = true;
  nx::DType dtype = nx::f32;
};

struct EmbeddingOpts {
  nx::detail::Named _named{};
  nx::DType dtype = nx::f32;
};

/// y = x·Wᵀ + b over the last axis: [..., in] → [..., out]. weight [out, in], bias [out].
/// Initialised as torch.nn.Linear: U(±1/√in). Throws nx::ValueError for sizes below 1, nx::ShapeError, nx::DTypeError
/// (f64 input against f32 weights).
struct RAVEN_API Linear {
  Array weight, bias;
  Linear() = default;
  Linear(int64_t in, int64_t out, Rng& rng, const LayerOpts& options = {});
  Array operator()(const Array& x) const;
  NX_TREE(Linear, weight, bias)
};

/// (x − mean)/√(var + eps)·w + b over the last axis. weight and bias [features], 1 and 0 at first;
/// without a bias it is absent.
struct RAVEN_API LayerNorm {
  Array weight, bias;
  double eps = 1e-5;
  LayerNorm() = default;
  explicit LayerNorm(int64_t features, const LayerOpts& options = {});
  Array operator()(const Array& x) const;
  NX_TREE(LayerNorm, weight, bias)
  NX_TREE_STATIC(LayerNorm, eps)
};

/// Rows of weight [count, features] by integer ids: [...] → [..., features]. N(0, 1) at first, as torch.nn.Embedding.
/// Throws nx::IndexError naming the id and its position when it is outside [0, count).
struct RAVEN_API Embedding {
  Array weight;
  Embedding() = default;
  Embedding(int64_t count, int64_t features, Rng& rng, const EmbeddingOpts& options = {});
  Array operator()(const Array& ids) const;
  /// h·Wᵀ: the tied output head.
  Array attend(const Array& h) const;
  NX_TREE(Embedding, weight)
};

/// x with each element kept with probability 1 − p and scaled by 1/(1 − p) in training; the identity in evaluation.
/// Throws nx::ValueError unless 0 ≤ p ≤ 1.
RAVEN_API Array dropout(const Array& x, double p, Ctx& cx);

/// Dropout as a layer.
struct RAVEN_API Dropout {
  double p = 0;
  Dropout() = default;
  explicit Dropout(double probability);
  Array operator()(const Array& x, Ctx& cx) const { return dropout(x, p, cx); }
  static constexpr int nx_tree_count = 0;
  template <class Self, class Visit>
  static void nx_tree_fields(Self&, Visit&&) {}
  NX_TREE_STATIC(Dropout, p)
};

}  // namespace kaun
