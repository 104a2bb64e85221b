// The suite `kaun`: training steps against PyTorch at its best settings.
#include "bench/kaun/gpt_step.hpp"
#include "bench/runner/suites.hpp"
#include "raven/base/thread_pool.hpp"

namespace raven::bench {
namespace {

std::function<Run()> gpt_char_step_body() {
  return [] {
    GptStep step;
    return repeat([step, f = step.function()]() mutable { return step(f); });
  };
}

}  // namespace

void kaun_cases(std::vector<Case>& cases) {
  const std::vector<Row> rows = {
      // One step of the demo: 809,600 parameters, batch 12 of 64 tokens, AdamW, clipping; 3.96 GFLOP in products.
      {"gpt_char_step",
       {1, 2},
       {Bound::compute, 3.96e9},
       {{"pytorch", {"gpt_char_step", "gpt_char_step_compiled"}}},
       /*equal_threads=*/false},
  };
  append_rows(cases, "kaun", rows, {{"gpt_char_step", gpt_char_step_body()}});
}

}  // namespace raven::bench
