// Bytes that are no UTF-8: as input of models of bytes, and refused wherever text is kept.
#include <gtest/gtest.h>

#include <random>

#include "json_lines.hpp"
#include "raven/base/file.hpp"
#include "raven/brot.hpp"
#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/files/base64.hpp"
#include "raven/brot/regex/scanners.hpp"

namespace {

using brot::Encoding;
using brot::InvalidUtf8;
using brot::Offsets;
using brot::Span;
using brot::Tokenizer;

std::vector<uint32_t> ids_of(const Encoding& encoding) { return {encoding.ids().begin(), encoding.ids().end()}; }
std::vector<Span> offsets_of(const Encoding& encoding) {
  return {encoding.offsets().begin(), encoding.offsets().end()};
}

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) bytes.push_back(char(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::vector<std::pair<std::string, uint32_t>> ranks_of(const std::vector<std::string>& tokens) {
  std::vector<std::pair<std::string, uint32_t>> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
  for (const std::string& token : tokens) ranks.emplace_back(token, uint32_t(ranks.size()));
  return ranks;
}

/// Single bytes and a few tokens, cut by `pattern`, with the special token <s> (1000) and the ordinary one <b> (1001).
Tokenizer byte_level(const brot::Pattern& pattern) {
  const auto ranks = ranks_of({"ab", " a", "\xC3\xA9", "\xFF\xFF", "he", "  "});
  std::vector<std::pair<std::string, uint32_t>> vocab;
  for (const auto& [bytes, id] : ranks) {
    std::string text;
    brot::byte_alphabet::append_text(bytes, text);
    vocab.emplace_back(text, id);
  }
  vocab.emplace_back("<s>", 1000);
  vocab.emplace_back("<b>", 1001);
  std::vector<brot::BPE::Merge> merges;
  for (size_t id = 256; id < ranks.size(); ++id) {
    std::string left, right;
    brot::byte_alphabet::append_text(ranks[id].first.substr(0, 1), left);
    brot::byte_alphabet::append_text(ranks[id].first.substr(1), right);
    merges.emplace_back(left, right);
  }
  Tokenizer tokenizer(brot::BPE::Builder().vocab(vocab).merges(merges).build());
  tokenizer.set_pre_tokenizer(brot::pre_tokenizers::Sequence{
      brot::pre_tokenizers::Split{pattern, brot::SplitBehavior::Isolated, false},
      brot::pre_tokenizers::ByteLevel{.add_prefix_space = false, .trim_offsets = true, .use_regex = false}});
  tokenizer.set_decoder(brot::decoders::ByteLevel{});
  tokenizer.add_special_tokens({{"<s>", true}});
  tokenizer.add_tokens({"<b>"});
  return tokenizer;
}

const std::vector<std::string>& parts() {
  static const std::vector<std::string> all = {
      "a",        "ab",           "he",      " ",        "  ",   "\n",           "1",        "'s",           ".",
      "\xC3\xA9", "\xE6\x97\xA5", "\xFF",    "\xFF\xFF", "\xC3", "\xF0\x9F\x98", "\x81\x82", "\xED\xA0\x80", "<s>",
      "<b>",      " é",           "\xE3\x81"};
  return all;
}

// tiktoken's own encode_bytes, all patterns, and one that only the general engine runs.
TEST(InvalidText, BytesAreEncodedAsTiktokenDoes) {
  std::optional<Tokenizer> tokenizer;
  size_t texts = 0;
  for (const brot::test::Json& line : brot::test::read_golden("broken.txt")) {
    if (line[0].string == "encoding") {
      std::vector<std::string> tokens;
      for (const brot::test::Json& token : line[2].items) tokens.push_back(bytes_of_hex(token.string));
      tokenizer = brot::Tiktoken::from_ranks(ranks_of(tokens), {"small", line[1].string, {}}).tokenizer();
      continue;
    }
    const std::string text = bytes_of_hex(line[0].string);
    std::vector<uint32_t> wanted;
    for (const brot::test::Json& id : line[1].items) wanted.push_back(uint32_t(id.number));
    const Encoding encoding = tokenizer->encode(text, {.invalid = InvalidUtf8::bytes});
    ASSERT_EQ(ids_of(encoding), wanted) << line[0].string;
    ASSERT_EQ(encoding.word_ids().size(), wanted.size());
    ASSERT_EQ(tokenizer->decode_bytes(encoding.ids()), text);
    ++texts;
  }
  EXPECT_EQ(texts, 240u);
}

// Whatever cuts the text: bytes come back, offsets ascend, units agree, added tokens are found.
TEST(InvalidText, EveryPatternPassesBytesThrough) {
  std::vector<std::pair<std::string, Tokenizer>> tokenizers;
  for (const brot::regex::Scanner& scanner : brot::regex::all_scanners())
    tokenizers.emplace_back(scanner.name,
                            byte_level(brot::Pattern::regex(std::string(scanner.pattern), scanner.dialect)));
  tokenizers.emplace_back("general", byte_level(brot::Pattern::regex(R"(\p{Lu}?\w+(?=\s)|\S)")));
  Tokenizer digits = byte_level("x");
  digits.set_pre_tokenizer(brot::pre_tokenizers::Sequence{brot::pre_tokenizers::Digits{true},
                                                          brot::pre_tokenizers::ByteLevel{.add_prefix_space = false}});
  tokenizers.emplace_back("digits", digits);
  Tokenizer bytes(brot::ByteModel::make(0, {}));
  tokenizers.emplace_back("bytes", bytes);
  std::mt19937 random(2);
  for (int round = 0; round < 400; ++round) {
    std::string text;
    for (int i = int(random() % 9); i >= 0; --i) text += parts()[random() % parts().size()];
    const std::string replaced = brot::unicode::replace_invalid(text);
    for (const auto& [name, tokenizer] : tokenizers) {
      const Encoding encoding = tokenizer.encode(text, {.invalid = InvalidUtf8::bytes});
      if (name == "bytes") {
        for (size_t i = 0; i < text.size(); ++i)
          ASSERT_EQ(encoding.ids()[i], uint32_t(static_cast<unsigned char>(text[i])));
        ASSERT_EQ(encoding.size(), text.size());
      } else {
        ASSERT_EQ(tokenizer.decode_bytes(encoding.ids()), text) << name;
      }
      ASSERT_EQ(ids_of(tokenizer.encode(text, {.fields = brot::EncodeFields::ids, .invalid = InvalidUtf8::bytes})),
                ids_of(encoding));
      uint32_t reached = 0;
      for (const Span span : encoding.offsets()) {
        ASSERT_TRUE(span.begin <= reached && span.begin < span.end && span.end >= reached && span.end <= text.size())
            << name;
        reached = span.end;
      }
      ASSERT_EQ(reached, text.size()) << name;
      // An invalid subpart counts as the one U+FFFD that stands for it otherwise.
      const auto units = [](std::string_view valid, bool utf16) {
        uint32_t count = 0;
        for (const char c : valid) count += ((c & 0xC0) != 0x80) + (utf16 && static_cast<unsigned char>(c) >= 0xF0);
        return count;
      };
      for (const Offsets unit : {Offsets::codepoint, Offsets::utf16}) {
        const auto spans = offsets_of(tokenizer.encode(text, {.offsets = unit, .invalid = InvalidUtf8::bytes}));
        for (size_t i = 0; i < spans.size(); ++i)
          for (const auto& [byte, converted] : {std::pair{encoding.offsets()[i].begin, spans[i].begin},
                                                std::pair{encoding.offsets()[i].end, spans[i].end}})
            ASSERT_EQ(converted, units(brot::unicode::replace_invalid(text.substr(0, byte)), unit == Offsets::utf16))
                << name;
      }
    }
  }
}

TEST(InvalidText, AddedTokensAndWordsInBytes) {
  const Tokenizer tokenizer = byte_level(brot::Pattern::regex(R"(\s*\S+|\s+)"));
  const Encoding encoding = tokenizer.encode("he \xFF<s>ab\xC3<b>\x81", {.invalid = InvalidUtf8::bytes});
  EXPECT_EQ(ids_of(encoding), (std::vector<uint32_t>{260, ' ', 0xFF, 1000, 256, 0xC3, 1001, 0x81}));
  EXPECT_EQ(offsets_of(encoding),
            (std::vector<Span>{{0, 2}, {2, 3}, {3, 4}, {4, 7}, {7, 9}, {9, 10}, {10, 13}, {13, 14}}));
  EXPECT_EQ(std::vector<uint32_t>(encoding.word_ids().begin(), encoding.word_ids().end()),
            (std::vector<uint32_t>{0, 1, 1, 2, 3, 3, 4, 5}));
  EXPECT_EQ(ids_of(tokenizer.encode("\xFF<s>", {.invalid = InvalidUtf8::bytes, .encode_special_tokens = true})),
            (std::vector<uint32_t>{0xFF, '<', 's', '>'}));
  // Neighbours of a token are looked at where they are whole characters.
  Tokenizer spaced = tokenizer;
  brot::AddedToken word("<w>", true);
  word.single_word = word.lstrip = word.rstrip = true;
  spaced.add_special_tokens({word});
  const uint32_t id = *spaced.token_to_id("<w>");
  EXPECT_EQ(ids_of(spaced.encode("\x81\x81 <w> \xE3", {.invalid = InvalidUtf8::bytes})),
            (std::vector<uint32_t>{0x81, 0x81, id, 0xE3}));
  EXPECT_THROW(Tokenizer(brot::WordLevel::make(brot::VocabList{{"<unk>", 0}}, {}))
                   .encode("\xFF", {.invalid = InvalidUtf8::bytes}),
               brot::Error);
}

// ------------------------------------------------------------------------------------------------ refused where kept

template <class Call>
void expect_refused(brot::ErrorCode code, Call&& call) {
  try {
    call();
    ADD_FAILURE() << "accepted";
  } catch (const brot::Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find("UTF-8"), std::string::npos) << error.what();
  }
}

TEST(InvalidText, ComponentsRefuseIt) {
  using namespace brot;
  const auto refused = [](auto&& call) { expect_refused(ErrorCode::invalid_text, call); };
  refused([] { Normalizer(normalizers::Replace{"a", "\xF0"}); });
  refused([] { Normalizer(normalizers::Replace{"\xC3", "a"}); });
  refused([] { Normalizer(normalizers::Prepend{"\xF0"}); });
  refused([] { Pattern::literal("\xA9"); });
  refused([] { Decoder(decoders::Replace{"a", "\xF0"}); });
  refused([] { Decoder(decoders::BPEDecoder{"\xF0"}); });
  refused([] { Decoder(decoders::WordPiece{"\xF0"}); });
  refused([] { Decoder(decoders::CTC{"\xF0"}); });
  refused([] { Decoder(decoders::CTC{"a", "\xF0"}); });
  refused([] { BPE::Builder().vocab({{"\xA9", 0}}).build(); });
  refused([] { WordPiece::make(VocabList{{"\xA9", 0}}, {}); });
  refused([] { WordPiece::make(VocabList{{"\xC3", 0}, {"\xA9", 1}}, {}); });
  refused([] { WordLevel::make(VocabList{{"\xA9", 0}}, {}); });
  refused([] { Unigram::make({{"\xA9", 0}}, {}); });
  refused([] { ByteModel::make(1, {"\xA9"}); });
  Tokenizer tokenizer(BPE::Builder().vocab({{"a", 0}}).unk_token("a").build());
  refused([&] { tokenizer.add_tokens({AddedToken("\xA9")}); });
  refused([&] { tokenizer.add_special_tokens({AddedToken("b"), AddedToken("\xA9", true)}); });
  EXPECT_EQ(tokenizer.added_tokens().size(), 0u);  // all or nothing
}

TEST(InvalidText, VocabularyFilesRefuseIt) {
  const std::string path = testing::TempDir() + "brot_invalid_vocab.txt";
  raven::write_atomic(path, "[UNK]\na\n", "test");
  EXPECT_EQ(brot::read_wordpiece_file(path, {})->vocabulary().size(), 2u);
  // Halves of one character in two lines: whole only side by side.
  raven::write_atomic(path, "[UNK]\n\xC3\n\xA9\n", "test");
  expect_refused(brot::ErrorCode::invalid_text, [&] { brot::read_wordpiece_file(path, {}); });
}

TEST(InvalidText, DirectCallsRefuseOrReplaceIt) {
  using namespace brot;
  const auto refused = [](auto&& call) { expect_refused(ErrorCode::invalid_text, call); };
  const auto unigram = Unigram::make({{"?", 0}, {"a", -1}}, {.unk_id = 0});
  const auto bpe = BPE::Builder().vocab({{"a", 0}}).unk_token("a").build();
  refused([&] { unigram->nbest("a\xE3", 2); });
  refused([&] { unigram->sample("\xE3", 1, 1); });
  refused([&] { unigram->lattice("\xE3"); });
  for (const char* piece : {"a\xE3", "\xA9", "\xF0\xC3\xA9"}) {
    TokenSink sink;
    refused([&] { unigram->tokenize(piece, 0, sink); });
    refused([&] { bpe->tokenize(piece, 0, sink); });
  }
  EXPECT_EQ(Normalizer(normalizers::Lowercase{}).normalized("A\xF0"), "a\xEF\xBF\xBD");
  EXPECT_EQ(Decoder(decoders::Replace{Pattern::regex("a."), ""}).decode({"\xE3"}), "\xEF\xBF\xBD");
  EXPECT_EQ(Decoder(decoders::BPEDecoder{""}).decode({"\xE3", "b"}), " \xE3 b");
}

TEST(InvalidText, UserDefinedComponentsMustGiveText) {
  using namespace brot;
  struct Cut : CustomNormalizer {
    void apply(AlignedText& text) const override {
      AlignedText::Edit edit(text);
      edit.copy(0, text.size() - 1);
      edit.commit();
    }
  };
  struct Halves : CustomPreTokenizer {
    void apply(Pieces& pieces) const override {
      pieces.list = {{0, 1, Piece::none}, {1, uint32_t(pieces.text.size()), Piece::none}};
    }
  };
  Tokenizer tokenizer(BPE::Builder().vocab({{"a", 0}}).unk_token("a").build());
  tokenizer.set_pre_tokenizer(pre_tokenizers::Custom{std::make_shared<Halves>()});
  EXPECT_EQ(tokenizer.encode("aab").word_ids()[2], 1u);
  try {
    tokenizer.encode("\xC3\xA9");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("from byte 0 to 1"), std::string::npos) << error.what();
  }
  tokenizer.set_pre_tokenizer(std::nullopt);
  tokenizer.set_normalizer(normalizers::Custom{std::make_shared<Cut>()});
  EXPECT_EQ(tokenizer.encode("aaa").size(), 2u);
  expect_refused(ErrorCode::invalid_text, [&] { tokenizer.encode("\xC3\xA9"); });
  EXPECT_THROW(Normalizer(normalizers::Custom{}), Error);
  EXPECT_THROW(PreTokenizer(pre_tokenizers::Custom{}), Error);
  EXPECT_THROW(PostProcessor(post_processors::Custom{}), Error);
  EXPECT_THROW(Decoder(decoders::Custom{}), Error);
}

