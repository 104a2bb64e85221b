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

}  // namespace rune
