#pragma once
// What the emitter must know of a kernel before it emits the first instruction. No LLVM here.
#include <cstdint>
#include <vector>

#include "raven/tolk/loop/loop.hpp"

namespace tolk::backend {

using loop::Id;

/// How a value inside lanes depends on the lane.
enum class Shape : uint8_t {
  uniform,  ///< not at all: a scalar
  affine,   ///< lane 0's value + lane · stride, the stride a constant
  varying,
};

struct Analysis {
  // By node:
  std::vector<Shape> shape;
  std::vector<int64_t> stride;     ///< of affine values
  std::vector<bool> needs_vector;  ///< an affine value that is used for more than addresses
  std::vector<Id> lanes;           ///< the lanes block it stands in (the block's node too), else no_id
  // By block:
  std::vector<Id> end_of;
  std::vector<std::vector<Id>> changed;  ///< registers declared before it and set inside
  std::vector<int> width;                ///< lanes: iterations at a time; 0: one after the other, as scalars
  std::vector<bool> checks;              ///< lanes: holds a check of values that vary
  bool streams = false;                  ///< some store goes past the caches

  /// `kernel` is verified. `vector_bytes`: of a register.
  Analysis(const loop::Kernel& kernel, int vector_bytes);

 private:
  void find_blocks(const loop::Kernel& kernel);
  void find_shapes(const loop::Kernel& kernel);
  void choose_width(const loop::Kernel& kernel, Id block, int vector_bytes);
};

/// A cast of an affine index to a narrower integer: made of lane 0's, without the wide vector.
bool is_counter(const Analysis& analysis, const loop::Kernel& kernel, Id id);

}  // namespace tolk::backend
