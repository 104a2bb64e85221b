// SentencePiece's own ways, against recorded results.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "json_lines.hpp"
#include "raven/base/file.hpp"
#include "raven/brot.hpp"
#include "raven/brot/files/base64.hpp"
#include "raven/brot/files/json.hpp"

namespace {

using namespace brot;

/// As it comes back from a compiled file.
Tokenizer compiled(const Tokenizer& tokenizer) {
  const std::string path = testing::TempDir() + "/raven_brot_spm.brot";
  tokenizer.save_compiled(path);
  return Tokenizer::from_compiled(path);
}

std::string streamed(const Tokenizer& tokenizer, std::span<const uint32_t> ids) {
  DecodeStream stream = tokenizer.decode_stream();
  std::string text;
  for (const uint32_t id : ids)
    if (const auto part = stream.step(id)) text.append(*part);
  return text + stream.flush();
}

// Texts to ids and ids to texts, of models of all kinds and many settings; also once they were compiled.
TEST(SentencePiece, EncodesAndDecodesAsTheOriginal) {
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/spm.txt");
  std::vector<Tokenizer> tokenizers;
  size_t models = 0, encoded = 0, decoded = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) continue;
    const test::Json row = test::JsonReader(line).read();
    const std::string& kind = row[0].string;
    const auto ids_of = [](const test::Json& list) {
      std::vector<uint32_t> ids;
      for (const test::Json& id : list.items) ids.push_back(uint32_t(id.number));
      return ids;
    };
    if (kind == "model") {
      ++models;
      const Tokenizer native = SentencePieceModel::parse(*files::decode_base64(row[1].string)).native();
      tokenizers = {native, compiled(native)};
      const auto id = [](std::optional<uint32_t> known) { return known ? int64_t(*known) : -1; };
      for (const Tokenizer& tokenizer : tokenizers) {
        EXPECT_EQ(id(tokenizer.bos_id()), row[2][0].number);
        EXPECT_EQ(id(tokenizer.eos_id()), row[2][1].number);
        EXPECT_EQ(id(tokenizer.pad_id()), row[2][2].number);
        EXPECT_EQ(id(tokenizer.unk_id()), row[2][3].number);
        EXPECT_THROW(tokenizer.to_json(), Error);
      }
    }
    for (size_t i = 0; i < tokenizers.size(); ++i) {
      if (kind == "encode") {
        ASSERT_EQ(tokenizers[i].encode_ids(row[1].string), ids_of(row[2]))
            << models << (i ? " compiled " : " ") << line;
        ++encoded;
      } else if (kind == "decode") {
        const std::vector<uint32_t> ids = ids_of(row[1]);
        ASSERT_EQ(tokenizers[i].decode(ids), row[2].string) << models << (i ? " compiled " : " ") << line;
        ASSERT_EQ(streamed(tokenizers[i], ids), row[2].string) << models << (i ? " compiled " : " ") << line;
        ++decoded;
      }
    }
  }
  EXPECT_EQ(models, 10u);
  EXPECT_EQ(encoded, 2 * 10 * 16u);
  EXPECT_GT(decoded, 2 * 10 * 46u);
}

TEST(SentencePiece, UnusedPiecesAreTakenApart) {
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/unused.txt");
  std::optional<Tokenizer> tokenizer, again;
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
      again = compiled(*tokenizer);
      ++models;
      continue;
    }
    std::vector<uint32_t> wanted;
    std::istringstream words(line.substr(tab + 1));
    for (uint32_t id; words >> id;) wanted.push_back(id);
    ASSERT_EQ(tokenizer->encode_ids(text), wanted) << "`" << text << "`, model " << models;
    ASSERT_EQ(again->encode_ids(text), wanted) << "compiled, `" << text << "`, model " << models;
    ++texts;
  }
  EXPECT_EQ(models, 6u);
  EXPECT_GT(texts, 400u);
}

