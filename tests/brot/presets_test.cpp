// Presets equal HuggingFace's; roles of special tokens.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "raven/brot.hpp"

namespace {

using namespace brot;

std::map<std::string, std::string> golden() {
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/presets.txt");
  std::map<std::string, std::string> lines;
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    lines[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return lines;
}

TEST(Presets, SaveWhatHuggingFaceSaves) {
  const auto bpe = [](BpeOptions options, const char* end = "") {
    const std::string b = std::string("b") + end;
    return BPE::Builder()
        .vocab({{"<unk>", 0}, {"a", 1}, {b, 2}, {"a" + b, 3}})
        .merges({{"a", b}})
        .options(std::move(options))
        .build();
  };
  BpeOptions plain, suffixed, pieces, fused;
  plain.continuing_subword_prefix = plain.end_of_word_suffix = "";
  suffixed.unk_token = pieces.unk_token = fused.unk_token = "<unk>";
  suffixed.end_of_word_suffix = "</w>";
  fused.fuse_unk = true;
  const std::vector<Vocabulary::Entry> words = {{"[PAD]", 0}, {"[UNK]", 1}, {"[CLS]", 2},
                                                {"[SEP]", 3}, {"a", 4},     {"##b", 5}};
  const auto bert = WordPiece::make(words, {});
  const std::map<std::string, Tokenizer> ours = {
      {"byte_level", presets::byte_level_bpe(bpe(plain))},
      {"byte_level_options", presets::byte_level_bpe(bpe(plain), {.add_prefix_space = true,
                                                                  .lowercase = true,
                                                                  .unicode_normalizer = presets::Form::NFKC,
                                                                  .trim_offsets = true})},
      {"char", presets::char_bpe(bpe(suffixed, "</w>"))},
      {"char_options", presets::char_bpe(bpe(suffixed, "</w>"), {.lowercase = true,
                                                                 .unicode_normalizer = presets::Form::NFD,
                                                                 .split_on_whitespace_only = true})},
      {"sentencepiece_bpe", presets::sentencepiece_bpe(bpe(pieces))},
      {"sentencepiece_bpe_options",
       presets::sentencepiece_bpe(bpe(fused), {.replacement = U'_', .add_prefix_space = false})},
      {"sentencepiece_unigram",
       presets::sentencepiece_unigram(Unigram::make({{"<unk>", 0}, {"a", -1}, {"\xE2\x96\x81", -1.5}}, {}))},
      {"bert", presets::bert_word_piece(bert)},
      {"bert_options",
       presets::bert_word_piece(
           bert, {.clean_text = false, .handle_chinese_chars = false, .strip_accents = true, .lowercase = false})}};
  const auto theirs = golden();
  ASSERT_EQ(theirs.size(), ours.size() + 1);
  for (const auto& [name, tokenizer] : ours) EXPECT_EQ(tokenizer.to_json(), theirs.at(name)) << name;
}

TEST(Presets, BertNeedsItsSeparator) {
  try {
    presets::bert_word_piece(WordPiece::make(VocabList{{"[CLS]", 0}}, {}));
    FAIL();
  } catch (const brot::Error& error) {
    EXPECT_NE(std::string(error.what()).find("brot.presets.bert_word_piece: `[SEP]` is not in the vocabulary"),
              std::string::npos)
        << error.what();
  }
}

TEST(Roles, ComeFromTheConfigurationAndTheModel) {
  Tokenizer tokenizer(WordPiece::make(VocabList{{"[UNK]", 7}, {"<s>", 3}}, {}));
  EXPECT_EQ(tokenizer.unk_token(), "[UNK]");
  EXPECT_EQ(tokenizer.unk_id(), 7u);
  EXPECT_FALSE(tokenizer.bos_token());
  EXPECT_FALSE(tokenizer.bos_id());
  TokenizerConfig config;
  config.bos_token = "<s>";
  config.eos_token = "</s>";
  tokenizer.set_config(config);
  EXPECT_EQ(tokenizer.bos_id(), 3u);
  EXPECT_EQ(tokenizer.eos_token(), "</s>");
  EXPECT_FALSE(tokenizer.eos_id()) << "named, but not in the vocabulary";
  tokenizer.add_special_tokens({AddedToken("</s>", true)});
  tokenizer.add_tokens({AddedToken("plain")});
  EXPECT_EQ(tokenizer.eos_id(), 2u) << "the size of the vocabulary, as HuggingFace numbers added tokens";
  EXPECT_EQ(tokenizer.specials(), std::vector<std::string>{"</s>"});
}

}  // namespace
