#include "raven/base/allocator.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/error.hpp"
#include "raven/base/internal/large_pool.hpp"
#include "raven/base/internal/size_class.hpp"

namespace raven {
namespace {

#if defined(RAVEN_SANITIZED)
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif

TEST(SizeClass, EachSizeFitsItsClassAndNoSmallerOne) {
  for (size_t bytes = 0; bytes <= max_class_bytes; bytes += bytes < 9000 ? 1 : 977) {
    const size_t index = class_index(bytes);
    ASSERT_LT(index, size_classes);
    ASSERT_GE(class_bytes(index), bytes);
    if (index > 0) {
      ASSERT_LT(class_bytes(index - 1), bytes);
    }
  }
  for (size_t i = 1; i < size_classes; ++i) {
    EXPECT_EQ(class_bytes(i) % 64, 0u);
    EXPECT_LE(class_bytes(i), class_bytes(i - 1) * 2);
    if (i >= 4) {
      EXPECT_LE(class_bytes(i) * 4, class_bytes(i - 1) * 5);  // at most a quarter is lost
    }
  }
}

TEST(Allocator, AlignmentBySize) {
  for (const size_t bytes : {0, 1, 63, 64, 65, 1000, 4096, 1 << 20, (1 << 20) + 1, 2 << 20, (2 << 20) + 1, 9 << 20}) {
    void* block = Allocator::allocate(bytes);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % (bytes >= huge_page ? huge_page : 64), 0u) << bytes;
    std::memset(block, 0xab, bytes);
    Allocator::deallocate(block, bytes);
  }
}

TEST(Allocator, EmptyBlocksAreDistinct) {
  void* first = Allocator::allocate(0);
  void* second = Allocator::allocate(0);
  EXPECT_NE(first, second);
  Allocator::deallocate(first, 0);
  Allocator::deallocate(second, 0);
  Allocator::deallocate(nullptr, 0);
}

TEST(Allocator, ZeroedAlsoWhenReused) {
  for (const size_t bytes : {100, 70000, 3 << 20}) {
    for (int round = 0; round < 3; ++round) {
      auto* block = static_cast<unsigned char*>(Allocator::allocate_zeroed(bytes));
      EXPECT_TRUE(std::all_of(block, block + bytes, [](unsigned char byte) { return byte == 0; })) << bytes;
      std::memset(block, 0xff, bytes);
      Allocator::deallocate(block, bytes);
    }
  }
}

TEST(Allocator, StatsCountExactlyOnOneThread) {
  Allocator::reset_peak();
  const auto before = Allocator::stats();
  void* small = Allocator::allocate(1000);
  void* large = Allocator::allocate(5 << 20);
  const auto during = Allocator::stats();
  EXPECT_EQ(during.active - before.active, 1000 + (5 << 20));
  EXPECT_EQ(during.allocations - before.allocations, 2);
  Allocator::deallocate(large, 5 << 20);
  Allocator::deallocate(small, 1000);
  const auto after = Allocator::stats();
  EXPECT_EQ(after.active, before.active);
  EXPECT_EQ(after.peak, before.active + 1000 + (5 << 20));
  Allocator::reset_peak();
  EXPECT_EQ(Allocator::stats().peak, before.active);
  EXPECT_GT(after.limit, 0);
}

TEST(Allocator, ManySmallOnesReachThePeak) {
  Allocator::reset_peak();
  const int64_t base = Allocator::stats().active;
  std::vector<void*> blocks;
  for (int i = 0; i < 5000; ++i) blocks.push_back(Allocator::allocate(100));
  for (void* block : blocks) Allocator::deallocate(block, 100);
  EXPECT_EQ(Allocator::stats().active, base);
  EXPECT_EQ(Allocator::stats().peak, base + 500000);
}

TEST(Allocator, CacheReusesAndClears) {
  if (!caching) return;  // sanitizers see every block
  Allocator::clear_cache();
  EXPECT_EQ(Allocator::stats().cached, 0);
  for (const size_t bytes : {256, 4 << 20}) {
    void* block = Allocator::allocate(bytes);
    Allocator::deallocate(block, bytes);
    EXPECT_GE(Allocator::stats().cached, static_cast<int64_t>(bytes));
    EXPECT_EQ(Allocator::allocate(bytes), block);
    Allocator::deallocate(block, bytes);
  }
  Allocator::clear_cache();
  EXPECT_EQ(Allocator::stats().cached, 0);
}

TEST(Allocator, LargeBlocksServeUpToAQuarterLess) {
  if (!caching) return;
  Allocator::clear_cache();
  constexpr size_t mib = 1 << 20;
  void* block = Allocator::allocate(10 * mib);
  Allocator::deallocate(block, 10 * mib);
  void* far = Allocator::allocate(7 * mib);  // 10 > 1.25 · 7
  EXPECT_NE(far, block);
  void* near = Allocator::allocate(8 * mib);  // 10 = 1.25 · 8
  EXPECT_EQ(near, block);
  Allocator::deallocate(near, 8 * mib);
  Allocator::deallocate(far, 7 * mib);
  EXPECT_EQ(Allocator::stats().cached, static_cast<int64_t>(17 * mib));
  Allocator::clear_cache();
}

TEST(Allocator, LargePoolDropsTheLeastRecentlyUsed) {
  static constinit LargePool pool;
  constexpr size_t mib = 1 << 20;
  bool zeroed = false;
  void* first = pool.take(4 * mib, zeroed);
  void* second = pool.take(8 * mib, zeroed);
  EXPECT_TRUE(zeroed);
  pool.give(first, 20 * mib);
  pool.give(second, 20 * mib);
  EXPECT_EQ(pool.cached_bytes(), int64_t(12 * mib));
  void* third = pool.take(16 * mib, zeroed);
  pool.give(third, 25 * mib);  // 4 + 8 + 16: the two oldest would not both fit
  EXPECT_EQ(pool.cached_bytes(), int64_t(24 * mib));
  EXPECT_EQ(pool.take(8 * mib, zeroed), second);
  EXPECT_FALSE(zeroed);
  pool.give(second, 0);
  EXPECT_EQ(pool.cached_bytes(), 0);
}

TEST(Allocator, RefusesWhatTheMachineCannotHold) {
  for (const size_t bytes : {SIZE_MAX, SIZE_MAX / 2, size_t{1} << 60, size_t{1} << 45}) {
    const auto before = Allocator::stats();
    try {
      Allocator::deallocate(Allocator::allocate(bytes), bytes);
      FAIL() << bytes;
    } catch (const MemoryError& error) {
      EXPECT_EQ(error.bytes(), bytes);
      EXPECT_NE(std::string(error.what()).find("raven.Allocator.allocate: cannot allocate"), std::string::npos);
    }
    EXPECT_THROW(Allocator::allocate_zeroed(bytes), MemoryError);
    EXPECT_EQ(Allocator::stats().active, before.active);
  }
}

TEST(Allocator, FailAfterHitsTheNthAllocation) {
  void* first = Allocator::allocate(64);
  Allocator::deallocate(first, 64);  // the fast path is warm
  Allocator::fail_after(3);
  void* blocks[4] = {};
  blocks[0] = Allocator::allocate(64);
  blocks[1] = Allocator::allocate(3 << 20);
  EXPECT_THROW(Allocator::allocate_zeroed(64), MemoryError);
  blocks[2] = Allocator::allocate(64);  // one failure only
  Allocator::fail_after(1);
  Allocator::fail_after(0);
  blocks[3] = Allocator::allocate(64);
  for (int i = 0; i < 4; ++i) Allocator::deallocate(blocks[i], i == 1 ? 3 << 20 : 64);
}

struct Held {
  unsigned char* block;
  size_t bytes;
  unsigned char mark;
};

// Threads allocate, mark, pass blocks to each other through a shared bag, check the marks and free.
TEST(Allocator, StressAcrossThreads) {
  const auto before = Allocator::stats();
  std::mutex mutex;
  std::vector<Held> bag;
  std::atomic<int> spoiled{0};
  const auto check_and_free = [&](const Held& held) {
    if (held.bytes > 0 && (held.block[0] != held.mark || held.block[held.bytes - 1] != held.mark)) spoiled++;
    Allocator::deallocate(held.block, held.bytes);
  };
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < 6000; ++i) {
      const size_t bytes = random() % 50 == 0 ? random() % (4 << 20) : random() % (1u << (random() % 16));
      Held held{static_cast<unsigned char*>(Allocator::allocate(bytes)), bytes, static_cast<unsigned char>(random())};
      if (bytes > 0) held.block[0] = held.block[bytes - 1] = held.mark;
      const std::lock_guard lock(mutex);
      bag.push_back(held);
      if (bag.size() < 100) continue;
      std::swap(bag[random() % bag.size()], bag.back());
      check_and_free(bag.back());
      bag.pop_back();
    }
  };
  for (int wave = 0; wave < 2; ++wave) {  // threads end and new ones begin
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) threads.emplace_back(work, t + 10 * static_cast<unsigned>(wave));
    for (std::thread& thread : threads) thread.join();
  }
  for (const Held& held : bag) check_and_free(held);
  EXPECT_EQ(spoiled, 0);
  const auto after = Allocator::stats();
  EXPECT_EQ(after.active, before.active);
  EXPECT_EQ(after.allocations - before.allocations, 2 * 4 * 6000);
}

