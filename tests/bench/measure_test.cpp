#include "bench/runner/measure.hpp"

#include <chrono>
#include <fstream>
#include <string>

#include <sys/stat.h>

#include "gtest/gtest.h"
#include "raven/base/error.hpp"

namespace raven::bench {
namespace {

/// A directory that looks like a Python environment but whose interpreter is `sh` on tests/bench/fake_peer.sh.
std::string fake_environment(const std::string& interpreter_line) {
  const std::string directory = std::string(::testing::TempDir()) + "raven_bench_environment";
  mkdir(directory.c_str(), 0755);
  mkdir((directory + "/bin").c_str(), 0755);
  const std::string python = directory + "/bin/python";
  std::ofstream(python) << "#!/bin/sh\n" << interpreter_line << "\n";
  chmod(python.c_str(), 0755);
  return directory;
}

Run spin(double seconds) {
  return repeat([seconds] {
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
    }
  });
}

Case spinning_case() {
  Case result;
  result.suite = "test";
  result.name = "spin";
  result.setup = [] { return spin(2e-5); };
  return result;
}

TEST(Measure, TimesABodyInBatches) {
  Calibration calibration;
  const Result result = measure(spinning_case(), 5, calibration, nullptr);
  ASSERT_TRUE(result.ours);
  EXPECT_EQ(result.ours->samples, 5);
  EXPECT_GE(result.ours->p10, 2e-5);
  EXPECT_LE(result.ours->p10, result.ours->median);
  EXPECT_LT(result.ours->p10, 2e-4);  // a batch of about fifty, divided by its size
  EXPECT_TRUE(result.peers.empty());
}

TEST(Measure, PeersAreCalledAndTheirAbsenceIsNoted) {
  Calibration calibration;
  PeerPool pool(fake_environment("exec sh " RAVEN_SOURCE_DIR "/tests/bench/fake_peer.sh"), "unused", calibration);
  Case known = spinning_case();
  known.peers = {{"numpy", {"known"}}, {"pytorch", {"no_such_case"}}};
  const Result result = measure(known, 4, calibration, &pool);
  ASSERT_EQ(result.peers.size(), 1u);
  EXPECT_EQ(result.peers[0].peer, "numpy");
  EXPECT_EQ(result.peers[0].version, "1.2");
  EXPECT_EQ(result.peers[0].case_name, "known");
  EXPECT_DOUBLE_EQ(result.peers[0].timing.median, 0.002);
  EXPECT_EQ(result.peers[0].timing.samples, 4);
  EXPECT_LT(result.peers[0].sgemm_fraction, slow_peer);  // 5 GFLOP/s by its own account
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_EQ(result.notes[0], "pytorch has no case no_such_case");
}

TEST(Measure, OnlyAPeerWithOurNumbersIsTimed) {
  Calibration calibration;
  PeerPool pool(fake_environment("exec sh " RAVEN_SOURCE_DIR "/tests/bench/fake_peer.sh"), "unused", calibration);
  Case one = spinning_case();
  one.setup = [] { return repeat([] { return 1.5; }); };
  one.peers = {{"numpy", {"known"}}};
  EXPECT_FALSE(measure(one, 3, calibration, &pool).peers.at(0).compared);
  one.peers = {{"numpy", {"agrees"}}};
  const Result agrees = measure(one, 3, calibration, &pool);
  EXPECT_TRUE(agrees.peers.at(0).compared);
  EXPECT_FALSE(agrees.wrong);
  one.peers = {{"numpy", {"differs"}}};
  const Result differs = measure(one, 3, calibration, &pool);
  EXPECT_TRUE(differs.wrong);
  EXPECT_TRUE(differs.peers.empty());
  EXPECT_EQ(differs.notes.at(0),
            "WRONG: numpy's differs (1 thread) gives other numbers than ours: result 0: weighted sum 0.75 against 0.8, "
            "absolute sum 1.5 against 1.5");
}

TEST(Measure, CompiledCasesAreComparedWithTheirReference) {
  Calibration calibration;
  Case one = spinning_case();
  Launches launches{1, 0, 0, 1};
  one.setup = [&] {
    bench::Run run = repeat([] { return 1.5; });
    run.reference = [] { return checksums(1.5); };
    run.launches = [&] { return launches; };
    run.figures = [] { return std::vector<Figure>{{"peak", 3.0}}; };
    return run;
  };
  const Result good = measure(one, 3, calibration, nullptr);
  EXPECT_FALSE(good.wrong);
  EXPECT_EQ(good.launches.value().kernels, 1);
  EXPECT_EQ(good.figures.at(0).value, 3.0);
  launches.fallbacks = 1;
  EXPECT_TRUE(measure(one, 3, calibration, nullptr).wrong);
  launches.fallbacks = 0;
  one.setup = [] {
    bench::Run run = repeat([] { return 1.5; });
    run.reference = [] { return checksums(1.5000001); };
    return run;
  };
  EXPECT_TRUE(measure(one, 3, calibration, nullptr).wrong);
}

TEST(Measure, ABodyMayTimeItself) {
  Calibration calibration;
  Case one = spinning_case();
  one.setup = [] {
    bench::Run run;
    run.seconds = [](int64_t iterations) { return 0.25 * static_cast<double>(iterations); };
    return run;
  };
  EXPECT_DOUBLE_EQ(measure(one, 3, calibration, nullptr).ours.value().median, 0.25);
}

TEST(Measure, AFailingPeerDoesNotEndTheRun) {
  Calibration calibration;
  PeerPool pool(fake_environment("exec sh " RAVEN_SOURCE_DIR "/tests/bench/fake_peer.sh"), "unused", calibration);
  Case broken = spinning_case();
  broken.peers = {{"numpy", {"broken"}}};
  const Result result = measure(broken, 3, calibration, &pool);
  EXPECT_TRUE(result.ours);
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_EQ(result.notes[0], "bench.peer: numpy answered 'setup broken': no such array");
}

TEST(Measure, ASlowPeerStopsTheRunOnlyWhenASettingOfOursIsTheCause) {
  Calibration calibration;
  Case known = spinning_case();
  known.peers = {{"numpy", {"known"}}};
  PeerPool restrained(
      fake_environment("OPENBLAS_CORETYPE=Haswell exec sh " RAVEN_SOURCE_DIR "/tests/bench/fake_peer.sh"), "unused",
      calibration);
  EXPECT_THROW(measure(known, 3, calibration, &restrained), Error);
  PeerPool missing("/nonexistent", "unused", calibration);
  EXPECT_THROW(measure(known, 3, calibration, &missing), Error);
}

TEST(Measure, CandidateSettings) {
  const auto texts = [](const std::vector<PeerSettings>& all) {
    std::vector<std::string> result;
    for (const PeerSettings& settings : all) result.push_back(settings.text());
    return result;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts(candidate_settings("numpy", 1, true)), (Texts{"1 thread"}));
  EXPECT_EQ(texts(candidate_settings("numpy", 2, true)), (Texts{"2 threads"}));
  EXPECT_EQ(texts(candidate_settings("pytorch", 1, false)), (Texts{"1 thread"}));
  EXPECT_EQ(texts(candidate_settings("pytorch", 2, true)), (Texts{"2 threads, active", "2 threads, passive"}));
  EXPECT_EQ(texts(candidate_settings("pytorch", 2, false)),
            (Texts{"1 thread", "2 threads, active", "2 threads, passive"}));
}

}  // namespace
}  // namespace raven::bench
