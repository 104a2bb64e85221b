// Other ways to cut a text: the n best, drawn ones; tokenizers of bytes and of characters.
#include <gtest/gtest.h>

#include <fstream>
#include <list>
#include <set>
#include <sstream>

#include "raven/brot.hpp"
#include "raven/brot/files/base64.hpp"
#include "tests/brot/json_lines.hpp"

namespace {

using namespace brot;
using Ids = std::vector<uint32_t>;

Ids ids_of(const std::string& text) {
  Ids ids;
  std::istringstream words(text);
  for (uint32_t id; words >> id;) ids.push_back(id);
  return ids;
}

TEST(Segmentations, TheBestOnesAreSentencePieces) {
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/segmentations.txt");
  std::optional<Tokenizer> native, converted;
  size_t texts = 0, ways = 0;
  for (std::string line; std::getline(file, line) && line != "byt5";) {
    if (line.starts_with("# ")) continue;
    const size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos);
    const std::string text = line.substr(0, tab), rest = line.substr(tab + 1);
    if (text == "model") {
      const auto bytes = files::decode_base64(rest);
      ASSERT_TRUE(bytes);
      const SentencePieceModel model = SentencePieceModel::parse(*bytes);
      native = model.native();
      converted = model.convert();
      continue;
    }
    std::vector<Ids> wanted;
    std::istringstream parts(rest);
    for (std::string part; std::getline(parts, part, ';');) wanted.push_back(ids_of(part));
    const std::vector<ScoredIds> best = native->nbest(text, 8);
    ASSERT_EQ(best.size(), wanted.size()) << text;
    for (size_t i = 0; i < best.size(); ++i) {
      if (i > 0) EXPECT_LE(best[i].score, best[i - 1].score);
      // Ways of one score come in any order.
      const bool alone = (i == 0 || best[i].score < best[i - 1].score - 1e-5) &&
                         (i + 1 == best.size() || best[i].score > best[i + 1].score + 1e-5);
      if (alone) EXPECT_EQ(best[i].ids, wanted[i]) << text << ", way " << i;
      ways += alone;
    }
    EXPECT_EQ(native->encode_ids(text), best[0].ids) << text;
    // The pieces of a pre-tokenizer go together to the same best ways.
    const std::vector<ScoredIds> pieces = converted->nbest(text, 8);
    ASSERT_EQ(pieces.size(), best.size());
    for (size_t i = 0; i < best.size(); ++i) EXPECT_NEAR(pieces[i].score, best[i].score, 1e-4) << text << ", way " << i;
    ++texts;
  }
  EXPECT_GT(texts, 30u);
  EXPECT_GT(ways, 100u);
}

TEST(Segmentations, AddedTokensStayWhole) {
  const Tokenizer plain(Unigram::make({{"<unk>", 0}, {"a", -1}, {"b", -1.5}, {"ab", -2}}, {.unk_id = 0}));
  Tokenizer tokenizer = plain;
  tokenizer.add_special_tokens({AddedToken("<s>", true)});
  const std::vector<ScoredIds> best = tokenizer.nbest("ab<s>ab", 10);
  ASSERT_EQ(best.size(), 4u);
  EXPECT_EQ(best[0].ids, (Ids{3, 4, 3}));
  EXPECT_DOUBLE_EQ(best[0].score, -4);
  EXPECT_EQ(best[1].ids, (Ids{3, 4, 1, 2}));
  EXPECT_EQ(best[2].ids, (Ids{1, 2, 4, 3}));
  EXPECT_EQ(best[3].ids, (Ids{1, 2, 4, 1, 2}));
  EXPECT_DOUBLE_EQ(best[3].score, -5);
  EXPECT_EQ(tokenizer.nbest("ab<s>ab", 2).size(), 2u);
  EXPECT_TRUE(tokenizer.nbest("ab", 0).empty());
  ASSERT_EQ(tokenizer.nbest("", 3).size(), 1u);
  EXPECT_TRUE(tokenizer.nbest("", 3)[0].ids.empty());
  EXPECT_EQ(plain.nbest("xya", 1)[0].ids, (Ids{0, 1})) << "unknown characters are one token";
  EXPECT_THROW(Tokenizer(WordLevel::make(VocabList{{"a", 0}}, {"a"})).nbest("a", 1), Error);
}

