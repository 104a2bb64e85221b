#include "raven/brot/regex/regex.hpp"

#include <cstdlib>

#include "gtest/gtest.h"
#include "tests/brot/json_lines.hpp"

namespace brot {
namespace {

using Engine = Regex::Engine;

std::string matches(const Regex& regex, std::string_view text) {
  std::string out;
  regex.for_each_match(
      text, [&](size_t begin, size_t end) { out += std::to_string(begin) + "-" + std::to_string(end) + " "; });
  return out;
}

// The text cut into matches (`*`) and what lies between, without empty pieces: as Split with behaviour Isolated does.
std::string pieces(const Regex& regex, std::string_view text) {
  std::string out;
  size_t last = 0;
  const auto piece = [&](size_t begin, size_t end, bool is_match) {
    if (begin != end) out += std::to_string(begin) + "-" + std::to_string(end) + (is_match ? "* " : " ");
  };
  regex.for_each_match(text, [&](size_t begin, size_t end) {
    piece(last, begin, false);
    piece(begin, end, true);
    last = end;
  });
  piece(last, text.size(), false);
  return out;
}

TEST(Regex, EqualsOniguruma) {
  // RAVEN_BROT_REGEX_GOLDEN names a larger file made by the same script: the long run.
  const char* larger = std::getenv("RAVEN_BROT_REGEX_GOLDEN");
  size_t automata = 0, total = 0;
  std::vector<Regex> compiled;
  for (const test::Json& line : test::read_golden(larger ? larger : "regex.txt")) {
    const std::string& pattern = line[0].string;
    if (line[1].type == test::Json::null) {
      EXPECT_THROW(Regex{pattern}, RegexError) << pattern;
      continue;
    }
    const std::string& text = line[1].string;
    std::string expected;
    for (const test::Json& piece : line[2].items) {
      expected +=
          std::to_string(piece[0].number) + "-" + std::to_string(piece[1].number) + (piece[2].number ? "* " : " ");
    }
    if (compiled.empty() || compiled[0].pattern() != pattern) {
      compiled.clear();
      for (const Engine engine : {Engine::automaton, Engine::backtracking})
        compiled.emplace_back(pattern, RegexDialect::oniguruma, engine);
    }
    for (const Regex& regex : compiled) {
      try {
        automata += regex.engine() == Engine::automaton;
        EXPECT_EQ(pieces(regex, text), expected)
            << "pattern " << pattern << "\ntext    " << ::testing::PrintToString(text) << "\nengine  "
            << int(regex.engine());
      } catch (const RegexError& error) {
        ADD_FAILURE() << error.what();
      }
    }
    ++total;
  }
  EXPECT_GT(automata, total / 3);
}

TEST(Regex, FindsLeftmostFirst) {
  EXPECT_EQ(matches(Regex("a|ab"), "abab"), "0-1 2-3 ");
  EXPECT_EQ(matches(Regex("(?=b)"), "abab"), "1-1 3-3 ");
}

}  // namespace
}  // namespace brot
