#include "bench/runner/measure.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>

#include "bench/runner/statistics.hpp"
#include "raven/base/error.hpp"
#include "raven/base/message.hpp"
#include "raven/base/thread_pool.hpp"

namespace raven::bench {
namespace {

constexpr double batch_seconds = 1e-3;  // a sample lasts at least this long
constexpr double warm_seconds = 4e-3;   // pools are awake and on cores of their own again after the others' turns
constexpr double warm_limit = 20e-3;    // a run longer than this needs no warm-up for caches
constexpr double case_budget = 20;      // seconds of one participant's samples when a single run is long
constexpr int least_samples = 3, probes = 5, calibration_every = 5;

/// One side of the comparison: `time(iterations, warm)` in seconds.
struct Participant {
  std::function<double(int64_t, int64_t)> time;
  int64_t batch = 1, warm = 1;
  int samples = 0;
  std::vector<double> seconds;

  /// Sizes the batch so that a sample lasts at least batch_seconds; long runs get fewer samples.
  void size(int wanted) {
    double single = time(1, 0);
    for (batch = 1;;) {
      const double elapsed = time(batch, 1);
      single = elapsed / static_cast<double>(batch);
      if (elapsed >= batch_seconds / 2) break;
      batch *= std::clamp<int64_t>(static_cast<int64_t>(batch_seconds / std::max(elapsed, 1e-7)), 2, 1000);
    }
    batch = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(batch_seconds / single)));
    warm = single < warm_limit ? std::max<int64_t>(1, static_cast<int64_t>(warm_seconds / single)) : 0;
    const int affordable = static_cast<int>(std::min(case_budget / single, 1e6));
    samples = std::min(wanted, std::max(affordable, least_samples));
  }
  void sample() { seconds.push_back(time(batch, warm) / static_cast<double>(batch)); }
  Timing timing() const { return {median(seconds), quantile(seconds, 0.1), static_cast<int>(seconds.size())}; }
};

Participant peer_participant(PeerProcess& process) {
  Participant result;
  result.time = [&process](int64_t iterations, int64_t warm) { return process.time(iterations, warm); };
  return result;
}

/// The fastest of the peer's settings and case names, set up and sized; empty when the peer has none of the cases.
struct Chosen {
  PeerPool::Member* member = nullptr;
  std::string case_name;
  bool compared = false;
};
Chosen choose(const Case& measured, const std::string& peer, const std::vector<std::string>& names, PeerPool& pool,
              const Checksums& expected, Participant& participant, int samples, Result& result) {
  struct Candidate {
    PeerSettings settings;
    std::string name;
  };
  std::vector<Candidate> candidates;
  for (const PeerSettings& settings : candidate_settings(peer, measured.threads, measured.equal_threads)) {
    for (const std::string& name : names) candidates.push_back({settings, name});
  }
  Chosen best;
  double best_seconds = std::numeric_limits<double>::infinity();
  for (const Candidate& candidate : candidates) {
    PeerPool::Member& member = pool.get(peer, candidate.settings);
    if (!member.process->setup(candidate.name)) continue;
    bool compared = false;
    if (!expected.empty()) {
      const Checksums theirs = member.process->check();
      compared = !theirs.empty();
      const std::string difference = compared ? compare(expected, theirs, measured.tolerance) : "";
      if (!difference.empty()) {
        result.wrong = true;
        result.notes.push_back("WRONG: " + peer + "'s " + candidate.name + " (" + candidate.settings.text() +
                               ") gives other numbers than ours: " + difference);
        if (best.member != &member) member.process->drop();
        continue;
      }
    }
    Participant probe = peer_participant(*member.process);
    probe.size(samples);
    for (int i = 0; i < std::min(probes, probe.samples) && candidates.size() > 1; ++i) probe.sample();
    const double seconds = probe.seconds.empty() ? 0 : quantile(probe.seconds, 0);
    if (seconds < best_seconds) {
      if (best.member && best.member != &member) best.member->process->drop();
      best = {&member, candidate.name, compared};
      best_seconds = seconds;
      participant = probe;
      participant.seconds.clear();
    } else if (best.member != &member) {
      member.process->drop();
    }
  }
  // Another name may have been set up last in the winner's process.
  if (best.member && candidates.size() > 1) best.member->process->setup(best.case_name);
  return best;
}

}  // namespace

PeerPool::PeerPool(std::string environment, std::string scripts, Calibration& calibration)
    : environment_(std::move(environment)), scripts_(std::move(scripts)), calibration_(calibration) {}

