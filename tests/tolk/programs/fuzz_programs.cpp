// fuzz_programs [--seconds n] [--seed s] [--replay file]: random programs until the time is over, always with an
// equation of the cell that was tested least. Ends with the counts by op, dtype, rank and transformation. A program
// that does not give the same bits in every way is shrunk, printed, and written to the file named at the end; the
// status is 1 then. One that ends the process (machine code at a forbidden page) is left in current.program, for
// --replay, which checks in children and shrinks.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "raven/base/file.hpp"
#include "tolk/programs/coverage.hpp"

namespace {

using namespace tolk_test;

constexpr int64_t wanted = 20;

std::optional<std::string> checked(const Transformation& transformation, const RandomProgram& program) {
  try {
    return transformation.check(program);
  } catch (const std::exception& error) {
    return std::string("throws ") + error.what();
  }
}

int report(const Transformation& transformation, const RandomProgram& program, const std::string& what, uint64_t seed) {
  std::printf("seed %llu, %s: %s\nshrinking\n", static_cast<unsigned long long>(seed), transformation.name,
              what.c_str());
  std::fflush(stdout);
  const auto disagreement = [&](const RandomProgram& candidate) {
    return checked(transformation, candidate).value_or("");
  };
  const RandomProgram small = shrink(program, disagreement);
  const std::string text = print(small), path = "seed_" + std::to_string(seed) + ".program";
  raven::write_atomic(path, text);
  std::printf("%.4000s\n%s\n%s: put it into tests/tolk/regressions/ under a name that says what was wrong\n",
              text.c_str(), disagreement(small).c_str(), path.c_str());
  return 1;
}

/// The same in a child: what it said, or the signal that it died of.
std::string checked_in_child(const Transformation& transformation, const RandomProgram& program) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    const std::string what = checked(transformation, program).value_or("");
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
  for (const Transformation& transformation : transformations()) {
    const auto disagreement = [&](const RandomProgram& candidate) {
      return checked_in_child(transformation, candidate);
    };
    const std::string what = disagreement(program);
    std::printf("%s: %s\n", transformation.name, what.empty() ? "the same bits" : what.c_str());
    if (what.empty()) continue;
    const std::string text = print(shrink(program, disagreement));
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
  int64_t programs = 0;
  Dice dice(seed);
  for (; elapsed() < seconds; ++seed) {
    const size_t t = static_cast<size_t>(seed % transformations().size());
    const auto program = random_program(seed, coverage.least(t, dice));
    if (!program) continue;
    const Transformation& transformation = transformations()[t];
    raven::write_atomic("current.program", print(*program));
    const auto what = checked(transformation, *program);
    if (!what) continue;
    if (!what->empty()) return report(transformation, *program, *what, seed);
    coverage.add(t, program->program);
    ++programs;
  }
  std::printf("%s%lld programs in %.0f s, the same bits in all; next seed %llu\n", coverage.print(wanted).c_str(),
              static_cast<long long>(programs), elapsed(), static_cast<unsigned long long>(seed));
}
