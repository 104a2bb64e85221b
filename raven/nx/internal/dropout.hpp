#pragma once
// Not installed.
#include <cstdint>

namespace nx::detail {

/// Dropout keeps an element when its 32 random bits are at least this.
constexpr uint32_t dropout_threshold(double rate) {
  const double scaled = rate * 4294967296.0;
  return scaled >= 4294967295.0 ? 4294967295u : static_cast<uint32_t>(scaled + 0.5);
}

}  // namespace nx::detail
