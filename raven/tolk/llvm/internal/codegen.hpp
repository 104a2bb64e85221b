#pragma once
// From a kernel to an object file.
#include <string>

#include "raven/tolk/loop/loop.hpp"

namespace tolk::backend {

enum class Level;

/// The bytes of an ELF object, or an error text.
struct Object {
  std::string bytes, error;
};

/// `kernel` is verified.
Object generate(const loop::Kernel& kernel, Level level);

}  // namespace tolk::backend
