#pragma once
// Axes of several operands walked together: size-1 axes dropped, axes ordered by the first operand's stride, neighbours
// merged where all operands allow. Not installed.
#include <cstdint>

#include "raven/nx/cpu/kernel.hpp"

namespace nx::cpu {

/// At most `operands` walks over the same index space; operand 0 decides the order (outermost first).
template <int operands>
struct Walk {
  int rank = 0;
  int64_t extent[Dims::max_size];
  int64_t stride[operands][Dims::max_size];  ///< in elements
  int64_t size = 1;

  /// Adds the axis inside all former ones, merging it with the innermost one when every operand steps through both alike.
  void push(int64_t n, const int64_t* steps) {
    size *= n;
    if (n == 1) return;
    if (rank > 0) {
      bool merge = true;
      for (int o = 0; o < operands; ++o) merge = merge && stride[o][rank - 1] == steps[o] * n;
      if (merge) {
        extent[rank - 1] *= n;
        for (int o = 0; o < operands; ++o) stride[o][rank - 1] = steps[o];
        return;
      }
    }
    extent[rank] = n;
    for (int o = 0; o < operands; ++o) stride[o][rank] = steps[o];
    ++rank;
  }
};

/// `views[o]` all of one shape; axes are taken in descending order of operand 0's stride (stable).
template <int operands>
Walk<operands> make_walk(const View* const (&views)[operands]) {
  Walk<operands> walk;
  const View& first = *views[0];
  int order[Dims::max_size];
  for (int i = 0; i < first.rank; ++i) {
    const auto magnitude = [&](int axis) {
      const int64_t s = first.strides[axis];
      return first.shape[axis] == 1 ? INT64_MAX : (s < 0 ? -s : s);
    };
    int at = i;
    while (at > 0 && magnitude(order[at - 1]) < magnitude(i)) {
      order[at] = order[at - 1];
      --at;
    }
    order[at] = i;
  }
  for (int i = 0; i < first.rank; ++i) {
    int64_t steps[operands];
    for (int o = 0; o < operands; ++o) steps[o] = views[o]->strides[order[i]];
    walk.push(first.shape[order[i]], steps);
  }
  return walk;
}

/// Offsets (in elements) of every operand at the flat index over the axes [0, axes) of the walk.
template <int operands>
void offsets_at(const Walk<operands>& walk, int axes, int64_t flat, int64_t (&offset)[operands]) {
  for (int o = 0; o < operands; ++o) offset[o] = 0;
  for (int a = axes - 1; a >= 0; --a) {
    const int64_t index = flat % walk.extent[a];
    flat /= walk.extent[a];
    for (int o = 0; o < operands; ++o) offset[o] += index * walk.stride[o][a];
  }
}

}  // namespace nx::cpu
