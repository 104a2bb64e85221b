#include "raven/rune/error.hpp"

namespace rune {
Error::~Error() = default;
NonDifferentiableError::~NonDifferentiableError() = default;
}  // namespace rune
