// What loading is made of, against the plain way: tables of tokens, base64, merges looked up by many threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>

#include "raven/base/thread_pool.hpp"
#include "raven/brot.hpp"
#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/files/base64.hpp"

namespace {

using brot::BPE;
using brot::Vocabulary;

TEST(Base64, EveryLengthThereAndBack) {
  std::mt19937 random(7);
  for (size_t size = 0; size < 70; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(char(random()));
    const std::string text = brot::files::encode_base64(bytes);
    EXPECT_EQ(brot::files::decode_base64(text), bytes);
    std::string bare = text;
    while (bare.ends_with('=')) bare.pop_back();
    EXPECT_EQ(brot::files::decode_base64(bare), bytes);  // padding may be missing
    EXPECT_LE(bytes.size(), brot::files::most_bytes_of_base64(bare));
  }
  EXPECT_EQ(brot::files::decode_base64("TWFu"), "Man");
  EXPECT_EQ(brot::files::decode_base64("+/+/"), "\xFB\xFF\xBF");
}

// A wrong character at any place, and a lone one at the end.
TEST(Base64, WhatIsNoneIsRefused) {
  const std::string good = brot::files::encode_base64("a text of some length");
  for (size_t place = 0; place < 28; ++place)
    for (const char wrong : {'=', '-', '_', ' ', '\0', '\x80', '\xFF'}) {
      std::string text = good;
      text[place] = wrong;
      if (wrong == '=' && place + 1 == text.size()) continue;  // padding
      EXPECT_FALSE(brot::files::decode_base64(text)) << place << " " << int(wrong);
    }
  for (const char* text : {"A", "TWFuA", "TWFuTWFuA"}) EXPECT_FALSE(brot::files::decode_base64(text)) << text;
}

TEST(ByteAlphabet, TextOfBytesIsThatOfEachByte) {
  std::string bytes, expected = "before ";
  for (int byte = 0; byte < 256; ++byte) {
    bytes.push_back(char(byte));
    expected += brot::byte_alphabet::text_of(uint8_t(byte));
  }
  std::string text = "before ", back;
  brot::byte_alphabet::append_text(bytes, text);
  EXPECT_EQ(text, expected);
  EXPECT_FALSE(brot::byte_alphabet::append_bytes(text, back));  // a space is none
  back.clear();
  std::string alone;
  brot::byte_alphabet::append_text(bytes, alone);
  EXPECT_TRUE(brot::byte_alphabet::append_bytes(alone, back));
  EXPECT_EQ(back, bytes);
}

// Texts that come again keep their last id, ids in any order and with holes; both forms of `build` agree.
TEST(VocabularyTable, EqualsAMap) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> texts;
    std::vector<Vocabulary::Entry> entries;
    const size_t count = random() % 400;
    const unsigned spread = round % 3 == 0 ? 4 : 26, top = round % 5 == 0 ? 1000000 : unsigned(count) + 1;
    texts.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      std::string text;
      for (unsigned k = 0; k < random() % 20; ++k) text += char('a' + random() % spread);
      texts.push_back(text);
      const uint32_t id = round % 2 ? uint32_t(i) : uint32_t(random() % top);
      entries.emplace_back(texts.back(), id);
    }
    std::map<std::string, uint32_t> expected;
    for (const auto& [text, id] : entries) expected[std::string(text)] = id;
    const Vocabulary copied = Vocabulary::build(entries),
                     moved = Vocabulary::build(Vocabulary::Source::copy_of(entries));
    for (const Vocabulary* vocabulary : {&copied, &moved}) {
      ASSERT_EQ(vocabulary->size(), expected.size());
      std::map<std::string, uint32_t> got;
      uint32_t last = 0;
      vocabulary->for_each([&](std::string_view text, uint32_t id) {
        EXPECT_GE(id, last);
        last = id;
        got[std::string(text)] = id;
      });
      EXPECT_EQ(got, expected);
      EXPECT_EQ(vocabulary->entries().size(), expected.size());
      for (const auto& [text, id] : expected) {
        EXPECT_EQ(vocabulary->find(text), id);
        EXPECT_EQ(expected.at(std::string(vocabulary->text(id))), id);
      }
      EXPECT_EQ(vocabulary->find("not there"), Vocabulary::none);
      EXPECT_EQ(vocabulary->text(2000000).data(), nullptr);
    }
  }
}

