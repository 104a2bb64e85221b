// fuzz_programs [--seconds n] [--seed s] [--replay file]: random programs until the time is over, always with an
// equation of the cell that was tested least. Ends with the counts by op, dtype, rank and transformation. A program
// that does not give the same bits in every way is shrunk, printed, and written to the file named at the end; the
// status is 1 then.
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

int replay(const char* path) {
  const RandomProgram program = parse(raven::read_file(path));
  int status = 0;
  for (const Transformation& transformation : transformations()) {
    const auto what = checked(transformation, program);
    std::printf("%s: %s\n", transformation.name,
                !what           ? "does not apply"
                : what->empty() ? "the same bits"
                                : what->c_str());
    status |= what && !what->empty();
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
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
    const auto what = checked(transformation, *program);
    if (!what) continue;
    if (!what->empty()) return report(transformation, *program, *what, seed);
    coverage.add(t, program->program);
    ++programs;
  }
  std::printf("%s%lld programs in %.0f s, the same bits in all; next seed %llu\n", coverage.print(wanted).c_str(),
              static_cast<long long>(programs), elapsed(), static_cast<unsigned long long>(seed));
}
