#pragma once
// One run reduced in the canonical order; shared by the reductions and the row kernels of one level. Everything has
// internal linkage: see level.hpp.
#include <limits>

#include "raven/nx/cpu/kernels/level.hpp"
#include "raven/vmath/simd.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {  // NOLINT: internal linkage per level is the point

using vmath::Lanes;

template <class R>
using Unsigned = std::conditional_t<std::is_integral_v<R> && !std::is_same_v<R, bool>, std::make_unsigned<R>,
                                    std::type_identity<R>>::type;

struct Sum {
  static constexpr bool orders = false;
  template <class R>
  static constexpr R neutral = std::is_floating_point_v<R> ? static_cast<R>(-0.0) : R(0);
  template <class R>
  NX_INLINE static R of(R a, R b) { return static_cast<R>(static_cast<Unsigned<R>>(a) + static_cast<Unsigned<R>>(b)); }
  template <class T, int n>
  NX_INLINE static Lanes<T, n> of(Lanes<T, n> a, Lanes<T, n> b) { return a + b; }
};
struct Prod {
  static constexpr bool orders = false;
  template <class R>
  static constexpr R neutral = R(1);
  template <class R>
  NX_INLINE static R of(R a, R b) { return static_cast<R>(static_cast<Unsigned<R>>(a) * static_cast<Unsigned<R>>(b)); }
  template <class T, int n>
  NX_INLINE static Lanes<T, n> of(Lanes<T, n> a, Lanes<T, n> b) { return a * b; }
};
/// The first NaN met in the canonical order is the result.
struct Max {
  static constexpr bool orders = true;  ///< has `ordered`
  template <class R>
  static constexpr R neutral = std::numeric_limits<R>::has_infinity ? -std::numeric_limits<R>::infinity()
                                                                     : std::numeric_limits<R>::lowest();
  template <class R>
  NX_INLINE static R of(R a, R b) { return a > b || a != a ? a : b; }
  template <class T, int n>
  NX_INLINE static Lanes<T, n> of(Lanes<T, n> a, Lanes<T, n> b) { return {((a.v > b.v) | (a.v != a.v)) ? a.v : b.v}; }
  /// The same while no operand is NaN: one instruction.
  template <class T, int n>
  NX_INLINE static Lanes<T, n> ordered(Lanes<T, n> a, Lanes<T, n> b) { return {a.v > b.v ? a.v : b.v}; }
};
struct Min {
  static constexpr bool orders = true;
  template <class R>
  static constexpr R neutral = std::numeric_limits<R>::has_infinity ? std::numeric_limits<R>::infinity()
                                                                     : std::numeric_limits<R>::max();
  template <class R>
  NX_INLINE static R of(R a, R b) { return a < b || a != a ? a : b; }
  template <class T, int n>
  NX_INLINE static Lanes<T, n> of(Lanes<T, n> a, Lanes<T, n> b) { return {((a.v < b.v) | (a.v != a.v)) ? a.v : b.v}; }
  /// The same while no operand is NaN: one instruction.
  template <class T, int n>
  NX_INLINE static Lanes<T, n> ordered(Lanes<T, n> a, Lanes<T, n> b) { return {a.v < b.v ? a.v : b.v}; }
};

/// True when blocks run on vectors: same real type in and out.
template <class T, class R>
inline constexpr bool vectorised = std::is_same_v<T, R> && std::is_floating_point_v<R>;

