#pragma once
// First calls in fresh processes.
#include <functional>

#include "bench/runner/case.hpp"

namespace raven::bench {

/// Runs raven-bench-first-call with `function`, each time with an empty cache, or (`from_disk`) with the one that a
/// first run has filled; the time is what it prints. Throws Error when it fails, or opens LLVM although the code is on
/// disk.
std::function<Run()> first_call_body(const char* function, bool from_disk);

}  // namespace raven::bench
