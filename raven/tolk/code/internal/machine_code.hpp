#pragma once
// Executable memory.
#include <memory>
#include <string>

#include "raven/tolk/code/code.hpp"
#include "raven/tolk/code/internal/backend.hpp"

namespace tolk {

/// Maps an image to be read and executed; it is never writable and executable at once.
/// Throws MemoryError when the system refuses.
std::shared_ptr<const Code> map_code(const std::string& name, const Image& image, Code::Origin origin);

/// A kernel that loop::interpret runs.
std::shared_ptr<const Code> interpreted_code(const loop::Kernel& kernel);

}  // namespace tolk
