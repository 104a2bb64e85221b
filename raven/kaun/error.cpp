#include "raven/kaun/error.hpp"

namespace kaun {
Error::~Error() = default;
CheckpointError::~CheckpointError() = default;
}  // namespace kaun
