// Elementwise functions of reals from raven/vmath: one line per op.
#include "raven/nx/cpu/kernels/level.hpp"
#include "raven/vmath/simd.hpp"
#include "raven/vmath/vmath.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class T>
using DomainOf = std::conditional_t<std::is_same_v<T, float>, vmath::NativeF32, vmath::NativeF64>;

/// out[i] = F(in[i]), F::registers registers at a time, then one, then a partial one. Most functions are long chains,
/// and a second register fills the gaps of the first; logarithms wait for the divider.
template <class F, class T>
void map_real(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs&) {
  using D = DomainOf<T>;
  constexpr int w = D::lanes;
  vmath::Native<F::registers * w> wide;
  D d;
  T* out = reinterpret_cast<T*>(out_bytes);
  const T* a = reinterpret_cast<const T*>(in[0]);
  const int64_t sa = strides[0];
  int64_t i = 0;
  if (sa == 1) {
    for (; i + wide.lanes <= n; i += wide.lanes) wide.store(out + i, F::of(wide, wide.load(a + i)));
    for (; i + w <= n; i += w) d.store(out + i, F::of(d, d.load(a + i)));
    if (i < n) vmath::store_partial(out + i, F::of(d, vmath::load_partial<w>(a + i, n - i)), n - i);
  } else {
    for (; i + w <= n; i += w) d.store(out + i, F::of(d, vmath::load_strided<w>(a + i * sa, sa)));
    if (i < n) {
      T rest[w] = {};
      for (int64_t k = 0; i + k < n; ++k) rest[k] = a[(i + k) * sa];
      vmath::store_partial(out + i, F::of(d, d.load(rest)), n - i);
    }
  }
}

/// out[i] = F(a[i], b[i]), two registers at a time.
template <class F, class T>
void map_real2(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs&) {
  using D = vmath::Native<2 * DomainOf<T>::lanes>;
  constexpr int w = D::lanes;
  D d;
  T* out = reinterpret_cast<T*>(out_bytes);
  const auto load = [&](int operand, int64_t i) {
    const T* p = reinterpret_cast<const T*>(in[operand]) + i * strides[operand];
    const int64_t left = n - i;
    if (strides[operand] == 0) return d.bcast(p);
    if (strides[operand] == 1) return left >= w ? d.load(p) : vmath::load_partial<w>(p, left);
    T lanes[w] = {};
    for (int64_t k = 0; k < w && k < left; ++k) lanes[k] = p[k * strides[operand]];
    return d.load(lanes);
  };
  int64_t i = 0;
  for (; i + w <= n; i += w) d.store(out + i, F::of(d, load(0, i), load(1, i)));
  if (i < n) vmath::store_partial(out + i, F::of(d, load(0, i), load(1, i)), n - i);
}

struct Pow {
  template <class D, class V>
  NX_INLINE static V of(D& d, V x, V y) {
    return vmath::pow(d, x, y);
  }
};
struct Sqrt {
  static constexpr int registers = 1;
  template <class D, class V>
  NX_INLINE static V of(D& d, V x) {
    return d.sqrt(x);
  }
};
#define NX_FUNCTION(Name, function, count)  \
  struct Name {                             \
    static constexpr int registers = count; \
    template <class D, class V>             \
    NX_INLINE static V of(D& d, V x) {      \
      return vmath::function(d, x);         \
    }                                       \
  };
NX_FUNCTION(Rsqrt, rsqrt, 1)
NX_FUNCTION(Exp, exp, 2)
NX_FUNCTION(Exp2, exp2, 2)
NX_FUNCTION(Expm1, expm1, 2)
NX_FUNCTION(Log, log, 1)
NX_FUNCTION(Log2, log2, 1)
NX_FUNCTION(Log10, log10, 1)
NX_FUNCTION(Log1p, log1p, 1)
NX_FUNCTION(Sin, sin, 2)
NX_FUNCTION(Cos, cos, 2)
NX_FUNCTION(Tanh, tanh, 2)
NX_FUNCTION(Logistic, sigmoid, 2)
NX_FUNCTION(Erf, erf, 2)
NX_FUNCTION(ErfInv, erfinv, 2)
#undef NX_FUNCTION

template <class F>
void put(LevelTable& t, Op op) {
  t.map[static_cast<int>(op)][static_cast<int>(DType::f32)] = &map_real<F, float>;
  t.map[static_cast<int>(op)][static_cast<int>(DType::f64)] = &map_real<F, double>;
}

}  // namespace

void fill_math(LevelTable& t) {
  put<Sqrt>(t, Op::Sqrt), put<Rsqrt>(t, Op::Rsqrt);
  put<Exp>(t, Op::Exp), put<Exp2>(t, Op::Exp2), put<Expm1>(t, Op::Expm1);
  put<Log>(t, Op::Log), put<Log2>(t, Op::Log2), put<Log10>(t, Op::Log10), put<Log1p>(t, Op::Log1p);
  put<Sin>(t, Op::Sin), put<Cos>(t, Op::Cos);
  put<Tanh>(t, Op::Tanh), put<Logistic>(t, Op::Logistic);
  put<Erf>(t, Op::Erf), put<ErfInv>(t, Op::ErfInv);
  t.map[static_cast<int>(Op::Pow)][static_cast<int>(DType::f32)] = &map_real2<Pow, float>;
  t.map[static_cast<int>(Op::Pow)][static_cast<int>(DType::f64)] = &map_real2<Pow, double>;
}

}  // namespace nx::cpu::RAVEN_LEVEL
