#pragma once
// Faults of the compiler.
#include "raven/base/error.hpp"

namespace tolk {

class RAVEN_API Error : public raven::Error {
 public:
  using raven::Error::Error;
  ~Error() override;
  const char* kind() const noexcept override { return "tolk::Error"; }
};
/// A plan or program breaks one of its own rules: a defect of the compiler, never of its input. The message names the
/// pass or step.
class RAVEN_API VerifyError : public Error {
 public:
  using Error::Error;
  ~VerifyError() override;
  const char* kind() const noexcept override { return "VerifyError"; }
};

/// Machine code cannot be made: the back end is missing (the message says what to install or to set) or refuses a
/// kernel.
class RAVEN_API BackendError : public Error {
 public:
  using Error::Error;
  ~BackendError() override;
  const char* kind() const noexcept override { return "BackendError"; }
};

}  // namespace tolk