TEST(Segmentations, DrawnOnesFollowTheSeed) {
  const Tokenizer unigram(Unigram::make({{"<unk>", 0}, {"a", -1}, {"b", -1}, {"ab", -2}, {"ba", -2}}, {.unk_id = 0}));
  VocabList vocab{{"a", 0}, {"b", 1}, {"ab", 2}, {"abab", 3}};
  const Tokenizer bpe(BPE::Builder().vocab(vocab).merges({{"a", "b"}, {"ab", "ab"}}).build());
  const std::string text = "abababab";
  for (const Tokenizer* tokenizer : {&unigram, &bpe}) {
    const auto drawn = [&](uint64_t seed) {
      const Tokenizer sampling = tokenizer->with_sampling({.alpha = 0.5, .dropout = 0.5f, .seed = seed});
      std::vector<Ids> all;
      for (int i = 0; i < 30; ++i) all.push_back(sampling.encode_ids(text));
      return all;
    };
    const std::vector<Ids> first = drawn(1);
    EXPECT_EQ(first, drawn(1));
    EXPECT_NE(first, drawn(2));
    EXPECT_GT(std::set<Ids>(first.begin(), first.end()).size(), 5u);
    for (const Ids& ids : first) {
      std::string whole;
      for (const uint32_t id : ids) whole += *tokenizer->id_to_token(id);
      EXPECT_EQ(whole, text);
    }
    EXPECT_EQ(tokenizer->encode_ids(text), tokenizer->encode_ids(text)) << "it does not draw itself";
  }
  // Also from a tokenizer that has drawn.
  const Tokenizer drawing = unigram.with_sampling({.alpha = 0.5, .seed = 1});
  const Ids drawn = drawing.with_sampling({.alpha = 0.5, .seed = 3}).encode_ids(text);
  for (int i = 0; i < 5; ++i) drawing.encode_ids("ab");
  EXPECT_EQ(drawing.with_sampling({.alpha = 0.5, .seed = 3}).encode_ids(text), drawn);
  // Of the single best one there is one way, of the best two there are two.
  const auto ways_among = [&](size_t count) {
    const Tokenizer best = unigram.with_sampling({.alpha = 1, .nbest_size = count});
    std::set<Ids> ways;
    for (int i = 0; i < 200; ++i) ways.insert(best.encode_ids("ab"));
    return ways.size();
  };
  EXPECT_EQ(ways_among(1), 1u);
  EXPECT_EQ(ways_among(2), 2u);
  const Tokenizer all_skipped = bpe.with_sampling({.dropout = 1});
  EXPECT_EQ(all_skipped.encode_ids("abab"), (Ids{0, 1, 0, 1}));
  EXPECT_EQ(bpe.with_sampling({.dropout = 0}).encode_ids("abab"), (Ids{3}));
  EXPECT_THROW(unigram.with_sampling({.alpha = 0}), Error);
  EXPECT_THROW(bpe.with_sampling({.dropout = 1.5f}), Error);
  EXPECT_THROW(Tokenizer(WordLevel::make(VocabList{{"a", 0}}, {"a"})).with_sampling({}), Error);
}

TEST(Segmentations, ByteLevelModelsDrawToo) {
  VocabList vocab;
  for (const std::string& text : BpeTrainer::byte_alphabet()) vocab.emplace_back(text, uint32_t(vocab.size()));
  vocab.emplace_back("th", 256);
  vocab.emplace_back("the", 257);
  Tokenizer tokenizer(BPE::Builder().vocab(vocab).merges({{"t", "h"}, {"th", "e"}}).build());
  tokenizer.set_pre_tokenizer(pre_tokenizers::ByteLevel{.add_prefix_space = false});
  tokenizer.set_decoder(decoders::ByteLevel{});
  const Tokenizer sampling = tokenizer.with_sampling({.dropout = 0.5f});
  const std::string text = "the the \xC3\xA9 the";
  std::set<Ids> ways;
  for (int i = 0; i < 50; ++i) {
    const Ids ids = sampling.encode_ids(text);
    ways.insert(ids);
    EXPECT_EQ(sampling.decode(ids), text);
  }
  EXPECT_GT(ways.size(), 5u);
}

