#pragma once
// In which order of their axes the results of calls lie. Not installed.
#include <vector>

#include "raven/nx/program.hpp"

namespace tolk::kernels {

/// Strides by value, in elements; empty where a value lies in C order. nx's attention writes its results in any order
/// of batch, head and row: one that is permuted lies as the permutation shows it, so that heads become columns again
/// without a copy.
std::vector<nx::Dims> layouts_of(const nx::Program& program);

}  // namespace tolk::kernels
