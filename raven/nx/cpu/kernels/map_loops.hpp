#pragma once
// Loops of one and two operands over scalar functions `F::of`, and how they enter the table. Everything has internal
// linkage: see level.hpp.
#include "raven/nx/cpu/kernels/level.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {  // NOLINT: internal linkage per level is the point

template <class T>
NX_INLINE const T* as(const std::byte* p) {
  return reinterpret_cast<const T*>(p);
}

template <class F, class T, class R>
void map1(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs&) {
  R* out = reinterpret_cast<R*>(out_bytes);
  const T* a = as<T>(in[0]);
  const int64_t sa = strides[0];
  if (sa == 1) {
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i * sa]);
  }
}

template <class F, class T, class R>
void map2(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs&) {
  R* out = reinterpret_cast<R*>(out_bytes);
  const T *a = as<T>(in[0]), *b = as<T>(in[1]);
  const int64_t sa = strides[0], sb = strides[1];
  if (sa == 1 && sb == 1) {
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i], b[i]);
  } else if (sa == 1 && sb == 0) {
    const T y = b[0];
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i], y);
  } else if (sa == 0 && sb == 1) {
    const T x = a[0];
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(x, b[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i * sa], b[i * sb]);
  }
}

/// Integers wrap modulo 2^n: computed unsigned.
template <class T>
using Wrap = std::conditional_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, std::make_unsigned<T>, std::type_identity<T>>::type;

template <class F, class T>
void put1(LevelTable& t, Op op) {
  t.map[static_cast<int>(op)][static_cast<int>(dtype_of<T>)] = &map1<F, T, T>;
}
template <class F, class T>
void put2(LevelTable& t, Op op) {
  t.map[static_cast<int>(op)][static_cast<int>(dtype_of<T>)] = &map2<F, T, decltype(F::of(T(), T()))>;
}
template <class F>
[[maybe_unused]] void put1_numbers(LevelTable& t, Op op) {
  put1<F, uint8_t>(t, op), put1<F, uint32_t>(t, op), put1<F, uint64_t>(t, op), put1<F, int32_t>(t, op);
  put1<F, int64_t>(t, op), put1<F, float>(t, op), put1<F, double>(t, op);
}
template <class F>
[[maybe_unused]] void put2_floats(LevelTable& t, Op op) {
  put2<F, float>(t, op), put2<F, double>(t, op);
}
template <class F>
[[maybe_unused]] void put2_integers(LevelTable& t, Op op) {
  put2<F, uint8_t>(t, op), put2<F, uint32_t>(t, op), put2<F, uint64_t>(t, op), put2<F, int32_t>(t, op);
  put2<F, int64_t>(t, op);
}
template <class F>
[[maybe_unused]] void put2_numbers(LevelTable& t, Op op) {
  put2_integers<F>(t, op), put2_floats<F>(t, op);
}
template <class F>
[[maybe_unused]] void put2_all(LevelTable& t, Op op) {
  put2<F, bool>(t, op), put2_numbers<F>(t, op);
}

}  // namespace
}  // namespace nx::cpu::RAVEN_LEVEL
