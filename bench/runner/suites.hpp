#pragma once
// The functions of the suites, each beside the library that it measures.
#include <vector>

#include "bench/runner/case.hpp"

namespace raven::bench {

void calibrate_cases(std::vector<Case>& cases);  ///< bench/runner/calibrate.cpp
void base_cases(std::vector<Case>& cases);       ///< bench/base
void nx_cases(std::vector<Case>& cases);         ///< bench/nx
void rune_cases(std::vector<Case>& cases);       ///< bench/rune
void tolk_cases(std::vector<Case>& cases);       ///< bench/tolk
void kaun_cases(std::vector<Case>& cases);       ///< bench/kaun

}  // namespace raven::bench
