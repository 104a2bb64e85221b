#pragma once
// What row kernels use beyond pure math: partial loads and stores, canonical horizontal reductions, streaming stores,
// prefetch, transposes in registers, strided access. Native only; everything is a free function over Lanes.
#include <cstdint>
#include <cstring>
#include <utility>

#include "raven/vmath/native.hpp"

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {

// ---- the first `count` lanes: 0 ≤ count ≤ n. Memory past p[count-1] is neither read nor written, so a row may end at
// the end of a page.

/// Lanes 0 … count-1 from p; the rest hold zero.
template <int n, class T>
RAVEN_VMATH_INLINE Lanes<T, n> load_partial(const T* p, int64_t count) {
  constexpr int bytes = static_cast<int>(sizeof(T)) * n;
  [[maybe_unused]] constexpr bool wide_element = sizeof(T) == 8;
  using Vector [[maybe_unused]] = typename Lanes<T, n>::Vector;
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  if constexpr (bytes > vector_bytes) {
    const int64_t low = count < n / 2 ? count : n / 2;
    return detail::join(load_partial<n / 2>(p, low), load_partial<n / 2>(p + low, count - low));
  }
#if RAVEN_VMATH_BYTES == 64
  const auto lanes = static_cast<unsigned>((uint64_t{1} << count) - 1);
  if constexpr (bytes == 64 && !wide_element) {
    return {(Vector)_mm512_maskz_loadu_epi32(static_cast<__mmask16>(lanes), p)};
  } else if constexpr (bytes == 64) {
    return {(Vector)_mm512_maskz_loadu_epi64(static_cast<__mmask8>(lanes), p)};
  } else if constexpr (bytes == 32 && !wide_element) {
    return {(Vector)_mm256_maskz_loadu_epi32(static_cast<__mmask8>(lanes), p)};
  } else if constexpr (bytes == 32) {
    return {(Vector)_mm256_maskz_loadu_epi64(static_cast<__mmask8>(lanes), p)};
  }
#elif RAVEN_VMATH_BYTES == 32
  if constexpr (bytes == 32 && !wide_element) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
    return {(Vector)_mm256_maskload_epi32(reinterpret_cast<const int*>(p), mask)};
  } else if constexpr (bytes == 32) {
    const __m256i mask = _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
    return {(Vector)_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), mask)};
  }
#endif
  T element[n] = {};
  for (int i = 0; i < n; ++i) {
    if (i < count) element[i] = p[i];
  }
  Lanes<T, n> r;
  std::memcpy(&r, element, sizeof r);
  return r;
}

/// Lanes 0 … count-1 to p.
template <class T, int n>
RAVEN_VMATH_INLINE void store_partial(T* p, Lanes<T, n> a, int64_t count) {
  constexpr int bytes = static_cast<int>(sizeof(T)) * n;
  [[maybe_unused]] constexpr bool wide_element = sizeof(T) == 8;
  if constexpr (bytes > vector_bytes) {
    Lanes<T, n / 2> low_lanes, high_lanes;
    detail::halve(a, low_lanes, high_lanes);
    const int64_t low = count < n / 2 ? count : n / 2;
    store_partial(p, low_lanes, low);
    store_partial(p + low, high_lanes, count - low);
    return;
  }
#if RAVEN_VMATH_BYTES == 64
  const auto lanes = static_cast<unsigned>((uint64_t{1} << count) - 1);
  if constexpr (bytes == 64 && !wide_element) {
    _mm512_mask_storeu_epi32(p, static_cast<__mmask16>(lanes), (__m512i)a.v);
    return;
  } else if constexpr (bytes == 64) {
    _mm512_mask_storeu_epi64(p, static_cast<__mmask8>(lanes), (__m512i)a.v);
    return;
  } else if constexpr (bytes == 32 && !wide_element) {
    _mm256_mask_storeu_epi32(p, static_cast<__mmask8>(lanes), (__m256i)a.v);
    return;
  } else if constexpr (bytes == 32) {
    _mm256_mask_storeu_epi64(p, static_cast<__mmask8>(lanes), (__m256i)a.v);
    return;
  }
#elif RAVEN_VMATH_BYTES == 32
  if constexpr (bytes == 32 && !wide_element) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
    _mm256_maskstore_epi32(reinterpret_cast<int*>(p), mask, (__m256i)a.v);
    return;
  } else if constexpr (bytes == 32) {
    const __m256i mask = _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
    _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), mask, (__m256i)a.v);
    return;
  }
#endif
  T element[n];
  std::memcpy(element, &a, sizeof a);
  for (int i = 0; i < n; ++i) {
    if (i < count) p[i] = element[i];
  }
}

/// Lanes 0 … count-1 of `a`, the rest from `b`: for reductions whose neutral element is not zero.
template <class T, int n>
RAVEN_VMATH_INLINE Lanes<T, n> first_lanes(Lanes<T, n> a, Lanes<T, n> b, int64_t count) {
  typename Mask<BitsOf<T>, n>::Vector lane;
  for (int i = 0; i < n; ++i) lane[i] = i;
  const typename Mask<BitsOf<T>, n>::Vector in = lane < static_cast<BitsOf<T>>(count);
  return {in ? a.v : b.v};
}

/// Whether some lane is NaN.
template <class T, int n>
RAVEN_VMATH_INLINE bool any_nan(Lanes<T, n> a) {
  return detail::any(Mask<BitsOf<T>, n>{a.v != a.v});
}

// ---- horizontal reduction in the canonical order: p[i] ∘ p[i + half], half by half, so that the bits
// do not depend on the width of the registers.

