// Casts: every pair of dtypes. Real to integer truncates and saturates, NaN becomes 0; integers wrap; bool is `≠ 0`.
#include <limits>

#include "raven/nx/cpu/kernels/level.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class To, class From>
NX_INLINE To convert(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // The least value ≥ 2^bits-1 that From can hold bounds the range from above; the lower bound is exact.
    constexpr From low = static_cast<From>(std::numeric_limits<To>::min());
    constexpr From high = std::is_signed_v<To> ? -low : From(2) * static_cast<From>(To(1) << (sizeof(To) * 8 - 1));
    if (x != x) return 0;
    if (x <= low) return std::numeric_limits<To>::min();
    if (x >= high) return std::numeric_limits<To>::max();
    return static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

template <class To, class From>
void cast(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs&) {
  To* out = reinterpret_cast<To*>(out_bytes);
  const From* a = reinterpret_cast<const From*>(in[0]);
  const int64_t sa = strides[0];
  if (sa == 1) {
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = convert<To, From>(a[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = convert<To, From>(a[i * sa]);
  }
}

template <class To>
void fill_to(LevelTable& t) {
#define RAVEN_DTYPE(name, type, bytes, kind, numpy) \
  t.cast[static_cast<int>(DType::name)][static_cast<int>(dtype_of<To>)] = &cast<To, type>;
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
}

}  // namespace

void fill_cast(LevelTable& t) {
#define RAVEN_DTYPE(name, type, bytes, kind, numpy) fill_to<type>(t);
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
}

}  // namespace nx::cpu::RAVEN_LEVEL
