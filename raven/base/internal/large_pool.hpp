#pragma once
// Blocks above the size classes: mapped one by one, 2 MiB aligned and advised for huge pages from 2 MiB on, kept after
// use and given to a request of at least 1/1.25 of their size. The least recently used go back first.
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace raven {

inline constexpr size_t huge_page = size_t{2} << 20;

class LargePool {
 public:
  constexpr LargePool() = default;

  /// A block of at least `bytes`, or null when the system refuses. `zeroed` says that it is fresh, hence zero.
  void* take(size_t bytes, bool& zeroed) noexcept;
  /// Keeps the block for reuse; unmaps the oldest ones beyond `limit` bytes.
  void give(void* address, size_t limit) noexcept;
  /// Unmaps every kept block.
  void clear() noexcept;
  int64_t cached_bytes() noexcept;

  // For fork: nobody may be half way through a change.
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  struct Block {
    void* address;
    size_t bytes;
    Block *newer, *older;  // all kept blocks by time
    Block* next;           // blocks in use: chain of one hash bucket; kept blocks: chain of one size
  };
  static constexpr size_t use_buckets = 1024;
  static constexpr size_t size_buckets = 8 * 48;  // eight steps between powers of two

  static size_t size_bucket(size_t bytes);
  Block** use_bucket(void* address);
  Block* take_kept(size_t bytes);
  void keep(Block* block);
  void forget(Block* block);
  void unmap_beyond(size_t limit) noexcept;

  std::mutex mutex_;
  Block* in_use_[use_buckets] = {};
  Block* kept_[size_buckets] = {};
  Block *newest_ = nullptr, *oldest_ = nullptr;
  size_t kept_bytes_ = 0;
};

}  // namespace raven
