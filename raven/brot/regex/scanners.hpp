#pragma once
// Hand-written matchers of the patterns that language models use. Internal to brot.
#include <span>
#include <string_view>

#include "raven/brot/regex/ast.hpp"

namespace brot::regex {

/// A known pattern: `scan` visits its matches, `match` gives the end of the match at `begin` or npos. With `cuts`, text
/// may be cut before a space and behind a line (core/cut_points.cpp): neither is inside a match, nor in a gap that goes
/// on.
struct Scanner {
  std::string_view name;
  std::string_view pattern;
  RegexDialect dialect;
  bool cuts;
  void (*scan)(std::string_view text, Regex::Visitor visitor, void* context);
  size_t (*match)(std::string_view text, size_t begin);
};

/// The scanner of a pattern written so, or null: saves its parsing. Scanners follow UnicodeProfile::hf.
const Scanner* find_scanner(std::string_view pattern, RegexDialect dialect);
/// The scanner of a pattern with that tree, however it is written, or null.
const Scanner* find_scanner(const Node& tree);
/// All known patterns, for tests.
const std::vector<Scanner>& all_scanners();

/// Splits by several patterns, one after the other, each in the pieces that those before it left, are one pattern where
/// they are known. `are_deepseek3`: whether these, of Oniguruma, are DeepSeek-V3's three.
bool are_deepseek3(std::span<const std::string_view> patterns);
/// What cuts as DeepSeek-V3's three …
std::string_view deepseek3_at_once();
/// … and as `Digits` (each alone) and then GPT-2's: StarCoder, SmolLM.
std::string_view starcoder_at_once();

}  // namespace brot::regex
