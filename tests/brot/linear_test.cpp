// Time in proportion to the text, whatever the text: one line of 100 MB, 10 MB of one character, merges and patterns
// chosen to hurt. Each case encodes a text and one four times as long; quadratic work would take sixteen times as long.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <functional>

#include "raven/brot.hpp"

namespace {

using namespace brot;

/// A byte-level tokenizer whose merges build `words` from the left, with the pre-tokenizer of o200k_base.
Tokenizer byte_level(const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, uint32_t>> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
  for (const std::string& word : words)
    for (size_t length = 2; length <= word.size(); ++length) {
      const std::string prefix = word.substr(0, length);
      if (std::none_of(ranks.begin(), ranks.end(), [&](const auto& rank) { return rank.first == prefix; }))
        ranks.emplace_back(prefix, uint32_t(ranks.size()));
    }
  const uint32_t end = uint32_t(ranks.size());
  return Tiktoken::from_ranks(ranks, {"small", Tiktoken::definition("o200k_base").pattern, {{"<|end|>", end}}})
      .tokenizer();
}

Tokenizer doubling(bool in_order) {
  std::vector<std::pair<std::string, uint32_t>> vocab{{"a", 0}, {"b", 1}, {"<unk>", 2}};
  std::vector<BPE::Merge> merges;
  std::string power = "a";
  for (int i = 0; i < 8; ++i) {
    merges.emplace_back(power, power);
    power += power;
    vocab.emplace_back(power, uint32_t(vocab.size()));
  }
  if (!in_order) std::reverse(merges.begin(), merges.end());
  return Tokenizer(BPE::Builder().vocab(vocab).merges(merges).unk_token("<unk>").build());
}

/// Every prefix of a long run is a token, but few of them may stand beside each other: backtracking walks far back.
Tokenizer staircase() {
  std::vector<std::pair<std::string, uint32_t>> vocab{{"a", 0}, {"b", 1}};
  std::vector<BPE::Merge> merges;
  std::string run = "a";
  for (int i = 0; i < 40; ++i) {
    merges.emplace_back(run, "a");
    run += "a";
    vocab.emplace_back(run, uint32_t(vocab.size()));
  }
  merges.emplace_back("a", "b");
  vocab.emplace_back("ab", uint32_t(vocab.size()));
  return Tokenizer(BPE::Builder().vocab(vocab).merges(merges).build());
}

Tokenizer unigram(bool split) {
  Tokenizer tokenizer(Unigram::make(
      {{"<unk>", 0}, {"a", -1}, {"aa", -1.5}, {"aaaaaaa", -4}, {"\xE2\x96\x81", -2}, {"b", -3}}, {.unk_id = 0}));
  tokenizer.set_normalizer(normalizers::Sequence{normalizers::Nmt{}, normalizers::NFKC{}, normalizers::Lowercase{}});
  if (split) tokenizer.set_pre_tokenizer(pre_tokenizers::Metaspace{});
  return tokenizer;
}

Tokenizer word_piece() {
  return presets::bert_word_piece(WordPiece::make(
      VocabList{{"[UNK]", 0}, {"[CLS]", 1}, {"[SEP]", 2}, {"a", 3}, {"##a", 4}, {"##aaaaaaa", 5}, {"b", 6}, {"##b", 7}},
      {}));
}

Tokenizer general_pattern() {
  Tokenizer tokenizer = byte_level({"aaaa"});
  tokenizer.set_pre_tokenizer(pre_tokenizers::Sequence{
      pre_tokenizers::Split{Pattern::regex(R"((?:a|ab|aab)+c?|\s+(?!\S)|\S)"), SplitBehavior::Isolated, false},
      pre_tokenizers::ByteLevel{false, true, false}});
  return tokenizer;
}

Tokenizer with_added_tokens() {
  Tokenizer tokenizer = byte_level({"aaaa"});
  tokenizer.add_special_tokens({AddedToken("<s>", true), AddedToken("aaaaaaaab", true)});
  AddedToken wide("<m>", true);
  wide.lstrip = wide.rstrip = true;
  tokenizer.add_special_tokens({wide});
  return tokenizer;
}

struct Case {
  const char* name;
  std::function<Tokenizer()> make;
};
const std::vector<Case>& tokenizers() {
  static const std::vector<Case> cases = {
      {"byte level", [] { return byte_level({"aaaaaaaa", "abab", " the", "\xE3\x81\x82\xE3\x81\x82"}); }},
      {"doubling merges", [] { return doubling(true); }},
      {"merges out of order", [] { return doubling(false); }},
      {"staircase of merges", [] { return staircase(); }},
      {"unigram", [] { return unigram(false); }},
      {"unigram with words", [] { return unigram(true); }},
      {"word piece", [] { return word_piece(); }},
      {"general pattern", [] { return general_pattern(); }},
      {"added tokens", [] { return with_added_tokens(); }}};
  return cases;
}

std::string repeated(std::string_view unit, size_t size) {
  std::string text;
  text.reserve(size + unit.size());
  while (text.size() < size) text.append(unit);
  return text;
}

double seconds(const Tokenizer& tokenizer, const std::string& text, EncodeFields fields) {
  const std::clock_t start = std::clock();  // processor time: others may be running
  const Encoding encoding = tokenizer.encode(text, {.add_special_tokens = false, .fields = fields});
  const double taken = double(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_LE(encoding.size(), text.size() + 1);
  return taken;
}

void expect_linear(const Case& one, std::string_view unit, size_t size, EncodeFields fields) {
  const Tokenizer tokenizer = one.make();
  const std::string few = repeated(unit, size), many = repeated(unit, 4 * size);
  seconds(tokenizer, few, fields);
  const double short_time = std::min(seconds(tokenizer, few, fields), seconds(tokenizer, few, fields));
  const double long_time = std::min(seconds(tokenizer, many, fields), seconds(tokenizer, many, fields));
  EXPECT_LT(long_time, 9 * short_time + 0.02) << one.name << " on `" << unit.substr(0, 12) << "…`";
}

const std::string_view units[] = {"a",         "ab",           "aaaaaaab", "a ",      " ", "\n", "\xCC\x81",
                                  "e\xCC\x81", "\xE3\x81\x82", "<s>",      "  <m>  ", "0", "'s", "aaaaaaaa<"};

TEST(LinearTime, EveryTokenizerOnMonotonousText) {
  for (const Case& one : tokenizers())
    for (const std::string_view unit : units) expect_linear(one, unit, 40'000, EncodeFields::ids);
}

// Every place of the word begins the long piece, and none ends it.
TEST(LinearTime, WordsOfNearMisses) {
  const Case near{"word piece", [] {
                    return Tokenizer(WordPiece::make(
                        VocabList{{"[UNK]", 0}, {"a", 1}, {"##a", 2}, {"##" + std::string(200'000, 'a') + "b", 3}},
                        {.max_input_chars_per_word = 1'000'000}));
                  }};
  for (const EncodeFields fields : {EncodeFields::ids, EncodeFields::all}) expect_linear(near, "a", 40'000, fields);
}

TEST(LinearTime, OffsetsToo) {
  for (const Case& one : tokenizers())
    for (const std::string_view unit : {units[1], units[7], units[8]})
      expect_linear(one, unit, 40'000, EncodeFields::all);
}

}  // namespace
