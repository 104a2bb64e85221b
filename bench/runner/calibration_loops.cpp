#include "bench/runner/calibration_loops.hpp"

#include "raven/base/cpu.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace raven::bench::loops {
namespace {

volatile float seed = 1.25f;
volatile float sink;
volatile uint64_t integer_sink;

typedef float Vector4 __attribute__((vector_size(16)));

Vector4 load4(const float* p) {
  return *reinterpret_cast<const Vector4*>(p);
}
void store4(float* p, Vector4 v) {
  *reinterpret_cast<Vector4*>(p) = v;
}

// 16 accumulators of four lanes, multiply and add apart: the compiler's baseline has no fused instruction.
__attribute__((noinline)) void fma_portable(int64_t iterations) {
  Vector4 sums[16];
  const Vector4 scale = {0.999f, 0.999f, 0.999f, 0.999f}, shift = {0.001f, 0.001f, 0.001f, 0.001f};
  for (int i = 0; i < 16; ++i) sums[i] = scale * seed + static_cast<float>(i);
  for (int64_t n = 0; n < iterations; ++n) {
    for (int i = 0; i < 16; ++i) sums[i] = sums[i] * scale + shift;
    asm volatile("" ::: "memory");
  }
  for (int i = 1; i < 16; ++i) sums[0] += sums[i];
  sink = sums[0][0];
}

#if defined(__x86_64__)
// Latency 4, two units: 8 chains would do; 12 and 16 leave room for what the front end loses, and fit the registers
// (Clang 19 spills 24). Every loop over the chains is unrolled, or the accumulators would live in memory.
template <int Chains>
__attribute__((noinline, target("avx2,fma"))) void fma_avx2(int64_t iterations) {
  __m256 sums[Chains];
  const __m256 scale = _mm256_set1_ps(0.999f), shift = _mm256_set1_ps(0.001f);
#pragma GCC unroll 32
  for (int i = 0; i < Chains; ++i) sums[i] = _mm256_set1_ps(seed + static_cast<float>(i));
  for (int64_t n = 0; n < iterations; ++n) {
#pragma GCC unroll 32
    for (int i = 0; i < Chains; ++i) sums[i] = _mm256_fmadd_ps(sums[i], scale, shift);
    asm volatile("" ::: "memory");
  }
#pragma GCC unroll 32
  for (int i = 1; i < Chains; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  sink = _mm256_cvtss_f32(sums[0]);
}

template <int Chains>
__attribute__((noinline, target("avx512f"))) void fma_avx512(int64_t iterations) {
  __m512 sums[Chains];
  const __m512 scale = _mm512_set1_ps(0.999f), shift = _mm512_set1_ps(0.001f);
#pragma GCC unroll 32
  for (int i = 0; i < Chains; ++i) sums[i] = _mm512_set1_ps(seed + static_cast<float>(i));
  for (int64_t n = 0; n < iterations; ++n) {
#pragma GCC unroll 32
    for (int i = 0; i < Chains; ++i) sums[i] = _mm512_fmadd_ps(sums[i], scale, shift);
    asm volatile("" ::: "memory");
  }
#pragma GCC unroll 32
  for (int i = 1; i < Chains; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  sink = _mm512_cvtss_f32(sums[0]);
}
#endif

}  // namespace

std::vector<FmaLoop> fma_loops() {
  std::vector<FmaLoop> loops = {{"portable", 16 * 4 * 2, fma_portable}};
#if defined(__x86_64__)
  if (cpu_info().best >= CpuLevel::v3) loops.push_back({"avx2", 12 * 8 * 2, fma_avx2<12>});
  if (cpu_info().best >= CpuLevel::v4) {
    loops.push_back({"avx512", 12 * 16 * 2, fma_avx512<12>});
    loops.push_back({"avx512", 16 * 16 * 2, fma_avx512<16>});
  }
#endif
  return loops;
}

__attribute__((noinline)) void dependent_adds(int64_t iterations) {
  uint64_t sum = 1;
  for (int64_t n = 0; n < iterations; ++n) {
#if defined(__x86_64__)
    asm volatile("add $1,%0\n add $1,%0\n add $1,%0\n add $1,%0\n add $1,%0\n add $1,%0\n add $1,%0\n add $1,%0"
                 : "+r"(sum));
#else
    for (int i = 0; i < adds_per_iteration; ++i) {
      sum += 1;
      asm volatile("" : "+r"(sum));
    }
#endif
  }
  integer_sink = sum;
}

void read(float* a, float*, float*, int64_t count) {
  Vector4 sums[8] = {};
  for (int64_t i = 0; i < count; i += 32) {
    for (int k = 0; k < 8; ++k) sums[k] += load4(a + i + 4 * k);
  }
  for (int k = 1; k < 8; ++k) sums[0] += sums[k];
  sink = sums[0][0];
}

void copy(float* a, float* b, float*, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) {
    for (int k = 0; k < 16; k += 4) store4(b + i + k, load4(a + i + k));
    asm volatile("" ::: "memory");
  }
}

void triad(float* a, float* b, float* c, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) {
    for (int k = 0; k < 16; k += 4) store4(c + i + k, load4(a + i + k) + 3.0f * load4(b + i + k));
  }
}

#if defined(__x86_64__)
void copy_streaming(float* a, float* b, float*, int64_t count) {
  for (int64_t i = 0; i < count; i += 4) _mm_stream_ps(b + i, _mm_load_ps(a + i));
  _mm_sfence();
}

void triad_streaming(float* a, float* b, float* c, int64_t count) {
  const __m128 three = _mm_set1_ps(3.0f);
  for (int64_t i = 0; i < count; i += 4) {
    _mm_stream_ps(c + i, _mm_add_ps(_mm_load_ps(a + i), _mm_mul_ps(three, _mm_load_ps(b + i))));
  }
  _mm_sfence();
}
#else
void copy_streaming(float* a, float* b, float* c, int64_t count) {
  copy(a, b, c, count);
}
void triad_streaming(float* a, float* b, float* c, int64_t count) {
  triad(a, b, c, count);
}
#endif

}  // namespace raven::bench::loops
