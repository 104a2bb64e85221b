// The suite `calibrate`: the harness against itself. The fastest FMA loop and the streams, run through the thread pool
// as ordinary cases: rooflines near 100 % say that the machine is quiet enough to measure on.
#include <cstring>
#include <memory>

#include "bench/runner/calibration_loops.hpp"
#include "bench/runner/suites.hpp"
#include "raven/base/allocator.hpp"
#include "raven/base/thread_pool.hpp"

namespace raven::bench {
namespace {

constexpr int64_t fma_iterations = 200'000, fma_chunks = 8;
constexpr int64_t stream_floats = int64_t{32} << 20, stream_grain = int64_t{1} << 20;  // 128 MiB each

struct Buffers {
  float* data[3];
  Buffers() {
    for (float*& buffer : data) {
      buffer = static_cast<float*>(Allocator::allocate(stream_floats * sizeof(float)));
      std::memset(buffer, 0, stream_floats * sizeof(float));
    }
  }
  ~Buffers() {
    for (float* buffer : data) Allocator::deallocate(buffer, stream_floats * sizeof(float));
  }
};

std::function<Run()> fma_body() {
  const loops::FmaLoop fastest = loops::fma_loops().back();
  return [fastest] {
    return repeat([fastest] {
      parallel_for(fma_chunks, 1, [&](int64_t begin, int64_t end) { fastest.run((end - begin) * fma_iterations); });
    });
  };
}

std::function<Run()> stream_body(void (*stream)(float*, float*, float*, int64_t)) {
  return [stream] {
    return repeat([stream, buffers = std::make_shared<Buffers>()] {
      float* const* data = buffers->data;
      parallel_for(stream_floats, stream_grain, [&](int64_t begin, int64_t end) {
        stream(data[0] + begin, data[1] + begin, data[2] + begin, end - begin);
      });
    });
  };
}

Work stream_work(Traffic traffic, double streams) {
  return {Bound::memory, streams * stream_floats * sizeof(float), traffic};
}

}  // namespace

void calibrate_cases(std::vector<Case>& cases) {
  const double flop = loops::fma_loops().back().flop_per_iteration * fma_iterations * fma_chunks;
  const std::vector<Row> rows = {
      {"fma", {1, 2}, {Bound::compute, flop}, {}},
      {"read", {1, 2}, stream_work(Traffic::read, 1), {}},
      {"copy", {1, 2}, stream_work(Traffic::copy, 2), {}},
      {"copy_streaming", {1, 2}, stream_work(Traffic::copy, 2), {}},
      {"triad", {1, 2}, stream_work(Traffic::triad, 3), {}},
      {"triad_streaming", {1, 2}, stream_work(Traffic::triad, 3), {}},
  };
  append_rows(cases, "calibrate", rows,
              {{"fma", fma_body()},
               {"read", stream_body(loops::read)},
               {"copy", stream_body(loops::copy)},
               {"copy_streaming", stream_body(loops::copy_streaming)},
               {"triad", stream_body(loops::triad)},
               {"triad_streaming", stream_body(loops::triad_streaming)}});
}

}  // namespace raven::bench
