// Vocabularies of GGUF files.
#include <gtest/gtest.h>

#include <set>

#include "raven/brot.hpp"
#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/files/gguf_patterns.hpp"

namespace {

using namespace brot;

std::string tokens_of(const Tokenizer& tokenizer, std::string_view text) {
  std::string all;
  const Encoding encoding = tokenizer.encode(text);
  for (const std::string_view token : encoding.tokens()) all.append(all.empty() ? "" : "|").append(token);
  return all;
}

GgufVocabulary bytes(const char* pre, std::vector<std::string> more = {}) {
  GgufVocabulary gguf;
  gguf.model = "gpt2";
  gguf.pre = pre;
  for (int byte = 0; byte < 256; ++byte) gguf.tokens.emplace_back(byte_alphabet::text_of(uint8_t(byte)));
  gguf.token_types.assign(256, 1);
  for (std::string& text : more) {
    gguf.tokens.push_back(std::move(text));
    gguf.token_types.push_back(3);
  }
  return gguf;
}

/// The pieces of a text, joined.
std::string pieces_of(const char* pre, std::string_view text) {
  const Tokenizer tokenizer = read_gguf_vocabulary(bytes(pre));
  std::string all;
  for (const TextPiece& piece : tokenizer.pre_tokenize(text))
    all.append(all.empty() ? "" : "|")
        .append(text.substr(piece.offsets.begin, piece.offsets.end - piece.offsets.begin));
  return all;
}

TEST(Gguf, EveryPatternCutsText) {
  std::set<std::string_view> names;
  for (const auto& pattern : all_gguf_patterns()) {
    EXPECT_TRUE(names.insert(pattern.name).second) << pattern.name;
    const Tokenizer tokenizer = read_gguf_vocabulary(bytes(std::string(pattern.name).c_str()));
    const std::string text =
        "Don't   stop 12345, na\xC3\xAFve \xE4\xBB\x8A\xE6\x97\xA5"
        "abc!?\r\n\t x ";
    const auto ids = tokenizer.encode_ids(text);
    EXPECT_EQ(tokenizer.decode(ids), text) << pattern.name;
    EXPECT_GT(tokenizer.pre_tokenize(text).size(), 3u) << pattern.name;
  }
  EXPECT_GT(names.size(), 80u);
  EXPECT_THROW(read_gguf_vocabulary(bytes("unheard-of")), Error);
}

// One text for what tells the lists apart.
TEST(Gguf, PatternsOfFamilies) {
  const char* text = "it'S 12345 a\xE4\xBB\x8A. x";
  EXPECT_EQ(pieces_of("gpt-2", text), "it|'|S| 12345| a\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("", text), "it|'|S| |123|45| a\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("llama-bpe", text), "it|'S| |123|45| a\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("qwen2", text), "it|'S| |1|2|3|4|5| a\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("starcoder", text), "it|'|S| |1|2|3|4|5| a\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("falcon", text), "it|'|S| |123|45| a\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("deepseek-v3", text), "it|'S| |123|45| a|\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("deepseek-llm", text), "it|'|S| |12345| a|\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("deepseek-coder", text), "it|'|S| |1|2|3|4|5| a|\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("kimi-k2", text), "it'S| |123|45| a|\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("tekken", text), "it|'S| |1|2|3|4|5| a\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("gpt-4o", text), "it'S| |123|45| a\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("bloom", text), "it'S| 12345| a\xE4\xBB\x8A|.| x");
  EXPECT_EQ(pieces_of("chameleon", "a  b"), "a|  |b");
}

TEST(Gguf, WhatIsAddedAroundTexts) {
  GgufVocabulary gguf = bytes("llama-bpe", {"<s>", "</s>"});
  gguf.bos_token_id = 256;
  gguf.eos_token_id = 257;
  EXPECT_EQ(tokens_of(read_gguf_vocabulary(gguf), "a"), "<s>|a");
  gguf.add_bos_token = false;
  gguf.add_eos_token = true;
  EXPECT_EQ(tokens_of(read_gguf_vocabulary(gguf), "a</s>"), "a|</s>|</s>");
  gguf.add_bos_token = std::nullopt;
  gguf.add_eos_token = std::nullopt;
  gguf.pre = "gpt-2";
  EXPECT_EQ(tokens_of(read_gguf_vocabulary(gguf), "a"), "a");
  EXPECT_EQ(read_gguf_vocabulary(gguf).eos_id(), 257u);
}

TEST(Gguf, SentencePieceVocabularies) {
  GgufVocabulary gguf;
  gguf.model = "llama";
  gguf.tokens = {"<unk>",
                 "<s>",
                 "</s>",
                 "\xE2\x96\x81",
                 "a",
                 "\xE2\x96\x81"
                 "a",
                 "<0x41>"};
  gguf.token_types = {2, 3, 3, 1, 1, 1, 6};
  gguf.scores = {0, 0, 0, -1, -2, -1.5f, 0};
  gguf.bos_token_id = 1;
  gguf.eos_token_id = 2;
  const Tokenizer llama = read_gguf_vocabulary(gguf);
  EXPECT_EQ(tokens_of(llama, "a</s>a"),
            "<s>|\xE2\x96\x81"
            "a|</s>|\xE2\x96\x81"
            "a");
  const std::vector<uint32_t> ids = {1, 5, 2};
  EXPECT_EQ(llama.decode(ids), "a");
  EXPECT_EQ(llama.decode(ids, {.skip_special_tokens = false}), "<s> a</s>");
  gguf.add_space_prefix = false;
  EXPECT_EQ(tokens_of(read_gguf_vocabulary(gguf), "a"), "<s>|a");
  gguf.model = "t5";
  EXPECT_EQ(tokens_of(read_gguf_vocabulary(gguf), " a"), "a|</s>");
}

TEST(Gguf, BertVocabularies) {
  GgufVocabulary gguf;
  gguf.model = "bert";
  gguf.tokens = {"[PAD]",
                 "[UNK]",
                 "[CLS]",
                 "[SEP]",
                 "[MASK]",
                 "\xE2\x96\x81"
                 "a",
                 "b"};
  gguf.token_types = {3, 3, 3, 3, 3, 1, 1};
  const Tokenizer tokenizer = read_gguf_vocabulary(gguf);
  EXPECT_EQ(tokens_of(tokenizer, "ab [MASK]"), "[CLS]|a|##b|[MASK]|[SEP]");
  EXPECT_EQ(tokenizer.encode("a", "a").size(), 5u);
  EXPECT_EQ(tokenizer.cls_id(), 2u);
  EXPECT_EQ(tokenizer.mask_id(), 4u);
  gguf.cls_token_id = 3;
  gguf.seperator_token_id = 2;
  EXPECT_EQ(tokens_of(read_gguf_vocabulary(gguf), "a"), "[SEP]|a|[CLS]");
  gguf.tokens[2] = "other";
  gguf.seperator_token_id = 100;
  gguf.cls_token_id = std::nullopt;
  EXPECT_THROW(read_gguf_vocabulary(gguf), Error);
}

TEST(Gguf, FaultsAreTyped) {
  EXPECT_THROW(read_gguf_vocabulary({.model = "gpt2", .pre = "gpt-2", .tokens = {}}), Error);
  EXPECT_THROW(read_gguf_vocabulary({.model = "rwkv", .pre = "", .tokens = {"a"}}), Error);
  EXPECT_THROW(read_gguf_vocabulary({.model = "gpt2", .pre = "", .tokens = {"a"}, .token_types = {1, 1}}), Error);
  EXPECT_THROW(read_gguf_vocabulary({.model = "llama", .pre = "", .tokens = {"a"}, .scores = {1, 1}}), Error);
  EXPECT_THROW(read_gguf_vocabulary({.model = "gpt2", .pre = "", .tokens = {"a"}, .merges = {"a"}}), Error);
}

}  // namespace
