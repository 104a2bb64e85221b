#pragma once
// Ctrl-C as a flag: polled between ops and at step boundaries, so that there is always a whole state to save.
#include "raven/base/export.hpp"

namespace raven {

/// Turns SIGINT and SIGTERM into a flag while it lives; a second signal while the flag is set ends the process at once.
/// Nestable. The outermost scope clears the flag when it starts and leaves it for the caller when it ends.
class RAVEN_API InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};
/// True once a signal arrived inside an InterruptScope (one relaxed load).
RAVEN_API bool interrupted() noexcept;
/// What runs between ops: throws Interrupted when interrupted(), but never inside a StepScope, whose owner polls at the
/// step's boundary so that there is always a whole state to save.
RAVEN_API void poll_interrupt();
/// Throws Interrupted when interrupted().
RAVEN_API void check_interrupt();
/// Sets or clears the flag (tests, embedding programs; a prompt clears it before it goes on).
RAVEN_API void set_interrupted(bool value) noexcept;

}  // namespace raven
