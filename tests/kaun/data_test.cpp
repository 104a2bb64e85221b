// Vocabularies, windows over tokens, and text that cannot be used.
#include <limits>
#include <set>

#include "examples/demo/demo.hpp"
#include "kaun/support.hpp"
#include "raven/base/file.hpp"

namespace kaun::test {
namespace {

using data::CharVocabulary;
using data::TokenDataset;

TEST(Vocabulary, RoundTripOfEveryByte) {
  std::string text;
  for (int b = 255; b >= 0; --b) text += static_cast<char>(b);
  text += text;
  const CharVocabulary vocabulary = CharVocabulary::of(text);
  EXPECT_EQ(vocabulary.size(), 256);
  EXPECT_EQ(vocabulary.decode(vocabulary.encode(text)), text);
  EXPECT_EQ(CharVocabulary(vocabulary.bytes()).bytes(), vocabulary.bytes());
}

TEST(Vocabulary, TokensFollowTheOrderOfBytes) {
  const CharVocabulary vocabulary = CharVocabulary::of("banana");
  EXPECT_EQ(vocabulary.bytes(), "abn");
  EXPECT_EQ(vocabulary.encode("nab"), (std::vector<int32_t>{2, 0, 1}));
  EXPECT_EQ(CharVocabulary::of("").size(), 0);
}

TEST(Vocabulary, WrongInputIsRefused) {
  const CharVocabulary vocabulary = CharVocabulary::of("banana");
  EXPECT_EQ(message_of<nx::ValueError>([&] { vocabulary.encode("ban!"); }),
            "kaun.CharVocabulary.encode: byte 33 at position 3 is not in the vocabulary");
  EXPECT_EQ(message_of<nx::IndexError>([&] { vocabulary.decode({0, 3}); }),
            "kaun.CharVocabulary.decode: token 3 is outside the vocabulary of 3");
  EXPECT_EQ(message_of<nx::IndexError>([&] { vocabulary.decode({-1}); }),
            "kaun.CharVocabulary.decode: token -1 is outside the vocabulary of 3");
  EXPECT_EQ(message_of<nx::ValueError>([&] { CharVocabulary("aa"); }),
            "kaun.CharVocabulary: bytes must ascend; entry 1 does not");
}

TokenDataset counting(int64_t size, int64_t context) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < size; ++i) tokens.push_back(static_cast<int32_t>(i));
  return TokenDataset(std::move(tokens), context);
}

TEST(Tokens, TargetsAreInputsOneLater) {
  const TokenDataset data = counting(20, 4);
  const auto [inputs, targets] = data.windows({0, 15, 7});
  EXPECT_EQ(inputs.shape(), (nx::Shape{3, 4}));
  EXPECT_EQ(inputs.dtype(), nx::i32);
  EXPECT_EQ(inputs.to_vector<int32_t>(), (std::vector<int32_t>{0, 1, 2, 3, 15, 16, 17, 18, 7, 8, 9, 10}));
  EXPECT_EQ(targets.to_vector<int32_t>(), (std::vector<int32_t>{1, 2, 3, 4, 16, 17, 18, 19, 8, 9, 10, 11}));
}

TEST(Tokens, ConsecutiveWindowsCoverTheText) {
  for (const int64_t size : {9, 10, 12, 13, 14}) {
    const TokenDataset data = counting(size, 4);
    EXPECT_EQ(data.window_count(), (size - 1) / 4);
    const auto [inputs, targets] = data.consecutive_windows(0, data.window_count());
    const std::vector<int32_t> seen = inputs.to_vector<int32_t>();
    for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<int32_t>(i)) << size;
  }
  EXPECT_EQ(counting(12, 4).consecutive_windows(1, 1).inputs.to_vector<int32_t>(), (std::vector<int32_t>{4, 5, 6, 7}));
}

TEST(Tokens, RandomWindowsAreAFunctionOfTheKeyAndReachBothEnds) {
  const TokenDataset data = counting(12, 4);
  std::set<int32_t> starts;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    const auto [inputs, targets] = data.random_windows(nx::random::key(seed), 4);
    EXPECT_EQ(inputs.to_vector<int32_t>(), data.random_windows(nx::random::key(seed), 4).inputs.to_vector<int32_t>());
    const std::vector<int32_t> values = inputs.to_vector<int32_t>();
    for (size_t row = 0; row < 4; ++row) starts.insert(values[row * 4]);
  }
  EXPECT_EQ(starts, (std::set<int32_t>{0, 1, 2, 3, 4, 5, 6, 7}));  // 7 + 4 is the last target
}

TEST(Tokens, ShortTextsAndWrongWindowsAreRefused) {
  EXPECT_EQ(message_of<nx::ValueError>([] { TokenDataset({}, 4); }),
            "kaun.TokenDataset: the text has 0 tokens, one window of 4 needs as many and one more; give a longer text or a "
            "shorter context");
  EXPECT_EQ(message_of<nx::ValueError>([] { counting(4, 4); }),
            "kaun.TokenDataset: the text has 4 tokens, one window of 4 needs as many and one more; give a longer text or a "
            "shorter context");
  EXPECT_EQ(counting(5, 4).random_windows(nx::random::key(1), 2).inputs.shape(), (nx::Shape{2, 4}));
  constexpr int64_t far = std::numeric_limits<int64_t>::max();
  EXPECT_NE(message_of<nx::ValueError>([] { counting(5, far); }), "no error");
  EXPECT_NE(message_of<nx::IndexError>([] { counting(12, 4).windows({far}); }), "no error");
  EXPECT_NE(message_of<nx::IndexError>([] { counting(12, 4).consecutive_windows(int64_t{1} << 62, 1); }), "no error");
  EXPECT_NE(message_of<nx::IndexError>([] { counting(12, 4).consecutive_windows(0, far); }), "no error");
  EXPECT_EQ(message_of<nx::ValueError>([] { counting(50, 0); }),
            "kaun.TokenDataset: context: got 0, expected at least 1");
  EXPECT_EQ(message_of<nx::IndexError>([] { counting(12, 4).windows({0, 8}); }),
            "kaun.TokenDataset.windows: a window at 8 does not fit 12 tokens");
  EXPECT_EQ(message_of<nx::IndexError>([] { counting(12, 4).windows({-1}); }),
            "kaun.TokenDataset.windows: a window at -1 does not fit 12 tokens");
  EXPECT_EQ(message_of<nx::IndexError>([] { counting(12, 4).consecutive_windows(2, 1); }),
            "kaun.TokenDataset.consecutive_windows: windows 2 to 2 + 1 of 2");
}

using DemoText = TemporaryFolder;

TEST_F(DemoText, UnusableFilesAreRefusedByPath) {
  const auto load = [&](const std::string& name) {
    demo::Options options;
    options.data = at(name);
    return demo::split_text(demo::load_text(options));
  };
  EXPECT_NE(message_of<raven::IoError>([&] { load("absent"); }).find(at("absent")), std::string::npos);
  raven::write_atomic(at("empty"), "");
  EXPECT_NE(message_of<nx::ValueError>([&] { load("empty"); }).find("is empty"), std::string::npos);
  raven::write_atomic(at("short"), std::string(300, 'x'));
  EXPECT_EQ(message_of<nx::ValueError>([&] { load("short"); }),
            "demo: the text has 300 characters, training and validation in windows of 64 need at least 651; give a "
            "longer text");
  raven::write_atomic(at("enough"), std::string(651, 'x'));
  EXPECT_EQ(load("enough").validation.size(), 66);
}

}  // namespace
}  // namespace kaun::test
