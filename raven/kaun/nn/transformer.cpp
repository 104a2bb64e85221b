#include "raven/kaun/nn/transformer.hpp"

#include <cmath>

#include "raven/base/message.hpp"
#include "raven/kaun/internal/require.hpp"
#include "raven/kaun/nn/init.hpp"
#include "raven/nx.hpp"

namespace kaun {

namespace {

constexpr double gpt2_deviation = 0.02;

/// GPT-2's initialisation (Radford et al. 2019): N(0, 0.02²), zero biases; projections back onto the residual stream are
/// scaled down by √(2·layers), the number of such projections.
Linear gpt2_linear(int64_t in, int64_t out, double deviation, nx::DType dtype, Rng& rng) {
  Linear linear;
  linear.weight = init::normal(rng, {out, in}, 0, deviation, dtype);
  linear.bias = nx::zeros({out}, {.dtype = dtype});
  return linear;
}
void require_options(const char* name, const TransformerOpts& o) {
  detail::require_size(name, "width", o.width);
  detail::require_size(name, "layers", o.layers);
  detail::require_probability(name, "dropout", o.dropout);
  detail::require_floating(name, o.dtype);
}
double residual_deviation(const TransformerOpts& o) { return gpt2_deviation / std::sqrt(2.0 * static_cast<double>(o.layers)); }

}  // namespace

CausalSelfAttention::CausalSelfAttention(const TransformerOpts& o, Rng& rng) : heads(o.heads), p(o.dropout) {
  require_options("kaun.CausalSelfAttention", o);
  detail::require_size("kaun.CausalSelfAttention", "heads", o.heads);
  if (o.width % o.heads != 0)
    throw nx::ValueError("kaun.CausalSelfAttention", raven::Message("width ") << o.width << " is not a multiple of heads " << o.heads);
  c_attn = gpt2_linear(o.width, 3 * o.width, gpt2_deviation, o.dtype, rng);
  c_proj = gpt2_linear(o.width, o.width, residual_deviation(o), o.dtype, rng);
}

Array CausalSelfAttention::operator()(const Array& x, Ctx& cx) const {
  const int64_t batch = x.shape(0), time = x.shape(1), width = x.shape(2);
  // [B, T, 3C] → three views [B, H, T, D]
  const Array qkv = c_attn(x).reshape({batch, time, 3, heads, width / heads});
  const auto part = [&](int64_t i) {
    const Array one = nx::slice(qkv, {0, 0, i, 0, 0}, {batch, time, i + 1, heads, width / heads}, {1, 1, 1, 1, 1});
    return nx::transpose(one.reshape({batch, time, heads, width / heads}), {0, 2, 1, 3});
  };
  const Array mixed = nx::sdpa(part(0), part(1), part(2), {.causal = true});
  const Array joined = nx::transpose(mixed, {0, 2, 1, 3}).reshape({batch, time, width});
  return dropout(c_proj(joined), p, cx);
}

Mlp::Mlp(const TransformerOpts& o, Rng& rng) : p(o.dropout) {
  require_options("kaun.Mlp", o);
  c_fc = gpt2_linear(o.width, 4 * o.width, gpt2_deviation, o.dtype, rng);
  c_proj = gpt2_linear(4 * o.width, o.width, residual_deviation(o), o.dtype, rng);
}
Array Mlp::operator()(const Array& x, Ctx& cx) const {
  return dropout(c_proj(nx::gelu(c_fc(x), nx::GeluApproximate::tanh)), p, cx);
}

TransformerBlock::TransformerBlock(const TransformerOpts& o, Rng& rng)
    : ln_1(o.width, {.dtype = o.dtype}), attn(o, rng), ln_2(o.width, {.dtype = o.dtype}), mlp(o, rng) {}
Array TransformerBlock::operator()(const Array& x, Ctx& cx) const {
  const Array h = x + attn(ln_1(x), cx);
  return h + mlp(ln_2(h), cx);
}

}  // namespace kaun
