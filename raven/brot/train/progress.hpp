#pragma once
// How far training is: told to nobody, to a bar on the terminal, or to the program, which may stop it.
#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "raven/base/export.hpp"

namespace brot {

/// One report. A stage begins with `done` 0, never goes back and ends with `done == total`.
struct TrainStep {
  std::string_view
      stage;  ///< `words` (bytes read), `merges` (tokens known), `seeds` (words), `pieces` (pieces dropped), `tokens`
  uint64_t done = 0;
  uint64_t total = 0;  ///< 0 while unknown: the text of an iterator
};

/// Who is told how far training is; an option of every trainer.
class RAVEN_API TrainProgress {
 public:
  /// Nobody.
  TrainProgress() = default;
  /// One line per stage on stderr (raven::term::Progress).
  static TrainProgress bar();
  /// `callback(const TrainStep&)` runs on the thread that trains, at least at the beginning and the end of each stage,
  /// and says whether to go on. On false training throws brot::Error (`ErrorCode::cancelled`); what the callback throws
  /// itself passes through. Either way the tokenizer stays as it was.
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, TrainProgress> && std::is_invocable_r_v<bool, F&, const TrainStep&>)
  TrainProgress(F callback)
      : callback_(std::make_shared<F>(std::move(callback))),
        call_([](void* f, const TrainStep& step) -> bool { return (*static_cast<F*>(f))(step); }) {}

 private:
  friend class TrainStage;
  bool bar_ = false;
  std::shared_ptr<void> callback_;
  bool (*call_)(void* callback, const TrainStep& step) = nullptr;
};

}  // namespace brot
