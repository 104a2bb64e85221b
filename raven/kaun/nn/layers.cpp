#include "raven/kaun/nn/layers.hpp"

#include <cmath>

#include "raven/base/message.hpp"
#include "raven/kaun/internal/require.hpp"
#include "raven/kaun/nn/init.hpp"
#include "raven/nx.hpp"
#include "raven/nx/composite.hpp"
#include "raven/nx/error.hpp"

namespace kaun {

namespace {

/// Layers compute in their weights' dtype and refuse another floating one: a model must not turn into f64 by accident.
void require_dtype(const char* name, const Array& x, const Array& weight) {
  if (!weight.defined()) throw nx::ValueError(name, "the layer has no weights; construct it with its sizes");
  if (x.dtype() != weight.dtype())
    throw nx::DTypeError(name, raven::Message("the input is ") << nx::dtype_name(x.dtype()) << ", the weights "
                                                               << nx::dtype_name(weight.dtype()) << "; use x.astype(nx::"
                                                               << nx::dtype_name(weight.dtype()) << ")");
}
void require_features(const char* name, const Array& x, int64_t features) {
  if (x.ndim() == 0 || x.shape(-1) != features)
    throw nx::ShapeError(name, raven::Message("the last axis of ") << x.shape() << " must have size " << features);
}

}  // namespace

Linear::Linear(int64_t in, int64_t out, Rng& rng, const LayerOpts& options) {
  detail::require_size("kaun.Linear", "in", in);
  detail::require_size("kaun.Linear", "out", out);
  detail::require_floating("kaun.Linear", options.dtype);
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  weight = init::uniform(rng, {out, in}, -bound, bound, options.dtype);
  if (options.bias) bias = init::uniform(rng, {out}, -bound, bound, options.dtype);
}
Array Linear::operator()(const Array& x) const {
  require_dtype("kaun.Linear", x, weight);
  require_features("kaun.Linear", x, weight.shape(1));
  return nx::linear(x, weight, bias);
}

LayerNorm::LayerNorm(int64_t features, const LayerOpts& options) {
  detail::require_size("kaun.LayerNorm", "features", features);
  detail::require_floating("kaun.LayerNorm", options.dtype);
  weight = nx::ones({features}, {.dtype = options.dtype});
  if (options.bias) bias = nx::zeros({features}, {.dtype = options.dtype});
}
Array LayerNorm::operator()(const Array& x) const {
  require_dtype("kaun.LayerNorm", x, weight);
  require_features("kaun.LayerNorm", x, weight.shape(0));
  return nx::layer_norm(x, weight, bias, {.eps = eps});
}

Embedding::Embedding(int64_t count, int64_t features, Rng& rng, const EmbeddingOpts& options) {
  detail::require_size("kaun.Embedding", "count", count);
  detail::require_size("kaun.Embedding", "features", features);
  detail::require_floating("kaun.Embedding", options.dtype);
  weight = init::normal(rng, {count, features}, 0, 1, options.dtype);
}
Array Embedding::operator()(const Array& ids) const {
  if (!weight.defined()) throw nx::ValueError("kaun.Embedding", "the layer has no weights; construct it with its sizes");
  return nx::embedding(weight, ids);
}
Array Embedding::attend(const Array& h) const {
  require_dtype("kaun.Embedding.attend", h, weight);
  return nx::linear(h, weight);
}

Array dropout(const Array& x, double p, Ctx& cx) {
  detail::require_probability("kaun.dropout", "p", p);
  return !cx.train() || p == 0 ? x : nx::dropout(x, cx.next_key(), p);
}
Dropout::Dropout(double probability) : p(probability) { detail::require_probability("kaun.Dropout", "p", p); }

}  // namespace kaun
