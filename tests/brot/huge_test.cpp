// Large inputs: one line of 100 MB, 10 MB of one character. Slow: not in the daily run.
#include <gtest/gtest.h>

#include <ctime>

#include "raven/brot.hpp"

namespace {

using namespace brot;

Tokenizer byte_level() {
  std::vector<std::pair<std::string, uint32_t>> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
  for (const char* text : {"aa", "aaaa", "aaaaaaaa", "th", "the", " t", " the"})
    ranks.emplace_back(text, uint32_t(ranks.size()));
  return Tiktoken::from_ranks(ranks, {"small", Tiktoken::definition("cl100k_base").pattern, {{"<|end|>", 300}}})
      .tokenizer();
}

Tokenizer llama() {
  std::vector<std::pair<std::string, uint32_t>> vocab{
      {"<unk>", 0}, {"\xE2\x96\x81", 1},    {"t", 2}, {"h", 3}, {"e", 4}, {"a", 5}, {"aa", 6}, {"aaaa", 7}, {"he", 8},
      {"the", 9},   {"\xE2\x96\x81the", 10}};
  return llama_style(BPE::Builder()
                         .vocab(vocab)
                         .merges({{"a", "a"}, {"aa", "aa"}, {"h", "e"}, {"t", "he"}, {"\xE2\x96\x81", "the"}})
                         .unk_token("<unk>")
                         .fuse_unk(true)
                         .build(),
                     true);
}

Tokenizer unigram() {
  Tokenizer tokenizer(Unigram::make(
      {{"<unk>", 0}, {"a", -1}, {"aa", -1.5}, {"aaaaaaa", -4}, {"\xE2\x96\x81", -2}, {"the", -3}}, {.unk_id = 0}));
  tokenizer.set_normalizer(normalizers::Replace{Pattern::literal(" "), "\xE2\x96\x81"});
  return tokenizer;
}

/// Seconds per megabyte.
double cost(const Tokenizer& tokenizer, const std::string& text) {
  const std::clock_t start = std::clock();  // processor time: others may be running
  EXPECT_GT(tokenizer.encode_ids(text).size(), 0u);
  const double taken = double(std::clock() - start) / CLOCKS_PER_SEC;
  return taken / (double(text.size()) / 1e6);
}

std::string repeated(std::string_view unit, size_t size) {
  std::string text;
  text.reserve(size + unit.size());
  while (text.size() < size) text.append(unit);
  return text;
}

// A megabyte of the huge text costs two to four times a megabyte alone, which stays in the caches; quadratic work would
// take ten or a hundred times.
TEST(HugeText, CostsAsMuchPerByteAsOneMegabyte) {
  for (const auto& [name, tokenizer] :
       {std::pair{"byte level", byte_level()}, {"llama", llama()}, {"unigram", unigram()}}) {
    for (const std::string_view unit : {std::string_view("a"), std::string_view(" the"), std::string_view("xyz")}) {
      const double small = cost(tokenizer, repeated(unit, 1'000'000));
      const size_t size = unit == " the" ? 100'000'000 : 10'000'000;
      const double large = cost(tokenizer, repeated(unit, size));
      std::printf("%-11s `%s` × %zu MB: %.1f MB/s (1 MB: %.1f)\n", name, std::string(unit).c_str(), size / 1'000'000,
                  1 / large, 1 / small);
      EXPECT_LT(large, 7 * small) << name << ", " << unit;
    }
  }
}

}  // namespace
