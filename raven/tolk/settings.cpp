#include "raven/tolk/internal/settings.hpp"

#include <algorithm>
#include <span>

#include "raven/base/env.hpp"
#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

namespace {

constexpr const char* operation = "tolk.compile";

/// The sorted words of a list between commas, each of them one of `known`.
std::vector<std::string> words_from_environment(const char* name, std::span<const std::string_view> known) {
  const std::string text = raven::env::get(name).value_or("");
  std::vector<std::string> words;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
    if (word.empty()) continue;
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      raven::Message message(name);
      message << ": got \"" << word << "\", expected names separated by commas of:";
      for (const std::string_view one : known) message << " " << one;
      throw nx::ValueError(operation, message);
    }
    words.emplace_back(word);
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

int debug_from_environment() {
  const std::string text = raven::env::get("TOLK_DEBUG").value_or("0");
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '2') return text[0] - '0';
  throw nx::ValueError(operation, raven::Message("TOLK_DEBUG: got \"") << text << "\", expected 0, 1 or 2");
}

}  // namespace

bool flag_from_environment(const char* name, bool otherwise) {
  const std::string text = raven::env::get(name).value_or(otherwise ? "1" : "0");
  if (text == "0" || text == "1") return text == "1";
  throw nx::ValueError(operation, raven::Message(name) << ": got \"" << text << "\", expected 0 or 1");
}

bool Settings::runs(std::string_view pass) const {
  return std::find(passes_off.begin(), passes_off.end(), pass) == passes_off.end();
}

Settings Settings::from_environment() {
  Settings s;
  s.kernels = flag_from_environment("TOLK_KERNELS", true);
  s.verify = flag_from_environment("TOLK_VERIFY", false);
  s.debug = debug_from_environment();
  s.interpret = raven::env::get("TOLK_BACKEND") == "interpret";
  s.dump = raven::env::get("TOLK_DUMP").value_or("");
  // Read where code is loaded, refused before anything is made.
  for (const char* name : {"TOLK_PERF", "TOLK_GDB"}) flag_from_environment(name, false);
  s.passes_off = words_from_environment("TOLK_DISABLE_PASSES", optional_passes());
  std::vector<std::string_view> rules;
  for (const RuleInfo& rule : simplify_rules()) rules.push_back(rule.name);
  s.rules_off = words_from_environment("TOLK_DISABLE_RULES", rules);
  return s;
}

}  // namespace tolk
