// Activations of neural networks and their derivatives, elementwise.
#include "raven/nx/cpu/kernels/level.hpp"
#include "raven/vmath/simd.hpp"
#include "raven/vmath/vmath.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class T>
using DomainOf = std::conditional_t<std::is_same_v<T, float>, vmath::NativeF32, vmath::NativeF64>;

/// `count` ≤ lanes elements from p[0], p[stride] ….
template <class D, class T>
NX_INLINE auto load_some(const D& d, const T* p, int64_t stride, int64_t count) {
  constexpr int w = D::lanes;
  if (stride == 1) return count == w ? d.load(p) : vmath::load_partial<w>(p, count);
  if (stride == 0) return d.bcast(p);
  T element[w] = {};
  for (int64_t i = 0; i < count; ++i) element[i] = p[i * stride];
  return d.load(element);
}

/// out[i] = f(x[i])
template <class T, class F>
NX_INLINE void map(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, F f) {
  using D = DomainOf<T>;
  constexpr int64_t w = D::lanes;
  D d;
  T* out = reinterpret_cast<T*>(out_bytes);
  const T* x = reinterpret_cast<const T*>(in[0]);
  for (int64_t i = 0; i < n; i += w) {
    const int64_t count = n - i < w ? n - i : w;
    const auto y = f(d, load_some(d, x + i * strides[0], strides[0], count));
    if (count == w)
      d.store(out + i, y);
    else
      vmath::store_partial(out + i, y, count);
  }
}

/// out[i] = f(x[i])·g[i]
template <class T, class F>
NX_INLINE void map_times(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, F f) {
  using D = DomainOf<T>;
  constexpr int64_t w = D::lanes;
  D d;
  T* out = reinterpret_cast<T*>(out_bytes);
  const T *x = reinterpret_cast<const T*>(in[0]), *g = reinterpret_cast<const T*>(in[1]);
  for (int64_t i = 0; i < n; i += w) {
    const int64_t count = n - i < w ? n - i : w;
    const auto slope = f(d, load_some(d, x + i * strides[0], strides[0], count));
    const auto y = slope * load_some(d, g + i * strides[1], strides[1], count);
    if (count == w)
      d.store(out + i, y);
    else
      vmath::store_partial(out + i, y, count);
  }
}

bool by_tanh(const Attrs& attrs) { return static_cast<const GeluAttrs&>(attrs).approximate == GeluApproximate::tanh; }

template <class T>
void gelu(std::byte* out, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs& attrs) {
  if (by_tanh(attrs))
    map<T>(out, in, strides, n, [](auto& d, auto x) RAVEN_VMATH_LAMBDA { return vmath::gelu_tanh(d, x); });
  else
    map<T>(out, in, strides, n, [](auto& d, auto x) RAVEN_VMATH_LAMBDA { return vmath::gelu(d, x); });
}
template <class T>
void gelu_grad(std::byte* out, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs& attrs) {
  if (by_tanh(attrs))
    map_times<T>(out, in, strides, n,
                 [](auto& d, auto x) RAVEN_VMATH_LAMBDA { return vmath::gelu_tanh_gradient(d, x); });
  else
    map_times<T>(out, in, strides, n, [](auto& d, auto x) RAVEN_VMATH_LAMBDA { return vmath::gelu_gradient(d, x); });
}

}  // namespace

void fill_activation(LevelTable& t) {
  const auto put = [&](Op op, MapLoop* single, MapLoop* wide) {
    t.map[static_cast<int>(op)][static_cast<int>(DType::f32)] = single;
    t.map[static_cast<int>(op)][static_cast<int>(DType::f64)] = wide;
  };
  put(Op::Gelu, &gelu<float>, &gelu<double>);
  put(Op::GeluGrad, &gelu_grad<float>, &gelu_grad<double>);
}

}  // namespace nx::cpu::RAVEN_LEVEL
