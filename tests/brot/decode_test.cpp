// Decoding beside streams: batches, bytes and places of ids, mended spaces, results in place of faults.
#include <gtest/gtest.h>

#include "raven/base/file.hpp"
#include "raven/brot.hpp"
#include "raven/brot/files/json.hpp"

namespace {

using namespace brot;

/// Every byte as a printable character, and some words.
Tokenizer bytes_tokenizer() {
  VocabList vocab;
  for (const std::string& text : BpeTrainer::byte_alphabet()) vocab.emplace_back(text, uint32_t(vocab.size()));
  vocab.emplace_back("\xC4\xA0the", 300);  // Ġthe
  Tokenizer tokenizer(BPE::Builder().vocab(vocab).build());
  tokenizer.set_pre_tokenizer(pre_tokenizers::ByteLevel{.add_prefix_space = false});
  tokenizer.set_decoder(decoders::ByteLevel{});
  tokenizer.add_special_tokens({AddedToken("<s>", true)});
  return tokenizer;
}

TEST(Decode, PlacesOfIdsAreWholeCharacters) {
  const Tokenizer tokenizer = bytes_tokenizer();
  std::vector<uint32_t> ids = tokenizer.encode_ids("a\xC3\xA9\xF0\x9F\x98\x80");
  ids.insert(ids.begin(), *tokenizer.token_to_id("<s>"));
  ids.push_back(300);
  ids.push_back(ids[2]);  // the first byte of é alone
  const DecodedText bytes = tokenizer.decode_with_offsets(ids);
  EXPECT_EQ(bytes.text, tokenizer.decode(ids));
  EXPECT_EQ(bytes.text, "a\xC3\xA9\xF0\x9F\x98\x80 the\xEF\xBF\xBD");
  EXPECT_EQ(bytes.offsets,
            (std::vector<Span>{{0, 0}, {0, 1}, {1, 3}, {1, 3}, {3, 7}, {3, 7}, {3, 7}, {3, 7}, {7, 11}, {11, 14}}));
  const DecodedText points = tokenizer.decode_with_offsets(ids, {.skip_special_tokens = false}, Offsets::codepoint);
  EXPECT_EQ(points.text, tokenizer.decode(ids, {.skip_special_tokens = false}));
  EXPECT_EQ(points.offsets,
            (std::vector<Span>{{0, 3}, {3, 4}, {4, 5}, {4, 5}, {5, 6}, {5, 6}, {5, 6}, {5, 6}, {6, 10}, {10, 11}}));
  EXPECT_EQ(tokenizer.decode_tokens_bytes(std::vector<uint32_t>{ids[0], ids[2], 99999, 300}),
            (std::vector<std::string>{"<s>", "\xC3", "", " the"}));
  EXPECT_THROW(tokenizer.decode_with_offsets(ids, {.clean_up_tokenization_spaces = true}), Error);
}

TEST(Decode, PlacesWithByteTokensAndStrippedSpaces) {
  Tokenizer tokenizer(WordLevel::make(
      VocabList{{"\xE2\x96\x81the", 0}, {"<0xC3>", 1}, {"<0xA9>", 2}, {"<s>", 3}, {"\xE2\x96\x81", 4}, {"b", 5}, {"<0x20>", 6}},
      {"b"}));
  tokenizer.set_decoder(decoders::Sequence{decoders::Replace{Pattern::literal("\xE2\x96\x81"), " "},
                                           decoders::ByteFallback{}, decoders::Fuse{}, decoders::Strip{U' ', 1, 0}});
  tokenizer.add_special_tokens({AddedToken("<s>", true)});
  const auto places = [&](const std::vector<uint32_t>& ids) {
    const DecodedText decoded = tokenizer.decode_with_offsets(ids);
    EXPECT_EQ(decoded.text, tokenizer.decode(ids));
    return decoded.offsets;
  };
  EXPECT_EQ(places({3, 0, 1, 2, 4, 5}), (std::vector<Span>{{0, 0}, {0, 3}, {3, 5}, {3, 5}, {5, 6}, {6, 7}}));
  EXPECT_EQ(places({1, 3, 2, 1, 5}), (std::vector<Span>{{0, 3}, {3, 3}, {3, 6}, {6, 9}, {9, 10}}));
  EXPECT_EQ(places({4, 4, 5}), (std::vector<Span>{{0, 0}, {0, 1}, {1, 2}}));
  EXPECT_EQ(places({6, 5}), (std::vector<Span>{{0, 0}, {0, 1}})) << "a byte token's character is stripped too";
  EXPECT_EQ(places({6, 1, 5}), (std::vector<Span>{{0, 3}, {3, 6}, {6, 7}})) << "unless the bytes are no text";
  EXPECT_EQ(places({3}), (std::vector<Span>{{0, 0}}));
  EXPECT_EQ(tokenizer.decode_tokens_bytes(std::vector<uint32_t>{3, 6, 4, 5}),
            (std::vector<std::string>{"<s>", " ", " ", "b"}));
  EXPECT_EQ(tokenizer.decode_tokens_bytes(std::vector<uint32_t>{6, 4, 5}), (std::vector<std::string>{"", " ", "b"}));
  EXPECT_TRUE(places({}).empty());
  EXPECT_EQ(tokenizer.decode_tokens_bytes(std::vector<uint32_t>{1, 0}), (std::vector<std::string>{"\xC3", " the"}));
}

TEST(Decode, PlacesOfEverySmallTokenizer) {
  const std::string source = raven::read_file(RAVEN_SOURCE_DIR "/tests/golden/brot/core.json");
  const json::Document golden = json::Document::parse(source, "core.json");
  std::vector<std::string_view> texts, bulk;
  for (const auto text : golden.root()["texts"]) texts.push_back(text.text());
  for (const auto part : golden.root()["bulk"]) bulk.push_back(part.text());
  size_t compared = 0, unsupported = 0;
  uint32_t state = 1;
  for (const auto one : golden.root()["cases"]) {
    const Tokenizer tokenizer =
        Tokenizer::from_json(std::string(one["head"].text()) + ",\"model\":" + std::string(one["model"].text()) + "," +
                             std::string(bulk[size_t(one["bulk"].number())]) + "}}");
    for (size_t i = 0; i < texts.size(); i += 11) {
      const Result<Encoding> encoding = tokenizer.try_encode(texts[i]);
      if (!encoding) continue;
      const auto ids = encoding->ids();
      const auto decoded = attempt([&] { return tokenizer.decode_with_offsets(ids); });
      if (!decoded) {
        EXPECT_EQ(decoded.failure().code, ErrorCode::unsupported);
        ++unsupported;
        continue;
      }
      EXPECT_EQ(decoded->text, tokenizer.decode(ids)) << one.key();
      uint32_t last = 0;
      for (const Span& span : decoded->offsets) {
        ASSERT_LE(span.begin, span.end);
        ASSERT_LE(span.end, decoded->text.size());
        ASSERT_LE(span.begin, last) << "no gaps";
        last = std::max(last, span.end);
      }
      EXPECT_EQ(last, decoded->text.size());
      ++compared;
      // Ids that no text gives, byte tokens among them.
      std::vector<uint32_t> any;
      for (int k = 0; k < 12; ++k) any.push_back((state = state * 1664525u + 1013904223u) % tokenizer.vocab_size());
      EXPECT_EQ(tokenizer.decode_with_offsets(any).text, tokenizer.decode(any)) << one.key();
    }
  }
  EXPECT_GT(compared, 1000u);
  EXPECT_LT(unsupported, compared / 4);
}

TEST(Decode, OffsetsInOtherUnits) {
  const std::string text = "a\xC3\xA9\xF0\x9F\x98\x80z";  // aé😀z
  const std::vector<Span> bytes{{0, 1}, {1, 3}, {3, 7}, {7, 8}, {0, 8}, {8, 8}},
      points{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {0, 4}, {4, 4}}, units{{0, 1}, {1, 2}, {2, 4}, {4, 5}, {0, 5}, {5, 5}};
  const std::pair<Offsets, const std::vector<Span>*> all[] = {
      {Offsets::byte, &bytes}, {Offsets::codepoint, &points}, {Offsets::utf16, &units}};
  for (const auto& [from, given] : all)
    for (const auto& [to, wanted] : all) EXPECT_EQ(convert_offsets(text, *given, from, to), *wanted);
  const std::vector<Span> inside{{2, 5}};
  EXPECT_EQ(convert_offsets(text, inside, Offsets::byte, Offsets::codepoint), (std::vector<Span>{{1, 2}}));
  EXPECT_EQ(convert_offsets(text, std::vector<Span>{{3, 5}}, Offsets::utf16, Offsets::byte),
            (std::vector<Span>{{3, 8}}));
  EXPECT_THROW(convert_offsets(text, std::vector<Span>{{0, 9}}, Offsets::byte, Offsets::utf16), Error);
  EXPECT_THROW(convert_offsets(text, bytes, Offsets::none, Offsets::utf16), Error);
  EXPECT_TRUE(convert_offsets("", {}, Offsets::byte, Offsets::utf16).empty());
}

TEST(Decode, BatchesAreTheirTexts) {
  const Tokenizer tokenizer = bytes_tokenizer();
  std::vector<std::vector<uint32_t>> sequences;
  for (size_t i = 0; i < 100; ++i)
    sequences.push_back(tokenizer.encode_ids(std::string(i % 7, 'x') + " . " + std::to_string(i)));
  sequences.push_back({*tokenizer.token_to_id("<s>")});
  for (const DecodeOptions& options :
       {DecodeOptions{}, DecodeOptions{.skip_special_tokens = false, .clean_up_tokenization_spaces = true}}) {
    const std::vector<std::string> texts = tokenizer.decode_batch(sequences, options);
    ASSERT_EQ(texts.size(), sequences.size());
    for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], tokenizer.decode(sequences[i], options));
  }
  EXPECT_EQ(tokenizer.decode_batch(sequences, {.clean_up_tokenization_spaces = true})[1], "x. 1");
}

