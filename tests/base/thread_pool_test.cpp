#include "raven/base/thread_pool.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/error.hpp"
#include "raven/base/internal/affinity.hpp"

#if defined(__SANITIZE_THREAD__)
#define RAVEN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RAVEN_TSAN 1
#endif
#endif

namespace raven {
namespace {

class ThreadPool : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { set_num_threads(GetParam()); }
  void TearDown() override { set_num_threads(2); }
};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPool, testing::Values(1, 2, 5));

TEST_P(ThreadPool, EveryIndexOnceWithFixedChunks) {
  for (const int64_t total : {0, 1, 7, 64, 1000, 4097}) {
    for (const int64_t grain : {1, 3, 64, 5000}) {
      std::vector<std::atomic<int>> seen(static_cast<size_t>(total));
      std::atomic<bool> regular{true};
      parallel_for(total, grain, [&](int64_t begin, int64_t end) {
        if (begin % grain != 0 || end != std::min(begin + grain, total)) regular = false;
        for (int64_t i = begin; i < end; ++i) seen[static_cast<size_t>(i)]++;
      });
      EXPECT_TRUE(regular) << total << " " << grain;
      EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](const auto& count) { return count == 1; }))
          << total << " " << grain;
    }
  }
}

TEST_P(ThreadPool, HugeTotalsDoNotOverflow) {
  const int64_t total = INT64_MAX - 1, grain = INT64_MAX / 3;
  std::atomic<int64_t> covered{0};
  std::atomic<int> chunks{0};
  parallel_for(total, grain, [&](int64_t begin, int64_t end) {
    covered += end - begin;
    ++chunks;
  });
  EXPECT_EQ(covered, total);
  EXPECT_EQ(chunks, 3);
}

TEST_P(ThreadPool, ManySmallRegionsSeeTheCallersWrites) {
  std::vector<int64_t> values(256);
  for (int64_t round = 0; round < 3000; ++round) {
    std::iota(values.begin(), values.end(), round);  // plain writes: the region orders them
    std::atomic<int64_t> sum{0};
    parallel_for(256, 16, [&](int64_t begin, int64_t end) {
      int64_t part = 0;
      for (int64_t i = begin; i < end; ++i) part += values[static_cast<size_t>(i)]++;
      sum += part;
    });
    ASSERT_EQ(sum, 256 * round + 255 * 128);
    ASSERT_EQ(values[255], round + 256);
  }
}

TEST_P(ThreadPool, FirstExceptionReachesTheCallerAndThePoolGoesOn) {
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> running{0};
    try {
      parallel_for(64, 1, [&](int64_t begin, int64_t) {
        running++;
        struct Leave {
          std::atomic<int>& count;
          ~Leave() { count--; }
        } leave{running};
        if (begin % 8 == 3) throw std::runtime_error("chunk " + std::to_string(begin));
      });
      FAIL() << "no exception";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(std::string(error.what()).substr(0, 6), "chunk ");
    }
    EXPECT_EQ(running, 0);  // rethrown after every running chunk ended
    std::atomic<int> chunks{0};
    parallel_for(64, 1, [&](int64_t, int64_t) { chunks++; });
    ASSERT_EQ(chunks, 64);
  }
}

TEST_P(ThreadPool, NestedRegionRunsOnItsThread) {
  std::atomic<int> inner{0};
  std::atomic<bool> moved{false};
  parallel_for(8, 1, [&](int64_t, int64_t) {
    const auto here = std::this_thread::get_id();
    parallel_for(10, 1, [&](int64_t, int64_t) {
      inner++;
      if (std::this_thread::get_id() != here) moved = true;
    });
  });
  EXPECT_EQ(inner, 80);
  EXPECT_FALSE(moved);
}

TEST_P(ThreadPool, BodiesBeginAfterEveryUnitIsPrepared) {
  for (const int64_t units : {0, 1, 3, 40}) {
    for (const int64_t total : {0, 1, 9, 100}) {
      for (int round = 0; round < 50; ++round) {
        std::vector<int64_t> prepared(static_cast<size_t>(units));  // plain writes: the stages order them
        std::atomic<int64_t> covered{0}, wrong{0};
        parallel_for_after(
            units, [&](int64_t unit) { prepared[static_cast<size_t>(unit)] += unit + 1; }, total, 4,
            [&](int64_t begin, int64_t end) {
              for (int64_t unit = 0; unit < units; ++unit)
                if (prepared[static_cast<size_t>(unit)] != unit + 1) wrong++;
              covered += end - begin;
            });
        ASSERT_EQ(covered, total);
        ASSERT_EQ(wrong, 0) << units << " units, " << total;
      }
    }
  }
}

