#include "raven/rune/error.hpp"

namespace rune {
Error::~Error() = default;
NonDifferentiableError::~NonDifferentiableError() = default;
ConcretizationError::~ConcretizationError() = default;
FrozenRandomnessError::~FrozenRandomnessError() = default;
SideEffectError::~SideEffectError() = default;
StaleCaptureError::~StaleCaptureError() = default;
CompileError::~CompileError() = default;
}  // namespace rune
