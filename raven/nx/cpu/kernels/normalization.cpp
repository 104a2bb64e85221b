// LayerNorm over contiguous rows, with the bits of its decomposition.
#include "raven/nx/cpu/kernels/reduce.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

/// mean = Σ x / n, rstd = 1 / sqrt(Σ (x − mean)² / n + eps), y = (x − mean)·rstd·weight + bias
template <class T>
void layer_norm(std::byte* const* out, const std::byte* const* in, int64_t rows, int64_t n, const Attrs& attrs) {
  const std::conditional_t<std::is_same_v<T, float>, vmath::NativeF32, vmath::NativeF64> d;
  const T eps = static_cast<T>(static_cast<const LayerNormAttrs&>(attrs).eps), count = static_cast<T>(n);
  const T *weight = reinterpret_cast<const T*>(in[1]), *bias = reinterpret_cast<const T*>(in[2]);
  for (int64_t r = 0; r < rows; ++r) {
    const T* x = reinterpret_cast<const T*>(in[0]) + r * n;
    T* y = reinterpret_cast<T*>(out[0]) + r * n;
    const T mean = run<Sum, T, T>(x, n, 1) / count;
    NX_INDEPENDENT
    for (int64_t j = 0; j < n; ++j) {
      const T centred = x[j] - mean;
      y[j] = centred * centred;
    }
    const T shifted = run<Sum, T, T>(y, n, 1) / count + eps;
    const T rstd = T(1) / d.sqrt(d.bcast(&shifted)).v[0];
    if (weight && bias) {
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) y[j] = (x[j] - mean) * rstd * weight[j] + bias[j];
    } else if (weight) {
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) y[j] = (x[j] - mean) * rstd * weight[j];
    } else {
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) y[j] = (x[j] - mean) * rstd;
    }
    reinterpret_cast<T*>(out[1])[r] = mean;
    reinterpret_cast<T*>(out[2])[r] = rstd;
  }
}

/// x̂ = (x − mean)·rstd, h = g·weight; dx = rstd·((h − Σ h / n) − x̂·(Σ h·x̂ / n)); and over these rows, in order,
/// dw = Σ g·x̂, db = Σ g.
template <class T>
void layer_norm_grad(std::byte* const* out, const std::byte* const* in, int64_t rows, int64_t n, const Attrs&) {
  const T count = static_cast<T>(n);
  const T* weight = reinterpret_cast<const T*>(in[4]);
  T *dw = reinterpret_cast<T*>(out[1]), *db = reinterpret_cast<T*>(out[2]);
  for (int64_t r = 0; r < rows; ++r) {
    const T *x = reinterpret_cast<const T*>(in[0]) + r * n, *g = reinterpret_cast<const T*>(in[3]) + r * n;
    const T mean = reinterpret_cast<const T*>(in[1])[r], rstd = reinterpret_cast<const T*>(in[2])[r];
    T* dx = reinterpret_cast<T*>(out[0]) + r * n;
    T flat;
    if (weight) {
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) dx[j] = g[j] * weight[j];
      flat = run<Sum, T, T>(dx, n, 1) / count;
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) dx[j] = g[j] * weight[j] * ((x[j] - mean) * rstd);
    } else {
      flat = run<Sum, T, T>(g, n, 1) / count;
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) dx[j] = g[j] * ((x[j] - mean) * rstd);
    }
    const T slope = run<Sum, T, T>(dx, n, 1) / count;
    if (weight) {
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) dx[j] = rstd * ((g[j] * weight[j] - flat) - (x[j] - mean) * rstd * slope);
    } else {
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) dx[j] = rstd * ((g[j] - flat) - (x[j] - mean) * rstd * slope);
    }
    if (!dw) continue;
    if (r == 0) {
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) {
        dw[j] = g[j] * ((x[j] - mean) * rstd);
        db[j] = g[j];
      }
    } else {
      NX_INDEPENDENT
      for (int64_t j = 0; j < n; ++j) {
        dw[j] = dw[j] + g[j] * ((x[j] - mean) * rstd);
        db[j] = db[j] + g[j];
      }
    }
  }
}

}  // namespace

void fill_normalization(LevelTable& t) {
  const auto put = [&](Op op, RowLoop* single, RowLoop* wide) {
    t.row[static_cast<int>(op)][static_cast<int>(DType::f32)] = single;
    t.row[static_cast<int>(op)][static_cast<int>(DType::f64)] = wide;
  };
  put(Op::LayerNorm, &layer_norm<float>, &layer_norm<double>);
  put(Op::LayerNormGrad, &layer_norm_grad<float>, &layer_norm_grad<double>);
}

}  // namespace nx::cpu::RAVEN_LEVEL