TEST(Allocator, EndedThreadLeavesItsCacheToOthers) {
  if (!caching) return;
  Allocator::clear_cache();
  std::thread([] { Allocator::deallocate(Allocator::allocate(777), 777); }).join();
  EXPECT_GE(Allocator::stats().cached, 777);
  Allocator::clear_cache();
  EXPECT_EQ(Allocator::stats().cached, 0);
}

TEST(Allocator, OneWayTrafficStaysBounded) {
  if (!caching) return;
  Allocator::clear_cache();
  std::vector<void*> blocks(20000);
  for (void*& block : blocks) block = Allocator::allocate(1024);
  std::thread([&] {
    for (void* block : blocks) Allocator::deallocate(block, 1024);
    EXPECT_LE(Allocator::stats().cached, 1024 * (5 * 64 + 1));  // a thread's list and four in the shared store
  }).join();
}

// The limit is read once per process, so a child process asks.
TEST(Allocator, ZeroLimitKeepsNothing) {
  if (!caching) return;
  if (std::getenv("RAVEN_TEST_CHILD") != nullptr) {
    for (const size_t bytes : {64, 1 << 20, 8 << 20}) Allocator::deallocate(Allocator::allocate(bytes), bytes);
    EXPECT_EQ(Allocator::stats().limit, 0);
    EXPECT_EQ(Allocator::stats().cached, 0);
    return;
  }
  const int status =
      std::system(("GTEST_OUTPUT= RAVEN_TEST_CHILD=1 RAVEN_MEMORY_CACHE_BYTES=0 '" + testing::internal::GetArgvs()[0] +
                   "' --gtest_filter=Allocator.ZeroLimitKeepsNothing > /dev/null")
                      .c_str());
  EXPECT_EQ(status, 0);
}

TEST(Allocator, ChildOfForkAllocates) {
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) Allocator::deallocate(Allocator::allocate(3 << 20), 3 << 20);
  });
  int failed = 0;
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);  // a lock that stayed behind would hang
      Allocator::deallocate(Allocator::allocate(100), 100);
      Allocator::deallocate(Allocator::allocate(3 << 20), 3 << 20);
      ::_exit(Allocator::stats().active >= 0 ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    failed += status != 0;
  }
  stop = true;
  busy.join();
  EXPECT_EQ(failed, 0);
}

}  // namespace
}  // namespace raven
