// UnicodeProfile: what follows Unicode 17 under `latest` and older versions under `hf`, and how a tokenizer keeps it.
// Every code point is compared in sweep_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "raven/brot.hpp"

namespace {

namespace norm = brot::normalizers;
namespace pre = brot::pre_tokenizers;
using brot::Tokenizer;
using brot::UnicodeProfile;

const std::string capital = "\U00016EA0", small = "\U00016EBB";  // BERIA ERFE LETTER ARKAB, of Unicode 17
const std::string sidetic = "\U00010940";                        // SIDETIC LETTER N01, of Unicode 17
const std::string reiwa = "\u32FF";                              // SQUARE ERA NAME REIWA, of Unicode 12.1
const std::string small_waw = "\u0898";                          // ARABIC SMALL HIGH WORD AL-JUZ, a mark of Unicode 14
const std::string verse_divider = "\u2E4F";                      // CORNISH VERSE DIVIDER, punctuation of Unicode 12

Tokenizer words(std::vector<std::string> tokens = {"<unk>"}) {
  brot::VocabList vocab;
  for (std::string& token : tokens) vocab.emplace_back(std::move(token), uint32_t(vocab.size()));
  return Tokenizer(brot::WordLevel::make(vocab, {"<unk>"}));
}

/// What `view(tokenizer)` gives under hf, then under latest.
template <class View>
std::pair<std::string, std::string> both(Tokenizer tokenizer, View&& view) {
  const std::string hf = view(tokenizer);
  tokenizer.set_unicode_profile(UnicodeProfile::latest);
  return {hf, view(tokenizer)};
}
using Pair = std::pair<std::string, std::string>;

auto normalized(std::string text) {
  return [text](const Tokenizer& tokenizer) { return tokenizer.normalize(text); };
}
auto pieces(std::string text) {
  return [text](const Tokenizer& tokenizer) {
    std::string out;
    for (const brot::TextPiece& piece : tokenizer.pre_tokenize(text)) out += (out.empty() ? "" : "|") + piece.text;
    return out;
  };
}

template <class F>
std::string fault_of(F&& run) {
  try {
    run();
  } catch (const brot::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Profile, NormalizersFollowIt) {
  Tokenizer tokenizer = words();
  tokenizer.set_normalizer(norm::NFKC{});
  EXPECT_EQ(both(tokenizer, normalized(reiwa)), Pair(reiwa, "\u4EE4\u548C"));
  tokenizer.set_normalizer(norm::Sequence{norm::NFD{}, norm::StripAccents{}});
  EXPECT_EQ(both(tokenizer, normalized("\u00E9" + small_waw + "b")), Pair("e" + small_waw + "b", "eb"));
  tokenizer.set_normalizer(norm::BertNormalizer{});
  EXPECT_EQ(both(tokenizer, normalized("\u00C9" + small_waw + "b")), Pair("e" + small_waw + "b", "eb"));
  tokenizer.set_normalizer(norm::BertNormalizer{.clean_text = true, .strip_accents = false, .lowercase = false});
  EXPECT_EQ(both(tokenizer, normalized("a\U00013439b")), Pair("a\U00013439b", "ab"));  // Cf of Unicode 15
  tokenizer.set_normalizer(norm::Replace{brot::Pattern::regex("\\p{L}"), "L"});
  EXPECT_EQ(both(tokenizer, normalized("a" + capital)), Pair("L" + capital, "LL"));
}

TEST(Profile, PreTokenizersFollowIt) {
  Tokenizer tokenizer = words();
  tokenizer.set_pre_tokenizer(pre::Whitespace{});
  EXPECT_EQ(both(tokenizer, pieces("a" + capital + "b")), Pair("a|" + capital + "|b", "a" + capital + "b"));
  for (const brot::PreTokenizer& punctuation :
       {brot::PreTokenizer(pre::BertPreTokenizer{}), brot::PreTokenizer(pre::Punctuation{})}) {
    tokenizer.set_pre_tokenizer(punctuation);
    EXPECT_EQ(both(tokenizer, pieces("a" + verse_divider + "b")),
              Pair("a" + verse_divider + "b", "a|" + verse_divider + "|b"));
  }
  tokenizer.set_pre_tokenizer(pre::UnicodeScripts{});
  EXPECT_EQ(both(tokenizer, pieces("a" + capital)), Pair("a" + capital, "a|" + capital));
  tokenizer.set_pre_tokenizer(
      pre::Sequence{pre::Split{brot::Pattern::regex("\\w+"), brot::SplitBehavior::Isolated, false}});
  EXPECT_EQ(both(tokenizer, pieces("a" + capital + "b")), Pair("a|" + capital + "|b", "a" + capital + "b"));
}

TEST(Profile, DecodersAndAddedTokensFollowIt) {
  Tokenizer tokenizer = words({"<unk>", capital});
  tokenizer.set_decoder(brot::decoders::Replace{brot::Pattern::regex("\\p{Lu}"), "U"});
  const auto decoded = [](const Tokenizer& made) { return made.decode(std::vector<uint32_t>{1}); };
  EXPECT_EQ(both(tokenizer, decoded), Pair(capital, "U"));

  tokenizer = words();
  tokenizer.set_normalizer(norm::NFKC{});
  brot::AddedToken word("ab");
  word.single_word = true;
  tokenizer.add_tokens({word, reiwa});
  const auto ids = [](std::string text) {
    return [text](const Tokenizer& made) {
      std::string out;
      for (const uint32_t id : made.encode_ids(text)) out += std::to_string(id) + " ";
      return out;
    };
  };
  EXPECT_EQ(both(tokenizer, ids("ab" + capital)), Pair("1 0 ", "0 "));  // not a word of its own
  EXPECT_EQ(both(tokenizer, ids("\u4EE4\u548C")), Pair("0 ", "2 "));    // found by its normalized content
}

// The words that are counted for training are those of the profile, and the fused way over bytes cuts the same pieces.
TEST(Profile, ByteLevelModelsAreTrainedAndRunByIt) {
  const std::string word = " a" + capital + "b";
  for (const UnicodeProfile profile : {UnicodeProfile::hf, UnicodeProfile::latest}) {
    Tokenizer tokenizer(brot::BPE::Builder().build());
    tokenizer.set_pre_tokenizer(pre::ByteLevel{.add_prefix_space = false});
    tokenizer.set_decoder(brot::decoders::ByteLevel{});
    tokenizer.set_unicode_profile(profile);
    brot::train(tokenizer, brot::BpeTrainer{.vocab_size = 400, .initial_alphabet = brot::BpeTrainer::byte_alphabet()},
                brot::Corpus::lines({word + word + word}));
    EXPECT_EQ(tokenizer.encode_ids(word).size(), profile == UnicodeProfile::latest ? 1u : 3u);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode_ids(word)), word);
    tokenizer.set_unicode_profile(UnicodeProfile::hf);
    EXPECT_GE(tokenizer.encode_ids(word).size(), 3u);
  }
}

