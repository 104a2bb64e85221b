#pragma once
// The transformer block of GPT-2: pre-norm attention and MLP with residuals. Names are GPT-2's.
#include "raven/kaun/nn/layers.hpp"

namespace kaun {

struct TransformerOpts {
  nx::detail::Named _named{};
  int64_t width = 0, heads = 0;
  int64_t layers = 1;   ///< of the whole model: residual projections start at 0.02/√(2·layers)
  double dropout = 0;
  nx::DType dtype = nx::f32;
};

/// Causal self-attention: [B, T, C] → [B, T, C]. c_attn makes query, key and value at once, [3C, C].
struct RAVEN_API CausalSelfAttention {
  Linear c_attn, c_proj;
  int64_t heads = 1;
  double p = 0;
  CausalSelfAttention() = default;
  CausalSelfAttention(const TransformerOpts& options, Rng& rng);
  Array operator()(const Array& x, Ctx& cx) const;
  NX_TREE(CausalSelfAttention, c_attn, c_proj)
  NX_TREE_STATIC(CausalSelfAttention, heads, p)
};

/// C → 4C → gelu(tanh) → C.
struct RAVEN_API Mlp {
  Linear c_fc, c_proj;
  double p = 0;
  Mlp() = default;
  Mlp(const TransformerOpts& options, Rng& rng);
  Array operator()(const Array& x, Ctx& cx) const;
  NX_TREE(Mlp, c_fc, c_proj)
  NX_TREE_STATIC(Mlp, p)
};

/// x + attn(ln_1(x)), then + mlp(ln_2(·)).
struct RAVEN_API TransformerBlock {
  LayerNorm ln_1;
  CausalSelfAttention attn;
  LayerNorm ln_2;
  Mlp mlp;
  TransformerBlock() = default;
  TransformerBlock(const TransformerOpts& options, Rng& rng);
  Array operator()(const Array& x, Ctx& cx) const;
  NX_TREE(TransformerBlock, ln_1, attn, ln_2, mlp)
};

}  // namespace kaun
