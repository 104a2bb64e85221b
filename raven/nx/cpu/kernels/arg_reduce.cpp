// First position of the largest or smallest element; a NaN is larger and smaller than everything, the first one wins.
#include "raven/nx/cpu/kernels/level.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

struct Larger {
  template <class T>
  NX_INLINE static bool of(T a, T b) { return a > b; }
};
struct Smaller {
  template <class T>
  NX_INLINE static bool of(T a, T b) { return a < b; }
};
/// a takes the place of b, which stands before it.
template <class F, class T>
NX_INLINE bool beats(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return (F::of(a, b) | (a != a)) & (b == b);
  else
    return F::of(a, b);
}

template <class F, class T>
int64_t run(const std::byte* in, int64_t n, int64_t stride) {
  const T* a = reinterpret_cast<const T*>(in);
  // Blocks of 256: the best value of a block by a vector loop, then its position only when the block improves.
  constexpr int64_t block = 256, lanes = 16;
  T best = a[0];
  int64_t at = 0, i = 0;
  if (stride == 1)
    for (; i + block <= n; i += block) {
      T top[lanes];
      for (int64_t k = 0; k < lanes; ++k) top[k] = a[i + k];
      for (int64_t j = lanes; j < block; j += lanes)
        for (int64_t k = 0; k < lanes; ++k) top[k] = beats<F>(a[i + j + k], top[k]) ? a[i + j + k] : top[k];
      T value = top[0];
      for (int64_t k = 1; k < lanes; ++k) value = beats<F>(top[k], value) ? top[k] : value;
      if (!beats<F>(value, best)) continue;
      best = value;
      for (at = i; !(a[at] == value || (value != value && a[at] != a[at])); ++at) {
      }
    }
  for (; i < n; ++i)
    if (beats<F>(a[i * stride], best)) best = a[i * stride], at = i;
  return at;
}

template <class F, class T>
void columns(int64_t* out, const std::byte* in, int64_t n, int64_t width, int64_t row_stride) {
  const T* a = reinterpret_cast<const T*>(in);
  T best[column_width];
  for (int64_t j = 0; j < width; ++j) best[j] = a[j], out[j] = 0;
  for (int64_t r = 1; r < n; ++r) {
    const T* row = a + r * row_stride;
    NX_INDEPENDENT
    for (int64_t j = 0; j < width; ++j) {
      const bool better = beats<F>(row[j], best[j]);
      best[j] = better ? row[j] : best[j];
      out[j] = better ? r : out[j];
    }
  }
}

}  // namespace

void fill_arg(LevelTable& t) {
#define RAVEN_DTYPE(name, type, bytes, kind, numpy)                                                       \
  t.arg[0][static_cast<int>(DType::name)] = {&run<Larger, type>, &columns<Larger, type>};                 \
  t.arg[1][static_cast<int>(DType::name)] = {&run<Smaller, type>, &columns<Smaller, type>};
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
}

}  // namespace nx::cpu::RAVEN_LEVEL