TEST(Profile, PatternsFoldAndBoundByIt) {
  using Engine = brot::Regex::Engine;
  for (const Engine engine : {Engine::automaton, Engine::backtracking}) {
    const auto found = [&](const std::string& pattern, const std::string& text, UnicodeProfile profile) {
      const brot::Regex regex(pattern, brot::RegexDialect::oniguruma, engine, profile);
      EXPECT_EQ(regex.engine(), engine);
      EXPECT_EQ(regex.profile(), profile);
      return regex.find_from(text).has_value();
    };
    for (const std::string& pattern : {"(?i:" + capital + ")", "(?i:[" + capital + "])"}) {
      EXPECT_FALSE(found(pattern, small, UnicodeProfile::hf)) << pattern;
      EXPECT_TRUE(found(pattern, small, UnicodeProfile::latest)) << pattern;
    }
    EXPECT_TRUE(found("\\ba", capital + "a", UnicodeProfile::hf));
    EXPECT_FALSE(found("\\ba", capital + "a", UnicodeProfile::latest));
  }
  const brot::Regex again("(?i)(.)\\1", brot::RegexDialect::oniguruma, UnicodeProfile::latest);
  EXPECT_TRUE(again.find_from(capital + small));
  EXPECT_FALSE(brot::Regex("(?i)(.)\\1").find_from(capital + small));
}

// Text of characters that were always there: the automata of `latest` cut as the scanners of `hf` do.
TEST(Profile, KnownPatternsWithoutScannersCutTheSame) {
  const std::vector<std::string> parts = {"a", "B",      "\u00E9", "\u0416", "\u4E2D", "\u0915",
                                          " ", "  ",     "\n",     "\r",     "'s",     "'LL",
                                          "1", "\u0662", ".",      "/",      "\u0301", "\U0001F600"};
  const std::vector<std::string> patterns = {
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
  std::mt19937 random(17);
  for (const std::string& pattern : patterns) {
    const brot::Regex hf(pattern), latest(pattern, brot::RegexDialect::oniguruma, UnicodeProfile::latest);
    EXPECT_EQ(hf.engine(), brot::Regex::Engine::scanner);
    EXPECT_EQ(latest.engine(), brot::Regex::Engine::automaton);
    EXPECT_EQ(latest.scanner_name(), "");
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      for (size_t i = random() % 30; i > 0; --i) text += parts[random() % parts.size()];
      std::vector<size_t> ends, wanted;
      hf.for_each_match(text, [&](size_t, size_t end) { wanted.push_back(end); });
      latest.for_each_match(text, [&](size_t, size_t end) { ends.push_back(end); });
      ASSERT_EQ(ends, wanted) << text;
    }
  }
}

