// All 2^32 f32 inputs of every function: ULP against f64, equal bits of the levels. Minutes of one core a function, so
// only with RAVEN_TEST_LONG=1. RAVEN_TEST_LONG=exp,log runs these two; a number N > 1 instead strides over the inputs,
// made odd so that all low bits occur (RAVEN_TEST_LONG=17: every 17th). The portable level, whose fma is software and
// takes most of the time, then gets one of 16 blocks of 65,536 inputs, eight of each exponent and sign.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "gtest/gtest.h"
#include "raven/base/thread_pool.hpp"
#include "vmath/support.hpp"

namespace vmath_test {
namespace {

struct Outcome {
  double worst = 0;
  float worst_at = 0;
  int64_t different[3] = {};
};

constexpr uint64_t block = 1 << 16;

void check_block(const std::vector<Level>& all, int k, uint64_t first, uint64_t stride, bool with_portable,
                 Outcome& outcome) {
  thread_local std::vector<float> x(block), y(block), want(block), got(block);
  thread_local std::vector<double> wide_x(block), wide_y(block), exact(block);
  const Function& best = all.back().functions[k];
  for (uint64_t i = 0; i < block; ++i) {
    const uint64_t index = first + i * stride;
    x[i] = float_of(static_cast<uint32_t>(index));
    if (best.arguments == 2) y[i] = exponent_for(x[i], index);
    wide_x[i] = x[i], wide_y[i] = y[i];
  }
  const auto n = static_cast<int64_t>(block);
  best.f32(x.data(), y.data(), want.data(), n);
  best.f64(wide_x.data(), wide_y.data(), exact.data(), n);
  for (uint64_t i = 0; i < block; ++i) {
    const double error = error_f32(want[i], exact[i]);
    if (near_root(wide_x[i]) && error * ulp_f32(exact[i]) <= best.absolute * 0x1p-23) continue;
    if (!(error <= outcome.worst)) outcome.worst = error, outcome.worst_at = x[i];
  }
  for (size_t l = with_portable ? 0 : 1; l + 1 < all.size(); ++l) {
    all[l].functions[k].f32(x.data(), y.data(), got.data(), n);
    for (uint64_t i = 0; i < block; ++i) outcome.different[l] += !same(got[i], want[i]);
  }
}

TEST(VmathExhaustive, AllF32Inputs) {
  const char* request = std::getenv("RAVEN_TEST_LONG");
  if (request == nullptr || *request == '\0' || std::strcmp(request, "0") == 0) GTEST_SKIP() << "set RAVEN_TEST_LONG=1";
  const bool named = *request > '9';
  const uint64_t stride = named ? 1 : std::strtoull(request, nullptr, 10) | 1;
  const auto all = levels();
  const auto workers = static_cast<unsigned>(raven::num_threads());
  const uint64_t blocks = (uint64_t{1} << 32) / block / stride;
  ASSERT_GT(blocks, 0u) << "no block of inputs is left with the stride " << stride;
  for (int k = 0; k < all[0].count; ++k) {
    const Function& function = all[0].functions[k];
    if (named && (std::string(",") + request + ",").find(std::string(",") + function.name + ",") == std::string::npos)
      continue;
    const auto start = std::chrono::steady_clock::now();
    std::atomic<uint64_t> next{0};
    std::vector<Outcome> outcomes(workers);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < workers; ++t) {
      threads.emplace_back([&, t] {
        for (uint64_t b; (b = next.fetch_add(1)) < blocks;) {
          const bool with_portable = stride > 1 || (b + b / 16) % 16 == 0;
          check_block(all, k, b * block * stride, stride, with_portable, outcomes[t]);
          if (b % (blocks / 8) == 0)
            std::fprintf(stderr, "  %s %d%%\n", function.name, static_cast<int>(100 * b / blocks));
        }
      });
    }
    for (auto& thread : threads) thread.join();
    Outcome sum;
    for (const Outcome& o : outcomes) {
      if (!(o.worst <= sum.worst)) sum.worst = o.worst, sum.worst_at = o.worst_at;
      for (int l = 0; l < 3; ++l) sum.different[l] += o.different[l];
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("  f32 %-20s %.4f ULP at %a, %.1f s\n", function.name, sum.worst, static_cast<double>(sum.worst_at),
                seconds.count());
    std::fflush(stdout);
    EXPECT_LE(sum.worst, function.bound_f32) << function.name;
    for (size_t l = 0; l + 1 < all.size(); ++l) EXPECT_EQ(sum.different[l], 0) << all[l].name << " " << function.name;
  }
}

}  // namespace
}  // namespace vmath_test