TEST(Results, KeepCodeAndPlace) {
  const Result<Tokenizer> broken =
      Tokenizer::try_from_json(R"({"version":"1.0","model":{"type":"BPE","vocab":{"a":-1},"merges":[]}})");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.failure().code, ErrorCode::format);
  EXPECT_EQ(broken.failure().where, "byte 52");
  EXPECT_EQ(broken.error(), broken.failure().message);
  const Result<Tokenizer> absent = Tokenizer::try_from_file("/nowhere/tokenizer.json");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.failure().code, ErrorCode::io);
  EXPECT_NE(absent.error().find("/nowhere/tokenizer.json"), std::string::npos);
  EXPECT_FALSE(Tokenizer::try_from_pretrained_dir("/nowhere"));
  const Tokenizer words(WordLevel::make(VocabList{{"a", 0}}, {"<unk>"}));
  EXPECT_EQ(words.try_encode("b").failure().code, ErrorCode::unknown_token);
  EXPECT_EQ(words.try_encode("a", "b").failure().code, ErrorCode::unknown_token);
  EXPECT_EQ(words.try_encode("a", "a")->size(), 2u);
  const std::vector<std::string_view> texts{"a", "b"};
  EXPECT_EQ(words.try_encode_batch(texts).failure().code, ErrorCode::unknown_token);
  EXPECT_EQ(words.try_encode_batch(std::span(texts).first(1))->size(), 1u);
  EXPECT_EQ(words.try_encode("\xFF", {.invalid = InvalidUtf8::error}).failure().where, "byte 0");
  EXPECT_EQ(words.try_apply_chat_template(jinja::Value::list({})).failure().code, ErrorCode::argument);
  EXPECT_THROW(*words.try_encode("b"), std::bad_variant_access);
  const Result<Tokenizer> fine = Tokenizer::try_from_json(words.to_json());
  ASSERT_TRUE(fine);
  EXPECT_TRUE(fine.error().empty());
  EXPECT_EQ(fine->encode_ids("a"), std::vector<uint32_t>{0});
}

}  // namespace
