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

namespace {
std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  if (from.empty()) {  // as Rust's replace: before every character and at the end
    for (size_t at = 0; at < text.size();) {
      const size_t length = unicode::decode(text, at).length;
      result.append(to).append(text, at, length);
      at += length;
    }
    return result.append(to);
  }
  size_t run = 0;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, run)) {
    result.append(text, run, at - run).append(to);
    run = at + from.size();
  }
  return result.append(text, run, text.size() - run);
}
}  // namespace

std::string clean_up(std::string text) {
  static constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},  {" ?", "?"},   {" !", "!"},          {" ,", ","},   {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  if (text.find(' ') == std::string::npos) return text;
  for (const auto& [from, to] : rules)
    if (text.find(from) != std::string::npos) text = replaced(text, from, to);
  return text;
}

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

}  // namespace brot
