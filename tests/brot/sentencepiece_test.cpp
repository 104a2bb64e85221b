// SentencePiece's own ways, against recorded results.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "raven/brot.hpp"
#include "raven/brot/files/base64.hpp"

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

}  // namespace