PeerPool::Member& PeerPool::get(const std::string& peer, const PeerSettings& settings) {
  Member& member = members_[peer + ", " + settings.text()];
  if (member.process) return member;
  const std::string python = environment_ + "/bin/python";
  if (access(python.c_str(), X_OK) != 0) {
    throw Error("bench.peers", Message() << "no Python environment in " << environment_
                                         << "; make it with bench/peers/setup.sh --directory " << environment_ << " "
                                         << peer);
  }
  member.process =
      std::make_unique<PeerProcess>(peer, std::vector{python, scripts_ + "/" + peer + "_peer.py"}, settings);
  const Peak& peak = calibration_.measure_peak(settings.threads, 20);
  // Asked again when slow: another program may have had a core.
  for (int attempt = 0; attempt < 3 && member.sgemm_fraction < slow_peer; ++attempt) {
    member.sgemm_fraction = std::max(member.sgemm_fraction, member.process->sgemm() / peak.flops);
  }
  std::printf("peer %s %s, %s, BLAS %s: sgemm %.0f GFLOP/s, %.0f %% of the calibrated peak%s\n", peer.c_str(),
              member.process->info("version").c_str(), settings.text().c_str(), member.process->info("blas").c_str(),
              member.sgemm_fraction * peak.flops * 1e-9, 100 * member.sgemm_fraction,
              member.sgemm_fraction < slow_peer ? "  << slow: its rows are marked" : "");
  std::fflush(stdout);
  const std::string restrained = member.process->info("restrained");
  if (member.sgemm_fraction < slow_peer && !restrained.empty()) {
    throw Error("bench.peers", Message() << peer << " is restrained by a setting of ours: " << restrained
                                         << "; unset it, since ratios against it mean nothing");
  }
  return member;
}

std::vector<PeerSettings> candidate_settings(const std::string& peer, int threads, bool equal_threads) {
  std::vector<PeerSettings> result;
  const bool openmp = peer == "pytorch";
  for (const int count : {1, threads}) {
    if (count == 1 && threads > 1 && equal_threads) continue;
    if (count == 1 || !openmp) {
      result.push_back({count, ""});
    } else {
      result.push_back({count, "active"});
      result.push_back({count, "passive"});
    }
    if (threads == 1) break;
  }
  return result;
}

Result measure(const Case& measured, int samples, Calibration& calibration, PeerPool* pool) {
  Result result;
  result.measured = measured;
  set_num_threads(measured.threads);

  Participant ours;
  Run body;
  Checksums expected;
  if (measured.setup) {
    body = measured.setup();
    // Before anything else runs: a case that has a state starts from the one its peers start from.
    if (body.reference) {
      const Checksums reference = body.reference();
      expected = body.result();
      const std::string difference = compare(expected, reference, 0);
      if (!difference.empty()) {
        result.wrong = true;
        result.notes.push_back("WRONG: not the bits of our reference: " + difference);
      }
    } else if (body.result && pool && !measured.peers.empty()) {
      expected = body.result();
    }
    ours.time = [&body](int64_t iterations, int64_t warm) {
      if (warm > 0) body(warm);
      if (body.seconds) return body.seconds(iterations);
      const auto start = std::chrono::steady_clock::now();
      body(iterations);
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    ours.size(samples);
  }

  std::vector<Chosen> chosen;
  std::vector<Participant> rivals;
  for (const auto& [peer, names] : measured.peers) {
    if (!pool) break;
    try {
      Participant participant;
      const Chosen best = choose(measured, peer, names, *pool, expected, participant, samples, result);
      if (best.member) {
        chosen.push_back(best);
        rivals.push_back(std::move(participant));
      } else {
        if (!result.wrong) result.notes.push_back(peer + " has no case " + names.front());
      }
    } catch (const Error& error) {
      if (error.op() == "bench.peers") throw;
      result.notes.push_back(error.what());
    }
  }

  const auto calibrate = [&] {
    if (measured.work.bound == Bound::compute) calibration.measure_peak(measured.threads);
    if (measured.work.bound == Bound::memory) calibration.measure_bandwidth(measured.threads, measured.work.traffic);
  };
  calibration.forget_bandwidth(measured.threads);
  int turns = measured.setup ? ours.samples : 0;
  for (const Participant& rival : rivals) turns = std::max(turns, rival.samples);
  for (int turn = 0; turn < turns; ++turn) {
    if (turn % calibration_every == 0) calibrate();
    if (measured.setup && turn < ours.samples) ours.sample();
    for (Participant& rival : rivals) {
      if (turn < rival.samples) rival.sample();
    }
  }

  for (size_t i = 0; i < rivals.size(); ++i) {
    const PeerProcess& process = *chosen[i].member->process;
    result.peers.push_back({process.name(), process.info("version"), chosen[i].case_name, process.settings(),
                            rivals[i].timing(), chosen[i].member->sgemm_fraction, chosen[i].compared});
    chosen[i].member->process->drop();
  }
  result.roofline = result.limit = std::numeric_limits<double>::quiet_NaN();
  if (measured.work.bound == Bound::compute) {
    const Peak& peak = calibration.measure_peak(measured.threads, 20);
    result.limit = peak.flops * (measured.work.element == Element::f64 ? 0.5 : 1.0);
    result.calibrated = peak.accepted;
  } else if (measured.work.bound == Bound::memory) {
    result.limit = calibration.bandwidth(measured.threads).of(measured.work.traffic);
  }
  if (measured.setup) {
    if (body.launches) {
      result.launches = body.launches();
      if (result.launches->fallbacks > 0) {
        result.wrong = true;
        result.notes.push_back("WRONG: evaluated op by op, not compiled");
      }
    }
    if (body.figures) result.figures = body.figures();
    result.ours = ours.timing();
    result.roofline = measured.work.amount / result.ours->median / result.limit;
  }
  return result;
}

}  // namespace raven::bench
