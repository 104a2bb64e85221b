// The suite `base`: what the ground costs. No peers: these are parts of every figure above.
#include <memory>
#include <optional>

#include "bench/runner/suites.hpp"
#include "raven/base/allocator.hpp"
#include "raven/base/thread_pool.hpp"

namespace raven::bench {
namespace {

std::function<Run()> allocate_body(size_t bytes) {
  return [bytes] {
    return repeat([bytes] {
      void* block = Allocator::allocate(bytes);
      consume(block);
      Allocator::deallocate(block, bytes);
    });
  };
}

/// An empty region of one chunk per thread: the cost of forking and joining.
std::function<Run()> fork_join_body(bool in_step) {
  return [in_step] {
    const auto scope = in_step ? std::make_shared<StepScope>() : nullptr;
    const int64_t chunks = num_threads();
    return repeat([scope, chunks] { parallel_for(chunks, 1, [](int64_t begin, int64_t) { consume(begin); }); });
  };
}

}  // namespace

void base_cases(std::vector<Case>& cases) {
  const std::vector<Row> rows = {
      {"allocate_64B", {1}, {}, {}},   {"allocate_4KiB", {1}, {}, {}},     {"allocate_1MiB", {1}, {}, {}},
      {"allocate_64MiB", {1}, {}, {}}, {"fork_join_in_step", {2}, {}, {}}, {"fork_join", {2}, {}, {}},
  };
  append_rows(cases, "base", rows,
              {{"allocate_64B", allocate_body(64)},
               {"allocate_4KiB", allocate_body(4 << 10)},
               {"allocate_1MiB", allocate_body(1 << 20)},
               {"allocate_64MiB", allocate_body(64 << 20)},
               {"fork_join_in_step", fork_join_body(true)},
               {"fork_join", fork_join_body(false)}});
}

}  // namespace raven::bench
