#pragma once
// Reports that an environment variable asked for.
#include <string_view>

#include "raven/base/export.hpp"

namespace raven {

/// Writes the text to stderr in one piece, so that those of several threads do not mix.
RAVEN_API void write_log(std::string_view text) noexcept;

}  // namespace raven
