// SentencePiece's own ways, against recorded results.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "raven/base/file.hpp"
#include "raven/brot.hpp"
#include "raven/brot/files/base64.hpp"
#include "raven/brot/files/json.hpp"

namespace {

using namespace brot;

TEST(SentencePiece, UnusedPiecesAreTakenApart) {
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/unused.txt");
  std::optional<Tokenizer> tokenizer;
  size_t texts = 0, models = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) continue;
    const size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos);
    const std::string text = line.substr(0, tab);
    if (text == "model") {
      const auto bytes = files::decode_base64(std::string_view(line).substr(tab + 1));
      ASSERT_TRUE(bytes);
      tokenizer = SentencePieceModel::parse(*bytes).native();
      ++models;
      continue;
    }
    std::vector<uint32_t> wanted;
    std::istringstream words(line.substr(tab + 1));
    for (uint32_t id; words >> id;) wanted.push_back(id);
    ASSERT_EQ(tokenizer->encode_ids(text), wanted) << "`" << text << "`, model " << models;
    ++texts;
  }
  EXPECT_EQ(models, 6u);
  EXPECT_GT(texts, 400u);
}

TEST(SentencePiece, SetVocabularyRestrictsThePieces) {
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/restricted.txt");
  SentencePieceModel model;
  std::optional<Tokenizer> tokenizer;
  size_t texts = 0, vocabularies = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) continue;
    const size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos);
    const std::string text = line.substr(0, tab), rest = line.substr(tab + 1);
    if (text == "model") {
      const auto bytes = files::decode_base64(rest);
      ASSERT_TRUE(bytes);
      model = SentencePieceModel::parse(*bytes);
      continue;
    }
    if (text == "vocabulary") {
      const json::Document list = json::Document::parse(rest, "vocabulary");
      std::vector<std::string> kept;
      for (const json::Value piece : list.root()) kept.emplace_back(piece.text());
      model.set_vocabulary(kept);
      tokenizer = model.native();
      ++vocabularies;
      continue;
    }
    std::vector<uint32_t> wanted;
    std::istringstream words(rest);
    for (uint32_t id; words >> id;) wanted.push_back(id);
    ASSERT_EQ(tokenizer->encode_ids(text), wanted) << "`" << text << "`, vocabulary " << vocabularies;
    ++texts;
  }
  EXPECT_EQ(vocabularies, 12u);
  EXPECT_GT(texts, 300u);
  const auto restricted = tokenizer->encode_ids("the quick brown fox");
  model.reset_vocabulary();
  EXPECT_NE(model.native().encode_ids("the quick brown fox"), restricted);
}

TEST(SentencePiece, VocabulariesOfFiles) {
  const std::string path = testing::TempDir() + "/raven_brot_vocabulary.tsv";
  const auto excluded = [&](std::string_view lines, int64_t threshold) {
    raven::write_atomic(path, lines);
    SentencePieceModel model;
    for (const char* text : {"ab", "cd", "ef", "x"}) model.pieces.push_back({text});
    model.load_vocabulary(path, threshold);
    std::string names;
    for (const auto& piece : model.pieces)
      if (piece.excluded) names += piece.text;
    return names;
  };
  EXPECT_EQ(excluded("ab\t5\ncd\t2\nef\n", 1), "");
  EXPECT_EQ(excluded("ab\t5\ncd\t2\nef\n", 3), "cdef");
  EXPECT_EQ(excluded("", 0), "abcdef");
  try {
    excluded("ab\t5\ncd\tmany\n", 3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "line 2");
  }
}

}  // namespace
