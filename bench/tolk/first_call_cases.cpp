#include "bench/tolk/first_call_cases.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace raven::bench {
namespace {

/// An empty directory that goes with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "raven-bench-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw Error("bench.first_call", "cannot make a temporary directory");
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct FirstCall {
  double seconds = 0;
  bool llvm = false;
};
FirstCall first_call(const std::string& function, const std::string& cache) {
  const std::string command = "XDG_CACHE_HOME='" + cache + "' '" RAVEN_BENCH_FIRST_CALL "' " + function;
  FILE* output = popen(command.c_str(), "r");
  FirstCall result;
  int llvm = 0;
  const bool read = output && std::fscanf(output, "%lf %d", &result.seconds, &llvm) == 2;
  const bool ended = output && pclose(output) == 0;
  if (!read || !ended || !(result.seconds > 0)) throw Error("bench.first_call", Message() << "failed: " << command);
  result.llvm = llvm != 0;
  return result;
}

}  // namespace

std::function<Run()> first_call_body(const char* function, bool from_disk) {
  return [function = std::string(function), from_disk] {
    Run run;
    if (!from_disk) {
      run.seconds = [function](int64_t iterations) {
        double total = 0;
        for (int64_t i = 0; i < iterations; ++i) total += first_call(function, TemporaryDirectory().path()).seconds;
        return total;
      };
      return run;
    }
    const auto cache = std::make_shared<TemporaryDirectory>();
    first_call(function, cache->path());
    run.seconds = [function, cache](int64_t iterations) {
      double total = 0;
      for (int64_t i = 0; i < iterations; ++i) {
        const FirstCall call = first_call(function, cache->path());
        if (call.llvm)
          throw Error("bench.first_call", Message() << function << " opens LLVM although its code is cached");
        total += call.seconds;
      }
      return total;
    };
    return run;
  };
}

}  // namespace raven::bench
