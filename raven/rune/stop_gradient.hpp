#pragma once
// Cutting derivatives.
#include "raven/nx/api/math.hpp"
#include "raven/nx/tree.hpp"

namespace rune {

/// The tree with the same values and no derivative: every present floating leaf through nx::stop_gradient.
/// JAX: lax.stop_gradient.
template <class T>
T stop_gradient(T value) {
  nx::tree::for_each_leaf(value, [](nx::Array& leaf, const nx::tree::PathNode*, nx::tree::Role) {
    if (leaf.defined() && nx::is_float(leaf.dtype())) leaf = nx::stop_gradient(leaf);
  });
  return value;
}

}  // namespace rune
