#pragma once
// The command line of raven-bench.
#include <regex>
#include <string>
#include <vector>

#include "bench/runner/case.hpp"

namespace raven::bench {

struct Options {
  std::string suite;
  std::string filter;        ///< regular expression that must occur in a case's name; empty keeps all
  std::vector<int> threads;  ///< thread counts to keep; empty keeps all
  std::string json;          ///< file for the rows; empty writes none
  std::string environment;   ///< directory of the peers' Python environment
  int samples = 30;
  bool peers = false, peers_only = false, list = false;
};

/// Throws Error naming the argument that is wrong.
Options parse_options(const std::vector<std::string>& arguments);
/// What `raven-bench --help` prints.
std::string usage();
/// The cases of the suite (or of `all`) that the filter and the thread counts keep. Throws Error for an unknown suite.
std::vector<Case> select_cases(const Options& options);

}  // namespace raven::bench
