// Three stores: a cache per thread (blocks of one size class in a list, no atomics beyond plain loads and stores), a
// shared store behind it that takes half a list at a time, and a pool of large blocks. A block of a small class comes
// from the system one by one, so that every cached block can go back alone.
#include "raven/base/allocator.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "raven/base/error.hpp"
#include "raven/base/internal/large_pool.hpp"
#include "raven/base/internal/memory_limits.hpp"
#include "raven/base/internal/size_class.hpp"
#include "raven/base/thread_pool.hpp"

namespace raven {
namespace {

constexpr const char* operation = "raven.Allocator.allocate";

#if defined(RAVEN_SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif

struct Node {
  Node* next;
};

struct List {
  Node* head = nullptr;
  std::atomic<uint32_t> count{0};  // written by the owner alone, read by stats()

  void push(Node* node) {
    node->next = head;
    head = node;
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  Node* pop() {
    Node* node = head;
    head = node->next;
    count.store(count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    return node;
  }
};

// Counters of one thread since they were last published: written by the owner alone.
struct Tally {
  std::atomic<int64_t> active{0}, high{0}, allocations{0};
};

// Bytes of unpublished `active` that a thread may hold: the error of `peak` when several threads allocate.
constexpr int64_t publish_bytes = 64 << 10;

struct ThreadCache {
  List lists[size_classes];
  Tally tally;
  ThreadCache *previous = nullptr, *next = nullptr;  // all caches, under `store.mutex`
};

struct Store {
  std::mutex mutex;
  List lists[size_classes];  // under `mutex`
  ThreadCache* caches = nullptr;
  pthread_key_t thread_exit{};
  alignas(64) std::atomic<int64_t> active{0}, peak{0}, allocations{0};
  alignas(64) std::atomic<int64_t> fail_after{0};       // 0: off
  std::atomic<uint32_t> thread_blocks[size_classes]{};  // bound of a thread's list; 0 until start() ran
};
constinit Store store;
constinit LargePool large_pool;
constinit thread_local ThreadCache* this_thread = nullptr;

void raise_to(std::atomic<int64_t>& maximum, int64_t value) {
  int64_t seen = maximum.load(std::memory_order_relaxed);
  while (seen < value && !maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

// Under `store.mutex`: stats() and fork() must not see an amount twice.
void publish_locked(Tally& tally) {
  const int64_t active = tally.active.load(std::memory_order_relaxed);
  const int64_t high = tally.high.load(std::memory_order_relaxed);
  const int64_t before = store.active.fetch_add(active, std::memory_order_relaxed);
  raise_to(store.peak, before + std::max(high, active));
  store.allocations.fetch_add(tally.allocations.load(std::memory_order_relaxed), std::memory_order_relaxed);
  tally.active.store(0, std::memory_order_relaxed);
  tally.high.store(0, std::memory_order_relaxed);
  tally.allocations.store(0, std::memory_order_relaxed);
}

[[gnu::noinline]] void publish(Tally& tally) {
  const std::lock_guard lock(store.mutex);
  publish_locked(tally);
}

inline void add(std::atomic<int64_t>& counter, int64_t value) {
  counter.store(counter.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

inline void count_allocation(ThreadCache& cache, size_t bytes) {
  Tally& tally = cache.tally;
  add(tally.active, static_cast<int64_t>(bytes));
  add(tally.allocations, 1);
  const int64_t active = tally.active.load(std::memory_order_relaxed);
  if (active > tally.high.load(std::memory_order_relaxed)) {
    tally.high.store(active, std::memory_order_relaxed);
    if (active > publish_bytes) [[unlikely]]
      publish(tally);
  }
}

inline void count_release(ThreadCache& cache, size_t bytes) {
  add(cache.tally.active, -static_cast<int64_t>(bytes));
  if (cache.tally.active.load(std::memory_order_relaxed) < -publish_bytes) [[unlikely]]
    publish(cache.tally);
}

uint32_t shared_blocks(size_t index) {
  return 4 * store.thread_blocks[index].load(std::memory_order_relaxed);
}

// Moves up to `wanted` blocks into the shared store, the rest back to the system.
void hand_over(List& list, size_t index, uint32_t wanted) {
  Node* surplus = nullptr;
  {
    const std::lock_guard lock(store.mutex);
    List& shared = store.lists[index];
    while (wanted-- > 0 && list.head != nullptr) {
      Node* node = list.pop();
      if (shared.count.load(std::memory_order_relaxed) < shared_blocks(index)) {
        shared.push(node);
      } else {
        node->next = surplus;
        surplus = node;
      }
    }
  }
  while (surplus != nullptr) std::free(std::exchange(surplus, surplus->next));
}

void take_over(List& list, size_t index) {
  const uint32_t wanted = (store.thread_blocks[index].load(std::memory_order_relaxed) + 1) / 2;
  const std::lock_guard lock(store.mutex);
  List& shared = store.lists[index];
  for (uint32_t i = 0; i < wanted && shared.head != nullptr; ++i) list.push(shared.pop());
}

void leave_registry(ThreadCache& cache) {
  (cache.previous != nullptr ? cache.previous->next : store.caches) = cache.next;
  if (cache.next != nullptr) cache.next->previous = cache.previous;
}

void close_thread(void* argument) {
  auto* cache = static_cast<ThreadCache*>(argument);
  this_thread = nullptr;
  for (size_t i = 0; i < size_classes; ++i) hand_over(cache->lists[i], i, UINT32_MAX);
  {
    const std::lock_guard lock(store.mutex);
    publish_locked(cache->tally);
    leave_registry(*cache);
  }
  cache->~ThreadCache();
  std::free(cache);
}

void lock_for_fork() {
  store.mutex.lock();
  large_pool.lock();
}
void unlock_after_fork() {
  large_pool.unlock();
  store.mutex.unlock();
}
// The other threads are gone, and with them what their lists held at that moment; their counts stay true.
void restart_in_child() {
  while (store.caches != nullptr) {
    publish_locked(store.caches->tally);
    leave_registry(*store.caches);
  }
  if (ThreadCache* own = this_thread) {
    own->previous = own->next = nullptr;
    store.caches = own;
  }
  unlock_after_fork();
}

// A list holds up to 64 blocks and about 256 KiB, less when the limit is small; at least two large ones.
bool start() {
  const int64_t limit = memory_limits().cache_bytes;
  for (size_t i = 0; i < size_classes; ++i) {
    const int64_t bytes = std::min<int64_t>(256 << 10, limit / 256);
    const int64_t blocks = bytes / static_cast<int64_t>(class_bytes(i));
    store.thread_blocks[i].store(static_cast<uint32_t>(std::clamp<int64_t>(blocks, limit >= (256 << 20) ? 2 : 0, 64)),
                                 std::memory_order_relaxed);
  }
  ::pthread_key_create(&store.thread_exit, close_thread);
  ::pthread_atfork(lock_for_fork, unlock_after_fork, restart_in_child);
  return true;
}

ThreadCache* open_thread() noexcept {
  static const bool started = start();
  (void)started;
  void* memory = std::malloc(sizeof(ThreadCache));
  if (memory == nullptr) return nullptr;
  auto* cache = new (memory) ThreadCache;
  {
    const std::lock_guard lock(store.mutex);
    cache->next = store.caches;
    if (cache->next != nullptr) cache->next->previous = cache;
    store.caches = cache;
  }
  this_thread = cache;
  ::pthread_setspecific(store.thread_exit, cache);
  return cache;
}

inline ThreadCache* thread_cache() noexcept {
  return this_thread != nullptr ? this_thread : open_thread();
}

void free_all(List& list) {
  while (list.head != nullptr) std::free(list.pop());
}

void release_shared() {
  List taken[size_classes];
  {
    const std::lock_guard lock(store.mutex);
    for (size_t i = 0; i < size_classes; ++i) {
      while (store.lists[i].head != nullptr) taken[i].push(store.lists[i].pop());
    }
  }
  for (List& list : taken) free_all(list);
  large_pool.clear();
}

void check_injected_failure(size_t bytes) {
  int64_t left = store.fail_after.load(std::memory_order_relaxed);
  while (left > 0) {
    if (!store.fail_after.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) continue;
    if (left == 1) throw MemoryError(operation, bytes, "failure injected by Allocator::fail_after");
    return;
  }
}

// A block beyond all physical memory and swap would be granted under overcommit and kill the process when touched.
void check_size(size_t bytes) {
  const auto physical = static_cast<size_t>(memory_limits().physical_bytes);
  if (bytes > physical) throw MemoryError(operation, bytes, "more than this machine's memory and swap");
}

void* ask_system(size_t alignment, size_t bytes) {
  const size_t rounded = (std::max<size_t>(bytes, 1) + alignment - 1) & ~(alignment - 1);
  void* block = std::aligned_alloc(alignment, rounded);
  if (block == nullptr) {
    release_shared();
    block = std::aligned_alloc(alignment, rounded);
  }
  return block;
}

void* refuse(size_t bytes) {
  throw MemoryError(operation, bytes, "the system refused");
}

/// Large blocks are cleared by all threads: one cannot use the bandwidth of the machine.
void clear(std::byte* block, size_t bytes) {
  constexpr int64_t chunk = 256 << 10;
  parallel_for(static_cast<int64_t>(bytes), chunk, [&](int64_t begin, int64_t end) {
    std::memset(block + begin, 0, static_cast<size_t>(end - begin));
  });
}

[[gnu::noinline]] void* allocate_slowly(size_t bytes, bool zeroed) {
  ThreadCache* cache = thread_cache();
  if (cache == nullptr) return refuse(bytes);
  check_injected_failure(bytes);
  check_size(bytes);
  void* block = nullptr;
  bool fresh_zeros = false;
  if (!caching) {
    block = ask_system(bytes >= huge_page ? huge_page : 64, bytes);
  } else if (bytes > max_class_bytes) {
    block = large_pool.take(bytes, fresh_zeros);
    if (block == nullptr) {
      release_shared();
      block = large_pool.take(bytes, fresh_zeros);
    }
  } else {
    const size_t index = class_index(bytes);
    List& list = cache->lists[index];
    if (list.head == nullptr) take_over(list, index);
    block = list.head != nullptr ? list.pop() : ask_system(64, class_bytes(index));
  }
  if (block == nullptr) return refuse(bytes);
  count_allocation(*cache, bytes);
  if (zeroed && !fresh_zeros) clear(static_cast<std::byte*>(block), bytes);
  return block;
}

}  // namespace

void* Allocator::allocate(size_t bytes) {
  ThreadCache* cache = this_thread;
  if (caching && bytes <= max_class_bytes && cache != nullptr && store.fail_after.load(std::memory_order_relaxed) == 0)
      [[likely]] {
    List& list = cache->lists[class_index(bytes)];
    if (list.head != nullptr) [[likely]] {
      count_allocation(*cache, bytes);
      return list.pop();
    }
  }
  return allocate_slowly(bytes, false);
}

void* Allocator::allocate_zeroed(size_t bytes) {
  if (bytes > max_class_bytes) return allocate_slowly(bytes, true);
  return std::memset(allocate(bytes), 0, bytes);
}

void Allocator::deallocate(void* block, size_t bytes) noexcept {
  if (block == nullptr) return;
  ThreadCache* cache = thread_cache();
  if (cache == nullptr) return;  // no memory for a cache: the block is lost, the process lives
  count_release(*cache, bytes);
  if (!caching) return std::free(block);
  if (bytes > max_class_bytes) return large_pool.give(block, static_cast<size_t>(memory_limits().cache_bytes));
  const size_t index = class_index(bytes);
  List& list = cache->lists[index];
  list.push(static_cast<Node*>(block));
  const uint32_t bound = store.thread_blocks[index].load(std::memory_order_relaxed);
  if (list.count.load(std::memory_order_relaxed) > bound) [[unlikely]]
    hand_over(list, index, bound / 2 + 1);
}

Allocator::Stats Allocator::stats() noexcept {
  Stats result{};
  const std::lock_guard lock(store.mutex);
  int64_t pending = 0, pending_high = 0;
  result.allocations = store.allocations.load(std::memory_order_relaxed);
  for (const ThreadCache* cache = store.caches; cache != nullptr; cache = cache->next) {
    pending += cache->tally.active.load(std::memory_order_relaxed);
    pending_high += cache->tally.high.load(std::memory_order_relaxed);
    result.allocations += cache->tally.allocations.load(std::memory_order_relaxed);
    for (size_t i = 0; i < size_classes; ++i) {
      result.cached += int64_t{cache->lists[i].count.load(std::memory_order_relaxed)} * int64_t(class_bytes(i));
    }
  }
  for (size_t i = 0; i < size_classes; ++i) {
    result.cached += int64_t{store.lists[i].count.load(std::memory_order_relaxed)} * int64_t(class_bytes(i));
  }
  const int64_t published = store.active.load(std::memory_order_relaxed);
  result.active = published + pending;
  result.peak = std::max({store.peak.load(std::memory_order_relaxed), published + pending_high, result.active});
  result.cached += large_pool.cached_bytes();
  result.limit = memory_limits().cache_bytes;
  return result;
}

void Allocator::reset_peak() noexcept {
  const std::lock_guard lock(store.mutex);
  int64_t active = store.active.load(std::memory_order_relaxed);
  for (ThreadCache* cache = store.caches; cache != nullptr; cache = cache->next) {
    const int64_t pending = cache->tally.active.load(std::memory_order_relaxed);
    active += pending;
    // Another thread may count at this moment; what is lost then is within the error that stats() names.
    cache->tally.high.store(pending, std::memory_order_relaxed);
  }
  store.peak.store(active, std::memory_order_relaxed);
}

void Allocator::clear_cache() noexcept {
  if (ThreadCache* cache = this_thread) {
    for (List& list : cache->lists) free_all(list);
  }
  release_shared();
}

void Allocator::fail_after(int64_t count) noexcept {
  store.fail_after.store(std::max<int64_t>(count, 0), std::memory_order_relaxed);
}

}  // namespace raven
