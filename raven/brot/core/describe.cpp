// What a tokenizer is made of and what it does to a text, for people.
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

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
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
  std::string out = "normalized: " + normalize(text) + "\npieces:";
  for (const TextPiece& piece : pre_tokenize(normalize(text))) out += " [" + piece.text + "]";
  const Encoding encoding = encode(text);
  out += "\ntokens:";
  for (size_t i = 0; i < encoding.size(); ++i)
    out += " " + std::string(encoding.token(i)) + "=" + std::to_string(encoding.ids()[i]) + "(" +
           std::to_string(encoding.offsets()[i].begin) + "," + std::to_string(encoding.offsets()[i].end) + ")";
  return out + "\n";
}

std::string to_html(const Encoding& encoding, std::string_view text) {
  static constexpr std::string_view colours[] = {"#cde8ff", "#d9f5d0", "#ffe8c2", "#f6d5ef", "#e2dcff", "#ffd9d4"};
  std::string out = "<pre style=\"white-space:pre-wrap;line-height:1.8\">";
  size_t shown = 0;
  for (size_t i = 0; i < encoding.size(); ++i) {
    const Span span = encoding.offsets()[i];
    const bool special = !encoding.special_tokens_mask().empty() && encoding.special_tokens_mask()[i];
    if (!special && span.begin > shown && span.begin <= text.size()) {
      append_escaped(out, text.substr(shown, span.begin - shown));
    }
    out += "<span title=\"" + std::to_string(encoding.ids()[i]) + "\" style=\"background:";
    out += special ? std::string_view("#dddddd;font-style:italic") : colours[i % std::size(colours)];
    out += "\">";
    if (special || span.end > text.size() || span.begin < shown) {
      append_escaped(out, encoding.token(i));
    } else {
      append_escaped(out, text.substr(span.begin, span.end - span.begin));
    }
    out += "</span>";
    if (!special && span.end > shown && span.end <= text.size()) shown = span.end;
  }
  append_escaped(out, text.substr(std::min(shown, text.size())));
  return out + "</pre>\n";
}

}  // namespace brot
