// docs/tolk.md walks one program from its trace to machine code. What it shows is what the compiler gives: each block
// after a line `<!-- walk: NAME -->` is compared with this run, or written by it with RAVEN_UPDATE_DOCS=1. The test
// runs at RAVEN_CPU=v3, so that the text does not depend on the machine.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/cpu.hpp"
#include "raven/nx.hpp"
#include "raven/rune.hpp"
#include "raven/tolk/code/code.hpp"
#include "raven/tolk/kernels/schedule.hpp"
#include "raven/tolk/plan.hpp"

namespace {

const std::string document = RAVEN_SOURCE_DIR "/docs/tolk.md";

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) return text;
  char buffer[4096];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  return ::pclose(pipe) == 0 ? text : std::string();
}

/// The innermost loop around the first `instruction` of a kernel's code, as objdump prints it without addresses of
/// lines.
std::string loop_around(const tolk::Code& code, const std::string& instruction) {
  const std::string file = testing::TempDir() + "walk-kernel.bin";
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(code.entry()), static_cast<std::streamsize>(code.size()));
  const std::string text =
      output_of("objdump -D -b binary -m i386:x86-64 -M intel --no-show-raw-insn " + file + " 2>/dev/null");
  struct Line {
    uint64_t address;
    std::string text;
  };
  std::vector<Line> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const size_t colon = line.find(":\t");
    if (colon == std::string::npos) continue;
    std::string rest = line.substr(colon + 2);
    rest.erase(rest.find_last_not_of(' ') + 1);
    lines.push_back({std::strtoull(line.c_str(), nullptr, 16), rest});
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].text.rfind(instruction, 0) != 0) continue;
    for (size_t k = i; k < lines.size(); ++k) {
      if (lines[k].text[0] != 'j') continue;
      const size_t at = lines[k].text.find("0x");
      const uint64_t target = at == std::string::npos ? ~0ull : std::strtoull(&lines[k].text[at], nullptr, 16);
      if (target > lines[i].address) continue;
      std::string loop;
      for (size_t j = 0; j <= k; ++j)
        if (lines[j].address >= target) {
          std::ostringstream shown;
          shown << std::hex << lines[j].address;
          loop += shown.str() + ":  " + lines[j].text + "\n";
        }
      return loop;
    }
  }
  return {};
}

std::map<std::string, std::string> walk() {
  const nx::Program traced =
      rune::make_program([](nx::Array x, nx::Array y) { return nx::softmax(x * y); },
                         nx::zeros({64, 1000}, {.dtype = nx::f32}), nx::zeros({1000}, {.dtype = nx::f32}));
  std::map<std::string, std::string> shown;
  shown["trace"] = traced.print();
  const tolk::Schedule schedule = tolk::form_kernels(tolk::optimise(traced), {.vector_bytes = 32});
  shown["scheduled"] = schedule.program.print();
  EXPECT_EQ(schedule.launches.size(), 1u);
  const tolk::loop::Kernel& kernel = schedule.launches.at(0).kernel;
  shown["kernel"] = tolk::loop::print(kernel);
  const auto plan = tolk::compile(traced);
  plan->verify();
  shown["plan"] = plan->explain();
  const tolk::loop::Kernel* const kernels[] = {&kernel};
  shown["machine code"] = loop_around(*tolk::compile_kernels(kernels, raven::CpuLevel::v3)[0], "vdivps");
  return shown;
}

std::string with_line_end(std::string text) {
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

}  // namespace

TEST(Walk, TheGuideShowsWhatTheCompilerGives) {
  if (raven::cpu_level() != raven::CpuLevel::v3) GTEST_SKIP() << "the walk is that of a CPU with AVX2 and fma";
  std::map<std::string, std::string> shown = walk();
  std::ifstream in(document);
  std::ostringstream updated;
  std::string line, name;
  size_t met = 0;
  while (std::getline(in, line)) {
    updated << line << "\n";
    if (line.rfind("<!-- walk: ", 0) == 0) name = line.substr(11, line.size() - 15);
    if (name.empty() || line.rfind("```", 0) != 0) continue;
    std::string block;
    while (std::getline(in, line) && line.rfind("```", 0) != 0) block += line + "\n";
    ASSERT_TRUE(shown.contains(name)) << "no level is called " << name;
    EXPECT_FALSE(shown[name].empty()) << name << " came out empty";
    if (!std::getenv("RAVEN_UPDATE_DOCS")) EXPECT_EQ(block, with_line_end(shown[name])) << name;
    updated << with_line_end(shown[name]) << "```\n";
    name.clear();
    ++met;
  }
  EXPECT_EQ(met, shown.size()) << "every level stands in the guide once";
  in.close();
  if (std::getenv("RAVEN_UPDATE_DOCS")) std::ofstream(document) << updated.str();
}
