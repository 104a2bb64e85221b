// What a tokenizer is made of and what it does to a text, for people.
#include <algorithm>

#include "raven/brot/core/core.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/files/json.hpp"
#include "raven/brot/files/tokenizer_json.hpp"

namespace brot {

namespace {

/// The components of a saved tokenizer in one line each; long lists are left out.
std::string component(const json::Value& value) {
  if (value.is_null()) return "none";
  std::string text(value["type"].text());
  std::string details;
  for (const json::Value member : value) {
    if (member.key() == "type" || member.key() == "vocab" || member.key() == "merges") continue;
    std::string shown;
    if (member.is(json::Type::string) || member.is(json::Type::number)) shown = member.text().substr(0, 60);
    else if (member.is(json::Type::boolean)) shown = member.boolean() ? "true" : "false";
    else if (member.is(json::Type::array)) {
      for (const json::Value one : member)
        if (one["type"].present()) shown += (shown.empty() ? "" : ", ") + component(one);
      shown = "[" + shown + "]";
      if (shown == "[]") continue;
    } else if (member.is(json::Type::object)) {
      if (member["Regex"].present()) shown = member["Regex"].text().substr(0, 60);
      else if (member["String"].present()) shown = member["String"].text();
      else continue;
    } else {
      continue;
    }
    details += (details.empty() ? "" : ", ") + std::string(member.key()) + "=" + shown;
  }
  return details.empty() ? text : text + "(" + details + ")";
}

/// A text while its tokens are drawn from left to right.
class DrawnText {
 public:
  DrawnText(std::string_view text, Offsets unit) : text_(text) {
    if (unit == Offsets::byte) return;
    for (size_t at = 0; at < text.size();) {
      const unicode::Decoded character = unicode::decode(text, at);
      const size_t units = unit == Offsets::utf16 && character.scalar >= 0x10000 ? 2 : 1;
      bytes_.insert(bytes_.end(), units, at);
      at += character.length;
    }
    bytes_.push_back(text.size());
  }
  /// What lies between the last token and the offset.
  std::string_view up_to(uint32_t offset) { return advance(byte_of(offset)); }
  std::string_view rest() { return advance(text_.size()); }
  /// The text of a token, unless some of it was drawn before.
  std::optional<std::string_view> take(Span span) {
    if (byte_of(span.begin) != shown_ || span.end < span.begin) return std::nullopt;
    return advance(byte_of(span.end));
  }

 private:
  size_t byte_of(uint32_t offset) const {
    if (bytes_.empty()) return std::min<size_t>(offset, text_.size());
    return bytes_[std::min<size_t>(offset, bytes_.size() - 1)];
  }
  std::string_view advance(size_t end) {
    const size_t begin = std::min(shown_, end);
    if (end > shown_) shown_ = end;
    return text_.substr(begin, end - begin);
  }
  std::string_view text_;
  std::vector<size_t> bytes_;  // at which each unit begins, and the end; empty when units are bytes
  size_t shown_ = 0;
};

void append_escaped(std::string& out, std::string_view raw) {
  for (const char c : unicode::replace_invalid(raw)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\n': out += "&#x21b5;\n"; break;
      default: out += c;
    }
  }
}

}  // namespace

