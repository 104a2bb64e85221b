#include "raven/brot/decoders/decoder.hpp"

#include <algorithm>

#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/core/error.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

CustomDecoder::~CustomDecoder() = default;

namespace decoders {

Sequence::Sequence(std::initializer_list<Decoder> list) : decoders(list) {}
Sequence::Sequence(std::vector<Decoder> list) : decoders(std::move(list)) {}

int byte_of_token(std::string_view token) noexcept {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int value = 0;
  for (size_t i = 3; i < 5; ++i) {
    const char c = token[i];
    if (c == '+' && i == 3) continue;  // Rust's integer parser takes a plus sign
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

void take_bytes(std::string& bytes, bool last, std::string& text) {
  size_t at = 0;
  while (at < bytes.size()) {
    const unicode::Decoded decoded = unicode::decode(bytes, at);
    if (decoded.valid) {
      text.append(bytes, at, decoded.length);
      at += decoded.length;
      continue;
    }
    const auto lead = static_cast<unsigned char>(bytes[at]);
    const bool open = at + decoded.length == bytes.size() && lead >= 0xC2 && lead <= 0xF4 &&
                      unicode::length_of_lead(lead) > decoded.length;
    if (open && !last) break;
    text.append("\xEF\xBF\xBD");
    ++at;
  }
  bytes.erase(0, at);
}

int Spm::byte_of(std::string_view piece) const noexcept {
  if (!bytes) return -1;
  const int value = byte_of_token(piece);
  constexpr std::string_view digits = "0123456789ABCDEF";
  return value >= 0 && piece[3] == digits[size_t(value) / 16] && piece[4] == digits[size_t(value) % 16] ? value : -1;
}

std::string Spm::text_of(std::string_view piece, bool first) const {
  constexpr std::string_view metaspace = "\xE2\x96\x81";
  if (controls.contains(piece)) return {};
  if (!unk_piece.empty() && piece == unk_piece) return unk_surface;
  if (first && strip_first && piece.starts_with(metaspace)) piece.remove_prefix(metaspace.size());
  return replaced(piece, metaspace, " ");
}

namespace {

using Tokens = std::vector<std::string>;

Tokens apply(const BPEDecoder& options, Tokens tokens) {
  for (size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = replaced(tokens[i], options.suffix, i + 1 == tokens.size() ? "" : " ");
  return tokens;
}

Tokens apply(const ByteLevel&, Tokens tokens) {
  std::string bytes;
  for (const std::string& token : tokens) {
    const size_t before = bytes.size();
    if (byte_alphabet::append_bytes(token, bytes)) continue;
    bytes.resize(before);
    bytes.append(token);
  }
  return {unicode::replace_invalid(bytes)};
}

Tokens apply(const ByteFallback&, Tokens tokens) {
  Tokens result;
  std::string run;
  const auto flush = [&] {
    if (run.empty()) return;
    if (unicode::is_valid(run)) {
      result.push_back(run);
    } else {
      result.insert(result.end(), run.size(), "\xEF\xBF\xBD");
    }
    run.clear();
  };
  for (std::string& token : tokens) {
    if (const int byte = byte_of_token(token); byte >= 0) {
      run.push_back(char(byte));
    } else {
      flush();
      result.push_back(std::move(token));
    }
  }
  flush();
  return result;
}

Tokens apply(const CTC& options, Tokens tokens) {
  Tokens result;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0 && tokens[i] == tokens[i - 1]) continue;
    std::string text = replaced(tokens[i], options.pad_token, "");
    if (options.cleanup) text = replaced(clean_up(std::move(text)), options.word_delimiter_token, " ");
    if (!text.empty()) result.push_back(std::move(text));
  }
  return result;
}

Tokens apply(const Fuse&, Tokens tokens) {
  std::string all;
  for (const std::string& token : tokens) all.append(token);
  return {std::move(all)};
}

Tokens apply(const Metaspace& options, Tokens tokens) {
  std::string replacement;
  unicode::append(replacement, options.replacement);
  for (size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = replaced(tokens[i], replacement, i == 0 && options.prepend_scheme != PrependScheme::never ? "" : " ");
  return tokens;
}

Tokens apply(const Replace& options, Tokens tokens) {
  for (std::string& token : tokens) {
    if (options.pattern.is_regex() && !unicode::is_valid(token)) token = unicode::replace_invalid(token);
    std::string result;
    size_t run = 0;
    options.pattern.for_each_match(token, [&](size_t begin, size_t end) {
      result.append(token, run, begin - run).append(options.content);
      run = end;
    });
    if (run == 0 && result.empty()) continue;
    result.append(token, run, token.size() - run);
    token = std::move(result);
  }
  return tokens;
}

Tokens apply(const Strip& options, Tokens tokens) {
  std::string content;
  unicode::append(content, options.content);
  for (std::string& token : tokens) {
    std::string_view rest = token;
    for (size_t i = 0; i < options.start && rest.starts_with(content); ++i) rest.remove_prefix(content.size());
    for (size_t i = 0; i < options.stop && rest.ends_with(content); ++i) rest.remove_suffix(content.size());
    if (rest.size() != token.size()) token = std::string(rest);
  }
  return tokens;
}

Tokens apply(const WordPiece& options, Tokens tokens) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i != 0) {
      if (tokens[i].starts_with(options.prefix)) {
        tokens[i].erase(0, options.prefix.size());
      } else {
        tokens[i].insert(0, 1, ' ');
      }
    }
    if (options.cleanup) tokens[i] = clean_up(std::move(tokens[i]));
  }
  return tokens;
}

Tokens apply(const Sequence& options, Tokens tokens) {
  for (const Decoder& one : options.decoders) tokens = one.apply(std::move(tokens));
  return tokens;
}
Tokens apply(const Spm& options, Tokens tokens) {
  std::string text, bytes;
  bool first = true;
  for (const std::string& token : tokens) {
    if (const int byte = options.byte_of(token); byte >= 0) {
      bytes.push_back(char(byte));
      first = false;
      continue;
    }
    take_bytes(bytes, true, text);
    const std::string part = options.text_of(token, first);
    first = first && options.stays_first(part, options.text_of(token, false));
    text.append(part);
  }
  take_bytes(bytes, true, text);
  return {options.denormalizer ? Normalizer(*options.denormalizer).normalized(text) : text};
}
Tokens apply(const Custom& options, Tokens tokens) { return options.implementation->apply(std::move(tokens)); }

}  // namespace
}  // namespace decoders

