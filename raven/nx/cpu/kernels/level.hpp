#pragma once
// Included first by every per-level source: names the level's namespace and the loop pragmas. Nothing here or below may
// be an inline function shared between levels: the linker would keep one copy, perhaps the AVX-512 one.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "raven/nx/cpu/levels.hpp"

#ifndef RAVEN_LEVEL
#error "compile through raven_library(… KERNELS …)"
#endif

// Iterations are independent although `out` may be one of the inputs.
#if defined(__clang__)
#define NX_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define NX_INDEPENDENT _Pragma("GCC ivdep")
#endif
#define NX_INLINE [[gnu::always_inline]] inline
