#pragma once
// Faults of transformations.
#include "raven/nx/error.hpp"

namespace rune {

class RAVEN_API Error : public raven::Error {
 public:
  using raven::Error::Error;
  ~Error() override;
  const char* kind() const noexcept override { return "rune::Error"; }
};
/// A derivative was asked of something that has none: an integer leaf, an op without a rule.
class RAVEN_API NonDifferentiableError : public Error {
 public:
  using Error::Error;
  ~NonDifferentiableError() override;
  const char* kind() const noexcept override { return "NonDifferentiableError"; }
};
/// A traced function asked a value for its number: it has none before the compiled program runs.
class RAVEN_API ConcretizationError : public nx::TracerError {
 public:
  using TracerError::TracerError;
  ~ConcretizationError() override;
  const char* kind() const noexcept override { return "ConcretizationError"; }
};
/// A traced function drew from a generator with a state of its own: every call would draw the same.
class RAVEN_API FrozenRandomnessError : public Error {
 public:
  using Error::Error;
  ~FrozenRandomnessError() override;
  const char* kind() const noexcept override { return "FrozenRandomnessError"; }
};
/// A traced function writes to an array from outside: the write would happen once, while tracing.
class RAVEN_API SideEffectError : public Error {
 public:
  using Error::Error;
  ~SideEffectError() override;
  const char* kind() const noexcept override { return "SideEffectError"; }
};
/// Something that a compiled function captures has changed since it was traced.
class RAVEN_API StaleCaptureError : public Error {
 public:
  using Error::Error;
  ~StaleCaptureError() override;
  const char* kind() const noexcept override { return "StaleCaptureError"; }
};
/// A traced function could not be compiled; the message holds the compiler's.
class RAVEN_API CompileError : public Error {
 public:
  using Error::Error;
  ~CompileError() override;
  const char* kind() const noexcept override { return "CompileError"; }
};

}  // namespace rune
