// Any bytes as text for fixed tokenizers: offsets stay inside the text, decoding gives the text back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "raven/brot.hpp"
#include "raven/brot/regex/scanners.hpp"

namespace {

brot::Tokenizer byte_level(const std::string& pattern) {
  std::vector<std::pair<std::string, uint32_t>> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
  for (const char* text : {"ab", "th", "the", " the", "aa", "aaaa"}) ranks.emplace_back(text, uint32_t(ranks.size()));
  return brot::Tiktoken::from_ranks(ranks, {"small", pattern, {{"<|end|>", 300}}}).tokenizer();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const brot::Tokenizer bytes = byte_level(brot::Tiktoken::definition("o200k_base").pattern);
  static const brot::Tokenizer unigram = [] {
    brot::Tokenizer tokenizer(brot::Unigram::make(
        {{"<unk>", 0}, {"a", -1}, {"\xE2\x96\x81", -1}, {"\xE2\x96\x81the", -2}, {"b", -3}}, {.unk_id = 0}));
    tokenizer.set_normalizer(brot::normalizers::Sequence{brot::normalizers::Nmt{}, brot::normalizers::NFKC{},
                                                         brot::normalizers::Lowercase{}});
    tokenizer.set_pre_tokenizer(brot::pre_tokenizers::Metaspace{});
    return tokenizer;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto check = [&](const brot::Encoding& encoding) {
    for (const brot::Span span : encoding.offsets())
      if (span.begin > span.end || span.end > size) std::abort();
  };
  for (const brot::Tokenizer* tokenizer : {&bytes, &unigram}) check(tokenizer->encode(text));
  const std::vector<uint32_t> ids = bytes.encode_ids(text);
  if (bytes.decode(ids, {.skip_special_tokens = false}) != brot::unicode::replace_invalid(text)) std::abort();

  // Raw bytes, whatever cuts the text: one pattern per scanner, and one that the general engine runs.
  static const std::vector<brot::Tokenizer> raw = [] {
    std::vector<brot::Tokenizer> all{byte_level(R"(\p{Lu}?\w+(?=\s)|\S)")};
    for (const brot::regex::Scanner& scanner : brot::regex::all_scanners())
      if (scanner.dialect == brot::RegexDialect::tiktoken) all.push_back(byte_level(std::string(scanner.pattern)));
    return all;
  }();
  for (const brot::Tokenizer& tokenizer : raw) {
    const brot::Encoding encoding = tokenizer.encode(text, {.invalid = brot::InvalidUtf8::bytes});
    check(encoding);
    if (tokenizer.decode_bytes(encoding.ids()) != text) std::abort();
    for (const brot::Offsets unit : {brot::Offsets::codepoint, brot::Offsets::utf16})
      check(tokenizer.encode(text, {.offsets = unit, .invalid = brot::InvalidUtf8::bytes}));
  }
  return 0;
}
