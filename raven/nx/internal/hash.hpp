#pragma once
// Exact hashing of contents, never of addresses. Not installed.
#include <cstdint>

namespace nx::detail {

/// Mixes one 64-bit word (the finaliser of MurmurHash3).
constexpr uint64_t mix(uint64_t seed, uint64_t word) {
  uint64_t x = seed ^ (word + 0x9e3779b97f4a7c15u + (seed << 6) + (seed >> 2));
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
  return x ^ (x >> 33);
}

}  // namespace nx::detail
