#pragma once
// Where a thread runs. Not installed.
#include <sched.h>

namespace raven {

/// Moves the calling thread to another CPU that it may use, if there is one; what it may use stays as it was. Costs a
/// few microseconds.
inline void leave_cpu(int cpu) noexcept {
  cpu_set_t allowed;
  // A machine of more CPUs than the set holds answers with an error: stay.
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  cpu_set_t others = allowed;
  CPU_CLR(cpu, &others);
  if (CPU_COUNT(&others) == 0 || ::sched_setaffinity(0, sizeof others, &others) != 0) return;
  ::sched_setaffinity(0, sizeof allowed, &allowed);
}

}  // namespace raven
