// The environment variables of the compiler: what each does, and what it refuses.
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "raven/nx.hpp"
#include "raven/rune.hpp"
#include "raven/tolk/passes.hpp"
#include "raven/tolk/plan.hpp"
#include "tolk/bits.hpp"
#include "tolk/failures/support.hpp"

namespace {

using failures::Variable;
using nx::Array;

nx::Program program() {
  return rune::make_program(
      [](Array a) {
        const Array unused = nx::sin(a);
        return nx::softmax(nx::reshape(nx::reshape(a, {4, 3}), {2, 6})) +
               nx::reshape(nx::array({1.0, 2.0}), {2, 1}) * 2;
      },
      nx::zeros({12}));
}
std::string fault_of(const char* name, const char* value) {
  const Variable set(name, value);
  try {
    tolk::compile(program());
  } catch (const raven::Error& error) {
    return std::string(error.kind()) + ": " + error.what();
  }
  return "no error";
}
std::vector<std::string> passes_run() {
  const auto plan = tolk::compile(program());
  std::vector<std::string> names;
  for (const tolk::PassReport& pass : plan->stats().passes) names.emplace_back(pass.name);
  return names;
}
/// What is written to stderr while it is compiled and run.
std::string said() {
  testing::internal::CaptureStderr();
  const auto plan = tolk::compile(program());
  std::vector<Array> out(1);
  plan->run(std::vector<Array>{nx::ones({12})}, out);
  return testing::internal::GetCapturedStderr();
}

TEST(Settings, UnknownValuesAreRefused) {
  EXPECT_EQ(fault_of("TOLK_KERNELS", "off"), "ValueError: tolk.compile: TOLK_KERNELS: got \"off\", expected 0 or 1");
  EXPECT_EQ(fault_of("TOLK_VERIFY", "2"), "ValueError: tolk.compile: TOLK_VERIFY: got \"2\", expected 0 or 1");
  EXPECT_EQ(fault_of("TOLK_PERF", "on"), "ValueError: tolk.compile: TOLK_PERF: got \"on\", expected 0 or 1");
  EXPECT_EQ(fault_of("TOLK_GDB", "yes"), "ValueError: tolk.compile: TOLK_GDB: got \"yes\", expected 0 or 1");
  EXPECT_EQ(fault_of("TOLK_DEBUG", "3"), "ValueError: tolk.compile: TOLK_DEBUG: got \"3\", expected 0, 1 or 2");
  EXPECT_EQ(fault_of("TOLK_DEBUG", "-1"), "ValueError: tolk.compile: TOLK_DEBUG: got \"-1\", expected 0, 1 or 2");
  EXPECT_EQ(fault_of("TOLK_DISABLE_PASSES", "dead,inline"),
            "ValueError: tolk.compile: TOLK_DISABLE_PASSES: got \"inline\", expected names separated by commas of: "
            "simplify fold dead recompute slopes layout");
  const std::string rules = fault_of("TOLK_DISABLE_RULES", "add-zero,add-one");
  EXPECT_EQ(rules.find("ValueError: tolk.compile: TOLK_DISABLE_RULES: got \"add-one\", expected names separated by "
                       "commas of: add-zero "),
            0u)
      << rules;
  // Empty ones say nothing.
  for (const char* name : {"TOLK_KERNELS", "TOLK_DEBUG", "TOLK_DISABLE_PASSES", "TOLK_DISABLE_RULES", "TOLK_DUMP"})
    EXPECT_EQ(fault_of(name, ""), "no error") << name;
  // A jitted function does not take them for programs that do not compile.
  const Variable set("TOLK_DISABLE_PASSES", "everything");
  const auto f = rune::jit([](const Array& x) { return x * 3.25; }, {.fallback = rune::Fallback::eager});
  EXPECT_THROW(f(nx::ones({3})), nx::ValueError);
}

TEST(Settings, PassesAreLeftOut) {
  const std::vector<Array> arguments = {failures::ramp({12}, 0, nx::f64)};
  EXPECT_EQ(passes_run(), (std::vector<std::string>{"inline", "simplify", "fold", "dead"}));
  {
    const Variable set("TOLK_DISABLE_PASSES", "fold,simplify");
    EXPECT_EQ(passes_run(), (std::vector<std::string>{"inline", "dead"}));
  }
  // While kernels are formed, too: a dead equation and two reshapes are left.
  const auto scheduled = [](const char* passes) {
    const Variable set("TOLK_DISABLE_PASSES", passes);
    return tolk::compile(program())->program().print();
  };
  EXPECT_EQ(scheduled("").find("Sin"), std::string::npos);
  EXPECT_NE(scheduled("dead").find("Sin"), std::string::npos);
  EXPECT_EQ(scheduled("").find("Reshape{shape=(4, 3)}"), std::string::npos);
  EXPECT_NE(scheduled("simplify,dead").find("Reshape{shape=(4, 3)}"), std::string::npos);
  // The same bits whatever is left out.
  for (const std::string_view pass : tolk::optional_passes()) {
    SCOPED_TRACE(pass);
    const Variable set("TOLK_DISABLE_PASSES", std::string(pass));
    failures::run_every_way(program(), arguments);
  }
  const Variable set("TOLK_DISABLE_PASSES", "simplify,fold,dead,recompute,slopes,layout");
  failures::run_every_way(program(), arguments);
}

TEST(Settings, LayoutsSlopesAndRecomputingAreLeftOut) {
  const auto without = [](const char* passes, const nx::Program& p) {
    const Variable set("TOLK_DISABLE_PASSES", passes);
    return tolk::compile(p)->print();
  };
  const Array heads = nx::zeros({2, 3, 16, 8}, {.dtype = nx::f32});
  const nx::Program attention = rune::make_program(
      [](Array q) { return nx::reshape(nx::transpose(nx::sdpa(q, q, q), {0, 2, 1, 3}), {2, 16, 24}) * 2; }, heads);
  EXPECT_NE(without("", attention), without("layout", attention));
  const nx::Program gelu = rune::make_program(
      [](Array x) { return rune::grad([](Array v) { return nx::sum(nx::exp(nx::matmul(nx::gelu(v), v))); })(x); },
      nx::zeros({600, 600}, {.dtype = nx::f32}));
  EXPECT_NE(without("", gelu), without("slopes", gelu));
  const nx::Program blocks = rune::make_program(
      [](Array x, Array up, Array down) {
        return rune::grad<1, 2>([](Array y, Array u, Array d) {
          for (int i = 0; i < 6; ++i) y = y + nx::matmul(nx::gelu(nx::matmul(nx::layer_norm(y), u)), d);
          return nx::sum(nx::square(y));
        })(x, up, down);
      },
      nx::zeros({1024, 128}, {.dtype = nx::f32}), nx::zeros({128, 512}, {.dtype = nx::f32}),
      nx::zeros({512, 128}, {.dtype = nx::f32}));
  EXPECT_NE(without("", blocks), without("recompute", blocks));
}

TEST(Settings, RulesAreLeftOut) {
  const auto text = [](const char* rules) {
    const Variable set("TOLK_DISABLE_RULES", rules);
    return tolk::compile(program())->program().print();
  };
  EXPECT_EQ(text("").find("Reshape{shape=(4, 3)}"), std::string::npos);
  EXPECT_NE(text("reshape-twice,reshape-same").find("Reshape{shape=(4, 3)}"), std::string::npos);
  for (const tolk::RuleInfo& rule : tolk::simplify_rules()) {
    SCOPED_TRACE(rule.name);
    const Variable set("TOLK_DISABLE_RULES", std::string(rule.name));
    failures::run_every_way(program(), {failures::ramp({12}, 0, nx::f64)});
  }
}

TEST(Settings, KernelsAndTheBackEnd) {
  EXPECT_GT(tolk::compile(program())->stats().launches, 0u);
  {
    const Variable set("TOLK_KERNELS", "0");
    EXPECT_EQ(tolk::compile(program())->stats().launches, 0u);
  }
  const Variable set("TOLK_BACKEND", "interpret");
  failures::run_every_way(program(), {failures::ramp({12}, 0, nx::f64)});
}

TEST(Settings, DebugWritesPlansAndTimes) {
  {
    const Variable set("TOLK_DEBUG", "0");
    EXPECT_EQ(said(), "");
  }
  {
    const Variable set("TOLK_DEBUG", "1");
    const std::string text = said();
    EXPECT_NE(text.find("tolk: plan: "), std::string::npos) << text;
    EXPECT_EQ(text.find("GFLOP/s"), std::string::npos) << text;
  }
  const Variable set("TOLK_DEBUG", "2");
  const std::string text = said();
  EXPECT_NE(text.find("tolk: plan: "), std::string::npos) << text;
  EXPECT_NE(text.find("GFLOP/s"), std::string::npos) << text;
  EXPECT_NE(text.find("steps in"), std::string::npos) << text;
}

TEST(Settings, VerifyComparesEachLaunch) {
  const std::string checked = ", launches compared with the interpreter\n";
  EXPECT_EQ(tolk::compile(program())->print().find(checked), std::string::npos);
  const Variable set("TOLK_VERIFY", "1");
  EXPECT_NE(tolk::compile(program())->print().find(checked), std::string::npos);
  failures::run_every_way(program(), {failures::ramp({12}, 0, nx::f64)});
}

TEST(Settings, DumpWritesEveryLevelOrSaysWhyNot) {
  char name[] = "/tmp/raven_tolk_dump_XXXXXX";
  const std::string directory = ::mkdtemp(name);
  {
    const Variable set("TOLK_DUMP", directory + "/some/where");  // made
    tolk::compile(program());
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) files += entry.is_regular_file();
    EXPECT_GE(files, 4u);
  }
  std::filesystem::remove_all(directory);
  const std::string fault = fault_of("TOLK_DUMP", "/dev/null/here");
  EXPECT_EQ(
      fault.find("IoError: tolk.compile: \"/dev/null/here\": TOLK_DUMP: expected a directory that can be written: "),
      0u)
      << fault;
  EXPECT_NE(fault.find("Not a directory"), std::string::npos) << fault;
}

}  // namespace
