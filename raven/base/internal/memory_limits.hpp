#pragma once
#include <cstdint>

namespace raven {

struct MemoryLimits {
  int64_t physical_bytes;  ///< memory and swap of the machine
  int64_t cache_bytes;  ///< RAVEN_MEMORY_CACHE_BYTES, default a quarter of the memory (or of the cgroup's share of it)
};
/// Read once per process.
const MemoryLimits& memory_limits() noexcept;

}  // namespace raven
