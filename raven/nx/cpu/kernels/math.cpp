// Elementwise functions of reals from raven/vmath: one line per op.
#include "raven/nx/cpu/kernels/level.hpp"
#include "raven/vmath/vmath.hpp"
#include "raven/vmath/simd.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class T>
using DomainOf = std::conditional_t<std::is_same_v<T, float>, vmath::NativeF32, vmath::NativeF64>;

/// out[i] = F(in[i]): whole registers, then one partial register.
template <class F, class T>
void map_real(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs&) {
  using D = DomainOf<T>;
  constexpr int w = D::lanes;
  D d;
  T* out = reinterpret_cast<T*>(out_bytes);
  const T* a = reinterpret_cast<const T*>(in[0]);
  const int64_t sa = strides[0];
  int64_t i = 0;
  if (sa == 1) {
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

#define NX_FUNCTION(Name, function)                        \
  struct Name {                                            \
    template <class D, class V>                            \
    NX_INLINE static V of(D& d, V x) {                     \
      return vmath::function(d, x);                        \
    }                                                      \
  };
NX_FUNCTION(Exp, exp)
#undef NX_FUNCTION

template <class F>
void put(LevelTable& t, Op op) {
  t.map[static_cast<int>(op)][static_cast<int>(DType::f32)] = &map_real<F, float>;
  t.map[static_cast<int>(op)][static_cast<int>(DType::f64)] = &map_real<F, double>;
}

}  // namespace

void fill_math(LevelTable& t) { put<Exp>(t, Op::Exp); }

}  // namespace nx::cpu::RAVEN_LEVEL
