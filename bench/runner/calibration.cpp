#include "bench/runner/calibration.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

#include "bench/runner/calibration_loops.hpp"
#include "raven/base/allocator.hpp"
#include "raven/base/cpu.hpp"

namespace raven::bench {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Wall time from the first start to the last end of `body(thread)` on `threads` threads that start together.
template <class Body>
double timed_together(int threads, const Body& body) {
  std::vector<double> begin(threads), end(threads);
  std::atomic<int> ready{0};
  const auto work = [&](int thread) {
    ready.fetch_add(1);
    while (ready.load(std::memory_order_acquire) < threads) {
    }
    begin[thread] = now();
    body(thread);
    end[thread] = now();
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(work, thread);
  work(0);
  for (std::thread& other : others) other.join();
  return *std::max_element(end.begin(), end.end()) - *std::min_element(begin.begin(), begin.end());
}

/// Iterations of `loop` that take about `seconds`.
template <class Loop>
int64_t iterations_for(const Loop& loop, double seconds) {
  int64_t iterations = 1000;
  for (;;) {
    const double start = now();
    loop(iterations);
    const double elapsed = now() - start;
    if (elapsed > seconds / 8) return std::max<int64_t>(1, static_cast<int64_t>(iterations * seconds / elapsed));
    iterations *= 4;
  }
}

constexpr double peak_seconds = 2e-3, chain_seconds = 0.2e-3;
constexpr int chain_slices = 10;

}  // namespace

bool accept_peak(double flop_per_cycle) {
  return std::abs(flop_per_cycle / 32 - 1) <= 0.05 || std::abs(flop_per_cycle / 64 - 1) <= 0.05;
}

double Bandwidth::of(Traffic traffic) const {
  return traffic == Traffic::read ? read : traffic == Traffic::copy ? copy : triad;
}

struct Calibration::State {
  std::vector<loops::FmaLoop> fma_loops = loops::fma_loops();
  std::vector<int64_t> fma_iterations;
  int64_t chain_iterations = 0;
  // The fastest clock seen at any thread count: when another program takes a core, chain and FMA loops slow down alike,
  // and a clock measured beside them would accept the halved peak.
  double clock = 0;
  std::map<int, Peak> peaks;
  std::map<int, Bandwidth> bandwidths;
  int64_t elements = 0;  // floats per stream buffer
  float* buffers[3] = {};
};

Calibration::Calibration() : state_(std::make_unique<State>()) {
  state_->elements = std::max<int64_t>(4 * cpu_info().l3, 64 << 20) / static_cast<int64_t>(sizeof(float));
  for (const loops::FmaLoop& loop : state_->fma_loops) {
    state_->fma_iterations.push_back(iterations_for([&](int64_t n) { loop.run(n); }, peak_seconds));
  }
  state_->chain_iterations = iterations_for([](int64_t n) { loops::dependent_adds(n); }, chain_seconds);
}

Calibration::~Calibration() {
  for (float* buffer : state_->buffers) {
    if (buffer) Allocator::deallocate(buffer, static_cast<size_t>(state_->elements) * sizeof(float));
  }
}

const Peak& Calibration::measure_peak(int threads, int rounds) {
  Peak& best = state_->peaks[threads];
  for (int round = 0; round < rounds && !(round > 0 && best.accepted); ++round) {
    // Short slices: one of them falls between two time slices of whatever else the core runs.
    const int64_t adds = state_->chain_iterations;
    for (int slice = 0; slice < chain_slices; ++slice) {
      const double start = now();
      loops::dependent_adds(adds);
      state_->clock = std::max(state_->clock, static_cast<double>(adds) * loops::adds_per_iteration / (now() - start));
    }
    for (size_t i = 0; i < state_->fma_loops.size(); ++i) {
      const loops::FmaLoop& loop = state_->fma_loops[i];
      const int64_t iterations = state_->fma_iterations[i];
      const double elapsed = timed_together(threads, [&](int) { loop.run(iterations); });
      const double flops = static_cast<double>(iterations) * loop.flop_per_iteration * threads / elapsed;
      if (flops > best.flops) {
        best.flops = flops;
        best.loop = loop.name;
      }
    }
    best.clock = state_->clock;
    best.flop_per_cycle = best.flops / threads / best.clock;
    best.accepted = accept_peak(best.flop_per_cycle);
  }
  return best;
}

const Bandwidth& Calibration::measure_bandwidth(int threads, Traffic traffic) {
  const int64_t elements = state_->elements;
  for (float*& buffer : state_->buffers) {
    if (buffer) continue;
    buffer = static_cast<float*>(Allocator::allocate(static_cast<size_t>(elements) * sizeof(float)));
    std::memset(buffer, 0, static_cast<size_t>(elements) * sizeof(float));
  }
  const int64_t share = elements / threads / 64 * 64;
  const auto stream = [&](auto loop, int streams) {
    const double elapsed = timed_together(threads, [&](int thread) {
      const int64_t offset = thread * share;
      loop(state_->buffers[0] + offset, state_->buffers[1] + offset, state_->buffers[2] + offset, share);
    });
    return static_cast<double>(streams) * static_cast<double>(share) * threads * sizeof(float) / elapsed;
  };
  Bandwidth& best = state_->bandwidths[threads];
  switch (traffic) {
    case Traffic::read:
      best.read = std::max(best.read, stream(loops::read, 1));
      break;
    case Traffic::copy:
      best.copy = std::max({best.copy, stream(loops::copy, 2), stream(loops::copy_streaming, 2)});
      break;
    case Traffic::triad:
      best.triad = std::max({best.triad, stream(loops::triad, 3), stream(loops::triad_streaming, 3)});
      break;
  }
  return best;
}

const Peak& Calibration::peak(int threads) const {
  return state_->peaks[threads];
}
const Bandwidth& Calibration::bandwidth(int threads) const {
  return state_->bandwidths[threads];
}
void Calibration::forget_bandwidth(int threads) {
  state_->bandwidths[threads] = {};
}

}  // namespace raven::bench
