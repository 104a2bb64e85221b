#pragma once
// The fused step: clipping and AdamW over all leaves in one parallel pass. Not installed.
#include <cstddef>
#include <cstdint>

namespace vega::detail {

/// Numbers of one step, already in the leaf's precision.
template <class T>
struct AdamWStep {
  T b1, one_minus_b1, b2, one_minus_b2, eps;
  T decay;      ///< lr·weight_decay
  T rate;       ///< lr / (1 − b1^t)
  T root;       ///< √(1 − b2^t)
  T clip;       ///< factor on the gradient
  bool decays;  ///< whether the term p·decay is there at all: 0·inf must not make a NaN of a leaf without decay
};

/// p, m, v ← one step over n elements, in place:
///   g' = g·clip;  m' = m·b1 + g'·(1−b1);  v' = v·b2 + (g'·g')·(1−b2);  p' = p − ((m' / (√v'/root + eps))·rate +
///   p·decay)
template <class T>
using AdamWLoop = void(T* p, const T* g, T* m, T* v, int64_t n, const AdamWStep<T>& step);

#define VEGA_DECLARE_LEVEL(level)     \
  namespace level {                   \
  extern AdamWLoop<float> adamw_f32;  \
  extern AdamWLoop<double> adamw_f64; \
  }
VEGA_DECLARE_LEVEL(portable)
VEGA_DECLARE_LEVEL(v3)
VEGA_DECLARE_LEVEL(v4)
#undef VEGA_DECLARE_LEVEL

}  // namespace vega::detail
