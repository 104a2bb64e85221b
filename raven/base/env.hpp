#pragma once
// The only reader of environment variables.
#include <cstdint>
#include <optional>
#include <string>

#include "raven/base/export.hpp"

namespace raven::env {

/// The variable's value; empty optional when it is unset or empty.
RAVEN_API std::optional<std::string> get(const char* name);
/// The variable as an integer in [low, high]; warns once and gives the fallback when it is not one.
RAVEN_API int64_t get_int(const char* name, int64_t fallback, int64_t low, int64_t high);

}  // namespace raven::env
