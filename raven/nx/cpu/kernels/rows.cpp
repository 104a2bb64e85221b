// Row-wise composites over contiguous rows: each gives the bits of its decomposition.
#include "raven/nx/cpu/kernels/reduce.hpp"
#include "raven/vmath/vmath.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class T>
using DomainOf = std::conditional_t<std::is_same_v<T, float>, vmath::NativeF32, vmath::NativeF64>;

/// y = exp(x − max x) / Σ exp(x − max x)
template <class T>
void softmax(std::byte* const* out, const std::byte* const* in, int64_t rows, int64_t n, const Attrs&) {
  using D = DomainOf<T>;
  constexpr int w = D::lanes;
  D d;
  for (int64_t r = 0; r < rows; ++r) {
    const T* x = reinterpret_cast<const T*>(in[0]) + r * n;
    T* y = reinterpret_cast<T*>(out[0]) + r * n;
    const T top = run<Max, T, T>(x, n, 1);
    const auto shift = d.bcast(&top);
    int64_t i = 0;
    for (; i + w <= n; i += w) d.store(y + i, vmath::exp(d, d.load(x + i) - shift));
    if (i < n) vmath::store_partial(y + i, vmath::exp(d, vmath::load_partial<w>(x + i, n - i) - shift), n - i);
    const T sum = run<Sum, T, T>(y, n, 1);
    NX_INDEPENDENT
    for (int64_t j = 0; j < n; ++j) y[j] = y[j] / sum;
  }
}

/// dx = (dy − Σ dy·y) · y
template <class T>
void softmax_grad(std::byte* const* out, const std::byte* const* in, int64_t rows, int64_t n, const Attrs&) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* y = reinterpret_cast<const T*>(in[0]) + r * n;
    const T* dy = reinterpret_cast<const T*>(in[1]) + r * n;
    T* dx = reinterpret_cast<T*>(out[0]) + r * n;
    NX_INDEPENDENT
    for (int64_t j = 0; j < n; ++j) dx[j] = dy[j] * y[j];
    const T dot = run<Sum, T, T>(dx, n, 1);
    NX_INDEPENDENT
    for (int64_t j = 0; j < n; ++j) dx[j] = (dy[j] - dot) * y[j];
  }
}

#define NX_PUT(function, op)                                                                    \
  t.row[static_cast<int>(op)][static_cast<int>(DType::f32)] = &function<float>;                 \
  t.row[static_cast<int>(op)][static_cast<int>(DType::f64)] = &function<double>;

}  // namespace

void fill_rows(LevelTable& t) {
  NX_PUT(softmax, Op::Softmax)
  NX_PUT(softmax_grad, Op::SoftmaxGrad)
}

}  // namespace nx::cpu::RAVEN_LEVEL
