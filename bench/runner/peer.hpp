#pragma once
// A peer: a persistent process that runs the same cases in its own library, driven over a line protocol.
//
// Requests are one line on the peer's standard input, answers one line on its standard output, fields separated by
// tabs:
//   info            → ok  version=…  blas=…  threads=…  restrained=…     (restrained: variables of ours that slow it)
//   sgemm           → ok  FLOP_PER_SECOND                                  (its own 1024³ f32 product, best of several)
//   setup NAME      → ok | missing                                         (makes the inputs; drops the former case)
//   check           → ok  ABSOLUTE  WEIGHTED  …                            (one run; a checksum per array it returns,
//                                                                          none when it returns no arrays)
//   time N WARM     → ok  SECONDS                                          (N runs together after WARM untimed ones)
//   drop            → ok                                                   (frees the inputs)
//   quit                                                                   (no answer)
// Any request may be answered `error  MESSAGE`. Between requests the process is stopped (SIGSTOP): an OpenMP runtime
// that waits actively would otherwise burn a core while we or another peer are being timed.
#include <map>
#include <string>
#include <vector>

#include "bench/runner/checksum.hpp"

namespace raven::bench {

/// How a peer process is set up.
struct PeerSettings {
  int threads = 1;
  /// OMP_WAIT_POLICY, `active` or `passive`; empty for a peer without OpenMP.
  std::string wait;
  /// `2 threads, active`.
  std::string text() const;
};

/// The environment of a peer: ours without the variables that restrain a BLAS, with the settings' thread counts.
std::vector<std::string> peer_environment(const char* const* ours, const PeerSettings& settings);

class PeerProcess {
 public:
  /// Starts `command` (looked up as execvp does). Throws Error when it cannot be started or does not answer `info`.
  PeerProcess(std::string name, const std::vector<std::string>& command, PeerSettings settings);
  ~PeerProcess();
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;

  /// Makes the case's inputs; false when the peer has no such case. Throws Error with the peer's message.
  bool setup(const std::string& case_name);
  /// Runs the case once; the checksums of what it returned.
  Checksums check();
  /// Seconds of `iterations` runs together.
  double time(int64_t iterations, int64_t warm);
  void drop();
  /// Flop per second of the peer's own f32 matrix product.
  double sgemm();

  const std::string& name() const { return name_; }
  const PeerSettings& settings() const { return settings_; }
  /// A field of the answer to `info`; empty when absent.
  std::string info(const std::string& field) const;

 private:
  std::vector<std::string> ask(const std::string& request, double timeout_seconds);
  std::string read_line(double timeout_seconds);
  void end();

  std::string name_;
  PeerSettings settings_;
  std::map<std::string, std::string> info_;
  int process_ = -1, input_ = -1, output_ = -1;
  std::string pending_;
};

}  // namespace raven::bench
