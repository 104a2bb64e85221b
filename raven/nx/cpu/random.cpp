#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/levels.hpp"

namespace nx::cpu::kernel {

/// Element i depends on its key and on start + i alone.
void RandomBits(const KernelCall& call) {
  const auto& a = call.as<RandomBitsAttrs>();
  const View &keys = call.in[0], &out = call.out[0];
  int64_t n = 1;
  for (int64_t extent : a.shape) n *= extent;
  if (n == 0 || out.size == 0) return;
  const uint64_t start = *reinterpret_cast<const uint64_t*>(call.in[1].data);
  const int64_t bytes = a.kind == RandomBitsKind::u32 ? 4 : 8, count = keys.size / 2;
  auto* const loop = loops().random_bits[static_cast<int>(a.kind)];
  const int64_t word = keys.strides[keys.rank - 1];
  for (int64_t k = 0; k < count; ++k) {
    int64_t offset = 0, rest = k;
    for (int axis = keys.rank - 2; axis >= 0; --axis) {
      offset += rest % keys.shape[axis] * keys.strides[axis];
      rest /= keys.shape[axis];
    }
    const uint32_t* words = reinterpret_cast<const uint32_t*>(keys.data) + offset;
    const uint32_t key[2] = {words[0], words[word]};
    std::byte* place = out.data + k * n * bytes;
    raven::parallel_for(n, 8192, [&](int64_t begin, int64_t end) {
      loop(place + begin * bytes, key, start + static_cast<uint64_t>(begin), end - begin);
    });
  }
}

}  // namespace nx::cpu::kernel
