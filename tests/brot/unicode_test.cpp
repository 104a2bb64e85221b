#include "raven/brot/unicode/unicode.hpp"

#include <map>

#include "gtest/gtest.h"
#include "tests/brot/json_lines.hpp"

namespace brot::unicode {
namespace {

TEST(Utf8, DecodesMaximalSubparts) {
  EXPECT_EQ(replace_invalid("a\xF0\x90\x80z\xE2\x82\xC0\xAF\xED\xA0\x80"),
            "a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(find_invalid("abc\xC3\xA9"), 5u);
  EXPECT_EQ(find_invalid("abc\xC3"), 3u);
  EXPECT_EQ(count_scalars("aé漢😀"), 4u);
}

TEST(Utf8, EveryScalarRoundTripsAndNothingElseDecodes) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    char bytes[4];
    const uint32_t length = encode(c, bytes);
    const Decoded d = decode({bytes, length}, 0);
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    ASSERT_TRUE(d.valid);
    ASSERT_EQ(d.scalar, surrogate ? replacement_character : c);
    ASSERT_EQ(d.length, length);
    const char* at = bytes;
    ASSERT_EQ(next_scalar(at), d.scalar);
    ASSERT_EQ(previous_scalar(bytes + length), d.scalar);
  }
  for (const char* bad :
       {"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xFF", "\x80", "\xED\xA0\x80"})
    EXPECT_FALSE(is_valid(bad));
}

TEST(Utf8, AsciiPrefixStopsAtEachPlace) {
  for (size_t size = 0; size < 80; ++size) {
    std::string text(size, 'x');
    EXPECT_EQ(ascii_prefix(text), size);
    for (size_t i = 0; i < size; ++i) {
      std::string broken = text;
      broken[i] = '\xC3';
      ASSERT_EQ(ascii_prefix(broken), i);
    }
  }
}

// Applies the edit script to the characters of the text, as an aligned string does: the span of each scalar in
// characters.
std::vector<std::pair<size_t, size_t>> spans(const std::vector<Change>& changes) {
  std::vector<std::pair<size_t, size_t>> out;
  size_t next = 0;
  for (const Change& change : changes) {
    if (change.change > 0) {
      out.push_back(next ? std::pair(next - 1, next) : std::pair<size_t, size_t>(0, 0));
      continue;
    }
    out.emplace_back(next, next + 1);
    next += 1 + size_t(-change.change);
  }
  return out;
}

TEST(Normalize, EqualsHuggingFaceWithAlignment) {
  const std::map<std::string, Form> forms = {
      {"nfc", Form::nfc}, {"nfd", Form::nfd}, {"nfkc", Form::nfkc}, {"nfkd", Form::nfkd}};
  size_t unchanged = 0;
  for (const test::Json& line : test::read_golden("normalize.txt")) {
    const auto form = forms.find(line[0].string);
    if (form == forms.end()) continue;
    const std::string& text = line[1].string;
    EXPECT_EQ(normalized(text, form->second), line[2].string) << text;
    std::vector<Change> changes;
    if (!normalize(text, form->second, changes)) {
      ++unchanged;
      EXPECT_EQ(text, line[2].string);
      continue;
    }
    std::vector<std::pair<size_t, size_t>> expected;
    for (const test::Json& span : line[3].items) expected.emplace_back(size_t(span[0].number), size_t(span[1].number));
    EXPECT_EQ(spans(changes), expected) << line[0].string << " " << ::testing::PrintToString(text);
  }
  EXPECT_GT(unchanged, 10u);
}

TEST(Normalize, LongRunsOfMarksStayLinear) {
  std::string marks = "a";
  for (int i = 0; i < 200000; ++i) marks += i % 2 ? "\u0301" : "\u0323";
  const std::string out = normalized(marks, Form::nfd);
  EXPECT_EQ(out.size(), marks.size());
  EXPECT_EQ(out.substr(1, 4), "\u0323\u0323");
  EXPECT_TRUE(is_normalized_quick(out, Form::nfd));
}

TEST(Grapheme, EqualsTheRegexModule) {
  size_t total = 0;
  for (const test::Json& line : test::read_golden("normalize.txt")) {
    if (line[0].string != "graphemes") continue;
    const std::string& text = line[1].string;
    std::vector<int64_t> found, expected;
    for (size_t at = 0; at < text.size();) {
      const size_t end = grapheme_end(text, at);
      found.push_back(int64_t(end - at));
      at = end;
    }
    for (const test::Json& length : line[2].items) expected.push_back(length.number);
    EXPECT_EQ(found, expected) << ::testing::PrintToString(text);
    ++total;
  }
  EXPECT_GT(total, 200u);
}

TEST(Case, SpecialMappings) {
  const auto text = [](const Mapping& mapping) {
    std::string out;
    for (const char32_t c : mapping) append(out, c);
    return out;
  };
  EXPECT_EQ(text(to_lowercase(U'İ')), "i\u0307");
  EXPECT_EQ(text(to_lowercase(U'Σ')), "σ");
  EXPECT_EQ(text(to_uppercase(U'ß')), "SS");
  EXPECT_EQ(text(to_titlecase(U'ß')), "Ss");
  EXPECT_EQ(text(to_titlecase(U'ǆ')), "ǅ");
  EXPECT_EQ(text(to_uppercase(U'ﬃ')), "FFI");
}

}  // namespace
}  // namespace brot::unicode
