#include "raven/base/internal/memory_limits.hpp"

#include <sys/sysinfo.h>

#include <algorithm>
#include <limits>

#include "raven/base/env.hpp"
#include "raven/base/internal/process_share.hpp"

namespace raven {
namespace {

MemoryLimits read_limits() noexcept {
  struct sysinfo info = {};
  int64_t memory = int64_t{1} << 30, swap = 0;
  if (::sysinfo(&info) == 0) {
    memory = static_cast<int64_t>(info.totalram) * info.mem_unit;
    swap = static_cast<int64_t>(info.totalswap) * info.mem_unit;
  }
  const int64_t share = std::min(memory, cgroup_memory_bytes());
  MemoryLimits limits{memory + swap, share / 4};
  try {
    limits.cache_bytes =
        env::get_int("RAVEN_MEMORY_CACHE_BYTES", limits.cache_bytes, 0, std::numeric_limits<int64_t>::max());
  } catch (...) {  // no memory to read a variable: keep the default
  }
  return limits;
}

}  // namespace

const MemoryLimits& memory_limits() noexcept {
  static const MemoryLimits limits = read_limits();
  return limits;
}

}  // namespace raven