TEST(Presets, Byt5IsThatOfTransformers) {
  const Tokenizer tokenizer = presets::byt5();
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/segmentations.txt");
  bool found = false;
  size_t texts = 0;
  for (std::string line; std::getline(file, line);) {
    if (line == "byt5") {
      found = true;
      continue;
    }
    if (!found) continue;
    const test::Json expected = test::JsonReader(line).read();
    Ids wanted;
    for (const test::Json& id : expected[1].items) wanted.push_back(uint32_t(id.number));
    const Encoding encoding = tokenizer.encode(expected[0].string);
    EXPECT_EQ(Ids(encoding.ids().begin(), encoding.ids().end()), wanted) << expected[0].string;
    EXPECT_EQ(tokenizer.decode(wanted), expected[2].string);
    ++texts;
  }
  EXPECT_EQ(texts, 8u);
  EXPECT_EQ(tokenizer.vocab_size(), 384u);
  EXPECT_EQ(tokenizer.eos_id(), 1u);
  const Encoding pair = tokenizer.encode("a", "b");
  EXPECT_EQ(Ids(pair.ids().begin(), pair.ids().end()), (Ids{100, 1, 101, 1}));
  const Tokenizer read = Tokenizer::from_json(tokenizer.to_json());
  EXPECT_EQ(read.encode_ids("a\xC3\xA9<extra_id_3>"), tokenizer.encode_ids("a\xC3\xA9<extra_id_3>"));
}

TEST(Presets, CharactersKeepLineEndsAndSpaces) {
  Tokenizer trained = presets::characters(WordLevel::make(VocabList{}, {}));
  trained.train(CharTrainer{.special_tokens = {{"<unk>", true}}}, Corpus::lines({"a\nb c", "\xC3\xA9"}));
  EXPECT_EQ(trained.vocab_size(), 7u);
  const std::string text =
      "a\nb \xC3\xA9"
      "c";
  EXPECT_EQ(trained.decode(trained.encode_ids(text)), text);
  EXPECT_EQ(trained.encode_ids(text).size(), 6u);
  EXPECT_EQ(trained.encode_ids("z"), Ids{*trained.token_to_id("<unk>")});
  const Tokenizer all = presets::characters(presets::all_characters());
  EXPECT_EQ(all.vocab_size(), 0x110000u - 0x800 + 1);
  EXPECT_EQ(all.encode_ids("a\n\xC3\xA9\xF0\x9F\x98\x80"), (Ids{'a', '\n', 0xE9, 0x1F600}));
  EXPECT_EQ(all.unk_id(), 0x110000u);
}

TEST(Corpus, TakesRangesAndCallables) {
  const auto learned = [](const Corpus& corpus) {
    Tokenizer tokenizer(WordLevel::make(VocabList{}, {}));
    tokenizer.set_pre_tokenizer(pre_tokenizers::WhitespaceSplit{});
    tokenizer.train(WordLevelTrainer{}, corpus);
    return tokenizer.vocab();
  };
  const std::vector<std::string> texts{"b a", "a c a", "b"};
  const auto wanted = learned(Corpus::lines(texts));
  ASSERT_EQ(wanted.size(), 3u);
  EXPECT_EQ(wanted[0].first, "a");
  EXPECT_EQ(learned(Corpus::lines(std::list<std::string_view>(texts.begin(), texts.end()))), wanted);
  const char* const literals[] = {"b a", "a c a", "b"};
  EXPECT_EQ(learned(Corpus::lines(literals)), wanted);
  size_t at = 0;
  EXPECT_EQ(learned(Corpus::iterator([&](std::string& text) {
              if (at == texts.size()) return false;
              text = texts[at++];
              return true;
            })),
            wanted);
}

TEST(Describe, AddedTokensAreShown) {
  Tokenizer tokenizer(WordLevel::make(VocabList{{"ab", 0}, {"c", 1}, {"?", 2}}, {"?"}));
  tokenizer.set_normalizer(normalizers::Lowercase{});
  tokenizer.set_pre_tokenizer(pre_tokenizers::WhitespaceSplit{});
  tokenizer.add_special_tokens({AddedToken("<S>", true)});
  tokenizer.add_tokens({AddedToken("X")});
  const std::string stages = tokenizer.explain("AB<S>C XC");
  EXPECT_NE(stages.find("normalized: ab\u00AB<S>\u00BB"
                        "c \u00ABx\u00BB"
                        "c\n"),
            std::string::npos)
      << stages;
  EXPECT_NE(stages.find("pieces: [ab] \u00AB<S>\u00BB [c] \u00ABx\u00BB [c]\n"), std::string::npos) << stages;
  EXPECT_NE(stages.find("tokens: ab=0(0,2) <S>=3(2,5) c=1(5,6) x=4(7,8) c=1(8,9)\n"), std::string::npos) << stages;
}

}  // namespace
