// Every small tokenizer of the zoo against the digests that tests/golden/brot/core.py recorded from HuggingFace
// tokenizers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "raven/base/file.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/files/json.hpp"

namespace {

uint32_t fnv(std::string_view data) {
  uint32_t value = 0x811C9DC5;
  for (const char byte : data) value = (value ^ static_cast<unsigned char>(byte)) * 0x01000193u;
  return value;
}

void append_lines(const brot::Encoding& encoding, std::string& out) {
  const auto sequences = encoding.sequence_ids();
  for (size_t i = 0; i < encoding.size(); ++i) {
    const uint32_t word = encoding.word_ids()[i];
    out += std::to_string(encoding.ids()[i]) + "," + std::to_string(encoding.offsets()[i].begin) + "," +
           std::to_string(encoding.offsets()[i].end) + "," +
           (word == brot::Encoding::no_word ? "-" : std::to_string(word)) + "," +
           std::to_string(encoding.type_ids()[i]) + "," + std::to_string(encoding.special_tokens_mask()[i]) + "," +
           std::to_string(encoding.attention_mask()[i]) + "," + (sequences[i] ? std::to_string(*sequences[i]) : "-") +
           ",";
    out += encoding.token(i);
    out += "\n";
  }
}

std::string outcome(const brot::Tokenizer& tokenizer, std::string_view text, std::string_view other) {
  std::string out;
  for (int variant = 0; variant < 3; ++variant) {
    const bool special = variant != 1;
    const brot::EncodeOptions options{.add_special_tokens = special, .offsets = brot::Offsets::codepoint};
    try {
      const brot::Encoding encoding =
          variant == 2 ? tokenizer.encode(text, other, options) : tokenizer.encode(text, options);
      append_lines(encoding, out);
      out += tokenizer.decode(encoding.ids(), {.skip_special_tokens = special}) + "\n";
    } catch (const brot::Error&) {
      out += "error\n";
    }
  }
  return out;
}

struct Golden {
  std::string source = raven::read_file(RAVEN_SOURCE_DIR "/tests/golden/brot/core.json");
  brot::json::Document document = brot::json::Document::parse(source, "core.json");
  std::vector<std::string_view> texts, bulk;
  Golden() {
    for (const auto text : document.root()["texts"]) texts.push_back(text.text());
    for (const auto part : document.root()["bulk"]) bulk.push_back(part.text());
  }
  std::string file(const brot::json::Value& value) const {
    return std::string(value["head"].text()) + ",\"model\":" + std::string(value["model"].text()) + "," +
           std::string(bulk[size_t(value["bulk"].number())]) + "}}";
  }
};

TEST(GoldenCore, EncodingsAndDecodingsEqualHuggingFace) {
  const Golden golden;
  size_t compared = 0;
  for (const auto value : golden.document.root()["cases"]) {
    const brot::Tokenizer tokenizer = brot::Tokenizer::from_json(golden.file(value));
    size_t different = 0;
    for (size_t i = 0; i < golden.texts.size(); ++i) {
      const std::string result = outcome(tokenizer, golden.texts[i], golden.texts[(i * 7 + 3) % golden.texts.size()]);
      char digest[16];
      std::snprintf(digest, sizeof digest, "%08x", fnv(result));
      ++compared;
      if (value["digests"].text().substr(i * 8, 8) == digest) continue;
      if (different++ == 0)
        ADD_FAILURE() << value.key() << ", text " << i << " `" << golden.texts[i] << "`\n" << result;
    }
    EXPECT_EQ(different, 0u) << value.key();
  }
  EXPECT_GT(compared, 20000u);
}

TEST(GoldenCore, SamplesEqualInFull) {
  const Golden golden;
  size_t compared = 0;
  for (const auto sample : golden.document.root()["samples"]) {
    const brot::Tokenizer tokenizer =
        brot::Tokenizer::from_json(golden.file(golden.document.root()["cases"][sample.key()]));
    for (const auto expected : sample) {
      EXPECT_EQ(outcome(tokenizer, expected.key(), "b"), expected.text()) << sample.key();
      ++compared;
    }
  }
  EXPECT_GE(compared, 40u);
}

TEST(GoldenCore, StreamsAddUpToTheWholeText) {
  const Golden golden;
  for (const auto value : golden.document.root()["cases"]) {
    const brot::Tokenizer tokenizer = brot::Tokenizer::from_json(golden.file(value));
    for (size_t i = 0; i < golden.texts.size(); i += 9) {
      std::vector<uint32_t> ids;
      try {
        ids = tokenizer.encode_ids(golden.texts[i]);
      } catch (const brot::Error&) {
        continue;
      }
      // Ids alone come by shorter ways (caches, no offsets) and must not differ; twice, so that caches answer.
      const brot::Encoding full =
          tokenizer.encode(golden.texts[i], {.add_special_tokens = false, .no_truncation = true, .no_padding = true});
      ASSERT_TRUE(std::equal(ids.begin(), ids.end(), full.ids().begin(), full.ids().end())) << value.key();
      ASSERT_EQ(tokenizer.encode_ids(golden.texts[i]), ids) << value.key();
      brot::DecodeStream stream = tokenizer.decode_stream();
      std::string streamed;
      for (const uint32_t id : ids)
        if (const auto piece = stream.step(id)) streamed.append(*piece);
      streamed.append(stream.flush());
      ASSERT_EQ(streamed, tokenizer.decode(ids)) << value.key();
    }
  }
}

// Files are written as they were read: HuggingFace wrote the parts.
TEST(GoldenCore, SavingGivesTheSameBytes) {
  const Golden golden;
  for (const auto value : golden.document.root()["cases"]) {
    const brot::Tokenizer tokenizer = brot::Tokenizer::from_json(golden.file(value));
    const std::string saved = tokenizer.to_json();
    EXPECT_TRUE(saved.starts_with(value["head"].text())) << value.key();
    EXPECT_EQ(brot::Tokenizer::from_json(saved).to_json(), saved) << value.key();
    const std::string pretty = tokenizer.to_json({.pretty = true});
    EXPECT_EQ(brot::Tokenizer::from_json(pretty).to_json(), saved) << value.key();
  }
}

}  // namespace