std::string Tokenizer::to_string() const {
  std::string text = "Tokenizer of " + std::to_string(vocab_size(true)) + " tokens, " +
                     std::to_string(core_->added.size()) + " of them added\n";
  const auto has_custom = [&] {
    try {
      to_json();
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  if (core_->model->type() == ModelType::custom || has_custom()) return text + "  with user-defined components\n";
  const std::string source = to_json();
  const json::Document document = json::Document::parse(source, "tokenizer");
  if (core_->profile == UnicodeProfile::latest) text += "  unicode_profile: latest\n";
  for (const char* key : {"normalizer", "pre_tokenizer", "model", "post_processor", "decoder"})
    text += "  " + std::string(key) + ": " + component(document.root()[key]) + "\n";
  return text;
}

std::string Tokenizer::explain(std::string_view text) const {
  const std::string valid = unicode::replace_invalid(text);
  const auto parts_of = [&](std::string_view whole, bool normalized) {
    std::vector<AddedTokens::Part> parts;
    if (!core_->added.split(whole, normalized, config().split_special_tokens, parts))
      parts.push_back({0, uint32_t(whole.size()), AddedTokens::none});
    return parts;
  };
  const auto slice = [](std::string_view whole, const AddedTokens::Part& part) {
    return whole.substr(part.begin, part.end - part.begin);
  };
  // Added tokens are shown in guillemets where they are found; the stages see what lies between them.
  std::string out = "normalized: ", pieces = "\npieces:";
  const auto token = [](std::string_view found) { return "\u00AB" + std::string(found) + "\u00BB"; };
  for (const AddedTokens::Part& part : parts_of(valid, false)) {
    if (part.id != AddedTokens::none) {
      out += token(slice(valid, part));
      pieces += " " + token(slice(valid, part));
      continue;
    }
    const std::string gap = normalize(slice(valid, part));
    for (const AddedTokens::Part& inner : parts_of(gap, true)) {
      const std::string_view found = slice(gap, inner);
      out += inner.id != AddedTokens::none ? token(found) : std::string(found);
      if (inner.id != AddedTokens::none) {
        pieces += " " + token(found);
      } else {
        for (const TextPiece& piece : pre_tokenize(found)) pieces += " [" + piece.text + "]";
      }
    }
  }
  out += pieces;
  const Encoding encoding = encode(text);
  out += "\ntokens:";
  for (size_t i = 0; i < encoding.size(); ++i)
    out += " " + std::string(encoding.token(i)) + "=" + std::to_string(encoding.ids()[i]) + "(" +
           std::to_string(encoding.offsets()[i].begin) + "," + std::to_string(encoding.offsets()[i].end) + ")";
  return out + "\n";
}

std::string to_html(const Encoding& encoding, std::string_view text, const HtmlOptions& options) {
  static constexpr std::string_view colours[] = {"#cde8ff", "#d9f5d0", "#ffe8c2", "#f6d5ef", "#e2dcff", "#ffd9d4"};
  const auto fail = [](std::string_view what) { throw Error(ErrorCode::argument, "brot.to_html", what); };
  const size_t count = encoding.size();
  if (encoding.offsets().size() != count || options.offsets == Offsets::none)
    fail("offsets: the encoding has none, expected one with EncodeFields::offsets");
  std::vector<DrawnText> texts;
  texts.emplace_back(text, options.offsets);
  if (options.second) texts.emplace_back(*options.second, options.offsets);
  std::vector<std::optional<size_t>> sequences(count);  // of the tokens that stand for text
  std::vector<size_t> last(texts.size(), count);        // tokens
  for (size_t i = 0; i < count; ++i) {
    if (!encoding.special_tokens_mask().empty() && encoding.special_tokens_mask()[i]) continue;
    const auto sequence = sequences[i] = encoding.token_to_sequence(i);
    if (!sequence) continue;
    if (*sequence >= texts.size()) fail("second: the encoding is that of a pair, expected its second text too");
    last[*sequence] = i;
  }
  std::string out = "<pre style=\"white-space:pre-wrap;line-height:1.8\">";
  for (size_t i = 0; i < count; ++i) {
    const auto sequence = sequences[i];
    std::string_view shown = encoding.token(i);
    if (sequence) {
      DrawnText& drawn = texts[*sequence];
      append_escaped(out, drawn.up_to(encoding.offsets()[i].begin));
      if (const auto own = drawn.take(encoding.offsets()[i])) shown = *own;
    }
    out += "<span title=\"" + std::to_string(encoding.ids()[i]) + "\" style=\"background:";
    out += sequence ? colours[i % std::size(colours)] : std::string_view("#dddddd;font-style:italic");
    out += "\">";
    append_escaped(out, shown);
    out += "</span>";
    if (sequence && last[*sequence] == i) append_escaped(out, texts[*sequence].rest());
  }
  for (DrawnText& drawn : texts) append_escaped(out, drawn.rest());
  return out + "</pre>\n";
}

}  // namespace brot
