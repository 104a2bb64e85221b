#pragma once
// Vectors to and from memory. No byte is touched for a lane that is not active.
#include "raven/tolk/llvm/internal/ir.hpp"

namespace tolk::backend {

/// Elements that the lanes of a vector access: element `index` of the array at `base`, for lane k of
///   stride ≠ none   index + k · stride, from the scalar index of lane 0
///   else            the k-th element of the vector `index`
struct Elements {
  llvm::Value* base;
  llvm::Type* element;  ///< as it is in memory: booleans are i8
  llvm::Value* index;
  bool strided;
  int64_t stride;
};

/// Which lanes take part.
struct Active {
  llvm::Value* mask = nullptr;   ///< null: all
  llvm::Value* count = nullptr;  ///< i64; where the mask is just the first lanes, how many
};

/// `otherwise`: what lanes that are not active hold, a vector of the element type.
llvm::Value* load_lanes(Ir& ir, const Elements& elements, int lanes, Active active, llvm::Value* otherwise);
/// Lanes store in order. `past_caches`: hinted, where a whole vector goes to an aligned address.
void store_lanes(Ir& ir, const Elements& elements, llvm::Value* value, Active active, bool past_caches);

/// Elements of two matrices, addressed by their first element and the elements from row to row.
struct Square {
  llvm::Value* from;
  int64_t from_stride;
  llvm::Value* to;
  int64_t to_stride;
  llvm::Type* element;  ///< as it is in memory
};
/// to[k][r] = from[r][k] for r, k < side, a power of two: squares of registers, transposed there.
void transpose_square(Ir& ir, const Square& square, int side);

}  // namespace tolk::backend