template <class F, class T, class R>
R block(const T* in, int64_t n, int64_t stride) {
  if constexpr (vectorised<T, R>) {
    if (stride == 1) {
      constexpr int w = vmath::vector_bytes / static_cast<int>(sizeof(R));
      constexpr int count = 64 / w;
      if (n <= 16) {  // the halving of partials n … 63 does nothing
        R p[16];
        for (int i = 0; i < 16; ++i) p[i] = i < n ? in[i] : F::template neutral<R>;
        for (int half = 8; half > 0; half /= 2)
          for (int i = 0; i < half; ++i) p[i] = F::of(p[i], p[i + half]);
        return p[0];
      }
      Lanes<R, w> partial[count];
      Lanes<R, w> neutral;
      for (int i = 0; i < w; ++i) neutral.v[i] = F::template neutral<R>;
      for (int i = 0; i < count; ++i) partial[i] = neutral;
      if constexpr (F::orders) {
        // Whole rows without NaN take the short chains; the NaN that is found sends the block through the exact ones.
        if (n % 64 == 0) {
          Lanes<R, w> unordered{};
          for (int64_t at = 0; at < n; at += 64)
            for (int k = 0; k < count; ++k) {
              Lanes<R, w> x;
              std::memcpy(&x, in + at + k * w, sizeof x);
              partial[k] = F::ordered(partial[k], x);
              unordered.v = x.v != x.v ? x.v : unordered.v;
            }
          if (!vmath::any_nan(unordered)) return vmath::reduce_partials(partial, [](auto a, auto b) { return F::ordered(a, b); });
          for (int k = 0; k < count; ++k) partial[k] = neutral;
        }
      }
      int64_t i = 0;
      for (; i + 64 <= n; i += 64)
        for (int k = 0; k < count; ++k) {
          Lanes<R, w> x;
          std::memcpy(&x, in + i + k * w, sizeof x);
          partial[k] = F::of(partial[k], x);
        }
      if (i < n)
        for (int k = 0; k < count; ++k) {
          const int64_t left = n - i - k * w;
          if (left <= 0) break;
          if (left >= w) {
            Lanes<R, w> x;
            std::memcpy(&x, in + i + k * w, sizeof x);
            partial[k] = F::of(partial[k], x);
          } else {
            const Lanes<R, w> x = vmath::load_partial<w>(in + i + k * w, left);
            partial[k] = vmath::first_lanes(F::of(partial[k], x), partial[k], left);
          }
        }
      return vmath::reduce_partials(partial, [](auto a, auto b) { return F::of(a, b); });
    }
  }
  R partial[64];
  for (int i = 0; i < 64; ++i) partial[i] = F::template neutral<R>;
  int64_t i = 0;
  for (; i + 64 <= n; i += 64)
    for (int64_t k = 0; k < 64; ++k) partial[k] = F::of(partial[k], static_cast<R>(in[(i + k) * stride]));
  for (int64_t k = 0; i + k < n; ++k) partial[k] = F::of(partial[k], static_cast<R>(in[(i + k) * stride]));
  for (int half = 32; half > 0; half /= 2)
    for (int k = 0; k < half; ++k) partial[k] = F::of(partial[k], partial[k + half]);
  return partial[0];
}

/// Pushes values one by one; equal-sized neighbours combine at once, the rest at the end from the right: the binary tree
/// by index in O(log n) memory.
template <class F, class R>
struct Tree {
  R stack[48];
  int depth = 0;
  int64_t count = 0;
  void push(R value) {
    for (int64_t c = count++; c & 1; c >>= 1) value = F::of(stack[--depth], value);
    stack[depth++] = value;
  }
  R value() const {
    R v = stack[depth - 1];
    for (int i = depth - 2; i >= 0; --i) v = F::of(stack[i], v);
    return v;
  }
};

/// An empty run gives the mathematical neutral element (+0 for sums).
template <class F, class R>
constexpr R empty_value = std::is_same_v<F, Sum> ? R(0) : F::template neutral<R>;

template <class F, class T, class R>
R run(const T* in, int64_t n, int64_t stride) {
  if (n <= 0) return empty_value<F, R>;
  if (n <= reduce_block) return block<F, T, R>(in, n, stride);
  Tree<F, R> tree;
  for (int64_t i = 0; i < n; i += reduce_block)
    tree.push(block<F, T, R>(in + i * stride, n - i < reduce_block ? n - i : reduce_block, stride));
  return tree.value();
}

}  // namespace
}  // namespace nx::cpu::RAVEN_LEVEL
