#pragma once
// The cases of generated kernels: maps, rows, reductions, indexing, an optimizer.
#include "bench/runner/case.hpp"

namespace raven::bench {

std::vector<Row> kernel_rows();
Bodies kernel_bodies();

}  // namespace raven::bench
