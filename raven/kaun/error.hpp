#pragma once
// Faults of models, data and checkpoints. Shapes, dtypes and values throw nx's errors.
#include "raven/base/error.hpp"

namespace kaun {

class RAVEN_API Error : public raven::Error {
 public:
  using raven::Error::Error;
  ~Error() override;
  const char* kind() const noexcept override { return "kaun::Error"; }
};
/// A checkpoint does not fit the model; the message lists every missing, unexpected and mismatched name at once.
class RAVEN_API CheckpointError : public Error {
 public:
  using Error::Error;
  ~CheckpointError() override;
  const char* kind() const noexcept override { return "CheckpointError"; }
};

}  // namespace kaun
