// Copies with strides and transposed tiles, by item size.
#include "raven/nx/cpu/kernels/level.hpp"
#include "raven/vmath/simd.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class T>
void copy(std::byte* dst_bytes, const std::byte* src_bytes, int64_t n, int64_t dst_stride, int64_t src_stride) {
  T* dst = reinterpret_cast<T*>(dst_bytes);
  const T* src = reinterpret_cast<const T*>(src_bytes);
  if (dst_stride == 1 && src_stride == 1) {
    std::memcpy(dst, src, static_cast<size_t>(n) * sizeof(T));
  } else if (dst_stride == 1 && src_stride == 0) {
    const T value = src[0];
    for (int64_t i = 0; i < n; ++i) dst[i] = value;
  } else {
    for (int64_t i = 0; i < n; ++i) dst[i * dst_stride] = src[i * src_stride];
  }
}

/// dst[i·dst_stride + j] = src[i + j·src_stride]
template <class T>
void transpose(std::byte* dst_bytes, const std::byte* src_bytes, int64_t rows, int64_t cols, int64_t dst_stride,
               int64_t src_stride) {
  T* dst = reinterpret_cast<T*>(dst_bytes);
  const T* src = reinterpret_cast<const T*>(src_bytes);
  int64_t i0 = 0;
  if constexpr (sizeof(T) >= 4) {
    constexpr int w = vmath::vector_bytes / static_cast<int>(sizeof(T));
    for (; i0 + w <= rows; i0 += w) {
      int64_t j0 = 0;
      for (; j0 + w <= cols; j0 += w) {
        vmath::Lanes<T, w> tile[w];
        for (int j = 0; j < w; ++j) std::memcpy(&tile[j], src + i0 + (j0 + j) * src_stride, sizeof tile[j]);
        vmath::transpose(tile);
        for (int i = 0; i < w; ++i) std::memcpy(dst + (i0 + i) * dst_stride + j0, &tile[i], sizeof tile[i]);
      }
      for (; j0 < cols; ++j0)
        for (int i = 0; i < w; ++i) dst[(i0 + i) * dst_stride + j0] = src[i0 + i + j0 * src_stride];
    }
  }
  for (; i0 < rows; ++i0)
    for (int64_t j = 0; j < cols; ++j) dst[i0 * dst_stride + j] = src[i0 + j * src_stride];
}

}  // namespace

void fill_move(LevelTable& t) {
  t.copy[0] = &copy<uint8_t>;
  t.copy[1] = &copy<uint16_t>;
  t.copy[2] = &copy<int32_t>;
  t.copy[3] = &copy<int64_t>;
  t.transpose[0] = &transpose<uint8_t>;
  t.transpose[1] = &transpose<uint16_t>;
  t.transpose[2] = &transpose<int32_t>;
  t.transpose[3] = &transpose<int64_t>;
}

}  // namespace nx::cpu::RAVEN_LEVEL
