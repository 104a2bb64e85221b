#pragma once
// Which CPU level this translation unit is compiled for, and the namespace that keeps the levels apart.
//
// Kernel sources are compiled once per level with RAVEN_LEVEL=portable|v3|v4 and that level's -march. Every inline
// function below lives in the inline namespace vmath::<level>: if two levels shared one symbol the linker could keep
// the AVX-512 body and run it on a machine without it (One Definition Rule). Without RAVEN_LEVEL the namespace is
// `generic`.
#if defined(RAVEN_LEVEL)
#define RAVEN_VMATH_LEVEL RAVEN_LEVEL
#else
#define RAVEN_VMATH_LEVEL generic
#endif

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define RAVEN_VMATH_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#define RAVEN_VMATH_BYTES 32
#else
#define RAVEN_VMATH_BYTES 16
#endif

// Fused multiply-add in hardware. Without it `fma` is computed exactly in software: same bits, slower.
#if defined(__FMA__) || defined(__aarch64__)
#define RAVEN_VMATH_HARDWARE_FMA 1
#else
#define RAVEN_VMATH_HARDWARE_FMA 0
#endif

#if defined(RAVEN_LEVEL_v4) && RAVEN_VMATH_BYTES != 64
#error "level v4 needs -march=x86-64-v4"
#endif
#if defined(RAVEN_LEVEL_v3) && RAVEN_VMATH_BYTES != 32
#error "level v3 needs -march=x86-64-v3"
#endif

#define RAVEN_VMATH_INLINE [[gnu::always_inline]] inline
#define RAVEN_VMATH_LAMBDA __attribute__((always_inline))

namespace vmath {
inline namespace RAVEN_VMATH_LEVEL {
/// Bytes of one vector register at this level: 16 (portable), 32 (v3), 64 (v4).
inline constexpr int vector_bytes = RAVEN_VMATH_BYTES;
}  // namespace RAVEN_VMATH_LEVEL
}  // namespace vmath