TEST(Profile, PropertiesThatOnlyLatestHas) {
  const std::string pattern = "\\p{Sidetic}+";
  const std::string unknown = fault_of([&] { brot::Pattern::regex(pattern); });
  EXPECT_NE(unknown.find("invalid character property name {Sidetic}"), std::string::npos) << unknown;
  const brot::Pattern known = brot::Pattern::regex(pattern, brot::RegexDialect::oniguruma, UnicodeProfile::latest);
  const pre::Split split{known, brot::SplitBehavior::Isolated, false};

  Tokenizer tokenizer = words();
  const std::string before = tokenizer.to_json();
  EXPECT_EQ(fault_of([&] { tokenizer.set_pre_tokenizer(split); }), unknown);
  EXPECT_EQ(tokenizer.to_json(), before);
  tokenizer.set_unicode_profile(UnicodeProfile::latest);
  tokenizer.set_pre_tokenizer(split);
  EXPECT_EQ(pieces("a" + sidetic + sidetic + "b")(tokenizer), "a|" + sidetic + sidetic + "|b");
  const std::string saved = tokenizer.to_json();
  EXPECT_EQ(Tokenizer::from_json(saved).to_json(), saved);
  EXPECT_EQ(fault_of([&] { tokenizer.set_unicode_profile(UnicodeProfile::hf); }), unknown);
  EXPECT_EQ(tokenizer.to_json(), saved);
}

TEST(Profile, IsSavedAndLoaded) {
  Tokenizer tokenizer = words({"<unk>", "a" + capital});
  tokenizer.set_pre_tokenizer(pre::Whitespace{});
  tokenizer.set_normalizer(norm::Sequence{norm::NFKC{}, norm::Replace{brot::Pattern::regex("\\p{Lu}"), capital}});
  EXPECT_EQ(tokenizer.to_json().find("unicode_profile"), std::string::npos);
  tokenizer.set_unicode_profile(UnicodeProfile::latest);
  EXPECT_EQ(tokenizer.encode_ids("a" + capital), std::vector<uint32_t>{1});
  const std::string saved = tokenizer.to_json();
  EXPECT_TRUE(saved.starts_with(R"({"version":"1.0","unicode_profile":"latest","truncation")")) << saved;
  const std::string path = testing::TempDir() + "/raven_brot_profile.brot";
  tokenizer.save_compiled(path);
  for (const Tokenizer& again :
       {Tokenizer::from_json(saved), Tokenizer::from_json(saved, "t.json", {.strict = true}),
        Tokenizer::from_json(tokenizer.to_json({.pretty = true})), Tokenizer::from_compiled(path)}) {
    EXPECT_EQ(again.unicode_profile(), UnicodeProfile::latest);
    EXPECT_EQ(again.encode_ids("a" + capital), std::vector<uint32_t>{1});
    EXPECT_EQ(again.to_json(), saved);
    EXPECT_NE(again.to_string().find("unicode_profile: latest"), std::string::npos);
  }
  tokenizer.set_unicode_profile(UnicodeProfile::hf);
  EXPECT_EQ(tokenizer.encode_ids("a" + capital), (std::vector<uint32_t>{0, 0}));

  const auto with = [](const std::string& value) {
    return R"({"version": "1.0", "unicode_profile": )" + value +
           R"(, "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}})";
  };
  EXPECT_EQ(Tokenizer::from_json(with("\"hf\"")).unicode_profile(), UnicodeProfile::hf);
  EXPECT_EQ(Tokenizer::from_json(with("null")).unicode_profile(), UnicodeProfile::hf);
  EXPECT_EQ(fault_of([&] { Tokenizer::from_json(with("\"newest\"")); }),
            "brot.Tokenizer.from_json: /unicode_profile: got `newest`, expected hf or latest (at byte 38)");
  EXPECT_EQ(fault_of([&] { Tokenizer::from_json(with("17")); }),
            "brot.Tokenizer.from_json: /unicode_profile: got another kind of value, expected a string (at byte 38)");
}

}  // namespace
