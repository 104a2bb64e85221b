#pragma once
// Size classes of small blocks: multiples of 64 up to 256, then four steps between powers of two, up to 1 MiB.
#include <bit>
#include <cstddef>

namespace raven {

inline constexpr size_t max_class_bytes = size_t{1} << 20;
inline constexpr size_t size_classes = 52;

/// The smallest class that holds `bytes` ≤ max_class_bytes.
constexpr size_t class_index(size_t bytes) {
  const size_t last = bytes == 0 ? 0 : (bytes - 1) / 64;  // index of the last line of 64 bytes
  if (last < 4) return last;
  const int shift = std::bit_width(last) - 3;  // last >> shift is 4, 5, 6 or 7
  return static_cast<size_t>(shift) * 4 + (last >> shift);
}

constexpr size_t class_bytes(size_t index) {
  if (index < 4) return 64 * (index + 1);
  return 64 * (index % 4 + 5) << (index / 4 - 1);
}

static_assert(class_index(max_class_bytes) == size_classes - 1 && class_bytes(size_classes - 1) == max_class_bytes);
static_assert(class_index(257) == 4 && class_bytes(4) == 320 && class_index(513) == 8 && class_bytes(8) == 640);

}  // namespace raven