// A character map of two keys: `first` → at `place` of `strings`, one byte per step of the trie.
std::string chars_map(const std::string& key, uint32_t place, const std::string& strings) {
  // The node of the key's byte i is 256 · (i + 1) ^ byte; its children lie at 256 · (i + 2).
  const size_t size = 256 * (key.size() + 2);
  std::vector<uint32_t> units(size);
  const auto offset = [](size_t from, size_t to) { return uint32_t(from ^ to) << 10; };
  units[0] = offset(0, 256);
  for (size_t i = 0; i < key.size(); ++i) {
    const auto byte = static_cast<unsigned char>(key[i]);
    const size_t node = 256 * (i + 1) ^ byte;
    units[node] = offset(node, 256 * (i + 2)) | byte | (i + 1 == key.size() ? 1u << 8 : 0);
  }
  units[256 * (key.size() + 1)] = 0x80000000u | place;
  std::string bytes(4 + size * 4, '\0');
  const uint32_t trie_bytes = uint32_t(size * 4);
  std::memcpy(bytes.data(), &trie_bytes, 4);
  std::memcpy(bytes.data() + 4, units.data(), size * 4);
  return bytes + strings;
}

TEST(InvalidText, CharacterMapsAreChecked) {
  using namespace brot;
  const std::string replaced("x\0\xC3\xA9\0", 5);
  EXPECT_EQ(Normalizer(normalizers::Precompiled{CharsMap(chars_map("a", 2, replaced))}).normalized("ba"), "b\xC3\xA9");
  const auto refused = [](const std::string& bytes) { expect_refused(ErrorCode::format, [&] { CharsMap{bytes}; }); };
  refused(chars_map("a", 0, std::string("\xF0\0", 2)));
  refused(chars_map("a", 0, "\xC3"));
  try {
    CharsMap{chars_map("a", 3, replaced)};
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("inside the character"), std::string::npos);
  }
  // A key that ends inside a character matches nothing, or only what it is whole in.
  for (const bool sentencepiece : {false, true}) {
    const CharsMap map(chars_map("\xC3", 0, replaced));
    const Normalizer normalizer = sentencepiece ? Normalizer(normalizers::SpmCharsMap{map, false, false, false})
                                                : Normalizer(normalizers::Precompiled{map});
    EXPECT_EQ(normalizer.normalized("a\xC3\xA9"), "a\xC3\xA9");
    const std::string json = R"({"normalizer":{"type":")" + std::string(sentencepiece ? "SpmCharsMap" : "Precompiled") +
                             R"(","precompiled_charsmap":")" + files::encode_base64(map.bytes()) +
                             R"("},"model":{"type":"WordLevel","vocab":{"?":0},"unk_token":"?"}})";
    EXPECT_EQ(Tokenizer::from_json(json).encode("a\xC3\xA9").size(), 1u);
  }
}

}  // namespace
