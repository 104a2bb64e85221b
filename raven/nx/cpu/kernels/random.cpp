// Random bits: one Threefry block per element, counters in lanes.
#include "raven/nx/cpu/kernels/level.hpp"
#include "raven/vmath/simd.hpp"
#include "raven/vmath/threefry.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <RandomBitsKind kind>
void random_bits(std::byte* out, const uint32_t* key, uint64_t start, int64_t n) {
  using D = vmath::NativeF32;
  constexpr int w = D::lanes;
  D d;
  const auto k0 = d.i32(static_cast<int32_t>(key[0])), k1 = d.i32(static_cast<int32_t>(key[1]));
  for (int64_t i = 0; i < n; i += w) {
    // Counters are 64 bit: the high word changes inside a vector only where the low one wraps.
    int32_t high[w], low[w];
    for (int k = 0; k < w; ++k) {
      const uint64_t counter = start + static_cast<uint64_t>(i + k);
      high[k] = static_cast<int32_t>(counter >> 32);
      low[k] = static_cast<int32_t>(counter);
    }
    D::I32 x0 = d.load(high), x1 = d.load(low);
    vmath::threefry2x32(d, k0, k1, x0, x1);
    const int64_t left = n - i < w ? n - i : w;
    if constexpr (kind == RandomBitsKind::u32) {
      vmath::store_partial(reinterpret_cast<int32_t*>(out) + i, x0 ^ x1, left);
    } else {
      uint32_t hi[w], lo[w];
      std::memcpy(hi, &x0, sizeof hi);
      std::memcpy(lo, &x1, sizeof lo);
      for (int64_t k = 0; k < left; ++k) {
        if constexpr (kind == RandomBitsKind::u64) {
          reinterpret_cast<uint64_t*>(out)[i + k] = static_cast<uint64_t>(hi[k]) << 32 | lo[k];
        } else {
          reinterpret_cast<uint32_t*>(out)[2 * (i + k)] = hi[k];
          reinterpret_cast<uint32_t*>(out)[2 * (i + k) + 1] = lo[k];
        }
      }
    }
  }
}

}  // namespace

void fill_random(LevelTable& t) {
  t.random_bits[0] = &random_bits<RandomBitsKind::u32>;
  t.random_bits[1] = &random_bits<RandomBitsKind::u64>;
  t.random_bits[2] = &random_bits<RandomBitsKind::pair>;
}

}  // namespace nx::cpu::RAVEN_LEVEL
