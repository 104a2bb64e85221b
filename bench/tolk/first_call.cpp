// raven-bench-first-call NAME: prints the seconds from making a jitted function to having its first result, in a
// process that has compiled nothing, and whether LLVM was opened for it. What is on disk is what XDG_CACHE_HOME leads
// to.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "bench/runner/checksum.hpp"
#include "bench/tolk/functions.hpp"
#include "raven/base/file.hpp"

namespace {

using namespace raven::bench;

template <class F, class... A>
double first_call(const F& f, const A&... arguments) {
  const auto start = std::chrono::steady_clock::now();
  const auto compiled = rune::jit(f);
  const auto result = compiled(arguments...);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  // Used after the clock has stopped, so that the call cannot be moved past it.
  return compiled.stats().fallbacks == 0 && result.defined() ? seconds : -1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc == 2 ? argv[1] : "";
  const nx::Array x = hashed({64, 1024}, 1), y = hashed({64, 1024}, 2);
  double seconds;
  if (name == "map_gelu") {
    seconds = first_call(map_gelu, x, y);
  } else if (name == "softmax_grad") {
    seconds = first_call(softmax_grad, x, y);
  } else {
    std::fprintf(stderr, "raven-bench-first-call: map_gelu or softmax_grad, not '%s'\n", name.c_str());
    return 2;
  }
  const bool llvm = raven::read_file("/proc/self/maps").find("libLLVM") != std::string::npos;
  std::printf("%.9g %d\n", seconds, llvm);
}