/// The n lanes of one vector, halved pairwise to one value. `op` takes and returns Lanes<T, m> for any m.
template <class T, int n, class Op>
RAVEN_VMATH_INLINE T reduce_lanes(Lanes<T, n> a, Op op) {
  if constexpr (n == 1) {
    return a.v[0];
  } else {
    Lanes<T, n / 2> low, high;
    detail::halve(a, low, high);
    return reduce_lanes(op(low, high), op);
  }
}

/// count·n partial results (partial i in lane i % n of vector i / n), halved pairwise to one value. With count·n = 64
/// it is the canonical combination of a block's 64 partial sums. count must be a power of two.
template <class T, int n, int count, class Op>
RAVEN_VMATH_INLINE T reduce_partials(Lanes<T, n> (&partial)[count], Op op) {
  static_assert((count & (count - 1)) == 0);
  for (int half = count / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) partial[i] = op(partial[i], partial[i + half]);
  }
  return reduce_lanes(partial[0], op);
}

/// The sum of 64 partial sums: p[i] + p[i+32], then +16, +8, +4, +2, +1.
template <class T, int n>
RAVEN_VMATH_INLINE T sum_partials(Lanes<T, n> (&partial)[64 / n]) {
  return reduce_partials(partial, [](auto a, auto b) RAVEN_VMATH_LAMBDA { return a + b; });
}

// ---- memory

/// A store that bypasses the caches. `p` must be aligned to the size of `a`; end a streamed region with `stream_fence`.
template <class T, int n>
RAVEN_VMATH_INLINE void store_stream(T* p, Lanes<T, n> a) {
#if defined(__clang__)
  __builtin_nontemporal_store(a.v, reinterpret_cast<typename Lanes<T, n>::Vector*>(p));
#elif defined(__x86_64__)
  constexpr int bytes = static_cast<int>(sizeof(T)) * n;
  if constexpr (bytes > vector_bytes) {
    Lanes<T, n / 2> low, high;
    detail::halve(a, low, high);
    store_stream(p, low);
    store_stream(p + n / 2, high);
  }
#if RAVEN_VMATH_BYTES == 64
  if constexpr (bytes == 64) _mm512_stream_si512(reinterpret_cast<__m512i*>(p), (__m512i)a.v);
#endif
#if RAVEN_VMATH_BYTES >= 32
  if constexpr (bytes == 32) _mm256_stream_si256(reinterpret_cast<__m256i*>(p), (__m256i)a.v);
#endif
  if constexpr (bytes == 16) _mm_stream_si128(reinterpret_cast<__m128i*>(p), (__m128i)a.v);
#else
  std::memcpy(p, &a, sizeof a);
#endif
}

/// Orders streamed stores before what follows: needed before another thread may read them.
RAVEN_VMATH_INLINE void stream_fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

/// Asks for the cache line of p in all levels; any address is allowed.
RAVEN_VMATH_INLINE void prefetch(const void* p) {
  __builtin_prefetch(p, 0, 3);
}
/// The same, from the second level outwards.
RAVEN_VMATH_INLINE void prefetch_l2(const void* p) {
  __builtin_prefetch(p, 0, 2);
}

/// Lane i from p[i·stride]; stride in elements, of any sign.
template <int n, class T>
RAVEN_VMATH_INLINE Lanes<T, n> load_strided(const T* p, int64_t stride) {
  Lanes<T, n> r;
  for (int i = 0; i < n; ++i) r.v[i] = p[i * stride];
  return r;
}

/// Lane i to p[i·stride].
template <class T, int n>
RAVEN_VMATH_INLINE void store_strided(T* p, int64_t stride, Lanes<T, n> a) {
  for (int i = 0; i < n; ++i) p[i * stride] = a.v[i];
}

// ---- transpose

namespace detail {

/// One butterfly of a transpose: exchanges the upper `half` of each 2·half lanes of `a` with the lower of `b`.
template <int half, class T, int n, int... lane>
RAVEN_VMATH_INLINE void exchange(Lanes<T, n>& a, Lanes<T, n>& b, std::integer_sequence<int, lane...>) {
  const Lanes<T, n> low{__builtin_shufflevector(a.v, b.v, ((lane & half) == 0 ? lane : n + lane - half)...)};
  const Lanes<T, n> high{__builtin_shufflevector(a.v, b.v, ((lane & half) == 0 ? lane + half : n + lane)...)};
  a = low, b = high;
}

template <int half, class T, int n>
RAVEN_VMATH_INLINE void transpose_step(Lanes<T, n> (&rows)[n]) {
  if constexpr (half > 0) {
    [&]<int... i>(std::integer_sequence<int, i...>) RAVEN_VMATH_LAMBDA {
      // i counts the n/2 pairs; the bit `half` is put into the row number
      (exchange<half>(rows[(i / half) * 2 * half + i % half], rows[(i / half) * 2 * half + i % half + half],
                      std::make_integer_sequence<int, n>{}),
       ...);
    }(std::make_integer_sequence<int, n / 2>{});
    transpose_step<half / 2>(rows);
  }
}

}  // namespace detail

/// n rows of n lanes become n columns, in registers: n·log2(n) shuffles. 16×16 (f32) or 8×8 (f64) at v4, 8×8 and 4×4 at
/// v3, 4×4 and 2×2 at portable fill the registers; other n work, in several registers a row.
template <class T, int n>
RAVEN_VMATH_INLINE void transpose(Lanes<T, n> (&rows)[n]) {
  static_assert((n & (n - 1)) == 0);
  detail::transpose_step<n / 2>(rows);
}

}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