TEST(SentencePiece, SetVocabularyRestrictsThePieces) {
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/restricted.txt");
  SentencePieceModel model;
  std::optional<Tokenizer> tokenizer, again;
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
      again = compiled(*tokenizer);
      ++vocabularies;
      continue;
    }
    std::vector<uint32_t> wanted;
    std::istringstream words(rest);
    for (uint32_t id; words >> id;) wanted.push_back(id);
    ASSERT_EQ(tokenizer->encode_ids(text), wanted) << "`" << text << "`, vocabulary " << vocabularies;
    ASSERT_EQ(again->encode_ids(text), wanted) << "compiled, `" << text << "`, vocabulary " << vocabularies;
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

/// Unknown, two controls, a user-defined symbol, and what spells "▁ab".
SentencePieceModel small_model(SentencePieceModel::Algorithm algorithm) {
  using Type = SentencePieceModel::PieceType;
  SentencePieceModel model;
  model.algorithm = algorithm;
  model.pieces = {{"<unk>", 0, Type::unknown},
                  {"<s>", 0, Type::control},
                  {"</s>", 0, Type::control},
                  {"<tag>", 0, Type::user_defined},
                  {"\xE2\x96\x81", -1},
                  {"a", -2},
                  {"b", -2.5f},
                  {"\xE2\x96\x81"
                   "a",
                   -1.5f}};
  return model;
}

std::string tokens_of(const Tokenizer& tokenizer, std::string_view text) {
  std::string all;
  const Encoding encoding = tokenizer.encode(text);
  for (const std::string_view token : encoding.tokens()) all.append(all.empty() ? "" : "|").append(token);
  return all;
}

// transformers makes control pieces special added tokens and user-defined ones plain added tokens, and strips the end
// of a Unigram's text whatever the model says.
TEST(SentencePiece, ConvertedModelsHaveUserDefinedSymbols) {
  for (const auto algorithm : {SentencePieceModel::Algorithm::unigram, SentencePieceModel::Algorithm::bpe}) {
    SentencePieceModel model = small_model(algorithm);
    model.normalization.remove_extra_whitespaces = false;
    const Tokenizer tokenizer = model.convert();
    EXPECT_EQ(tokens_of(tokenizer, "a<tag>b</s>"),
              "\xE2\x96\x81"
              "a|<tag>|\xE2\x96\x81|b|</s>");
    EXPECT_EQ(tokens_of(tokenizer, "a  ").ends_with("\xE2\x96\x81"), algorithm == SentencePieceModel::Algorithm::bpe);
    EXPECT_FALSE(tokenizer.added_tokens().at(3).special);
    EXPECT_FALSE(tokenizer.added_tokens().at(3).normalized);
    EXPECT_TRUE(tokenizer.added_tokens().at(1).special);
    EXPECT_EQ(tokenizer.bos_token(), "<s>");
    EXPECT_EQ(tokenizer.eos_id(), 2u);
    EXPECT_EQ(Tokenizer::from_json(tokenizer.to_json()).encode_ids("a<tag>b</s>"), tokenizer.encode_ids("a<tag>b</s>"));
  }
}

TEST(SentencePiece, PiecesAreUtf8) {
  // pieces { piece: "\xA9" type: CONTROL } after one that is whole
  const std::string bytes(
      "\n\x05\n\x01"
      "a\x18\x01\n\x05\n\x01\xA9\x18\x03",
      14);
  try {
    SentencePieceModel::parse(bytes, "some.model");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "brot.SentencePieceModel: some.model: expected UTF-8 (at byte 11)");
    EXPECT_EQ(error.where(), "byte 11");
  }
  for (const auto type : {SentencePieceModel::PieceType::control, SentencePieceModel::PieceType::user_defined,
                          SentencePieceModel::PieceType::normal}) {
    SentencePieceModel model = small_model(SentencePieceModel::Algorithm::bpe);
    model.pieces.push_back({"\xA9", 0, type});
    EXPECT_THROW(model.native(), Error);
    EXPECT_THROW(model.convert(), Error);
  }
  GgufVocabulary gguf;
  gguf.model = "gpt2";
  gguf.tokens = {"a", "\xA9"};
  gguf.token_types = {1, 3};
  EXPECT_THROW(read_gguf_vocabulary(gguf), Error);
}

}  // namespace
