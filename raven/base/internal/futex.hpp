#pragma once
// Sleep until a 32-bit word changes. Without futexes (not Linux) a waiter sleeps in short steps.
#include <atomic>
#include <cstdint>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <time.h>
#endif

namespace raven {

/// Returns when woken, when `word` is not `expected`, or without reason: check again.
inline void futex_wait(std::atomic<uint32_t>& word, uint32_t expected) {
#if defined(__linux__)
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
#else
  const timespec step{0, 100'000};
  if (word.load(std::memory_order_acquire) == expected) ::nanosleep(&step, nullptr);
#endif
}

inline void futex_wake(std::atomic<uint32_t>& word, int count) {
#if defined(__linux__)
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
#else
  (void)word, (void)count;
#endif
}

}  // namespace raven
