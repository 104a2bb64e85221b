#pragma once
// Faults of optimizers. Wrong options throw nx::ValueError, wrong trees nx::TreeMismatchError.
#include "raven/base/error.hpp"

namespace vega {

class RAVEN_API Error : public raven::Error {
 public:
  using raven::Error::Error;
  ~Error() override;
  const char* kind() const noexcept override { return "vega::Error"; }
};

}  // namespace vega
