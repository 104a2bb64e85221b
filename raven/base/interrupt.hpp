#pragma once
// Ctrl-C as a flag: polled between ops and at step boundaries, so that there is always a whole state to save.
#include "raven/base/export.hpp"

namespace raven {

/// Counts SIGINT and SIGTERM instead of dying while it lives; the second signal ends the process at once.
class RAVEN_API InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};
/// True once a signal arrived inside an InterruptScope (one relaxed load).
RAVEN_API bool interrupted() noexcept;
/// Throws Interrupted when interrupted().
RAVEN_API void check_interrupt();
/// Sets or clears the flag (tests, embedding programs).
RAVEN_API void set_interrupted(bool value) noexcept;

}  // namespace raven
