#pragma once
// Progress of long work: a live line on a terminal, plain lines in a log.
#include <cstdint>
#include <string>
#include <string_view>

#include "raven/base/export.hpp"

namespace raven::term {

/// True when the descriptor is a terminal and NO_COLOR/TERM=dumb do not forbid control sequences.
RAVEN_API bool is_terminal(int descriptor) noexcept;
/// Columns of the terminal on stderr; 80 when unknown.
RAVEN_API int width() noexcept;
/// `1:02:03` or `02:03`.
RAVEN_API std::string format_duration(double seconds);

/// A progress line on stderr. On a terminal it is redrawn at most 10 times a second; elsewhere one plain line every
/// `plain_seconds` and at the end. Shows done/total, rate, elapsed, ETA and the caller's metrics.
class RAVEN_API Progress {
 public:
  struct Options {
    std::string unit = "steps";
    double plain_seconds = 5;
    int descriptor = 2;
  };
  Progress(std::string label, int64_t total, Options options);
  Progress(std::string label, int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// `done` of total; `metrics` is free text such as `loss 1.42  val 1.61`.
  void update(int64_t done, std::string_view metrics = {});
  /// Writes a line above the progress line.
  void note(std::string_view line);
  /// Draws the last state and ends the line; also done by the destructor.
  void finish();

 private:
  struct State;
  State* state_;
};

}  // namespace raven::term
