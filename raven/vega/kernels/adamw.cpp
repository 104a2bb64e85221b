// One AdamW step over a run of elements. Plain operations in a fixed order, so every level gives the same bits.
#include "raven/vega/adamw.hpp"
#include "raven/vmath/simd.hpp"

namespace vega::detail::RAVEN_LEVEL {
namespace {

template <bool decays, class T, class D>
[[gnu::always_inline]] inline void step_lanes(D& d, const AdamWStep<T>& s, auto& p, const auto& g, auto& m, auto& v) {
  const auto scaled = g * d.bcast(&s.clip);
  m = m * d.bcast(&s.b1) + scaled * d.bcast(&s.one_minus_b1);
  v = v * d.bcast(&s.b2) + (scaled * scaled) * d.bcast(&s.one_minus_b2);
  auto step = (m / (d.sqrt(v) / d.bcast(&s.root) + d.bcast(&s.eps))) * d.bcast(&s.rate);
  if constexpr (decays) step = step + p * d.bcast(&s.decay);
  p = p - step;
}

template <bool decays, class T, class D>
void run(T* p, const T* g, T* m, T* v, int64_t n, const AdamWStep<T>& step) {
  constexpr int w = D::lanes;
  D d;
  int64_t i = 0;
  for (; i + w <= n; i += w) {
    auto pv = d.load(p + i), mv = d.load(m + i), vv = d.load(v + i);
    step_lanes<decays, T>(d, step, pv, d.load(g + i), mv, vv);
    d.store(p + i, pv), d.store(m + i, mv), d.store(v + i, vv);
  }
  if (i < n) {
    const int64_t left = n - i;
    auto pv = vmath::load_partial<w>(p + i, left), mv = vmath::load_partial<w>(m + i, left), vv = vmath::load_partial<w>(v + i, left);
    step_lanes<decays, T>(d, step, pv, vmath::load_partial<w>(g + i, left), mv, vv);
    vmath::store_partial(p + i, pv, left), vmath::store_partial(m + i, mv, left), vmath::store_partial(v + i, vv, left);
  }
}

}  // namespace

void adamw_f32(float* p, const float* g, float* m, float* v, int64_t n, const AdamWStep<float>& step) {
  (step.decays ? run<true, float, vmath::NativeF32> : run<false, float, vmath::NativeF32>)(p, g, m, v, n, step);
}
void adamw_f64(double* p, const double* g, double* m, double* v, int64_t n, const AdamWStep<double>& step) {
  (step.decays ? run<true, double, vmath::NativeF64> : run<false, double, vmath::NativeF64>)(p, g, m, v, n, step);
}

}  // namespace vega::detail::RAVEN_LEVEL
