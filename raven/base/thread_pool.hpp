#pragma once
// The one thread pool for compute. One parallel region at a time; a nested or concurrent region runs on its caller.
// Chunks depend on the problem's shape only, so results never depend on the number of threads.
#include <atomic>
#include <cstdint>
#include <type_traits>

#include "raven/base/export.hpp"

namespace raven {

/// Threads that a parallel region may use, the caller included. Default: RAVEN_NUM_THREADS, else the CPUs this process
/// may use (affinity mask and cgroup quota). A ThreadLimit of the calling thread counts.
RAVEN_API int num_threads() noexcept;
/// Sets it for the process (larger values than 1024 are clamped; below 1 throws Error). Takes effect at the next
/// region.
RAVEN_API void set_num_threads(int count);

/// Runs `body(context, begin, end)` over [0, total) cut into chunks of `grain` (the last one shorter), handed out
/// dynamically. Runs on the caller when there is one chunk, one thread, or a region is already running. The first
/// exception thrown by a body is rethrown on the caller once every running chunk ended; chunks not begun are skipped.
RAVEN_API void parallel_chunks(int64_t total, int64_t grain, void (*body)(void* context, int64_t begin, int64_t end),
                               void* context);

/// The same over a callable `body(int64_t begin, int64_t end)`.
template <class Body>
void parallel_for(int64_t total, int64_t grain, Body&& body) {
  if (total <= grain) {
    if (total > 0) body(int64_t{0}, total);
    return;
  }
  parallel_chunks(
      total, grain,
      [](void* context, int64_t begin, int64_t end) {
        (*static_cast<std::remove_reference_t<Body>*>(context))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(&body)));
}

namespace detail {
/// Returns when `count` has reached `goal`, as other running threads raise it.
RAVEN_API void wait_until_reached(const std::atomic<int64_t>& count, int64_t goal) noexcept;
}  // namespace detail

/// One region in two stages: `prepare(unit)` for every unit in [0, units), then `body(begin, end)` as in parallel_for.
/// No body begins before every unit is prepared, and each sees what they wrote. Whoever enters helps to prepare, so the
/// threads do not meet in between. `prepare` must not throw.
template <class Prepare, class Body>
void parallel_for_after(int64_t units, Prepare&& prepare, int64_t total, int64_t grain, Body&& body) {
  if (units == 0) return parallel_for(total, grain, body);
  std::atomic<int64_t> next{0}, ready{0};
  parallel_for(total, grain, [&](int64_t begin, int64_t end) {
    while (next.load(std::memory_order_relaxed) < units) {
      const int64_t unit = next.fetch_add(1, std::memory_order_relaxed);
      if (unit >= units) break;
      prepare(unit);
      ready.fetch_add(1, std::memory_order_release);
    }
    detail::wait_until_reached(ready, units);
    body(begin, end);
  });
}

/// Limits this thread's regions to `count` threads while it lives.
class RAVEN_API ThreadLimit {
 public:
  explicit ThreadLimit(int count) noexcept;
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  int previous_;
};

/// While one lives, idle workers spin for milliseconds between regions (a train step, a compiled call, a generation
/// loop); outside they spin ≤ 50 µs and then sleep. Nestable.
class RAVEN_API StepScope {
 public:
  StepScope() noexcept;
  ~StepScope();
  /// Whether one is open on this thread.
  static bool active() noexcept;
  StepScope(const StepScope&) = delete;
  StepScope& operator=(const StepScope&) = delete;
};

}  // namespace raven