/// Tokens a, b, …, and as many pairs of earlier tokens as merges.
struct Large {
  std::vector<std::string> tokens;
  std::vector<std::pair<std::string, std::string>> merges;
  explicit Large(size_t count) {
    for (char c = 'a'; c <= 'z'; ++c) tokens.emplace_back(1, c);
    std::map<std::string, bool> known;
    std::mt19937 random(13);
    while (merges.size() < count) {
      const std::string left = tokens[random() % tokens.size()], right = tokens[random() % tokens.size()];
      if (left.size() + right.size() > 12 || known[left + right]) continue;
      known[left + right] = true;
      tokens.push_back(left + right);
      merges.emplace_back(left, right);
    }
  }
  std::vector<Vocabulary::Entry> vocab() const {
    std::vector<Vocabulary::Entry> entries;
    for (uint32_t id = 0; id < tokens.size(); ++id) entries.emplace_back(tokens[id], id);
    return entries;
  }
  std::vector<BPE::MergeView> views() const { return {merges.begin(), merges.end()}; }
};

// So many merges that they are looked up in several parts.
TEST(Merges, AreLookedUpByAnyNumberOfThreads) {
  const Large large(60000);
  const int before = raven::num_threads();
  for (const int threads : {1, 4}) {
    raven::set_num_threads(threads);
    const auto model = BPE::make(large.vocab(), large.views(), {});
    const auto merges = model->merges();
    ASSERT_EQ(merges.size(), large.merges.size());
    for (size_t i = 0; i < merges.size(); ++i) {
      ASSERT_EQ(large.tokens[merges[i].first], large.merges[i].first);
      ASSERT_EQ(large.tokens[merges[i].second], large.merges[i].second);
    }
  }
  raven::set_num_threads(before);
}

// Several merges are wrong, in several parts: the first one is named, and what it lacks.
TEST(Merges, TheFirstWrongOneIsNamed) {
  const Large large(60000);
  const int before = raven::num_threads();
  raven::set_num_threads(4);
  for (const size_t place : {size_t{0}, size_t{5}, size_t{20000}, size_t{40000}, size_t{59999}}) {
    for (const int kind : {0, 1, 2}) {
      auto merges = large.views();
      std::string missing;
      if (kind == 0) merges[place].first = missing = "LEFT";
      if (kind == 1) merges[place].second = missing = "RIGHT";
      if (kind == 2) {
        merges[place] = {"abcabcabcabc", "a"};
        missing = "abcabcabcabc";
        auto vocab = large.vocab();
        if (std::none_of(vocab.begin(), vocab.end(), [&](const auto& entry) { return entry.first == missing; })) {
          merges[place] = {large.tokens.back(), large.tokens.back()};
          missing = large.tokens.back() + large.tokens.back();
        }
      }
      for (size_t later = place + 7000; later < merges.size(); later += 9000) merges[later].first = "LATER";
      try {
        BPE::make(large.vocab(), merges, {});
        FAIL() << "accepted";
      } catch (const brot::Error& error) {
        EXPECT_EQ(std::string(error.what()), "brot.BPE: merge " + std::to_string(place + 1) + ": token `" + missing +
                                                 "` is not in the vocabulary");
      }
    }
  }
  raven::set_num_threads(before);
}

TEST(Merges, OfEmptyTokensNeedTheEmptyToken) {
  const std::vector<Vocabulary::Entry> with = {{"a", 0}, {"", 7}}, without = {{"a", 0}, {"b", 1}};
  const std::vector<BPE::MergeView> merges = {{"", ""}};
  EXPECT_EQ(BPE::make(with, merges, {})->merges().size(), 1u);
  EXPECT_THROW(BPE::make(without, merges, {}), brot::Error);
}