TEST_P(ThreadPool, ConcurrentCallersAllFinish) {
  std::vector<std::thread> callers;
  std::atomic<int64_t> sum{0};
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int round = 0; round < 300; ++round) {
        parallel_for(50, 5, [&](int64_t begin, int64_t end) { sum += end - begin; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 4 * 300 * 50);
}

// Threads that took part in regions of slow chunks.
size_t participants(int64_t chunks, unsigned microseconds = 2000) {
  std::mutex mutex;
  std::set<std::thread::id> ids;
  parallel_for(chunks, 1, [&](int64_t, int64_t) {
    ::usleep(microseconds);
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  return ids.size();
}

TEST_P(ThreadPool, WorkersTakePartAlsoAfterSleep) {
  const auto threads = static_cast<size_t>(GetParam());
  EXPECT_EQ(participants(40), threads);
  ::usleep(20000);  // beyond every spin
  EXPECT_EQ(participants(40), threads);
  const StepScope step;
  EXPECT_EQ(participants(40), threads);
}

TEST_P(ThreadPool, LimitsBindThisThreadAndNest) {
  const int all = num_threads();
  EXPECT_EQ(all, GetParam());
  {
    const ThreadLimit two(2);
    EXPECT_EQ(num_threads(), std::min(2, all));
    {
      const ThreadLimit one(1);
      EXPECT_EQ(num_threads(), 1);
      EXPECT_EQ(participants(10), 1u);
      const ThreadLimit looser(4);
      EXPECT_EQ(num_threads(), 1);
    }
    EXPECT_LE(participants(20), 2u);
    int elsewhere = 0;
    std::thread([&] { elsewhere = num_threads(); }).join();
    EXPECT_EQ(elsewhere, all);
  }
  EXPECT_EQ(num_threads(), all);
}

TEST(ThreadPoolSettings, CountsAreCheckedAndClamped) {
  try {
    set_num_threads(0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "raven.set_num_threads: got 0, expected at least 1");
  }
  set_num_threads(1'000'000);
  EXPECT_EQ(num_threads(), 1024);
  set_num_threads(2);
}

TEST(ThreadPoolSettings, FewerThreadsAfterMoreStillTakePart) {
  set_num_threads(5);
  participants(20);
  set_num_threads(2);
  ::usleep(20000);
  EXPECT_EQ(participants(40), 2u);
}

TEST(ThreadPoolSettings, WorkersBeyondTheSettingStayOut) {
  for (int round = 0; round < 200; ++round) {
    set_num_threads(5);
    participants(5, 50);  // four workers are awake when the next region begins
    set_num_threads(2);
    ASSERT_LE(participants(10, 50), 2u);
  }
}

#if !defined(RAVEN_TSAN)  // TSan refuses threads in a child of a threaded process
TEST(ThreadPoolSettings, ChildOfForkStartsItsOwnWorkers) {
  set_num_threads(3);
  participants(12);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool whole = participants(30) == 3 && participants(30) == 3;
    ::_exit(whole ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(participants(30), 3u);
  set_num_threads(2);
}
#endif

#if !defined(RAVEN_TSAN)
TEST(ThreadPoolSettings, ChildOfForkKnowsNothingOfOthersRegions) {
  set_num_threads(3);
  participants(12);
  std::atomic<bool> inside{false}, done{false};
  std::thread other([&] {
    parallel_for(8, 1, [&](int64_t, int64_t) {
      inside = true;
      while (!done) ::usleep(100);
    });
  });
  while (!inside) ::usleep(100);
  for (int i = 0; i < 20; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);  // in place of a hang
      const size_t first = participants(30), second = participants(30);
      ::_exit(first == 3 && second == 3 ? 0 : static_cast<int>(10 * first + second));
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  done = true;
  other.join();
  set_num_threads(2);
}
#endif

// Workers leave the caller's CPU with this; two threads on one CPU would take turns.
TEST(ThreadPool, AThreadLeavesACpuAndMayStillUseIt) {
  cpu_set_t before, after;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  if (CPU_COUNT(&before) < 2) GTEST_SKIP() << "needs two CPUs";
  int left = 0;
  constexpr int attempts = 50;
  for (int i = 0; i < attempts; ++i) {
    const int cpu = sched_getcpu();
    leave_cpu(cpu);
    left += sched_getcpu() != cpu;  // the system may move it back at once, but seldom
  }
  EXPECT_GT(left, attempts / 2);
  ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

}  // namespace
}  // namespace raven
