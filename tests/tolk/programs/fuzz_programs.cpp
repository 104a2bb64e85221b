// fuzz_programs [--seconds n] [--seed s] [--replay file]: random programs until the time is over. Most are packs of
// equations of the cells that were tested least, of few elements; every eighth is any program of any size. Each is
// computed in a share of the ways (ways_of its seed). Ends with the counts by op, dtype, rank and transformation, and
// the share of the ways. A program that does not give the same bits is shrunk, printed, and written to the file named
// at the end; the status is 1 then. One that ends the process (machine code at a forbidden page) is left in
// current.program, for --replay, which checks in children and shrinks.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>

#include "raven/base/file.hpp"
#include "tolk/programs/coverage.hpp"

namespace {

using namespace tolk_test;

constexpr int64_t wanted = 20;
constexpr size_t pack = 24;

std::optional<Verdict> checked(const Transformation& transformation, const RandomProgram& program, const Ways& ways) {
  try {
    return transformation.check(program, ways);
  } catch (const std::exception& error) {
    return Verdict{std::string("throws ") + error.what()};
  }
}
std::string disagreement(const Transformation& transformation, const RandomProgram& program, const Ways& ways) {
  const auto verdict = checked(transformation, program, ways);
  return verdict ? verdict->disagreement : "";
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// How many programs took each way, and what they took.
struct Shares {
  std::map<std::string, int64_t> counts;
  std::map<std::string, std::pair<int64_t, double>> taken;  ///< programs and seconds of CPU, by transformation
  void take(const char* transformation, double seconds) {
    ++taken[transformation].first;
    taken[transformation].second += seconds;
  }
  void add(const Ways& ways) {
    for (const Way& way : ways.list) ++counts[way.name];
    if (ways.jitted) ++counts["derivatives of compiled functions"];
    ++counts[ways.list[0].guards[0] == tolk::Guard::end ? "forbidden pages behind" : "forbidden pages before"];
  }
  void print(int64_t programs) const {
    for (const auto& [name, count] : counts)
      std::printf("%5.1f %% of the programs: %s\n",
                  100.0 * static_cast<double>(count) / static_cast<double>(std::max<int64_t>(programs, 1)),
                  name.c_str());
    for (const auto& [name, sum] : taken)
      std::printf("%s: %lld programs, %.0f ms of CPU time each\n", name.c_str(), static_cast<long long>(sum.first),
                  1000 * sum.second / static_cast<double>(sum.first));
  }
};

int report(const Transformation& transformation, const RandomProgram& program, const std::string& what, uint64_t seed) {
  const Ways ways = ways_of(seed);
  std::printf("seed %llu, %s: %s\nshrinking\n", static_cast<unsigned long long>(seed), transformation.name,
              what.c_str());
  std::fflush(stdout);
  const auto says = [&](const RandomProgram& candidate) { return disagreement(transformation, candidate, ways); };
  const RandomProgram small = shrink(program, says);
  const std::string text = print(small), path = "seed_" + std::to_string(seed) + ".program";
  raven::write_atomic(path, text);
  std::printf("%.4000s\n%s\n%s: put it into tests/tolk/regressions/ under a name that says what was wrong\n",
              text.c_str(), says(small).c_str(), path.c_str());
  return 1;
}

/// The same in a child: what it said, or the signal that it died of.
std::string checked_in_child(const Transformation& transformation, const RandomProgram& program, const Ways& ways) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    const std::string what = disagreement(transformation, program, ways);
    if (write(ends[1], what.data(), what.size()) < 0) _exit(2);
    _exit(0);
  }
  close(ends[1]);
  std::string what;
  char bytes[4096];
  for (ssize_t n; (n = read(ends[0], bytes, sizeof bytes)) > 0;) what.append(bytes, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? "dies of signal " + std::to_string(WTERMSIG(status)) : what;
}

int replay(const char* path) {
  const RandomProgram program = parse(raven::read_file(path));
  const Ways ways = ways_for(program);
  for (const Transformation& transformation : transformations()) {
    const auto says = [&](const RandomProgram& candidate) { return checked_in_child(transformation, candidate, ways); };
    const std::string what = says(program);
    std::printf("%s: %s\n", transformation.name, what.empty() ? "the same bits" : what.c_str());
    if (what.empty()) continue;
    const std::string text = print(shrink(program, says));
    raven::write_atomic(std::string(path) + ".small", text);
    std::printf("%.4000s\n%s.small\n", text.c_str(), path);
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Thousands of kernels that nobody will ask for again.
  setenv("TOLK_CACHE", "0", 0);
  double seconds = 60;
  uint64_t seed = 1000;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--seconds")) seconds = std::atof(argv[i + 1]);
    if (!std::strcmp(argv[i], "--seed")) seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (!std::strcmp(argv[i], "--replay")) return replay(argv[i + 1]);
  }
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  Coverage coverage;
  std::printf("%zu cells, first seed %llu\n", coverage.reachable().size(), static_cast<unsigned long long>(seed));
  int64_t programs = 0, compared = 0;
  Shares shares;
  Dice dice(seed);
  for (; elapsed() < seconds; ++seed) {
    const size_t t = static_cast<size_t>(seed % transformations().size());
    RandomProgram program = seed % 8 == 0 ? random_program(seed) : random_program(seed, coverage.least(t, pack, dice));
    program.ways = seed;
    const Transformation& transformation = transformations()[t];
    raven::write_atomic("current.program", print(program));
    const Ways ways = ways_of(seed);
    const double before = cpu_seconds();
    const auto verdict = checked(transformation, program, ways);
    shares.take(transformation.name, cpu_seconds() - before);
    ++programs;
    if (!verdict) continue;
    if (!verdict->disagreement.empty()) return report(transformation, program, verdict->disagreement, seed);
    shares.add(ways);
    if (!verdict->compared) continue;
    coverage.add(t, program.program);
    ++compared;
  }
  std::printf("%s", coverage.print(wanted).c_str());
  shares.print(compared);
  std::printf("%lld programs in %.0f s, %lld of them compared, the same bits in all; next seed %llu\n",
              static_cast<long long>(programs), elapsed(), static_cast<long long>(compared),
              static_cast<unsigned long long>(seed));
}
