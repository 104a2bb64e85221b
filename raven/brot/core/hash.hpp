#pragma once
// Hash of short byte strings: two overlapping loads and one wide multiplication per 16 bytes.
#include <cstdint>
#include <cstring>
#include <string_view>

namespace brot {

inline uint64_t load_u64(const char* at) {
  uint64_t value;
  std::memcpy(&value, at, 8);
  return value;
}

inline uint64_t fold_multiply(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return uint64_t(product) ^ uint64_t(product >> 64);
}

inline uint64_t hash_bytes(const char* data, size_t size) {
  constexpr uint64_t k0 = 0x9E3779B97F4A7C15u, k1 = 0xD6E8FEB86659FD93u, k2 = 0xA0761D6478BD642Fu;
  uint64_t low = 0, high = 0, seed = size * k2;
  if (size >= 8) {
    size_t left = size;
    while (left > 16) {
      seed = fold_multiply(load_u64(data) ^ k0 ^ seed, load_u64(data + 8) ^ k1);
      data += 16;
      left -= 16;
    }
    // The last 1..16 bytes; for size ≥ 8 an overlapping load never starts before the string.
    if (left >= 8) {
      low = load_u64(data);
      high = load_u64(data + left - 8);
    } else {
      low = load_u64(data + left - 8);
    }
  } else if (size >= 4) {
    uint32_t a, b;
    std::memcpy(&a, data, 4);
    std::memcpy(&b, data + size - 4, 4);
    low = uint64_t(a) << 32 | b;
  } else if (size > 0) {
    low = uint64_t(static_cast<unsigned char>(data[0])) << 16 |
          uint64_t(static_cast<unsigned char>(data[size >> 1])) << 8 | static_cast<unsigned char>(data[size - 1]);
  }
  return fold_multiply(low ^ k0 ^ seed, high ^ k1);
}

/// a == b, without a call for short texts.
inline bool equal_bytes(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8)
    return ((load_u64(a.data()) ^ load_u64(b.data())) |
            (load_u64(a.data() + size - 8) ^ load_u64(b.data() + size - 8))) == 0;
  if (size >= 4) {
    uint32_t words[4];
    std::memcpy(&words[0], a.data(), 4);
    std::memcpy(&words[1], b.data(), 4);
    std::memcpy(&words[2], a.data() + size - 4, 4);
    std::memcpy(&words[3], b.data() + size - 4, 4);
    return ((words[0] ^ words[1]) | (words[2] ^ words[3])) == 0;
  }
  for (size_t i = 0; i < size; ++i)
    if (a[i] != b[i]) return false;
  return true;
}

inline uint64_t hash_bytes(std::string_view text) { return hash_bytes(text.data(), text.size()); }

}  // namespace brot
