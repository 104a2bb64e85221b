// Decoding that says where in the text each id went, and offsets in other units.
#include <algorithm>

#include "raven/brot/core/core.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

using Kind = DecodePlan::Kind;
using Token = DecodePlan::Token;

/// What an id adds, before bytes become characters.
struct Part {
  enum class Is : uint8_t { left_out, byte, text } is = Is::left_out;
  std::string bytes = {};
};

std::vector<Part> parts_of(const TokenizerCore& core, std::span<const uint32_t> ids, bool skip_special,
                           std::string_view operation) {
  const DecodePlan& plan = core.decode_plan();
  if (plan.kind == Kind::general)
    throw Error(ErrorCode::unsupported, operation, "the decoder does not work token by token");
  std::vector<Part> parts(ids.size());
  bool first = !plan.firsts.empty();
  for (size_t i = 0; i < ids.size(); ++i) {
    const Token token = plan.token(ids[i]);
    if (token.word & (Token::other | (skip_special ? Token::special : 0))) continue;
    if (token.word & Token::byte) {
      parts[i] = {Part::Is::byte, std::string(1, char(token.begin))};
      first = false;
      continue;
    }
    parts[i] = {Part::Is::text, std::string(first ? plan.first_text(ids[i]) : plan.text(token))};
    first = first && plan.stays_first(ids[i], token);
  }
  return parts;
}

/// The bytes of the characters that are stripped at the start of a text.
size_t stripped_bytes(const DecodePlan& plan, std::string_view text) {
  size_t bytes = 0;
  for (size_t i = 0; i < plan.strip_count && text.substr(bytes).starts_with(plan.strip); ++i) bytes += plan.strip.size();
  return bytes;
}

/// The characters of a text, each by where it begins among the raw bytes and in the text.
struct Characters {
  std::string text;
  std::vector<uint32_t> raw, place;  // ascending; one more at the end

  void add(uint32_t at, std::string_view character) {
    raw.push_back(at);
    place.push_back(uint32_t(text.size()));
    text.append(character);
  }
  /// The characters that the raw bytes [begin, end) belong to.
  Span span(uint32_t begin, uint32_t end) const {
    if (begin == end) {
      const auto at = std::lower_bound(raw.begin(), raw.end(), begin);
      return {place[size_t(at - raw.begin())], place[size_t(at - raw.begin())]};
    }
    const auto first = std::upper_bound(raw.begin(), raw.end() - 1, begin) - 1;
    const auto last = std::lower_bound(raw.begin(), raw.end(), end);
    return {place[size_t(first - raw.begin())], place[size_t(last - raw.begin())]};
  }
  /// Takes bytes off the start of the text.
  void strip(uint32_t bytes) {
    text.erase(0, bytes);
    for (uint32_t& at : place) at = std::max(at, bytes) - bytes;
  }
};

Characters characters_of(const std::vector<Part>& parts, bool pieces) {
  Characters out;
  uint32_t at = 0;
  // Invalid bytes go together where they begin a character, or each alone.
  const auto decode = [&](std::string_view bytes, bool alone) {
    for (size_t i = 0; i < bytes.size();) {
      const unicode::Decoded decoded = unicode::decode(bytes, i);
      out.add(at + uint32_t(i), decoded.valid ? bytes.substr(i, decoded.length) : "\xEF\xBF\xBD");
      i += decoded.valid || !alone ? decoded.length : 1;
    }
    at += uint32_t(bytes.size());
  };
  for (size_t i = 0; i < parts.size();) {
    // Byte tokens make characters among themselves; each of a run that is no text stands alone (SentencePiece: each
    // that is part of no character).
    const Part::Is kind = parts[i].is;
    std::string run;
    for (; i < parts.size() && (parts[i].is == kind || parts[i].is == Part::Is::left_out); ++i) run += parts[i].bytes;
    if (kind == Part::Is::byte && !pieces && !unicode::is_valid(run)) {
      for (size_t byte = 0; byte < run.size(); ++byte) out.add(at++, "\xEF\xBF\xBD");
    } else {
      decode(run, kind == Part::Is::byte);
    }
  }
  out.raw.push_back(at);
  out.place.push_back(uint32_t(out.text.size()));
  return out;
}

