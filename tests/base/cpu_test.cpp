#include "raven/base/cpu.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "raven/base/error.hpp"

namespace raven {
namespace {

// The level is read once per process, so each case asks a child. Exit status: level, plus 16 when it warned.
int level_under(const char* value) {
  const pid_t child = ::fork();
  if (child == 0) {
    static bool warned = false;
    on_warning([](std::string_view) { warned = true; });
    ::setenv("RAVEN_CPU", value, 1);
    const int level = static_cast<int>(cpu_level());
    ::_exit(level + (warned ? 16 : 0));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Cpu, InfoIsPlausibleAndAgreesWithTheCompilersView) {
  const CpuInfo& info = cpu_info();
  EXPECT_GE(info.l1_data, 8 << 10);
  EXPECT_LE(info.l1_data, 1 << 20);
  EXPECT_GE(info.l2, info.l1_data);
  EXPECT_GE(info.logical_cpus, 1);
#if defined(__x86_64__)
  EXPECT_EQ(info.vendor.size(), 12u);
  EXPECT_FALSE(info.model.empty());
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512cd");
  EXPECT_EQ(info.best, v4 ? CpuLevel::v4 : v3 ? CpuLevel::v3 : CpuLevel::portable);
#endif
}

TEST(Cpu, VariableLowersTheLevelAndNeverRaisesIt) {
  const int best = static_cast<int>(cpu_info().best);
  EXPECT_EQ(level_under("portable"), 0);
  EXPECT_EQ(level_under("v3"), best >= 1 ? 1 : 16);
  EXPECT_EQ(level_under("v4"), best >= 2 ? 2 : best + 16);
  EXPECT_EQ(level_under("avx9"), best + 16);
  EXPECT_EQ(level_under(""), best);
}

TEST(Cpu, LevelsHaveNames) {
  EXPECT_EQ(std::string(cpu_level_name(CpuLevel::portable)), "portable");
  EXPECT_EQ(std::string(cpu_level_name(CpuLevel::v3)), "v3");
  EXPECT_EQ(std::string(cpu_level_name(CpuLevel::v4)), "v4");
}

}  // namespace
}  // namespace raven