std::shared_ptr<const Decoder::Kind> Decoder::checked(Kind kind) {
  if (const auto* bpe = std::get_if<decoders::BPEDecoder>(&kind))
    expect_utf8("brot.decoders.BPEDecoder", "suffix", bpe->suffix);
  if (const auto* ctc = std::get_if<decoders::CTC>(&kind)) {
    expect_utf8("brot.decoders.CTC", "pad_token", ctc->pad_token);
    expect_utf8("brot.decoders.CTC", "word_delimiter_token", ctc->word_delimiter_token);
  }
  if (const auto* replace = std::get_if<decoders::Replace>(&kind))
    expect_utf8("brot.decoders.Replace", "content", replace->content);
  if (const auto* pieces = std::get_if<decoders::WordPiece>(&kind))
    expect_utf8("brot.decoders.WordPiece", "prefix", pieces->prefix);
  if (const auto* custom = std::get_if<decoders::Custom>(&kind); custom && !custom->implementation)
    throw Error(ErrorCode::argument, "brot.decoders.Custom", "implementation: got null");
  return std::make_shared<const Kind>(std::move(kind));
}

std::vector<std::string> Decoder::apply(std::vector<std::string> tokens) const {
  return std::visit([&](const auto& kind) { return decoders::apply(kind, std::move(tokens)); }, *kind_);
}

std::string Decoder::decode(std::vector<std::string> tokens) const {
  std::string text;
  for (const std::string& part : apply(std::move(tokens))) text.append(part);
  return text;
}

Decoder Decoder::with_profile(UnicodeProfile profile) const {
  if (const auto* replace = std::get_if<decoders::Replace>(&*kind_))
    return decoders::Replace{replace->pattern.with_profile(profile), replace->content};
  if (const auto* sequence = std::get_if<decoders::Sequence>(&*kind_)) {
    std::vector<Decoder> list;
    for (const Decoder& one : sequence->decoders) list.push_back(one.with_profile(profile));
    return decoders::Sequence(std::move(list));
  }
  return *this;
}

}  // namespace brot
