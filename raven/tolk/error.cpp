#include "raven/tolk/error.hpp"

namespace tolk {
Error::~Error() = default;
VerifyError::~VerifyError() = default;
BackendError::~BackendError() = default;
}  // namespace tolk
