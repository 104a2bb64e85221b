// Every code point through every table and class, against HuggingFace tokenizers (tests/golden/brot/sweep.py), and by
// UnicodeProfile::latest against Unicode 17 (latest.py, latest.mjs).
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "gtest/gtest.h"
#include "raven/brot/regex/regex.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {
namespace {

constexpr char32_t block_size = 0x4000;

uint32_t crc32(std::string_view bytes) {
  static const std::vector<uint32_t> table = [] {
    std::vector<uint32_t> out(256);
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
      out[i] = c;
    }
    return out;
  }();
  uint32_t crc = 0xFFFFFFFFu;
  for (const unsigned char byte : bytes) crc = table[(crc ^ byte) & 255] ^ crc >> 8;
  return ~crc;
}

std::string utf8(char32_t c) {
  std::string out;
  unicode::append(out, c);
  return out;
}

std::string lowercase(std::string_view text) {
  std::string out;
  for (const char *at = text.data(), *end = at + text.size(); at != end;) {
    for (const char32_t c : unicode::to_lowercase(unicode::next_scalar(at))) unicode::append(out, c);
  }
  return out;
}

// UnicodeScripts counts Hiragana, Katakana and U+30FC as Han, joins the space and characters without a script to
// anything.
std::string_view fixed_script(char32_t c) {
  const std::string_view name = unicode::script_name(unicode::script(c));
  if (c == 0x30FC || name == "Hiragana" || name == "Katakana") return "Han";
  return c == ' ' || name == "Unknown" ? "Any" : name;
}
bool joins(char32_t a, char32_t b) {
  const std::string_view x = fixed_script(a), y = fixed_script(b);
  return x == "Any" || y == "Any" || x == y;
}

using Record = std::function<void(char32_t, std::string&)>;

template <UnicodeProfile profile>
std::map<std::string, Record> records() {
  std::map<std::string, Record> out;
  const auto map = [&](const char* name, std::function<std::string(std::string_view)> f) {
    out[std::string("map:") + name] = [f](char32_t c, std::string& bytes) { bytes += f(utf8(c)) + '\0'; };
  };
  const auto set = [&](const std::string& name, std::function<bool(char32_t)> f) {
    out["set:" + name] = [f](char32_t c, std::string& bytes) { bytes += f(c) ? '1' : '0'; };
  };
  for (const auto& [name, form] : {std::pair{"nfc", unicode::Form::nfc},
                                   {"nfd", unicode::Form::nfd},
                                   {"nfkc", unicode::Form::nfkc},
                                   {"nfkd", unicode::Form::nfkd}}) {
    map(name, [form = form](std::string_view text) { return unicode::normalized(text, form, profile); });
  }
  map("lowercase", lowercase);
  set("combining_mark", unicode::is_combining_mark<profile>);
  set("dropped_bert", [](char32_t c) { return c == 0 || c == 0xFFFD || unicode::is_control_bert<profile>(c); });
  set("space_bert", [](char32_t c) { return !unicode::is_control_bert<profile>(c) && unicode::is_white_space(c); });
  set("cjk_bert", unicode::is_cjk_bert);
  set("no_mark_bert", [](char32_t c) {
    const std::string decomposed = unicode::normalized(utf8(c), unicode::Form::nfd, profile);
    const char* at = decomposed.data();
    while (at != decomposed.data() + decomposed.size()) {
      if (!unicode::is_mark_nonspacing<profile>(unicode::next_scalar(at))) return true;
    }
    return false;
  });
  set("white_space", unicode::is_white_space);
  set("punctuation_bert", unicode::is_punctuation_bert<profile>);
  set("numeric", unicode::is_numeric);
  set("word", unicode::is_word<profile>);
  set("script_is_latin", [](char32_t c) { return joins('a', c); });
  set("script_is_han", [](char32_t c) { return joins(U'漢', c); });
  map("nfc_marked", [](std::string_view text) {
    return unicode::normalized(std::string(text) + "\u0323\u0301", unicode::Form::nfc, profile);
  });
  map("nfkc_between", [](std::string_view text) {
    return unicode::normalized("a\u0301" + std::string(text) + "\u0327", unicode::Form::nfkc, profile);
  });
  map("combining_class", [](std::string_view text) {
    const char* at = text.data();
    return std::to_string(unicode::combining_class<profile>(unicode::next_scalar(at)));
  });
  map("script", [](std::string_view text) {
    const char* at = text.data();
    return std::string(unicode::script_name(unicode::script(unicode::next_scalar(at), profile)));
  });
  // Leading characters that join anything are lost by HuggingFace, so a pair of them gives no piece at all.
  set("script_as_before", [](char32_t c) {
    return c > 0 && c - 1 - 0xD800 >= 0x800 && joins(c - 1, c) &&
           (fixed_script(c - 1) != "Any" || fixed_script(c) != "Any");
  });
  return out;
}

Record class_record(const std::string& pattern, Regex::Engine engine, UnicodeProfile profile) {
  const Regex regex(pattern, RegexDialect::oniguruma, engine, profile);
  return [regex](char32_t c, std::string& bytes) {
    char text[4];
    const std::string_view view(text, unicode::encode(c, text));
    const auto match = regex.find_from(view);
    bytes += match && match->begin == 0 && match->end == view.size() ? '1' : '0';
  };
}

void check(const std::string& name, const Record& record, const std::vector<std::string>& expected) {
  size_t block = 0;
  for (char32_t begin = 0; begin < 0x110000; begin += block_size, ++block) {
    std::string bytes;
    for (char32_t c = begin; c < begin + block_size; ++c) {
      if (c < 0xD800 || c >= 0xE000) record(c, bytes);
    }
    char hex[9];
    std::snprintf(hex, sizeof hex, "%08x", crc32(bytes));
    ASSERT_LT(block, expected.size());
    EXPECT_EQ(hex, expected[block]) << name << " from code point " << uint32_t(begin);
  }
}

// Checks the rows of a golden file; returns how many were of classes.
template <UnicodeProfile profile>
size_t sweep(const std::string& golden) {
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/" + golden);
  EXPECT_TRUE(file);
  const std::map<std::string, Record> known = records<profile>();
  size_t rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    const std::string name = line.substr(0, line.find('\t'));
    std::istringstream rest(line.substr(line.find('\t') + 1));
    std::vector<std::string> expected;
    for (std::string word; rest >> word;) expected.push_back(word);
    if (name.starts_with("class:")) {
      const std::string pattern = name.substr(6);
      check(name, class_record(pattern, Regex::Engine::automaton, profile), expected);
      if (++rows % 8 == 0)
        check(name + " (backtracking)", class_record(pattern, Regex::Engine::backtracking, profile), expected);
    } else if (const auto it = known.find(name); it != known.end()) {
      check(name, it->second, expected);
    } else {
      ADD_FAILURE() << "unknown row " << name;
    }
  }
  return rows;
}

TEST(Sweep, EveryCodePointEqualsHuggingFace) { EXPECT_GT(sweep<UnicodeProfile::hf>("sweep.txt"), 100u); }

TEST(Sweep, EveryCodePointOfTheLatestProfileEqualsUnicode17) {
  EXPECT_GT(sweep<UnicodeProfile::latest>("latest.txt"), 60u);
}

}  // namespace
}  // namespace brot
