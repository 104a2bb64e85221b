// Any bytes as text for two fixed tokenizers: offsets stay inside the text, decoding gives the text back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "raven/brot.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const brot::Tokenizer bytes = [] {
    std::vector<std::pair<std::string, uint32_t>> ranks;
    for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
    for (const char* text : {"ab", "th", "the", " the", "aa", "aaaa"}) ranks.emplace_back(text, uint32_t(ranks.size()));
    const std::string pattern = brot::Tiktoken::definition("o200k_base").pattern;
    return brot::Tiktoken::from_ranks(ranks, {"small", pattern, {{"<|end|>", 300}}}).tokenizer();
  }();
  static const brot::Tokenizer unigram = [] {
    brot::Tokenizer tokenizer(brot::Unigram::make(
        {{"<unk>", 0}, {"a", -1}, {"\xE2\x96\x81", -1}, {"\xE2\x96\x81the", -2}, {"b", -3}}, {.unk_id = 0}));
    tokenizer.set_normalizer(brot::normalizers::Sequence{brot::normalizers::Nmt{}, brot::normalizers::NFKC{},
                                                         brot::normalizers::Lowercase{}});
    tokenizer.set_pre_tokenizer(brot::pre_tokenizers::Metaspace{});
    return tokenizer;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const brot::Tokenizer* tokenizer : {&bytes, &unigram}) {
    const brot::Encoding encoding = tokenizer->encode(text);
    for (const brot::Span span : encoding.offsets())
      if (span.begin > span.end || span.end > size) std::abort();
  }
  const std::vector<uint32_t> ids = bytes.encode_ids(text);
  if (bytes.decode(ids, {.skip_special_tokens = false}) != brot::unicode::replace_invalid(text)) std::abort();
  return 0;
}
