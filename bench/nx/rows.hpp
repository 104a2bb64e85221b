#pragma once
// The table of the suite `nx`: every case with its least work, its thread counts and its peers.
#include <vector>

#include "bench/runner/case.hpp"

namespace raven::bench {

std::vector<Row> nx_rows();

}  // namespace raven::bench
