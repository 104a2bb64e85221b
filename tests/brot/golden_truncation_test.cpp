// Truncation and padding against what tests/golden/brot/truncation.py recorded from HuggingFace tokenizers 0.22.2.
#include <gtest/gtest.h>

#include <cstdio>

#include "raven/base/file.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/files/json.hpp"

namespace {

using namespace brot;

uint32_t fnv(std::string_view data) {
  uint32_t value = 0x811C9DC5;
  for (const char byte : data) value = (value ^ static_cast<unsigned char>(byte)) * 0x01000193u;
  return value;
}

void append_lines(const Encoding& encoding, std::string& out) {
  const auto sequences = encoding.sequence_ids();
  const auto number = [&](uint64_t value) { out += std::to_string(value) + ","; };
  for (size_t i = 0; i < encoding.size(); ++i) {
    const uint32_t word = encoding.word_ids()[i];
    number(encoding.ids()[i]);
    number(encoding.offsets()[i].begin);
    number(encoding.offsets()[i].end);
    out += word == Encoding::no_word ? "-," : std::to_string(word) + ",";
    number(encoding.type_ids()[i]);
    number(encoding.special_tokens_mask()[i]);
    number(encoding.attention_mask()[i]);
    out += (sequences[i] ? std::to_string(*sequences[i]) : "-") + ",";
    out += encoding.token(i);
    out += "\n";
  }
  for (const Encoding& one : encoding.overflowing()) {
    out += "overflow\n";
    append_lines(one, out);
  }
}

struct Golden {
  std::string source = raven::read_file(RAVEN_SOURCE_DIR "/tests/golden/brot/truncation.json");
  json::Document document = json::Document::parse(source, "truncation.json");
  std::vector<std::string_view> texts;
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  std::vector<std::vector<std::string_view>> split;
  std::vector<std::pair<std::string, std::string>> settings;  // truncation and padding, as JSON
  Golden() {
    for (const auto text : document.root()["texts"]) texts.push_back(text.text());
    for (const auto pair : document.root()["pairs"]) {
      std::vector<std::string_view> both;
      for (const auto text : pair) both.push_back(text.text());
      pairs.emplace_back(both[0], both[1]);
    }
    for (const auto setting : document.root()["settings"]) {
      std::vector<std::string> both;
      for (const auto text : setting) both.emplace_back(text.text());
      settings.emplace_back(both[0], both[1]);
    }
    for (const auto words : document.root()["split"]) {
      split.emplace_back();
      for (const auto word : words) split.back().push_back(word.text());
    }
  }

  /// As the function of that name in truncation.py.
  std::vector<std::string> outcomes(const Tokenizer& tokenizer, EncodeOptions options) const {
    options.offsets = Offsets::codepoint;
    EncodeOptions plain = options;
    plain.add_special_tokens = false;
    std::vector<std::string> results;
    const auto attempt = [&](const auto& call) {
      std::string& out = results.emplace_back();
      try {
        for (const Encoding& one : call()) append_lines(one, out);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::argument);
        out = "error\n";
      }
    };
    using List = std::vector<Encoding>;
    for (const std::string_view text : texts) {
      attempt([&] { return List{tokenizer.encode(text, options)}; });
      attempt([&] { return List{tokenizer.encode(text, plain)}; });
    }
    for (const auto& [first, second] : pairs)
      attempt([&, &first = first, &second = second] { return List{tokenizer.encode(first, second, options)}; });
    for (const auto& words : split) attempt([&] { return List{tokenizer.encode(TextInput(words), options)}; });
    attempt([&] { return List{tokenizer.encode(TextInput(split[0]), TextInput(split[1]), options)}; });
    attempt([&] { return tokenizer.encode_batch(std::span<const std::string_view>(texts), options); });
    attempt([&] { return tokenizer.encode_batch(pairs, options); });
    return results;
  }
};

/// The tokenizer as its file has it, with the settings in the place of `null`.
std::string with_settings(std::string_view file, const std::string& truncation, const std::string& padding) {
  std::string text(file);
  for (const auto& [key, value] :
       {std::pair("\"truncation\": null", truncation), std::pair("\"padding\": null", padding)}) {
    const std::string_view name(key);
    text.replace(text.find(name) + name.size() - 4, 4, value);
  }
  return text;
}

TEST(GoldenTruncation, EqualsHuggingFace) {
  const Golden golden;
  size_t compared = 0, refused = 0;
  const std::string error_digest = [] {
    char digest[16];
    std::snprintf(digest, sizeof digest, "%08x", fnv("error\n"));
    return std::string(digest);
  }();
  for (const auto value : golden.document.root()["cases"]) {
    const std::string_view file = value["file"].text();
    const Tokenizer bare = Tokenizer::from_json(file);
    size_t setting = 0;
    for (const auto line : value["digests"]) {
      const std::string_view digests = line.text();
      const Tokenizer tokenizer =
          Tokenizer::from_json(with_settings(file, golden.settings[setting].first, golden.settings[setting].second));
      Tokenizer set = bare;
      try {
        set.set_truncation(tokenizer.truncation());
        set.set_padding(tokenizer.padding());
      } catch (const Error& error) {
        ADD_FAILURE() << value.key() << ", setting " << setting << ": " << error.what();
      }
      // From the file, set later, and as options of the call.
      const auto by_file = golden.outcomes(tokenizer, {}), by_setter = golden.outcomes(set, {}),
                 by_call =
                     golden.outcomes(bare, {.truncation = tokenizer.truncation(), .padding = tokenizer.padding()});
      for (size_t i = 0; i < by_file.size(); ++i) {
        char digest[16];
        std::snprintf(digest, sizeof digest, "%08x", fnv(by_file[i]));
        EXPECT_EQ(digests.substr(i * 8, 8), digest) << value.key() << ", setting " << setting << ", input " << i << "\n"
                                                    << by_file[i];
        refused += digests.substr(i * 8, 8) == error_digest;
        EXPECT_EQ(by_setter[i], by_file[i]) << value.key() << ", setting " << setting << ", input " << i;
        EXPECT_EQ(by_call[i], by_file[i]) << value.key() << ", setting " << setting << ", input " << i;
        ++compared;
      }
      ++setting;
    }
  }
  EXPECT_GT(compared, 3500u);
  EXPECT_GT(refused, 100u);
}

TEST(GoldenTruncation, SamplesEqualInFull) {
  const Golden golden;
  size_t overflowing = 0;
  for (const auto value : golden.document.root()["full"]) {
    const std::string_view file = golden.document.root()["cases"][value.key()]["file"].text();
    const Tokenizer tokenizer =
        Tokenizer::from_json(with_settings(file, golden.settings[1].first, golden.settings[1].second));
    const auto results = golden.outcomes(tokenizer, {});
    size_t i = 0;
    for (const auto wanted : value) {
      EXPECT_EQ(results[i], wanted.text()) << value.key() << ", input " << i;
      overflowing += wanted.text().find("overflow") != std::string_view::npos;
      ++i;
    }
    EXPECT_EQ(i, results.size());
  }
  EXPECT_GT(overflowing, 15u);
}

}  // namespace
