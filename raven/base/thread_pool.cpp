// The caller opens a gate, works, closes the gate and waits for those inside. A worker that wakes too late finds the
// gate closed and goes back to sleep, so nobody ever waits for a sleeping thread.
#include "raven/base/thread_pool.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>

#include "raven/base/env.hpp"
#include "raven/base/error.hpp"
#include "raven/base/internal/affinity.hpp"
#include "raven/base/internal/futex.hpp"
#include "raven/base/internal/process_share.hpp"
#include "raven/base/message.hpp"

namespace raven {
namespace {

constexpr int max_threads = 1024;

// Chunks are dealt in consecutive runs, one for each thread that may take part. A thread begins with the run of its own
// number and then helps with the others: from region to region it gets mostly the same part of the data, which its
// cache still holds.
constexpr int max_runs = 16;
struct alignas(64) Run {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

// One call of parallel_chunks, on its caller's stack.
struct alignas(64) Region {
  void (*body)(void*, int64_t, int64_t);
  void* context;
  int64_t total, grain, chunks;
  int seats;  // workers that may take part
  int cpu;    // where the caller was
  int run_count;
  Run runs[max_runs];
  alignas(64) std::atomic<int> seated{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error;
};

// gate = generation · 2^13 | waiting · 2^12 | open · 2^11 | workers inside. It never holds more than max_threads
// workers.
constexpr uint32_t inside_mask = (1u << 11) - 1, open_bit = 1u << 11, waiting_bit = 1u << 12,
                   generation_step = 1u << 13;

struct Pool {
  alignas(64) std::atomic<uint32_t> gate{0};
  std::atomic<Region*> region{nullptr};
  alignas(64) std::atomic<uint32_t> wake{0};  // futex word of sleeping workers: changes with each region
  std::atomic<int> sleeping{0};
  alignas(64) std::atomic<bool> busy{false};
  std::atomic<int> workers{0};
  std::atomic<int> step_scopes{0};
  std::atomic<int> thread_count{0};  // 0: not yet asked
  std::atomic<bool> crowded{false};  // more threads than CPUs: spinning would steal the owner's time
};
constinit Pool pool;

constinit thread_local int thread_limit = 0;  // 0: none
constinit thread_local int step_depth = 0;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

using Clock = std::chrono::steady_clock;

// Spins until done() or until the time of limit() is over; the clock is read once in 64 pauses.
template <class Done, class Limit>
bool spin_until(Done done, Limit limit) {
  for (int i = 0; i < 64; ++i) {
    if (done()) return true;
    pause();
  }
  const Clock::time_point start = Clock::now();
  while (Clock::now() - start < limit()) {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      pause();
    }
  }
  return false;
}

void deal_runs(Region& region, int threads) {
  region.run_count = std::min(threads, max_runs);
  const int64_t least = region.chunks / region.run_count, longer = region.chunks % region.run_count;
  int64_t begin = 0;
  for (int i = 0; i < region.run_count; ++i) {
    region.runs[i].next.store(begin, std::memory_order_relaxed);
    region.runs[i].end = begin += least + (i < longer);
  }
}

// The next chunk for a thread whose turn is at `run`, or -1 when none is left; moves `run` on.
int64_t next_chunk(Region& region, int& run) {
  for (int tried = 0; tried < region.run_count; ++tried) {
    Run& r = region.runs[run];
    if (r.next.load(std::memory_order_relaxed) < r.end) {
      const int64_t chunk = r.next.fetch_add(1, std::memory_order_relaxed);
      if (chunk < r.end) return chunk;
    }
    run = run + 1 < region.run_count ? run + 1 : 0;
  }
  return -1;
}

void run_chunks(Region& region, int number) {
  int run = number % region.run_count;
  while (!region.failed.load(std::memory_order_relaxed)) {
    const int64_t chunk = next_chunk(region, run);
    if (chunk < 0) return;
    const int64_t begin = chunk * region.grain;
    try {
      region.body(region.context, begin, begin + std::min(region.grain, region.total - begin));
    } catch (...) {
      // Read by the caller after the last worker left, which orders it after this store.
      if (!region.failed.exchange(true, std::memory_order_relaxed)) region.error = std::current_exception();
      return;
    }
  }
}

bool is_new_and_open(uint32_t gate, uint32_t seen) {
  return (gate & open_bit) != 0 && (gate ^ seen) >= generation_step;
}

std::chrono::microseconds idle_spin() {
  if (pool.crowded.load(std::memory_order_relaxed)) return std::chrono::microseconds(0);
  return std::chrono::microseconds(pool.step_scopes.load(std::memory_order_relaxed) > 0 ? 5000 : 50);
}

// Waits for a region other than `seen`'s; returns the gate as it was then.
uint32_t wait_for_region(uint32_t seen) {
  uint32_t gate = 0;
  const auto arrived = [&] { return is_new_and_open(gate = pool.gate.load(std::memory_order_acquire), seen); };
  if (spin_until(arrived, idle_spin)) return gate;
  for (;;) {
    const uint32_t word = pool.wake.load(std::memory_order_seq_cst);
    pool.sleeping.fetch_add(1, std::memory_order_seq_cst);
    gate = pool.gate.load(std::memory_order_seq_cst);
    // The caller changes gate and wake before it reads `sleeping`: either it sees us or we see its region.
    if (!is_new_and_open(gate, seen)) futex_wait(pool.wake, word);
    pool.sleeping.fetch_sub(1, std::memory_order_seq_cst);
    if (arrived()) return gate;
  }
}

void* work(void* argument) {
  const int number = static_cast<int>(reinterpret_cast<intptr_t>(argument));
  // Take part in the region that started us, whether its gate is open already or not yet.
  uint32_t seen = pool.gate.load(std::memory_order_acquire) - generation_step;
  for (;;) {
    uint32_t gate = wait_for_region(seen);
    if (!pool.gate.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel, std::memory_order_relaxed))
      continue;
    seen = gate;
    Region& region = *pool.region.load(std::memory_order_relaxed);
    if (region.seated.fetch_add(1, std::memory_order_relaxed) < region.seats) {
      // A woken thread is often put where its waker runs. There the two take turns, and as each sleeps while the other
      // works, the system sees nothing to balance.
      if (region.cpu >= 0 && region.cpu == ::sched_getcpu()) leave_cpu(region.cpu);
      run_chunks(region, number);
    }
    const uint32_t before = pool.gate.fetch_sub(1, std::memory_order_acq_rel);
    if ((before & waiting_bit) != 0 && (before & inside_mask) == 1) futex_wake(pool.gate, 1);
  }
  return nullptr;
}

// A child of fork() has no workers; whoever forked is its only thread. Another thread's region is not its own: closed.
void restart_in_child() {
  pool.gate.store(pool.gate.load(std::memory_order_relaxed) & ~(generation_step - 1), std::memory_order_relaxed);
  pool.region.store(nullptr, std::memory_order_relaxed);
  pool.sleeping.store(0, std::memory_order_relaxed);
  pool.workers.store(0, std::memory_order_relaxed);
  pool.step_scopes.store(step_depth, std::memory_order_relaxed);
  pool.busy.store(false, std::memory_order_relaxed);
}

// Called by the owner of `busy`.
void start_workers(int wanted) {
  static const int registered = ::pthread_atfork(nullptr, nullptr, restart_in_child);
  (void)registered;
  sigset_t all, former;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &former);  // signals go to the threads of the program
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int started = pool.workers.load(std::memory_order_relaxed);
  for (; started < wanted; ++started) {
    pthread_t thread;
    void* number = reinterpret_cast<void*>(static_cast<intptr_t>(started + 1));  // the caller is 0
    if (::pthread_create(&thread, &attributes, work, number) != 0) break;
    ::pthread_setname_np(thread, "raven-worker");
  }
  ::pthread_attr_destroy(&attributes);
  ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
  pool.workers.store(started, std::memory_order_relaxed);
  if (started < wanted) {
    // The system refuses more threads: stay at what it gave, results do not depend on it.
    pool.thread_count.store(started + 1, std::memory_order_relaxed);
    warn(Message() << "raven.parallel_for: the system gave " << started << " of " << wanted << " worker threads");
  }
}

int process_threads() {
  int count = pool.thread_count.load(std::memory_order_relaxed);
  if (count > 0) return count;
  const int available = usable_cpus();
  count = static_cast<int>(env::get_int("RAVEN_NUM_THREADS", std::min(available, max_threads), 1, max_threads));
  int expected = 0;
  if (!pool.thread_count.compare_exchange_strong(expected, count, std::memory_order_relaxed)) return expected;
  pool.crowded.store(count > available, std::memory_order_relaxed);
  return count;
}

void run_serially(int64_t total, int64_t grain, void (*body)(void*, int64_t, int64_t), void* context) {
  for (int64_t begin = 0; begin < total;) {
    const int64_t end = begin + std::min(grain, total - begin);
    body(context, begin, end);
    begin = end;
  }
}

void run_region(Region& region) {
  pool.region.store(&region, std::memory_order_relaxed);
  const uint32_t generation = (pool.gate.load(std::memory_order_relaxed) & ~(generation_step - 1)) + generation_step;
  pool.gate.exchange(generation | open_bit, std::memory_order_seq_cst);
  pool.wake.fetch_add(1, std::memory_order_seq_cst);
  if (pool.sleeping.load(std::memory_order_seq_cst) > 0) futex_wake(pool.wake, region.seats);

  run_chunks(region, 0);

  uint32_t gate = pool.gate.fetch_and(~open_bit, std::memory_order_acq_rel) & ~open_bit;
  const auto left = [&] { return ((gate = pool.gate.load(std::memory_order_acquire)) & inside_mask) == 0; };
  if ((gate & inside_mask) == 0) return;
  if (spin_until(left,
                 [] { return std::chrono::microseconds(pool.crowded.load(std::memory_order_relaxed) ? 0 : 50); })) {
    return;
  }
  gate = pool.gate.fetch_or(waiting_bit, std::memory_order_acq_rel) | waiting_bit;
  while ((gate & inside_mask) != 0) {
    futex_wait(pool.gate, gate);
    gate = pool.gate.load(std::memory_order_acquire);
  }
}

}  // namespace

