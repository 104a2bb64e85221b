// Attention with the whole matrix of scores. The bits differ from the tiled kernel's: it sums in another order.
#include <limits>
#include <vector>

#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/linalg.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/decompose/decompose.hpp"

namespace nx::decompose_rule {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// q·kᵀ·scale, −inf where a query does not see a key.
Array masked_scores(const SdpaAttrs& a, const Array& q, const Array& k) {
  const Array scores = matmul(q, matrix_transpose(k)) * a.scale;
  if (!a.causal) return scores;
  const int64_t queries = q.shape()[2], keys = k.shape()[2];
  std::vector<int64_t> last(static_cast<size_t>(queries)), position(static_cast<size_t>(keys));
  for (int64_t i = 0; i < queries; ++i) last[static_cast<size_t>(i)] = i + a.offset;
  for (int64_t j = 0; j < keys; ++j) position[static_cast<size_t>(j)] = j;
  const Array sees = less_equal(array(position), array(last, {queries, 1}));
  return where(sees, scores, -infinity);
}

}  // namespace

/// P = exp(S − max S), o = P·v / Σ P, lse = max S + log Σ P; a row without keys: 0 and −inf.
void Sdpa(const Call& call) {
  const Array &q = call.in[0], &k = call.in[1], &v = call.in[2];
  const auto& a = call.as<SdpaAttrs>();
  if (k.shape()[2] == 0) {
    const Shape s = q.shape();
    call.out[0] = zeros({s[0], s[1], s[2], v.shape()[3]}, {.dtype = q.dtype()});
    call.out[1] = full({s[0], s[1], s[2]}, -infinity, {.dtype = q.dtype()});
    return;
  }
  const Array scores = masked_scores(a, q, k);
  const Array top = stop_gradient(max(scores, {.axis = -1, .keepdims = true}));
  const Array blind = equal(top, -infinity), shift = where(blind, 0, top);
  const Array p = exp(scores - shift);
  const Array total = where(blind, 1, sum(p, {.axis = -1, .keepdims = true}));
  call.out[0] = matmul(p, v) / total;
  call.out[1] = squeeze(where(blind, -infinity, shift + log(total)), -1);
}

/// P = exp(S − lse), dS = P·(g·vᵀ − δ)·scale, δ = Σ g·o − g_lse; dq = dS·k, dk = dSᵀ·q, dv = Pᵀ·g
void SdpaGrad(const Call& call) {
  const Array &q = call.in[0], &k = call.in[1], &v = call.in[2], &o = call.in[3], &lse = call.in[4], &g = call.in[5];
  const auto& a = call.as<SdpaAttrs>();
  const Array blind = equal(lse, -infinity);
  const Array p = exp(masked_scores(a, q, k) - expand_dims(where(blind, 0, lse), -1));
  Array delta = sum(g * o, {.axis = -1, .keepdims = true});
  if (call.in.size() > 6) delta = delta - expand_dims(call.in[6], -1);
  const Array slope = p * (matmul(g, matrix_transpose(v)) - delta) * a.scale;
  call.out[0] = matmul(slope, k);
  call.out[1] = matmul(matrix_transpose(slope), q);
  call.out[2] = matmul(matrix_transpose(p), g);
}

}  // namespace nx::decompose_rule