/// Walks a text's characters and counts their units.
class Places {
 public:
  Places(std::string_view text, Offsets unit) : text_(text), unit_(unit) {}
  /// Units of the character at byte `at`, and its bytes.
  std::pair<uint32_t, uint32_t> at(size_t at) const {
    const unicode::Decoded decoded = unicode::decode(text_, at);
    const uint32_t units = unit_ == Offsets::byte    ? decoded.length
                           : unit_ == Offsets::utf16 ? 1 + (decoded.scalar > 0xFFFF)
                                                     : 1;
    return {units, decoded.length};
  }

 private:
  std::string_view text_;
  Offsets unit_;
};

}  // namespace

std::vector<std::string> Tokenizer::decode_tokens_bytes(std::span<const uint32_t> ids) const {
  std::vector<std::string> result;
  result.reserve(ids.size());
  std::string head;
  const DecodePlan& plan = core_->decode_plan();
  for (Part& part : parts_of(*core_, ids, false, "brot.Tokenizer.decode_tokens_bytes")) {
    if (head.size() < plan.strip_count * plan.strip.size()) head += part.bytes;
    result.push_back(std::move(part.bytes));
  }
  size_t left = stripped_bytes(plan, head);
  for (size_t i = 0; left > 0; ++i) {
    const size_t taken = std::min(left, result[i].size());
    result[i].erase(0, taken);
    left -= taken;
  }
  return result;
}

DecodedText Tokenizer::decode_with_offsets(std::span<const uint32_t> ids, const DecodeOptions& options,
                                           Offsets unit) const {
  static constexpr std::string_view operation = "brot.Tokenizer.decode_with_offsets";
  if (core_->cleans_up(options))
    throw Error(ErrorCode::unsupported, operation,
                "clean_up_tokenization_spaces: got true, expected false; places in mended text are not known");
  const std::vector<Part> parts = parts_of(*core_, ids, options.skip_special_tokens, operation);
  size_t bytes = 0;
  for (const Part& part : parts) bytes += part.bytes.size();
  if (bytes > UINT32_MAX / 3)  // each may become U+FFFD
    throw Error(ErrorCode::limit, operation, raven::Message() << "the ids have " << bytes << " bytes; places are 32 bits");
  Characters characters = characters_of(parts, core_->decode_plan().kind == Kind::pieces);
  characters.strip(uint32_t(stripped_bytes(core_->decode_plan(), characters.text)));
  DecodedText result;
  uint32_t at = 0;
  for (const Part& part : parts) {
    const uint32_t end = at + uint32_t(part.bytes.size());
    result.offsets.push_back(characters.span(at, end));
    at = end;
  }
  if (unit != Offsets::byte) result.offsets = convert_offsets(characters.text, result.offsets, Offsets::byte, unit);
  result.text = std::move(characters.text);
  return result;
}

std::vector<Span> convert_offsets(std::string_view text, std::span<const Span> spans, Offsets from, Offsets to) {
  static constexpr std::string_view operation = "brot.convert_offsets";
  if (from == Offsets::none || to == Offsets::none)
    throw Error(ErrorCode::argument, operation, "unit: got none, expected byte, codepoint or utf16");
  std::vector<Span> result(spans.begin(), spans.end());
  std::vector<uint32_t*> places;
  for (Span& span : result) places.insert(places.end(), {&span.begin, &span.end});
  std::sort(places.begin(), places.end(), [](const uint32_t* a, const uint32_t* b) { return *a < *b; });
  const Places source(text, from), target(text, to);
  uint32_t seen = 0, given = 0;
  size_t byte = 0;
  for (uint32_t* place : places) {
    while (byte < text.size()) {
      const auto [units, length] = source.at(byte);
      if (seen + units > *place) break;
      seen += units;
      given += target.at(byte).first;
      byte += length;
    }
    if (byte == text.size() && *place > seen)
      throw Error(ErrorCode::argument, operation,
                  raven::Message() << "offset: got " << *place << ", expected at most the text's size, " << seen);
    *place = given;
  }
  return result;
}

}  // namespace brot
