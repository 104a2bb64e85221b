#pragma once
// Every function of vmath as a plain loop over arrays, one table per CPU level.
#include <cstdint>

namespace vmath_test {

/// n elements; `second` is read by functions of two arguments only. Any n: the tail is loaded and stored in part.
using LoopF32 = void (*)(const float* first, const float* second, float* out, int64_t n);
using LoopF64 = void (*)(const double* first, const double* second, double* out, int64_t n);

struct Function {
  const char* name;
  int arguments;
  double bound_f32, bound_f64, absolute;
  LoopF32 f32;
  LoopF64 f64;
};

struct Level {
  const char* name;
  const Function* functions;
  int count;
  void (*fma_f32)(const float* a, const float* b, const float* c, float* out, int64_t n);
  void (*fma_f64)(const double* a, const double* b, const double* c, double* out, int64_t n);
  /// Checks of the SIMD layer and of the domain's operations; returns the name of the first that fails, or null.
  const char* (*check_simd)();
};

Level portable_level();
Level v3_level();
Level v4_level();

}  // namespace vmath_test