// Ranks whose bytes are no whole alphabet: merges come from the texts all the same, and bytes twice keep the last rank.
TEST(Tiktoken, RanksWithoutEveryByte) {
  const std::vector<std::pair<std::string, uint32_t>> ranks = {{"a", 0},  {"b", 1},        {"\xC3", 2}, {"\xA9", 3},
                                                               {"ab", 5}, {"\xC3\xA9", 6}, {"abab", 7}, {"ab", 4}};
  const auto tiktoken = brot::Tiktoken::from_ranks(ranks, {"own", R"([^ ]+| )", {{"<s>", 9}}});
  EXPECT_EQ(tiktoken.encode_ordinary("ababab\xC3\xA9"), (std::vector<uint32_t>{7, 4, 6}));
  EXPECT_EQ(tiktoken.encode_with_special("<s>ab"), (std::vector<uint32_t>{9, 4}));
  EXPECT_EQ(tiktoken.decode(std::vector<uint32_t>{7, 6, 9}), "abab\xC3\xA9<s>");
}

// Special tokens so far off that there is no table of ids.
TEST(Tiktoken, BytesOfSparseIds) {
  const auto tiktoken = brot::Tiktoken::from_ranks({{"a", 0}, {"\xC3", 1}}, {"own", ".", {{"<end>", 90000}}});
  EXPECT_EQ(tiktoken.decode_bytes(std::vector<uint32_t>{0, 1, 90000, 5}), "a\xC3<end>");
  EXPECT_EQ(tiktoken.decode(std::vector<uint32_t>{0, 1}), "a\xEF\xBF\xBD");
}

TEST(Tiktoken, LinesInEveryForm) {
  const auto read = [](std::string_view lines) { return brot::Tiktoken::from_text(lines, {"own", R"(.+)", {}}); };
  const auto tiktoken = read("YQ== 0\r\nYg== 1\n\nYWI= 2");
  EXPECT_EQ(tiktoken.encode_ordinary("abb"), (std::vector<uint32_t>{2, 1}));
  EXPECT_EQ(tiktoken.to_text(), "YQ== 0\nYg== 1\nYWI= 2\n");
  EXPECT_EQ(read("").encode_ordinary("a").size(), 0u);
  for (const char* wrong :
       {"YQ==", "YQ== ", "YQ== x", "YQ== 1 ", "Y 0", "Y!== 0", "YQ== -1", "YQ== 99999999999", "YQ==  1", "YQ== 0"})
    EXPECT_THROW(read(std::string("Yg== 0\n") + wrong), brot::Error) << wrong;
}

TEST(Tiktoken, EncodingsOfModels) {
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/models.txt");
  size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    if (line.starts_with("# ")) continue;
    const size_t tab = line.find('\t');
    const std::string model = line.substr(0, tab), wanted = line.substr(tab + 1);
    std::string got = "-";
    try {
      got = brot::Tiktoken::encoding_of_model(model);
    } catch (const brot::Error& error) {
      EXPECT_EQ(error.code(), brot::ErrorCode::argument);
    }
    EXPECT_EQ(got, wanted) << "`" << model << "`";
  }
  EXPECT_GT(count, 100u);
}

/// Bytes, and merges of English, spaces and other letters.
brot::Tiktoken small_tiktoken(const std::string& encoding) {
  std::vector<std::pair<std::string, uint32_t>> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
  for (const char* text : {"th",       "the", " t",        " the", "  ",  "    ", "\n\n", " \n",  "  \n", "  \n  ",
                           "\xC3\xA9", "'s",  "'\xC5\xBF", "12",   "123", "ab",   "abab", "\r\n", "..",   ".\n"})
    ranks.emplace_back(text, uint32_t(ranks.size()));
  brot::TiktokenDefinition definition = brot::Tiktoken::definition(encoding);
  definition.special_tokens = {{"<|endoftext|>", 300}, {"<|more|>", 310}};
  return brot::Tiktoken::from_ranks(ranks, definition);
}

