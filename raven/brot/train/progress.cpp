#include "raven/brot/train/progress.hpp"

#include <algorithm>
#include <string>

#include "raven/base/interrupt.hpp"
#include "raven/brot/core/error.hpp"
#include "raven/brot/train/stage.hpp"

namespace brot {

namespace {

// What a stage counts, as the bar shows it.
std::string unit_of(std::string_view stage) {
  static constexpr std::pair<std::string_view, std::string_view> units[] = {
      {"words", "bytes"}, {"merges", "tokens"}, {"seeds", "words"}, {"pieces", "dropped"}};
  for (const auto& [name, unit] : units)
    if (name == stage) return std::string(unit);
  return std::string(stage);
}

}  // namespace

TrainProgress TrainProgress::bar() {
  TrainProgress progress;
  progress.bar_ = true;
  return progress;
}

TrainStage::TrainStage(const TrainProgress& progress, std::string_view name, uint64_t total)
    : progress_(progress), step_{name, 0, total} {
  if (progress.bar_)
    bar_.emplace(std::string(name), int64_t(total), raven::term::Progress::Options{.unit = unit_of(name)});
  report();
}

void TrainStage::update(uint64_t done) {
  step_.done = std::max(step_.done, done);
  if (step_.total > 0) step_.done = std::min(step_.done, step_.total);
  report();
}

void TrainStage::finish() {
  const TrainStep told = step_;
  if (step_.total == 0) step_.total = step_.done;
  step_.done = step_.total;
  if (step_.done != told.done || step_.total != told.total) report();
  if (bar_) bar_->finish();
}

void TrainStage::report() {
  raven::check_interrupt();
  if (bar_) bar_->update(int64_t(step_.done));
  if (progress_.call_ && !progress_.call_(progress_.callback_.get(), step_))
    throw Error(ErrorCode::cancelled, "brot.train",
                raven::Message() << "cancelled by the progress callback in stage `" << step_.stage << "`");
}

}  // namespace brot
