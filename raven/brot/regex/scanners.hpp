#pragma once
// Hand-written matchers of the patterns that language models use. Internal to brot.
#include <string_view>

#include "raven/brot/regex/ast.hpp"

namespace brot::regex {

/// A known pattern: `scan` visits its matches, `match` gives the end of the match at `begin` or npos.
struct Scanner {
  std::string_view name;
  std::string_view pattern;
  RegexDialect dialect;
  void (*scan)(std::string_view text, Regex::Visitor visitor, void* context);
  size_t (*match)(std::string_view text, size_t begin);
};

/// The scanner of a pattern with that tree, or null. Scanners follow UnicodeProfile::hf.
const Scanner* find_scanner(const Node& tree);
/// All known patterns, for tests.
const std::vector<Scanner>& all_scanners();

}  // namespace brot::regex
