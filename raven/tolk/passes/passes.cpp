#include "raven/tolk/passes.hpp"

#include "raven/base/message.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/internal/settings.hpp"

namespace tolk {

namespace {
constexpr PassRow rows[] = {
    {"inline", inline_calls, "calls replaced by what they call"},
    {"simplify", [](const nx::Program& program) { return simplify(program); }, "exact algebra, equal equations merged"},
    {"fold", fold_constants, "equations of constants evaluated"},
    {"dead", drop_dead, "what no output needs dropped"},
};

constexpr std::string_view optional[] = {"simplify", "fold", "dead", "recompute", "slopes", "layout"};
}  // namespace

std::span<const PassRow> passes() { return rows; }
std::span<const std::string_view> optional_passes() { return optional; }

nx::Program optimise(const nx::Program& program, std::vector<PassReport>* report) {
  return optimise(program, report, Settings::from_environment());
}

nx::Program optimise(const nx::Program& program, std::vector<PassReport>* report, const Settings& settings) {
  nx::Program current = program;
  for (const PassRow& pass : rows) {
    if (!settings.runs(pass.name)) continue;
    nx::Program next = pass.name == "simplify" ? simplify(current, settings.rules_off) : pass.run(current);
    if (settings.verify) {
      try {
        next.verify();
      } catch (const raven::Error& error) {
        throw VerifyError("tolk.optimise", raven::Message("pass ") << pass.name << ": " << error.what());
      }
    }
    if (report) report->push_back({pass.name, current.equations().size(), next.equations().size()});
    current = std::move(next);
  }
  return current;
}

}  // namespace tolk
