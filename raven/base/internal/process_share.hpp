#pragma once
// What the system grants to this process: a container often gets less than the machine has.
#include <cstdint>

namespace raven {

/// CPUs that this process may use: the smaller of its affinity mask and its cgroup CPU quota (rounded, at least 1).
int usable_cpus() noexcept;
/// The memory limit of this process's cgroup in bytes; INT64_MAX without one.
int64_t cgroup_memory_bytes() noexcept;

}  // namespace raven
