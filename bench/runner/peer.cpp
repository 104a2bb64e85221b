#include "bench/runner/peer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace raven::bench {
namespace {

// torch.compile builds its kernels with a C++ compiler on the first call.
constexpr double setup_timeout = 600, time_timeout = 300, start_timeout = 120;

std::vector<std::string> split_tabs(const std::string& line) {
  std::vector<std::string> fields;
  size_t start = 0;
  for (;;) {
    const size_t tab = line.find('\t', start);
    fields.push_back(line.substr(start, tab - start));
    if (tab == std::string::npos) return fields;
    start = tab + 1;
  }
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

std::string PeerSettings::text() const {
  std::string result = std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  if (!wait.empty()) result += ", " + wait;
  return result;
}

std::vector<std::string> peer_environment(const char* const* ours, const PeerSettings& settings) {
  // The first two choose a BLAS kernel or block size for another machine; the rest are set below.
  static constexpr const char* dropped[] = {
      "OPENBLAS_CORETYPE=", "OPENBLAS_L2_SIZE=", "OMP_NUM_THREADS=", "OPENBLAS_NUM_THREADS=",
      "MKL_NUM_THREADS=",   "OMP_WAIT_POLICY=",  "GOMP_SPINCOUNT="};
  std::vector<std::string> result;
  for (const char* const* entry = ours; *entry; ++entry) {
    const bool drop = std::any_of(std::begin(dropped), std::end(dropped), [&](const char* prefix) {
      return std::strncmp(*entry, prefix, std::strlen(prefix)) == 0;
    });
    if (!drop) result.emplace_back(*entry);
  }
  const std::string threads = std::to_string(settings.threads);
  for (const char* variable : {"OMP_NUM_THREADS=", "OPENBLAS_NUM_THREADS=", "MKL_NUM_THREADS="}) {
    result.push_back(variable + threads);
  }
  if (!settings.wait.empty()) result.push_back("OMP_WAIT_POLICY=" + settings.wait);
  return result;
}

PeerProcess::PeerProcess(std::string name, const std::vector<std::string>& command, PeerSettings settings)
    : name_(std::move(name)), settings_(std::move(settings)) {
  signal(SIGPIPE, SIG_IGN);  // a dead peer is reported as an error of the request
  int to_peer[2], from_peer[2];
  if (pipe2(to_peer, O_CLOEXEC) != 0) throw Error("bench.peer", Message() << "pipe: " << std::strerror(errno));
  if (pipe2(from_peer, O_CLOEXEC) != 0) throw Error("bench.peer", Message() << "pipe: " << std::strerror(errno));
  const std::vector<std::string> environment = peer_environment(environ, settings_);
  const std::vector<char*> arguments = pointers(command), variables = pointers(environment);
  process_ = fork();
  if (process_ == 0) {
    dup2(to_peer[0], 0);
    dup2(from_peer[1], 1);
    environ = const_cast<char**>(variables.data());
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(to_peer[0]);
  close(from_peer[1]);
  input_ = to_peer[1];
  output_ = from_peer[0];
  try {
    for (const std::string& field : ask("info", start_timeout)) {
      const size_t equals = field.find('=');
      if (equals != std::string::npos) info_[field.substr(0, equals)] = field.substr(equals + 1);
    }
  } catch (...) {
    end();
    throw;
  }
}

PeerProcess::~PeerProcess() { end(); }

void PeerProcess::end() {
  if (process_ > 0) {
    kill(process_, SIGKILL);  // it holds nothing but memory, and may be stopped
    waitpid(process_, nullptr, 0);
    process_ = -1;
  }
  if (input_ >= 0) close(input_);
  if (output_ >= 0) close(output_);
  input_ = output_ = -1;
}

std::string PeerProcess::read_line(double timeout_seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_seconds);
  for (;;) {
    const size_t newline = pending_.find('\n');
    if (newline != std::string::npos) {
      std::string line = pending_.substr(0, newline);
      pending_.erase(0, newline + 1);
      return line;
    }
    const double left = std::chrono::duration<double>(deadline - std::chrono::steady_clock::now()).count();
    pollfd waiting{output_, POLLIN, 0};
    const int ready = left > 0 ? poll(&waiting, 1, static_cast<int>(left * 1000) + 1) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      throw Error("bench.peer", Message() << name_ << " gave no answer within " << timeout_seconds << " s");
    }
    char bytes[4096];
    const ssize_t count = read(output_, bytes, sizeof bytes);
    if (count <= 0) throw Error("bench.peer", Message() << name_ << " ended; its messages are above");
    pending_.append(bytes, static_cast<size_t>(count));
  }
}

std::vector<std::string> PeerProcess::ask(const std::string& request, double timeout_seconds) {
  if (process_ <= 0) throw Error("bench.peer", Message() << name_ << " is not running");
  kill(process_, SIGCONT);
  const std::string line = request + "\n";
  if (write(input_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw Error("bench.peer", Message() << name_ << " takes no request: " << std::strerror(errno));
  }
  std::vector<std::string> fields = split_tabs(read_line(timeout_seconds));
  kill(process_, SIGSTOP);
  if (fields[0] == "error") {
    throw Error("bench.peer", Message() << name_ << " answered '" << request
                                        << "': " << (fields.size() > 1 ? fields[1] : std::string("no message")));
  }
  return fields;
}

bool PeerProcess::setup(const std::string& case_name) { return ask("setup " + case_name, setup_timeout)[0] == "ok"; }

Checksums PeerProcess::check() {
  // The first run: torch.compile works here.
  const std::vector<std::string> fields = ask("check", setup_timeout);
  Checksums sums;
  for (size_t i = 1; i + 1 < fields.size(); i += 2)
    sums.push_back({std::atof(fields[i].c_str()), std::atof(fields[i + 1].c_str())});
  return sums;
}

double PeerProcess::time(int64_t iterations, int64_t warm) {
  const std::string request = "time " + std::to_string(iterations) + " " + std::to_string(warm);
  const std::vector<std::string> fields = ask(request, time_timeout);
  const double seconds = fields.size() > 1 ? std::atof(fields[1].c_str()) : 0;
  if (fields[0] != "ok" || !(seconds > 0)) {
    throw Error("bench.peer", Message() << name_ << " answered '" << request << "' with '" << fields[0]
                                        << "', expected 'ok' and seconds above 0");
  }
  return seconds;
}

void PeerProcess::drop() { ask("drop", setup_timeout); }

double PeerProcess::sgemm() {
  const std::vector<std::string> fields = ask("sgemm", time_timeout);
  return fields.size() > 1 ? std::atof(fields[1].c_str()) : 0;
}

std::string PeerProcess::info(const std::string& field) const {
  const auto found = info_.find(field);
  return found == info_.end() ? std::string() : found->second;
}

}  // namespace raven::bench
