// The suite `nx`: arrays against NumPy and PyTorch (rows.cpp has the table).
#include "bench/nx/rows.hpp"
#include "bench/runner/suites.hpp"

namespace raven::bench {

void nx_cases(std::vector<Case>& cases) {
  append_rows(cases, "nx", nx_rows(), {});
}

}  // namespace raven::bench
