#pragma once
// Times one case: ours and its peers in turn (A B A B …), calibration in between.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/runner/calibration.hpp"
#include "bench/runner/case.hpp"
#include "bench/runner/peer.hpp"

namespace raven::bench {

/// Below this fraction of the calibrated peak in its own sgemm, a peer's rows are marked.
constexpr double slow_peer = 0.65;

/// The peer processes of a run, each started when first needed and kept to the end.
class PeerPool {
 public:
  /// `environment`: directory of a Python environment; `scripts`: directory of `<peer>_peer.py`.
  PeerPool(std::string environment, std::string scripts, Calibration& calibration);

  struct Member {
    std::unique_ptr<PeerProcess> process;
    double sgemm_fraction = 0;  ///< its own sgemm ÷ the calibrated peak at its thread count
  };
  /// Starts the process, prints its version, BLAS, threads and sgemm. Throws Error when the peer is slow because of a
  /// setting of ours.
  Member& get(const std::string& peer, const PeerSettings& settings);

 private:
  std::string environment_, scripts_;
  Calibration& calibration_;
  std::map<std::string, Member> members_;
};

/// The settings to try for a case: thread counts × wait policies. One thread never waits; only PyTorch runs on OpenMP.
std::vector<PeerSettings> candidate_settings(const std::string& peer, int threads, bool equal_threads);

/// Seconds of one run, as order statistics over samples.
struct Timing {
  double median = 0, p10 = 0;
  int samples = 0;
};

struct PeerResult {
  std::string peer, version, case_name;
  PeerSettings settings;
  Timing timing;
  double sgemm_fraction = 0;
  bool compared = false;  ///< it gave our numbers first
};

struct Result {
  Case measured;
  std::optional<Timing> ours;  ///< empty when the case has no body
  double roofline = 0;         ///< NaN for overhead-bound cases
  double limit = 0;            ///< the calibrated flop/s or byte/s behind it
  bool calibrated = true;      ///< false: the peak was not accepted (compute-bound cases)
  std::vector<PeerResult> peers;
  std::vector<std::string> notes;    ///< what kept a peer out, or what is wrong
  std::optional<Launches> launches;  ///< of a compiled case
  std::vector<Figure> figures;
  bool wrong = false;  ///< somebody gave other numbers, or a compiled case was evaluated op by op: does not count
};

/// `pool` null: own times only.
Result measure(const Case& measured, int samples, Calibration& calibration, PeerPool* pool);

}  // namespace raven::bench
