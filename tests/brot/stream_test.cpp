// Streaming: what the steps give adds up to the decoded whole, early and in linear time, for chains of every kind.
#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "raven/brot.hpp"

namespace {

using namespace brot;

const std::vector<std::string> texts = {
    "a",      "##b",    "\xE2\x96\x81the", "\xE2\x96\x81", " x ",   "</w>",   "c</w>",
    "<0xE4>", "<0xBD>", "<0xA0>",          "<0x41>",       "<pad>", "|",      "|.",
    "n't",    "aa",     "\xC3\xA9",        " .",           " ' ",   "do not", "'",
    "s"};

Tokenizer tokenizer_with(std::optional<Decoder> decoder, uint32_t hole = 0) {
  std::vector<Vocabulary::Entry> entries;
  for (uint32_t id = 0; id < texts.size(); ++id) entries.emplace_back(texts[id], id);
  entries.emplace_back("far", uint32_t(texts.size()) + hole);  // a hole in the ids: no table of all of them
  Tokenizer tokenizer(WordLevel::make(entries, {"a"}));
  if (decoder) tokenizer.set_decoder(*decoder);
  return tokenizer;
}

struct Doubled final : CustomDecoder {
  std::vector<std::string> apply(std::vector<std::string> tokens) const override {
    for (std::string& token : tokens) token += token;
    return tokens;
  }
};

std::vector<std::pair<const char*, std::optional<Decoder>>> chains() {
  namespace D = decoders;
  const auto literal = [](const char* from, const char* to) { return D::Replace{Pattern::literal(from), to}; };
  return {{"none", std::nullopt},
          {"bpe", D::BPEDecoder{}},
          {"byte level", D::ByteLevel{}},
          {"byte fallback", D::ByteFallback{}},
          {"ctc", D::CTC{}},
          {"ctc without cleanup", D::CTC{"a", "|", false}},
          {"fuse", D::Fuse{}},
          {"metaspace", D::Metaspace{}},
          {"metaspace never", D::Metaspace{U'\u2581', PrependScheme::never}},
          {"replace", D::Replace{Pattern::regex("[a-c]+"), "_"}},
          {"strip", D::Strip{U' ', 1, 1}},
          {"word piece", D::WordPiece{}},
          {"llama", D::Sequence{literal("\xE2\x96\x81", " "), D::ByteFallback{}, D::Fuse{}, D::Strip{U' ', 1, 0}}},
          {"bytes, then pieces", D::Sequence{D::ByteFallback{}, D::Metaspace{}, D::Fuse{}, D::Strip{U' ', 2, 0}}},
          {"collapsed, then suffixes", D::Sequence{D::CTC{}, D::BPEDecoder{"c"}, D::ByteLevel{}}},
          {"whole text at the end", D::Sequence{D::Fuse{}, literal("aa", "b"), D::Strip{U'b', 1, 1}}},
          {"user-defined", D::Custom{std::make_shared<Doubled>()}}};
}

TEST(DecodeStream, StepsAddUpToTheWholeForEveryChain) {
  std::mt19937 random(5);
  for (const auto& [name, decoder] : chains()) {
    for (const uint32_t hole : {0u, 1u << 20}) {
      const Tokenizer tokenizer = tokenizer_with(decoder, hole);
      for (int round = 0; round < 400; ++round) {
        std::vector<uint32_t> ids(random() % (round < 300 ? 12 : 300));
        for (uint32_t& id : ids)
          id = random() % 20 == 0 ? uint32_t(texts.size()) + hole : random() % (texts.size() + 1);
        const DecodeOptions options{.clean_up_tokenization_spaces = round % 3 == 2};
        DecodeStream stream = tokenizer.decode_stream(options);
        for (int text = 0; text < 2; ++text) {  // after flush it begins afresh
          std::string all;
          for (const uint32_t id : ids)
            if (const auto piece = stream.step(id)) {
              ASSERT_FALSE(piece->empty());
              all += *piece;
            }
          all += stream.flush();
          ASSERT_EQ(all, tokenizer.decode(ids, options))
              << name << ", hole " << hole << ", round " << round << ", text " << text;
        }
      }
    }
  }
}

TEST(DecodeStream, TextComesAsSoonAsNothingCanChangeIt) {
  const auto step = [](DecodeStream& stream, const char* text) {
    const auto id = uint32_t(std::find(texts.begin(), texts.end(), text) - texts.begin());
    return std::string(stream.step(id).value_or("-"));
  };
  DecodeStream suffixes = tokenizer_with(decoders::BPEDecoder{}).decode_stream();
  EXPECT_EQ(step(suffixes, "c</w>"), "-");  // as the last token it would end without a space
  EXPECT_EQ(step(suffixes, "a"), "c ");
  EXPECT_EQ(suffixes.flush(), "a");
  DecodeStream bytes = tokenizer_with(decoders::ByteFallback{}).decode_stream();
  EXPECT_EQ(step(bytes, "<0xE4>"), "-");
  EXPECT_EQ(step(bytes, "<0xBD>"), "-");
  EXPECT_EQ(step(bytes, "<0xA0>"), "-");  // a fourth byte token would spoil the run
  EXPECT_EQ(step(bytes, "a"),
            "\xE4\xBD\xA0"
            "a");
  DecodeStream repeats = tokenizer_with(decoders::CTC{}).decode_stream();
  EXPECT_EQ(step(repeats, "aa"), "aa");
  EXPECT_EQ(step(repeats, "aa"), "-");
  EXPECT_EQ(step(repeats, "<pad>"), "-");
  EXPECT_EQ(step(repeats, "aa"), "aa");
}

// The expected texts are those of transformers' clean_up_tokenization.
TEST(DecodeStream, SpacesAreMendedAsTransformersDoes) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"a", ".", "do", "not", "do", "n't"}, "a. do not don't"},
      {{"x", "'", "s", "'", "re", "?", "!", ","}, "x's're?!,"},
      {{"I", "'m", "'ve", "it", "'s", "n", "'", "t"}, "I'm've it'sn't"},
      {{"a", "'", "."}, "a '."},
      {{"a", "'"}, "a '"},
      {{"a", "'", "m", "."}, "a'm."}};
  std::vector<Vocabulary::Entry> entries;
  for (const auto& [tokens, text] : cases)
    for (const std::string& token : tokens)
      if (std::none_of(entries.begin(), entries.end(), [&](const auto& known) { return known.first == token; }))
        entries.emplace_back(token, uint32_t(entries.size()));
  const Tokenizer tokenizer(WordLevel::make(entries, {"a"}));
  const DecodeOptions mend{.clean_up_tokenization_spaces = true};
  DecodeStream stream = tokenizer.decode_stream(mend);
  for (const auto& [tokens, text] : cases) {
    std::vector<uint32_t> ids;
    std::string all;
    for (const std::string& token : tokens) {
      ids.push_back(*tokenizer.token_to_id(token));
      all += stream.step(ids.back()).value_or("");
    }
    EXPECT_EQ(all + stream.flush(), text);
    EXPECT_EQ(tokenizer.decode(ids, mend), text);
  }
  EXPECT_EQ(stream.step(*tokenizer.token_to_id("do")), "do");
  EXPECT_EQ(stream.step(*tokenizer.token_to_id(".")), ".");  // nothing may follow that changes it
}

// Four times the tokens must not take much more than four times as long; decoding everything at each step takes sixteen
// times.
TEST(DecodeStream, TimeIsLinearForEveryChain) {
  for (const auto& [name, decoder] : chains()) {
    const Tokenizer tokenizer = tokenizer_with(decoder);
    const auto seconds = [&](size_t steps) {
      double best = 1e9;
      for (int repetition = 0; repetition < 3; ++repetition) {
        DecodeStream stream = tokenizer.decode_stream();
        const std::clock_t start = std::clock();  // processor time: others may be running
        for (size_t i = 0; i < steps; ++i) stream.step(uint32_t(i * 7 % texts.size()));
        stream.flush();
        best = std::min(best, double(std::clock() - start) / CLOCKS_PER_SEC);
      }
      return best;
    };
    const double few = seconds(2000), many = seconds(8000);
    EXPECT_LT(many, 9 * few + 5e-3) << name;
  }
}

}  // namespace
