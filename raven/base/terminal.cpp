#include "raven/base/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <mutex>

#include "raven/base/env.hpp"
#include "raven/base/message.hpp"

namespace raven::term {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double redraw_seconds = 0.1;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written <= 0) return;  // nobody reads: progress is no reason to fail
    text.remove_prefix(static_cast<size_t>(written));
  }
}

int columns(int descriptor) noexcept {
  winsize size = {};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}  // UTF-8

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string_view first_characters(std::string_view text, size_t limit) {
  size_t i = 0;
  for (size_t count = 0; i < text.size(); ++i) {
    if (starts_character(text[i]) && ++count > limit) break;
  }
  return text.substr(0, i);
}

// Control characters would break the one line.
std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

// Three significant digits: 0.123, 1.23, 12.3, 1230.
std::string format_rate(double rate) {
  if (!(rate >= 0) || !std::isfinite(rate)) return "-";
  const int decimals = rate >= 100 ? 0 : rate >= 10 ? 1 : rate >= 1 ? 2 : 3;
  char digits[400];
  const auto result = std::to_chars(digits, digits + sizeof digits, rate, std::chars_format::fixed, decimals);
  return {digits, result.ptr};
}

std::string bar(double fraction, size_t cells) {
  const auto full = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(cells));
  return std::string(full, '=') + (full < cells ? ">" + std::string(cells - full - 1, ' ') : "");
}

}  // namespace

bool is_terminal(int descriptor) noexcept {
  if (::isatty(descriptor) == 0) return false;
  try {
    return !env::get("NO_COLOR") && env::get("TERM").value_or("dumb") != "dumb";
  } catch (...) {  // no memory for a word: be plain
    return false;
  }
}

int width() noexcept {
  return columns(2);
}

std::string format_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "--:--";
  const auto whole = static_cast<int64_t>(seconds);
  const auto two = [](int64_t value) {
    const std::string digits = std::to_string(value);
    return digits.size() < 2 ? "0" + digits : digits;
  };
  const std::string tail = two(whole / 60 % 60) + ":" + two(whole % 60);
  return whole < 3600 ? tail : std::to_string(whole / 3600) + ":" + tail;
}

struct Progress::State {
  std::mutex mutex;
  std::string label;
  int64_t total;
  Options options;
  bool live;  // a terminal: redraw one line
  Clock::time_point start = Clock::now(), shown = start;
  int64_t done = 0;
  std::string metrics;
  bool drawn = false, finished = false;

  std::string describe(size_t limit) const {
    const double elapsed = seconds_since(start);
    const double rate = elapsed > 0 ? static_cast<double>(done) / elapsed : 0;
    Message head, tail;
    head << label << " ";
    tail << done;
    if (total > 0) tail << "/" << total;
    tail << " " << options.unit << "  " << format_rate(rate) << "/s  " << format_duration(elapsed);
    if (total > 0 && done < total) {
      tail << " < " << format_duration(rate > 0 ? static_cast<double>(total - done) / rate : -1);
    }
    if (!metrics.empty()) tail << "  " << metrics;
    std::string line = head.str();
    const size_t taken = count_characters(head.str()) + count_characters(tail.str()) + 3;
    if (live && total > 0 && taken + 8 <= limit) {
      const double fraction = static_cast<double>(done) / static_cast<double>(total);
      line += "[" + bar(fraction, std::min<size_t>(limit - taken, 30)) + "] ";
    }
    line += tail.str();
    return std::string(live ? first_characters(line, limit) : std::string_view(line));
  }

  void draw() {
    shown = Clock::now();
    drawn = true;
    if (live) {
      // Carriage return, the line, erase to its end. One column stays free: a full line would wrap.
      write_all(options.descriptor, "\r" + describe(static_cast<size_t>(columns(options.descriptor)) - 1) + "\x1b[K");
    } else {
      write_all(options.descriptor, describe(0) + "\n");
    }
  }
};

Progress::Progress(std::string label, int64_t total, Options options) : state_(new State) {
  state_->label = one_line(label);
  state_->total = total;
  state_->live = is_terminal(options.descriptor);
  state_->options = std::move(options);
}
Progress::Progress(std::string label, int64_t total) : Progress(std::move(label), total, Options{}) {}

Progress::~Progress() {
  try {
    finish();
  } catch (...) {  // no memory for a line of text
  }
  delete state_;
}

void Progress::update(int64_t done, std::string_view metrics) {
  const std::lock_guard lock(state_->mutex);
  if (state_->finished) return;
  state_->done = done;
  if (!metrics.empty()) state_->metrics = one_line(metrics);
  const double since = seconds_since(state_->shown);
  const bool due = state_->live ? !state_->drawn || since >= redraw_seconds : since >= state_->options.plain_seconds;
  if (due) state_->draw();
}

void Progress::note(std::string_view line) {
  const std::lock_guard lock(state_->mutex);
  const std::string text = one_line(line) + "\n";
  if (!state_->live || state_->finished) return write_all(state_->options.descriptor, text);
  write_all(state_->options.descriptor, "\r\x1b[K" + text);
  state_->draw();
}

void Progress::finish() {
  const std::lock_guard lock(state_->mutex);
  if (state_->finished) return;
  state_->finished = true;
  state_->draw();
  if (state_->live) write_all(state_->options.descriptor, "\n");
}

}  // namespace raven::term
