#include "raven/brot/regex/regex.hpp"

#include <cstdlib>

#include "gtest/gtest.h"
#include "raven/brot/pre_tokenizers/pre_tokenizer.hpp"
#include "raven/brot/regex/scanners.hpp"
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

// Text that meets every branch of the known patterns: letters of each case, marks, digits, spaces, apostrophes, line
// ends.
std::string random_text(uint64_t& state, size_t pieces) {
  static const char* const parts[] = {
      "a",      "bc",        "S",      "D",      "LL",     "Re", "ve",     "'",      "'s",     "'S",   "'ll",
      "'Ve",    "'\xC5\xBF", " ",      "  ",     "\t",     "\n", "\r\n",   "1",      "23",     "4567", ".",
      "/",      "!?",        "-",      "_",      "é",      "É",  "ß",      "漢",     "字",     "ʰ",    "ǅ",
      "\u0301", "\u0903",    "\u00a0", "\u3000", "\u2028", "Ⅷ",  "²",      "😀",     "\u200d", "Ж",    "ж",
      "ñ",      "word",      "Word",   "WORD",   "iPhone", "\v", "\u0085", "\u180e", "中文",
      "か",     "ー",        "・",     "゠",     "。",     "،",  "।",      "(",      "|",      "$",    "Hi",
      "\x01",   "\u00ad",    "〇",     "⺀",     "々",     "\U00016ff4", "\u3040", "\u3098", "\u3099"};
  std::string out;
  for (size_t i = 0; i < pieces; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    out += parts[(state >> 33) % std::size(parts)];
  }
  return out;
}

TEST(Regex, ScannersEqualTheAutomaton) {
  uint64_t state = 7;
  for (const regex::Scanner& scanner : regex::all_scanners()) {
    const Regex fast{scanner.pattern, scanner.dialect}, general(scanner.pattern, scanner.dialect, Engine::automaton);
    ASSERT_EQ(fast.engine(), Engine::scanner);
    EXPECT_EQ(fast.scanner_name(), scanner.name);
    ASSERT_EQ(general.engine(), Engine::automaton);
    for (int i = 0; i < 3000; ++i) {
      const std::string text = random_text(state, i % 40);
      ASSERT_EQ(matches(fast, text), matches(general, text)) << scanner.pattern << "\n"
                                                             << ::testing::PrintToString(text);
    }
    // Every code point, alone, before and after letters and spaces.
    for (char32_t c = 0; c < 0x110000; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      if (c > 0x3200 && c % 61 != 0) continue;  // the property tables themselves are swept elsewhere
      std::string text = "Ab";
      unicode::append(text, c);
      text += "B ";
      unicode::append(text, c);
      text += "'s\n";
      unicode::append(text, c);
      ASSERT_EQ(matches(fast, text), matches(general, text)) << scanner.name << " code point " << uint32_t(c);
    }
  }
}

// The pieces that steps leave, one after the other, against those of the one pattern that stands for them all.
void expect_equal_pieces(const PreTokenizer& steps, const Pattern& at_once, const std::string& text) {
  Pieces split;
  split.text.assign(text, 0, true, UnicodeProfile::hf);
  if (!text.empty()) split.list.push_back({0, uint32_t(text.size()), Piece::none});
  steps.apply_before_byte_mapping(split);
  std::string wanted, got;
  for (const Piece& piece : split.list) wanted += std::to_string(piece.end) + " ";
  size_t open = 0;
  at_once.for_each_match(text, [&](size_t begin, size_t end) {
    if (open < begin) got += std::to_string(begin) + " ";
    got += std::to_string(end) + " ";
    open = end;
  });
  if (open < text.size()) got += std::to_string(text.size()) + " ";
  ASSERT_EQ(got, wanted) << at_once.text() << "\n" << ::testing::PrintToString(text);
}

