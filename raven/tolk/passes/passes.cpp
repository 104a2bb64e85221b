#include "raven/tolk/passes.hpp"

#include "raven/base/env.hpp"
#include "raven/base/message.hpp"
#include "raven/tolk/error.hpp"

namespace tolk {

namespace {
constexpr PassRow rows[] = {
    {"inline", inline_calls, "calls replaced by what they call"},
    {"simplify", simplify, "exact algebra, equal equations merged"},
    {"fold", fold_constants, "equations of constants evaluated"},
    {"dead", drop_dead, "what no output needs dropped"},
};

bool disabled(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (list.substr(0, comma) == name) return true;
    if (comma == list.npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}
}  // namespace

std::span<const PassRow> passes() { return rows; }

nx::Program optimise(const nx::Program& program, std::vector<PassReport>* report) {
  const std::string off = raven::env::get("TOLK_DISABLE_PASSES").value_or("");
  const bool verify = raven::env::get("TOLK_VERIFY").value_or("0") != "0";
  nx::Program current = program;
  for (const PassRow& pass : rows) {
    // Without `inline` there would be calls left, which have no kernel.
    if (disabled(off, pass.name) && pass.run != inline_calls) continue;
    nx::Program next = pass.run(current);
    if (verify) {
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