int num_threads() noexcept {
  const int count = process_threads();
  return thread_limit > 0 ? std::min(count, thread_limit) : count;
}

void set_num_threads(int count) {
  if (count < 1) throw Error("raven.set_num_threads", Message() << "got " << count << ", expected at least 1");
  count = std::min(count, max_threads);
  pool.thread_count.store(count, std::memory_order_relaxed);
  pool.crowded.store(count > usable_cpus(), std::memory_order_relaxed);
}

void parallel_chunks(int64_t total, int64_t grain, void (*body)(void*, int64_t, int64_t), void* context) {
  if (total <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t chunks = total / grain + (total % grain != 0);
  const int threads = chunks > 1 ? static_cast<int>(std::min<int64_t>(num_threads(), chunks)) : 1;
  // `busy` is also set while a body of this region runs, so a nested region comes here and stays on its thread.
  if (threads <= 1 || pool.busy.load(std::memory_order_relaxed) ||
      pool.busy.exchange(true, std::memory_order_acquire)) {
    return run_serially(total, grain, body, context);
  }
  if (pool.workers.load(std::memory_order_relaxed) < threads - 1) {
    try {
      start_workers(threads - 1);
    } catch (...) {  // of the caller's handler of warnings
      pool.busy.store(false, std::memory_order_release);
      throw;
    }
  }
  Region region{};
  region.body = body, region.context = context;
  region.total = total, region.grain = grain, region.chunks = chunks, region.seats = threads - 1;
  deal_runs(region, threads);
  region.cpu = pool.crowded.load(std::memory_order_relaxed) ? -1 : ::sched_getcpu();
  run_region(region);
  pool.busy.store(false, std::memory_order_release);
  if (region.error) std::rethrow_exception(region.error);
}

void detail::wait_until_reached(const std::atomic<int64_t>& count, int64_t goal) noexcept {
  const auto reached = [&] { return count.load(std::memory_order_acquire) >= goal; };
  if (reached()) return;
  // Whoever is still at work may have lost its CPU to this thread.
  while (!spin_until(reached,
                     [] { return std::chrono::microseconds(pool.crowded.load(std::memory_order_relaxed) ? 0 : 20); }))
    ::sched_yield();
}

ThreadLimit::ThreadLimit(int count) noexcept : previous_(thread_limit) {
  count = std::max(count, 1);
  thread_limit = previous_ > 0 ? std::min(previous_, count) : count;
}
ThreadLimit::~ThreadLimit() { thread_limit = previous_; }

StepScope::StepScope() noexcept {
  ++step_depth;
  pool.step_scopes.fetch_add(1, std::memory_order_relaxed);
}
bool StepScope::active() noexcept { return step_depth > 0; }
StepScope::~StepScope() {
  --step_depth;
  pool.step_scopes.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace raven