TEST(Regex, SeveralStepsAtOnceCutAsOneAfterTheOther) {
  using namespace pre_tokenizers;
  const auto split = [](const char* pattern) { return Split{Pattern::regex(pattern), SplitBehavior::Isolated}; };
  const ByteLevel bytes{.add_prefix_space = false, .use_regex = false}, gpt2{.add_prefix_space = false};
  // DeepSeek-V3 as its file has it, with line ends themselves and with their escapes, and StarCoder.
  const PreTokenizer known[] = {
      Sequence{split(R"(\p{N}{1,3})"), split("[一-龥぀-ゟ゠-ヿ]+"),
               split("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                     "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"),
               bytes},
      Sequence{split(R"(\p{N}{1,3})"), split(R"([\x{4E00}-\x{9FA5}\x{3040}-\x{30FF}]+)"),
               split(R"([!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
                     R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"),
               bytes},
      Sequence{Digits{true}, gpt2}};
  uint64_t state = 11;
  for (const PreTokenizer& steps : known) {
    const Pattern* at_once = steps.single_byte_level_pattern(UnicodeProfile::hf);
    ASSERT_NE(at_once, nullptr);
    for (int i = 0; i < 3000 && !::testing::Test::HasFailure(); ++i)
      expect_equal_pieces(steps, *at_once, random_text(state, i % 40));
    for (char32_t c = 0; c < 0x110000; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      if (c > 0x3200 && c % 127 != 0 && !(c >= 0x11DE0 && c < 0x11DEA) && !(c >= 0x16FF4 && c < 0x16FF7)) continue;
      std::string one;
      unicode::append(one, c);
      expect_equal_pieces(steps, *at_once, "Ab" + one + "B " + one + "'s\n" + one + "  " + one + "." + one + one);
    }
  }
  // What differs in one step is not one of them.
  for (const PreTokenizer& other :
       {PreTokenizer(Sequence{Digits{false}, gpt2}), PreTokenizer(Sequence{Digits{true}, bytes}),
        PreTokenizer(Sequence{split(R"(\p{N}{1,2})"), split("[一-龥぀-ゟ゠-ヿ]+"), split(R"(\s+)"), bytes})})
    EXPECT_EQ(other.single_byte_level_pattern(UnicodeProfile::hf), nullptr);
}

TEST(Regex, KnownPatternsAreRecognisedByMeaning) {
  EXPECT_EQ(
      Regex(R"((?:'s|'t|'re|'ve|'m|'ll|'d| ?\p{Letter}+| ?\p{N}+| ?[^\s\p{N}\p{L}]+|\s+(?!\S)|\s+))").scanner_name(),
      "gpt2");
  EXPECT_EQ(Regex(R"(\p{L}+)").scanner_name(), "");
  // As GGUF files name it, without the class in a class.
  const Regex bloom(R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+)");
  EXPECT_EQ(bloom.scanner_name(), "bloom");
  EXPECT_FALSE(bloom.cuts_text());  // `. ,` is one gap
}

TEST(Regex, GivesUpInsteadOfHanging) {
  const std::string text(5000, 'a');
  EXPECT_THROW(Regex("(?=(?:aa|a+)+b)a").find_from(text), RegexError);
  EXPECT_THROW(Regex(R"((a+)+\1b)").find_from(text), RegexError);
  EXPECT_EQ(Regex("(?:a*)*b").find_from(text), std::nullopt);  // remembers failures: linear
  EXPECT_THROW(Regex("(?:a{1000}){1000}"), RegexError);
  EXPECT_THROW(Regex(std::string(100000, '(')), RegexError);
  EXPECT_THROW(Regex("a" + std::string(100000, '?')), RegexError);
}

TEST(Regex, LoopsOfLoopsAreOneLoop) {
  const std::string text = std::string(5000, 'a') + "c";
  for (const char* pattern :
       {"(?=a**************b)a", "(?=(?:a+)+b)a", "(?=(?:(?:a?)*)+b)a", "(?=(?:a+?)*?b)a", "(?=(?:a?)*b)a"})
    EXPECT_EQ(Regex(pattern, RegexDialect::oniguruma, Engine::backtracking).find_from(text), std::nullopt) << pattern;
  const struct {
    const char *pattern, *as;
  } equal[] = {{"(?:(?:ab?)+)*", "(?:ab?)*"},
               {"(?:a?)?b", "a?b"},
               {"(?:a+)?b", "a*b"},
               {"(?:(?:a|ab)*)+b", "(?:a|ab)*b"},
               {"(?:a+?)+?b", "a+?b"},
               {"(?:a*)?", "a*"},
               {"(?:a*?)*?b", "a*?b"},
               {"(?:a+)++", "(?>a+)"}};
  for (const auto& [pattern, as] : equal)
    for (const char* t : {"", "a", "b", "ab", "aab", "abab", "aaabbb", "ababaab", "bababa"})
      EXPECT_EQ(matches(Regex(pattern, RegexDialect::oniguruma, Engine::backtracking), t),
                matches(Regex(as, RegexDialect::oniguruma, Engine::backtracking), t))
          << pattern << " on " << t;
}

TEST(Regex, FaultsCarryTheirPosition) {
  try {
    Regex("ab[z-a]");
    FAIL();
  } catch (const RegexError& error) {
    EXPECT_EQ(error.position(), 3u);
    EXPECT_STREQ(error.what(), "brot.Regex: pattern `ab[z-a]`, byte 3: empty range in char class");
  }
}

TEST(Regex, LargeAutomataGrowOnDemand) {
  const Regex regex("(?:a|b)*a(?:a|b){11}c");
  ASSERT_EQ(regex.engine(), Engine::automaton);
  EXPECT_EQ(matches(regex, "abababababababababc"), "0-19 ");
}

TEST(Regex, FindsLeftmostFirst) {
  EXPECT_EQ(matches(Regex("a|ab"), "abab"), "0-1 2-3 ");
  EXPECT_EQ(matches(Regex("(?=b)"), "abab"), "1-1 3-3 ");
}

}  // namespace
}  // namespace brot
