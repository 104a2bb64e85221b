#pragma once
// The loops that calibration times. Each reads volatile seeds and leaves its result in one, so none can be folded away.
#include <cstdint>
#include <vector>

namespace raven::bench::loops {

struct FmaLoop {
  const char* name;
  double flop_per_iteration;
  void (*run)(int64_t iterations);
};
/// The loops that this CPU can run.
std::vector<FmaLoop> fma_loops();

/// Additions that wait for one another: `adds_per_iteration` cycles per iteration.
void dependent_adds(int64_t iterations);
constexpr int adds_per_iteration = 8;

/// Streams over `count` floats (a multiple of 64, buffers 64-byte aligned): b ← a, c ← a + 3 b. The streaming forms
/// bypass the cache with their stores.
void read(float* a, float* b, float* c, int64_t count);
void copy(float* a, float* b, float* c, int64_t count);
void copy_streaming(float* a, float* b, float* c, int64_t count);
void triad(float* a, float* b, float* c, int64_t count);
void triad_streaming(float* a, float* b, float* c, int64_t count);

}  // namespace raven::bench::loops
