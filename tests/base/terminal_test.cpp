#include "raven/base/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace raven::term {
namespace {

// Everything that can be read from a pipe or terminal within a moment.
std::string drain(int descriptor) {
  std::string text;
  pollfd ready{descriptor, POLLIN, 0};
  while (::poll(&ready, 1, 50) > 0 && (ready.revents & POLLIN) != 0) {
    char part[4096];
    const ssize_t got = ::read(descriptor, part, sizeof part);
    if (got <= 0) break;
    text.append(part, static_cast<size_t>(got));
  }
  return text;
}

int64_t count(const std::string& text, char c) {
  return std::count(text.begin(), text.end(), c);
}

struct Pipe {
  Pipe() {
    if (::pipe(ends) != 0) std::abort();
  }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  int ends[2];
};

TEST(Terminal, Durations) {
  EXPECT_EQ(format_duration(0), "00:00");
  EXPECT_EQ(format_duration(61.9), "01:01");
  EXPECT_EQ(format_duration(3599), "59:59");
  EXPECT_EQ(format_duration(3723), "1:02:03");
  EXPECT_EQ(format_duration(360000), "100:00:00");
  EXPECT_EQ(format_duration(-1), "--:--");
  EXPECT_EQ(format_duration(std::nan("")), "--:--");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "--:--");
}

TEST(Progress, PlainLinesInALog) {
  const Pipe pipe;
  {
    Progress progress("train", 1000, {.unit = "steps", .plain_seconds = 1000, .descriptor = pipe.ends[1]});
    for (int i = 1; i <= 1000; ++i) progress.update(i, "loss 1.42");
    progress.note("saved\tx");
  }
  const std::string text = drain(pipe.ends[0]);
  EXPECT_EQ(text.substr(0, 8), "saved x\n");
  EXPECT_EQ(count(text, '\n'), 2);  // the note and the last state; 1000 updates are throttled
  EXPECT_NE(text.find("train 1000/1000 steps  "), std::string::npos) << text;
  EXPECT_EQ(text.substr(text.size() - 12), "  loss 1.42\n");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Progress, PlainLinesComeAtTheirInterval) {
  const Pipe pipe;
  Progress progress("load", 0, {.unit = "files", .plain_seconds = 0, .descriptor = pipe.ends[1]});
  progress.update(1);
  progress.update(2, "a\nb");
  progress.finish();
  progress.finish();
  progress.update(3);
  const std::string text = drain(pipe.ends[0]);
  EXPECT_EQ(count(text, '\n'), 3) << text;
  EXPECT_NE(text.find("load 2 files"), std::string::npos);  // no total: no fraction, no ETA
  EXPECT_NE(text.find("  a b\n"), std::string::npos);
  EXPECT_EQ(text.find('<'), std::string::npos);
}

TEST(Progress, LiveLineOnATerminal) {
  int master = -1, slave = -1;
  winsize size = {24, 40, 0, 0};
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  EXPECT_TRUE(is_terminal(slave));
  {
    Progress progress("übung", 100, {.unit = "it", .descriptor = slave});
    for (int i = 0; i <= 50; ++i) progress.update(i, std::string(200, 'm'));
    progress.note("a note");
    progress.update(100);
  }
  const std::string text = drain(master);
  EXPECT_LE(count(text, '\r'), 8) << "at most 10 redraws a second";
  EXPECT_NE(text.find("\r\x1b[Ka note\r\n"), std::string::npos) << text;
  EXPECT_EQ(text.substr(text.size() - 2), "\r\n");
  // Every drawn line fits the terminal: 39 characters between the carriage return and the erase sequence.
  for (size_t start = text.find('\r'); start != std::string::npos; start = text.find('\r', start + 1)) {
    const size_t end = text.find("\x1b[K", start);
    if (end == std::string::npos) break;
    if (text[start + 1] == '\n') continue;  // the terminal's own line end
    const std::string line = text.substr(start + 1, end - start - 1);
    const auto characters = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
    EXPECT_LE(characters, 39) << line;
  }
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(is_terminal(slave));
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(is_terminal(slave));
  ::close(master);
  ::close(slave);
}

TEST(Progress, NobodyReads) {
  const int closed = ::dup(1);
  ::close(closed);
  Progress progress("x", 10, {.plain_seconds = 0, .descriptor = closed});
  progress.update(5);
  progress.finish();
  EXPECT_FALSE(is_terminal(closed));
  EXPECT_GT(width(), 0);
}

}  // namespace
}  // namespace raven::term