/// Random text of what patterns tell apart.
std::string mixed_text(std::mt19937& random) {
  static constexpr const char* parts[] = {"the",      " the",
                                          "THE",      " ",
                                          "  ",       "\n",
                                          "\r\n",     "\t",
                                          "'s",       "'S",
                                          "'ll",      "12",
                                          "1",        "12345",
                                          "\xC3\xA9", "\xE4\xBB\x8A",
                                          ".",        "..",
                                          "/",        "ab",
                                          "\xC5\xBF", "'\xC5\xBF",
                                          "\xC2\xA0", "\xE2\x80\xA8",
                                          "\xC2\x85", "<|endoftext|>",
                                          "\xD9\xA3"};
  std::string text;
  for (size_t i = 0, count = random() % 14; i < count; ++i) text += parts[random() % std::size(parts)];
  return text;
}

// As tokenizer.json, from there, and as ranks again.
TEST(Tiktoken, TokenizersThereAndBack) {
  std::mt19937 random(3);
  for (const char* encoding : {"gpt2", "p50k_edit", "cl100k_base", "o200k_base"}) {
    const brot::Tiktoken tiktoken = small_tiktoken(encoding);
    EXPECT_THROW(tiktoken.tokenizer().to_json(), brot::Error);
    const brot::Tokenizer tokenizer = tiktoken.to_tokenizer();
    const brot::Tokenizer again = brot::Tokenizer::from_json(tokenizer.to_json());
    const brot::Tiktoken back = brot::Tiktoken::from_tokenizer(again, "back");
    EXPECT_EQ(back.to_text(), tiktoken.to_text());
    EXPECT_EQ(back.special_tokens(), tiktoken.special_tokens());
    for (int i = 0; i < 4000; ++i) {
      const std::string text = mixed_text(random);
      const auto wanted = tiktoken.encode_with_special(text);
      ASSERT_EQ(tokenizer.encode_ids(text), wanted) << encoding << " `" << text << "`";
      ASSERT_EQ(again.encode_ids(text), wanted) << encoding << " `" << text << "`";
      ASSERT_EQ(back.encode_with_special(text), wanted) << encoding << " `" << text << "`";
    }
  }
}

TEST(Tiktoken, WhatHasNoOtherFormIsRefused) {
  const auto own = brot::Tiktoken::from_ranks({{"a", 0}, {"b", 1}, {"ab", 2}}, {"own", R"(\w+|\W+$)", {}});
  EXPECT_THROW(own.to_tokenizer(), brot::Error);
  EXPECT_EQ(own.to_tokenizer(R"(\w+|\W+\z)").encode_ids("abb"), (std::vector<uint32_t>{2, 1}));
  EXPECT_THROW(brot::Tiktoken::from_tokenizer(own.to_tokenizer(R"(\w+|\W+\z)"), "back"), brot::Error);
  EXPECT_EQ(brot::Tiktoken::from_tokenizer(own.to_tokenizer(R"(\w+|\W+\z)"), "back", R"(\w+|\W+$)").to_text(),
            own.to_text());
  // Merges against the order of ids, no bytes, no BPE.
  const auto bpe = [](std::vector<std::pair<std::string, uint32_t>> vocab, std::vector<BPE::Merge> merges) {
    return brot::gpt2_style(BPE::Builder().vocab(std::move(vocab)).merges(std::move(merges)).build());
  };
  const auto convert = [](const brot::Tokenizer& tokenizer) { return brot::Tiktoken::from_tokenizer(tokenizer, "x"); };
  EXPECT_EQ(convert(bpe({{"a", 0}, {"b", 1}, {"ab", 2}, {"ba", 3}}, {{"a", "b"}, {"b", "a"}})).to_text(),
            "YQ== 0\nYg== 1\nYWI= 2\nYmE= 3\n");
  EXPECT_THROW(convert(bpe({{"a", 0}, {"b", 1}, {"ab", 3}, {"ba", 2}}, {{"a", "b"}, {"b", "a"}})), brot::Error);
  EXPECT_THROW(convert(bpe({{"a", 0}, {" ", 1}}, {})), brot::Error);
  EXPECT_THROW(convert(brot::Tokenizer(brot::ByteModel::make(0, {}))), brot::Error);
}

}  // namespace
