#pragma once
// Packing: a strided matrix becomes panels that the register tile reads front to back.
//
// A panel holds `panel` consecutive rows of the source, element (x, k) at k·panel + x. For A the rows are rows of A,
// for B they are columns, so one function packs both. Rows beyond `width` hold zeros (or stay unwritten where a whole
// vector of them would be zero): they only feed outputs that are not stored.
#include <cstdint>
#include <cstring>

#include "raven/vmath/simd.hpp"

namespace nx::cpu {
namespace RAVEN_LEVEL {

/// The first `count` lanes: stores of half the width, a quarter … Masked stores are microcode on some cores.
template <int count, class T, int lanes>
RAVEN_VMATH_INLINE void store_first(T* to, vmath::Lanes<T, lanes> piece) {
  if constexpr (count == lanes) {
    std::memcpy(to, &piece, sizeof piece);
  } else {
    vmath::Lanes<T, lanes / 2> low, high;
    vmath::detail::halve(piece, low, high);
    store_first < count<lanes / 2 ? count : lanes / 2>(to, low);
    if constexpr (count > lanes / 2) store_first<count - lanes / 2>(to + lanes / 2, high);
  }
}

/// Writes the `panel·group` lanes-wide pieces of one k into `group` neighbouring panels of `length` steps each.
template <int panel, int group, int first, class T, int lanes>
RAVEN_VMATH_INLINE void store_piece(T* panels, int64_t length, int64_t k, vmath::Lanes<T, lanes> piece) {
  if constexpr (panel >= lanes || group == 1) {
    store_first < panel - first<lanes ? panel - first : lanes>(panels + k * panel + first, piece);
  } else {
    static_assert(group == 2 && 2 * panel == lanes && first == 0);
    vmath::Lanes<T, panel> low, high;
    vmath::detail::halve(piece, low, high);
    std::memcpy(panels + k * panel, &low, sizeof low);
    std::memcpy(panels + (length + k) * panel, &high, sizeof high);
  }
}

/// The lanes-wide piece that starts at row `first` of the panel, for all k.
template <int panel, int group, int first, class T>
void pack_piece(const T* source, int64_t row_stride, int64_t k_stride, int64_t width, int64_t length, T* panels) {
  constexpr int lanes = vmath::vector_bytes / static_cast<int>(sizeof(T));
  using Vector = vmath::Lanes<T, lanes>;
  source += first * row_stride;
  const int64_t rows = width - first < lanes ? width - first : lanes;
  if (row_stride == 1) {
    if (rows == lanes) {
      for (int64_t k = 0; k < length; ++k) {
        Vector piece;
        const T* from = source + k * k_stride;
        std::memcpy(&piece, from, sizeof piece);
        vmath::prefetch(from + 16 * k_stride);
        store_piece<panel, group, first>(panels, length, k, piece);
      }
    } else {
      for (int64_t k = 0; k < length; ++k) {
        store_piece<panel, group, first>(panels, length, k, vmath::load_partial<lanes>(source + k * k_stride, rows));
      }
    }
  } else if (k_stride == 1) {
    constexpr int most_rows = panel * group - first < lanes ? panel * group - first : lanes;
    Vector block[lanes] = {};
    int64_t k = 0;
    if (rows == most_rows) {
      for (; k + lanes <= length; k += lanes) {
        // rows are far apart, so that the hardware sees too many streams to fetch ahead
#pragma GCC unroll 16
        for (int row = 0; row < most_rows; ++row) {
          const T* from = source + row * row_stride + k;
          std::memcpy(&block[row], from, sizeof block[row]);
          vmath::prefetch(from + 4 * lanes);
        }
        vmath::transpose(block);
#pragma GCC unroll 16
        for (int step = 0; step < lanes; ++step)
          store_piece<panel, group, first>(panels, length, k + step, block[step]);
      }
    }
    for (; k < length; k += lanes) {
      const int64_t steps = length - k < lanes ? length - k : lanes;
      for (int row = 0; row < lanes; ++row) {
        block[row] = row < rows ? vmath::load_partial<lanes>(source + row * row_stride + k, steps) : Vector{};
      }
      vmath::transpose(block);
      for (int64_t step = 0; step < steps; ++step) {
        store_piece<panel, group, first>(panels, length, k + step, block[step]);
      }
    }
  } else {
    for (int64_t k = 0; k < length; ++k) {
      T element[lanes] = {};
      for (int64_t row = 0; row < rows; ++row) element[row] = source[row * row_stride + k * k_stride];
      Vector piece;
      std::memcpy(&piece, element, sizeof piece);
      store_piece<panel, group, first>(panels, length, k, piece);
    }
  }
}

/// Packs `width` ≤ panel·group rows of `length` elements each into `group` neighbouring panels.
template <int panel, int group = 1, int first = 0, class T>
void pack_panels(const T* source, int64_t row_stride, int64_t k_stride, int64_t width, int64_t length, T* panels) {
  constexpr int lanes = vmath::vector_bytes / static_cast<int>(sizeof(T));
  if (first >= width) return;
  pack_piece<panel, group, first>(source, row_stride, k_stride, width, length, panels);
  if constexpr (first + lanes < panel * group) {
    pack_panels<panel, group, first + lanes>(source, row_stride, k_stride, width, length, panels);
  }
}

}  // namespace RAVEN_LEVEL
}  // namespace nx::cpu
