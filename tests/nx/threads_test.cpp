// Arrays on several threads of the user: handles, copy on write, transformations. Meant to be run with --tsan too.
#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "raven/rune.hpp"

namespace {

using nx::Array;

constexpr int threads = 4;
#if defined(RAVEN_SANITIZED)
constexpr int rounds = 300;
#else
constexpr int rounds = 3000;
#endif

/// body(thread) on all threads, which start together.
template <class Body>
void on_threads(Body body) {
  std::atomic<int> waiting{threads};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      body(t);
    });
  for (std::thread& thread : all) thread.join();
}

// First in this file and program: nothing has asked for a kernel yet.
TEST(Threads, FirstUseOfTheKernelsTogether) {
  std::vector<double> sums(threads);
  on_threads([&](int t) {
    sums[static_cast<size_t>(t)] = nx::sum(nx::exp(nx::zeros({100})) + nx::ones({100})).item<double>();
  });
  for (const double sum : sums) EXPECT_EQ(sum, 200);
}

TEST(Threads, CopiesOfOneHandleAreCountedExactly) {
  const Array shared = nx::arange(8);
  on_threads([&](int) {
    for (int i = 0; i < rounds; ++i) {
      const Array copy = shared, view = copy(nx::s(2, 6));
      EXPECT_EQ(view(1).item<int64_t>(), 3);
    }
  });
  EXPECT_EQ(shared.header()->refs, 1);
}

TEST(Threads, AWriteShowsInNoOtherHandle) {
  const Array shared = nx::zeros({64});
  on_threads([&](int t) {
    for (int i = 0; i < rounds; ++i) {
      Array mine = shared;
      mine.at(i % 64) = t + 1;
      mine = std::move(mine) + 1;
      EXPECT_EQ(mine(i % 64).item<double>(), t + 2);
      EXPECT_EQ(mine((i + 1) % 64).item<double>(), 1);
    }
  });
  EXPECT_EQ(nx::max(shared).item<double>(), 0);
}

TEST(Threads, ArraysBornHereDieThere) {
  std::vector<std::atomic<Array*>> post(threads);
  on_threads([&](int t) {
    for (int i = 0; i < rounds; ++i) {
      // Sizes inside the record, in a small block, and in a larger one.
      auto* mine = new Array(nx::full({i % 3 == 0 ? 4 : i % 3 == 1 ? 100 : 20000}, t));
      Array* theirs = post[static_cast<size_t>((t + i) % threads)].exchange(mine);
      if (theirs) {
        EXPECT_EQ(nx::max(*theirs).item<int64_t>(), nx::min(*theirs).item<int64_t>());
      }
      delete theirs;
    }
  });
  for (std::atomic<Array*>& slot : post) delete slot.load();
}

TEST(Threads, EachHasItsOwnTransformation) {
  const Array weights = nx::array({1.0, 2.0, 3.0});
  on_threads([&](int t) {
    for (int i = 0; i < rounds / 10; ++i) {
      if (t % 2 == 0) {
        const Array g = rune::grad([&](const Array& w) { return nx::sum(w * w * (t + 1)); })(weights);
        EXPECT_EQ(g(2).item<double>(), 6 * (t + 1));
      } else {
        EXPECT_FALSE((weights * 2).is_traced());
      }
    }
  });
}

TEST(Threads, RegionsOfSeveralCallersGiveTheSameBits) {
  const Array x = nx::random::normal(nx::random::key(3), {300, 1000}, {.dtype = nx::f32});
  const std::vector<float> expected = nx::sum(nx::exp(x), 1).to_vector<float>();
  on_threads([&](int) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(nx::sum(nx::exp(x), 1).to_vector<float>(), expected);
  });
}

}  // namespace
