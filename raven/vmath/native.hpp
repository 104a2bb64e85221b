#pragma once
// The native value domain: n lanes held in vector registers of the level this file is compiled for.
// What each operation means is written once, in domain.hpp.
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "raven/vmath/domain.hpp"
#include "raven/vmath/lanes.hpp"
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if !RAVEN_VMATH_HARDWARE_FMA
#include "raven/vmath/fma_software.hpp"
#endif

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {

namespace detail {

/// The lower and the upper half of a vector that spans several registers.
template <class T, int n>
RAVEN_VMATH_INLINE void halve(Lanes<T, n> a, Lanes<T, n / 2>& low, Lanes<T, n / 2>& high) {
  std::memcpy(&low, &a, sizeof low);
  std::memcpy(&high, reinterpret_cast<const char*>(&a) + sizeof low, sizeof high);
}
template <class T, int n>
RAVEN_VMATH_INLINE Lanes<T, 2 * n> join(Lanes<T, n> low, Lanes<T, n> high) {
  Lanes<T, 2 * n> all;
  std::memcpy(&all, &low, sizeof low);
  std::memcpy(reinterpret_cast<char*>(&all) + sizeof low, &high, sizeof high);
  return all;
}

template <class T, int n>
RAVEN_VMATH_INLINE Lanes<T, n> fma(Lanes<T, n> a, Lanes<T, n> b, Lanes<T, n> c) {
#if !RAVEN_VMATH_HARDWARE_FMA
  return software_fma(a, b, c);
#elif defined(__clang__)
  return {__builtin_elementwise_fma(a.v, b.v, c.v)};
#elif defined(__x86_64__)
  using Vector = typename Lanes<T, n>::Vector;
  constexpr int bytes = sizeof(T) * n;
  if constexpr (bytes > vector_bytes) {
    Lanes<T, n / 2> al, ah, bl, bh, cl, ch;
    halve(a, al, ah), halve(b, bl, bh), halve(c, cl, ch);
    return join(detail::fma(al, bl, cl), detail::fma(ah, bh, ch));
  } else if constexpr (sizeof(T) == 4) {
#if RAVEN_VMATH_BYTES == 64
    if constexpr (bytes == 64) return {(Vector)_mm512_fmadd_ps((__m512)a.v, (__m512)b.v, (__m512)c.v)};
#endif
    if constexpr (bytes == 32) return {(Vector)_mm256_fmadd_ps((__m256)a.v, (__m256)b.v, (__m256)c.v)};
    if constexpr (bytes == 16) return {(Vector)_mm_fmadd_ps((__m128)a.v, (__m128)b.v, (__m128)c.v)};
  } else {
#if RAVEN_VMATH_BYTES == 64
    if constexpr (bytes == 64) return {(Vector)_mm512_fmadd_pd((__m512d)a.v, (__m512d)b.v, (__m512d)c.v)};
#endif
    if constexpr (bytes == 32) return {(Vector)_mm256_fmadd_pd((__m256d)a.v, (__m256d)b.v, (__m256d)c.v)};
    if constexpr (bytes == 16) return {(Vector)_mm_fmadd_pd((__m128d)a.v, (__m128d)b.v, (__m128d)c.v)};
  }
#else
  Lanes<T, n> r;
  for (int i = 0; i < n; ++i)
    r.v[i] = sizeof(T) == 4 ? __builtin_fmaf(a.v[i], b.v[i], c.v[i]) : __builtin_fma(a.v[i], b.v[i], c.v[i]);
  return r;
#endif
}

template <class T, int n>
RAVEN_VMATH_INLINE Lanes<T, n> sqrt(Lanes<T, n> a) {
#if defined(__clang__)
  return {__builtin_elementwise_sqrt(a.v)};
#elif defined(__x86_64__)
  using Vector = typename Lanes<T, n>::Vector;
  constexpr int bytes = sizeof(T) * n;
  if constexpr (bytes > vector_bytes) {
    Lanes<T, n / 2> low, high;
    halve(a, low, high);
    return join(detail::sqrt(low), detail::sqrt(high));
  } else if constexpr (sizeof(T) == 4) {
#if RAVEN_VMATH_BYTES == 64
    if constexpr (bytes == 64) return {(Vector)_mm512_maskz_sqrt_ps(0xffff, (__m512)a.v)};
#endif
#if RAVEN_VMATH_BYTES >= 32
    if constexpr (bytes == 32) return {(Vector)_mm256_sqrt_ps((__m256)a.v)};
#endif
    if constexpr (bytes == 16) return {(Vector)_mm_sqrt_ps((__m128)a.v)};
  } else {
#if RAVEN_VMATH_BYTES == 64
    if constexpr (bytes == 64) return {(Vector)_mm512_maskz_sqrt_pd(0xff, (__m512d)a.v)};
#endif
#if RAVEN_VMATH_BYTES >= 32
    if constexpr (bytes == 32) return {(Vector)_mm256_sqrt_pd((__m256d)a.v)};
#endif
    if constexpr (bytes == 16) return {(Vector)_mm_sqrt_pd((__m128d)a.v)};
  }
#else
  Lanes<T, n> r;
  for (int i = 0; i < n; ++i) r.v[i] = sizeof(T) == 4 ? __builtin_sqrtf(a.v[i]) : __builtin_sqrt(a.v[i]);
  return r;
#endif
}

#if defined(__x86_64__) && RAVEN_VMATH_BYTES == 64
/// p · 2^k, rounded once: one instruction where the formula of `scale` takes eight.
template <class T, int n>
RAVEN_VMATH_INLINE Lanes<T, n> scaled(Lanes<T, n> p, Lanes<BitsOf<T>, n> k) {
  constexpr int bytes = sizeof(T) * n;
  using Vector = typename Lanes<T, n>::Vector;
  if constexpr (bytes > vector_bytes) {
    Lanes<T, n / 2> p_low, p_high;
    Lanes<BitsOf<T>, n / 2> k_low, k_high;
    halve(p, p_low, p_high), halve(k, k_low, k_high);
    return join(detail::scaled(p_low, k_low), detail::scaled(p_high, k_high));
  } else if constexpr (sizeof(T) == 4) {
    return {(Vector)_mm512_maskz_scalef_ps(0xffff, (__m512)p.v, _mm512_maskz_cvtepi32_ps(0xffff, (__m512i)k.v))};
  } else {
    return {(Vector)_mm512_maskz_scalef_pd(0xff, (__m512d)p.v, _mm512_maskz_cvtepi64_pd(0xff, (__m512i)k.v))};
  }
}
#endif

#if defined(__x86_64__) && RAVEN_VMATH_BYTES == 64
/// table[index] of sixteen doubles, 0 ≤ index < 16, without touching memory: the table fills two registers.
template <int n>
RAVEN_VMATH_INLINE Lanes<double, n> lookup_registers(const double (&table)[16], Lanes<int64_t, n> index) {
  if constexpr (n > 8) {
    Lanes<int64_t, n / 2> low, high;
    halve(index, low, high);
    return join(lookup_registers(table, low), lookup_registers(table, high));
  } else {
    return {(typename Lanes<double, n>::Vector)_mm512_permutex2var_pd(_mm512_loadu_pd(table), (__m512i)index.v,
                                                                      _mm512_loadu_pd(table + 8))};
  }
}
#endif

template <class B, int n>
RAVEN_VMATH_INLINE bool any(Mask<B, n> m) {
  constexpr int bytes = sizeof(B) * n;
  if constexpr (bytes > vector_bytes) {
    Mask<B, n / 2> low, high;
    std::memcpy(&low, &m, sizeof low);
    std::memcpy(&high, reinterpret_cast<const char*>(&m) + sizeof low, sizeof high);
    return detail::any(low | high);
  }
#if defined(__x86_64__)
#if RAVEN_VMATH_BYTES == 64
  if constexpr (bytes == 64 && sizeof(B) == 4) return _mm512_movepi32_mask((__m512i)m.v) != 0;
  if constexpr (bytes == 64 && sizeof(B) == 8) return _mm512_movepi64_mask((__m512i)m.v) != 0;
#endif
#if RAVEN_VMATH_BYTES >= 32
  if constexpr (bytes == 32) return _mm256_movemask_epi8((__m256i)m.v) != 0;
#endif
  if constexpr (bytes == 16) return _mm_movemask_epi8((__m128i)m.v) != 0;
#endif
  B all = 0;
  for (int i = 0; i < n; ++i) all |= m.v[i];
  return all != 0;
}

}  // namespace detail

/// The native domain with `n` lanes of every type. F64 and I64 of a domain whose F32 fills a register span two
/// registers: conversions are always lane by lane. Kernels take NativeF32 or NativeF64.
template <int n>
struct Native {
  using F32 = Lanes<float, n>;
  using F64 = Lanes<double, n>;
  using I32 = Lanes<int32_t, n>;
  using I64 = Lanes<int64_t, n>;
  using M32 = Mask<int32_t, n>;
  using M64 = Mask<int64_t, n>;
  using Index = int64_t;
  static constexpr int lanes = n;

#define RAVEN_OP RAVEN_VMATH_INLINE constexpr
  // ---- constants (c - 0 is c for every c; c + 0 would lose the sign of -0)
  RAVEN_OP F32 f32(float c) const { return {c - typename F32::Vector{}}; }
  RAVEN_OP F64 f64(double c) const { return {c - typename F64::Vector{}}; }
  RAVEN_OP I32 i32(int32_t c) const { return {c - typename I32::Vector{}}; }
  RAVEN_OP I64 i64(int64_t c) const { return {c - typename I64::Vector{}}; }
#undef RAVEN_OP
#define RAVEN_OP RAVEN_VMATH_INLINE
  // ---- arithmetic beyond the operators
  template <class T>
  RAVEN_OP Lanes<T, n> fma(Lanes<T, n> a, Lanes<T, n> b, Lanes<T, n> c) const {
    return detail::fma(a, b, c);
  }
  template <class T>
  RAVEN_OP Lanes<T, n> mul_add(Lanes<T, n> a, Lanes<T, n> b, Lanes<T, n> c) const {
#if RAVEN_VMATH_HARDWARE_FMA
    return detail::fma(a, b, c);
#else
    return a * b + c;
#endif
  }
  template <class T>
  RAVEN_OP Lanes<T, n> sqrt(Lanes<T, n> a) const {
    return detail::sqrt(a);
  }
#if defined(__x86_64__) && RAVEN_VMATH_BYTES == 64
  /// p · 2^k, rounded once; whole registers only.
  template <class T>
    requires(static_cast<int>(sizeof(T)) * n >= vector_bytes)
  RAVEN_OP Lanes<T, n> scaled(Lanes<T, n> p, Lanes<BitsOf<T>, n> k) const {
    return detail::scaled(p, k);
  }
#endif
  template <class T>
  RAVEN_OP Lanes<T, n> min(Lanes<T, n> a, Lanes<T, n> b) const {
    return {a.v < b.v ? a.v : b.v};
  }
  template <class T>
  RAVEN_OP Lanes<T, n> max(Lanes<T, n> a, Lanes<T, n> b) const {
    return {a.v > b.v ? a.v : b.v};
  }
  template <class T>
  RAVEN_OP Lanes<T, n> abs(Lanes<T, n> a) const {
    if constexpr (std::is_floating_point_v<T>) {
      constexpr BitsOf<T> magnitude = static_cast<BitsOf<T>>(~std::make_unsigned_t<BitsOf<T>>{0} >> 1);
      return {(typename Lanes<T, n>::Vector)((typename Lanes<T, n>::Bits)a.v & magnitude)};
    } else {
      return select(a < Lanes<T, n>{}, -a, a);
    }
  }
  template <class T>
  RAVEN_OP Lanes<T, n> copysign(Lanes<T, n> magnitude, Lanes<T, n> sign) const {
    using Vector = typename Lanes<T, n>::Vector;
    using Bits = typename Lanes<T, n>::Bits;
    constexpr BitsOf<T> mask = static_cast<BitsOf<T>>(~std::make_unsigned_t<BitsOf<T>>{0} >> 1);
    return {(Vector)(((Bits)magnitude.v & mask) | ((Bits)sign.v & ~mask))};
  }
  // ---- choice
  template <class T>
  RAVEN_OP Lanes<T, n> select(Mask<BitsOf<T>, n> m, Lanes<T, n> a, Lanes<T, n> b) const {
    return {m.v ? a.v : b.v};
  }
  template <class B>
  RAVEN_OP bool any(Mask<B, n> m) const {
    return detail::any(m);
  }
  RAVEN_OP M64 widen(M32 m) const { return {__builtin_convertvector(m.v, typename M64::Vector)}; }
  RAVEN_OP M32 narrow(M64 m) const { return {__builtin_convertvector(m.v, typename M32::Vector)}; }
  // ---- bit patterns and shifts
  RAVEN_OP I32 bits(F32 a) const { return {(typename I32::Vector)a.v}; }
  RAVEN_OP I64 bits(F64 a) const { return {(typename I64::Vector)a.v}; }
  RAVEN_OP F32 real(I32 a) const { return {(typename F32::Vector)a.v}; }
  RAVEN_OP F64 real(I64 a) const { return {(typename F64::Vector)a.v}; }
  template <class T>
  RAVEN_OP Lanes<T, n> shl(Lanes<T, n> a, int count) const {
    return {(typename Lanes<T, n>::Vector)((typename Lanes<T, n>::Unsigned)a.v << count)};
  }
  template <class T>
  RAVEN_OP Lanes<T, n> shr(Lanes<T, n> a, int count) const {
    return {(typename Lanes<T, n>::Vector)((typename Lanes<T, n>::Unsigned)a.v >> count)};
  }
  template <class T>
  RAVEN_OP Lanes<T, n> sar(Lanes<T, n> a, int count) const {
    return {a.v >> count};
  }
  // ---- conversions, lane by lane
  RAVEN_OP F64 to_f64(F32 a) const { return {__builtin_convertvector(a.v, typename F64::Vector)}; }
  RAVEN_OP F64 to_f64(I32 a) const { return {__builtin_convertvector(a.v, typename F64::Vector)}; }
  RAVEN_OP F64 to_f64(I64 a) const { return {__builtin_convertvector(a.v, typename F64::Vector)}; }
  RAVEN_OP F32 to_f32(F64 a) const { return {__builtin_convertvector(a.v, typename F32::Vector)}; }
  RAVEN_OP F32 to_f32(I32 a) const { return {__builtin_convertvector(a.v, typename F32::Vector)}; }
  RAVEN_OP I32 to_i32(F32 a) const { return {__builtin_convertvector(a.v, typename I32::Vector)}; }
  RAVEN_OP I32 to_i32(F64 a) const { return {__builtin_convertvector(a.v, typename I32::Vector)}; }
  RAVEN_OP I32 to_i32(I64 a) const { return {__builtin_convertvector(a.v, typename I32::Vector)}; }
  RAVEN_OP I64 to_i64(I32 a) const { return {__builtin_convertvector(a.v, typename I64::Vector)}; }
  RAVEN_OP I64 to_i64(F64 a) const { return {__builtin_convertvector(a.v, typename I64::Vector)}; }
  // ---- memory
  template <class T>
  RAVEN_OP T* offset(T* p, Index index, int64_t scale = 1, int64_t add = 0) const {
    return p + (index * scale + add);
  }
  template <class T>
  RAVEN_OP T* anchor(T* p) const {
    asm("" : "+r"(p));
    return p;
  }
  template <class T>
  RAVEN_OP Lanes<T, n> load(const T* p) const {
    Lanes<T, n> r;
    std::memcpy(&r, p, sizeof r);
    return r;
  }
  template <class T>
  RAVEN_OP void store(T* p, Lanes<T, n> a) const {
    std::memcpy(p, &a, sizeof a);
  }
  template <class T>
  RAVEN_OP Lanes<T, n> bcast(const T* p) const {
    return {*p - typename Lanes<T, n>::Vector{}};
  }
  template <class T, int size>
  RAVEN_OP Lanes<T, n> lookup(const T (&table)[size], I32 index) const {
#if defined(__x86_64__) && RAVEN_VMATH_BYTES == 64
    if constexpr (size == 16 && std::is_same_v<T, double> && n >= 8)
      return detail::lookup_registers(table, to_i64(index));
#endif
    Lanes<T, n> r{};
    for (int i = 0; i < n; ++i) r.v[i] = table[index.v[i]];
    return r;
  }
  // ---- control
  template <int count, class Body>
  RAVEN_OP void unroll(Body body) const {
    [&]<int... i>(std::integer_sequence<int, i...>)
        RAVEN_VMATH_LAMBDA { (body(std::integral_constant<int, i>{}), ...); }(std::make_integer_sequence<int, count>{});
  }
  template <int carried_count, class Value, class Body>
  RAVEN_OP void loop(Index trips, [[maybe_unused]] Value* carried, Body body) const {
    Index i = 0;
    if constexpr (vector_bytes < 64) {  // few products a trip: two trips share the counting
      for (; i + 1 < trips; i += 2) {
        body(i);
        body(i + 1);
      }
    }
    for (; i < trips; ++i) body(i);
  }
  template <class T, class Slow>
  RAVEN_OP Lanes<T, n> rare(Mask<BitsOf<T>, n> m, Lanes<T, n> fast, Slow slow) const {
    if (__builtin_expect(detail::any(m), 0)) return select(m, slow(), fast);
    return fast;
  }
#undef RAVEN_OP
};

/// A register full of f32 lanes (4, 8, 16) and a register full of f64 lanes (2, 4, 8).
using NativeF32 = Native<vector_bytes / 4>;
using NativeF64 = Native<vector_bytes / 8>;
static_assert(Domain<NativeF32> && Domain<NativeF64>);

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
