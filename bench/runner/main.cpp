// raven-bench: runs suites of cases, alone or against peers, with its own calibration (docs/performance.md).
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "bench/runner/calibration.hpp"
#include "bench/runner/measure.hpp"
#include "bench/runner/options.hpp"
#include "bench/runner/report.hpp"
#include "raven/base/cpu.hpp"
#include "raven/base/error.hpp"
#include "raven/base/file.hpp"

namespace {

using namespace raven::bench;

void print_machine(const std::vector<Case>& cases, Calibration& calibration) {
  const raven::CpuInfo& cpu = raven::cpu_info();
  std::printf("cpu %s, %d threads, kernels %s, L2 %lld KiB, L3 %lld KiB\n", cpu.model.c_str(), cpu.logical_cpus,
              raven::cpu_level_name(raven::cpu_level()), static_cast<long long>(cpu.l2 >> 10),
              static_cast<long long>(cpu.l3 >> 10));
  for (const int threads : {1, 2}) {
    bool used = false;
    for (const Case& one : cases) used |= one.threads == threads;
    if (!used) continue;
    const Peak& peak = calibration.measure_peak(threads, 60);
    for (const Traffic traffic : {Traffic::read, Traffic::copy, Traffic::triad}) {
      calibration.measure_bandwidth(threads, traffic);
    }
    const Bandwidth& bandwidth = calibration.bandwidth(threads);
    std::printf(
        "%d thread%s: peak %.1f GFLOP/s (%s, %.2f GHz, %.1f flop/cycle%s), read %.1f copy %.1f triad %.1f GB/s\n",
        threads, threads == 1 ? "" : "s", peak.flops * 1e-9, peak.loop.c_str(), peak.clock * 1e-9, peak.flop_per_cycle,
        peak.accepted ? "" : ", NOT accepted: neither 32 nor 64", bandwidth.read * 1e-9, bandwidth.copy * 1e-9,
        bandwidth.triad * 1e-9);
  }
  std::fflush(stdout);
}

int run(const Options& options) {
  const std::vector<Case> cases = select_cases(options);
  if (options.list) {
    for (const Case& one : cases) {
      std::printf("%s %s threads=%d bound=%s\n", one.suite.c_str(), one.name.c_str(), one.threads,
                  bound_name(one.work.bound));
    }
    return 0;
  }
  Calibration calibration;
  print_machine(cases, calibration);
  PeerPool pool(options.environment, RAVEN_BENCH_PEERS, calibration);
  std::vector<Result> results;
  std::string rows;
  bool headed = false;
  for (Case one : cases) {
    if (options.peers_only) one.setup = nullptr;
    if (!one.setup && !options.peers_only) continue;
    Result result = measure(one, options.samples, calibration, options.peers ? &pool : nullptr);
    if (!headed) std::fputs(table_head().c_str(), stdout);
    headed = true;
    std::fputs(table_lines(result).c_str(), stdout);
    std::fflush(stdout);
    for (const std::string& row : json_rows(result)) rows += row + "\n";
    // Written after each case: an interrupted run leaves the rows it has.
    if (!options.json.empty()) raven::write_atomic(options.json, rows, "raven-bench");
    results.push_back(std::move(result));
  }
  if (results.empty()) std::printf("no case matches\n");
  std::fputs(summary(results).c_str(), stdout);
  const bool wrong = std::any_of(results.begin(), results.end(), [](const Result& one) { return one.wrong; });
  if (wrong) std::printf("some rows are WRONG and do not count\n");
  return results.empty() || wrong ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.empty() || arguments[0] == "--help") {
      std::fputs(usage().c_str(), arguments.empty() ? stderr : stdout);
      return arguments.empty() ? 2 : 0;
    }
    Options options = parse_options(arguments);
    if (options.environment.empty()) options.environment = RAVEN_BENCH_ENVIRONMENT;
    return run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
