#pragma once
// One stage of training as the trainers report it.
#include <optional>

#include "raven/base/terminal.hpp"
#include "raven/brot/train/progress.hpp"

namespace brot {

/// Reports a stage from its beginning to `finish`. Every call may throw: Ctrl-C, the callback's refusal, its own
/// exceptions.
class TrainStage {
 public:
  TrainStage(const TrainProgress& progress, std::string_view name, uint64_t total);
  void update(uint64_t done);
  /// Reports the end, `total` or, where that was unknown, what was done.
  void finish();

 private:
  void report();
  const TrainProgress& progress_;
  TrainStep step_;
  std::optional<raven::term::Progress> bar_;
};

}  // namespace brot
