#pragma once
// The one allocator: a size-class cache with a lock-free thread-local small path; large blocks are 2 MiB aligned,
// advised for huge pages and kept in a process-wide pool. Under ASan everything falls through to the system's
// allocator.
#include <cstddef>
#include <cstdint>

#include "raven/base/export.hpp"

namespace raven {

/// Static functions only.
class RAVEN_API Allocator {
 public:
  /// `bytes` of uninitialised memory, aligned to 64 (2 MiB from 2 MiB on). `allocate(0)` gives a unique valid pointer.
  /// Throws MemoryError naming `bytes` when the system refuses.
  static void* allocate(size_t bytes);
  /// As allocate, but all bytes are zero; large fresh blocks stay untouched zero pages.
  static void* allocate_zeroed(size_t bytes);
  /// Gives back a block of allocate(bytes): the same `bytes`. Any thread.
  static void deallocate(void* block, size_t bytes) noexcept;

  struct Stats {
    int64_t active;       ///< bytes handed out and not given back
    int64_t peak;         ///< largest `active` since start or reset_peak
    int64_t cached;       ///< bytes kept for reuse
    int64_t limit;        ///< bound of `cached` (RAVEN_MEMORY_CACHE_BYTES, default a quarter of RAM)
    int64_t allocations;  ///< calls of allocate since the start
  };
  static Stats stats() noexcept;
  static void reset_peak() noexcept;
  /// Returns every cached block of this thread and of the process pool to the system.
  static void clear_cache() noexcept;
  /// Failure injection for tests: the n-th allocation from now on throws MemoryError (0 = off).
  static void fail_after(int64_t count) noexcept;
};

}  // namespace raven
