#include "raven/base/log.hpp"

#include <unistd.h>

namespace raven {

void write_log(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(2, text.data(), text.size());
    if (written <= 0) return;  // a closed stderr is no reason to fail
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace raven
