#include "raven/nx/error.hpp"

#include "raven/base/message.hpp"

// Destructors are defined here so that each exception type has one vtable and one exported type info.
namespace nx {

Error::~Error() = default;
ShapeError::~ShapeError() = default;
AxisError::~AxisError() = default;
IndexError::~IndexError() = default;
DTypeError::~DTypeError() = default;
ValueError::~ValueError() = default;
OverflowError::~OverflowError() = default;
TracerError::~TracerError() = default;
UnsupportedError::~UnsupportedError() = default;
LeakedTracerError::~LeakedTracerError() = default;

TreeMismatchError::TreeMismatchError(std::string_view operation, std::string path, std::string_view message)
    : Error(operation, raven::Message("at '") << path << "': " << message), path_(std::move(path)) {}
TreeMismatchError::~TreeMismatchError() = default;

}  // namespace nx
