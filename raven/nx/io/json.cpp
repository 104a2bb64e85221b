#include "raven/nx/internal/json.hpp"

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace nx::detail {

namespace {

constexpr int max_depth = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Bytes of the well-formed UTF-8 character at the start of `text`; 0 when there is none (Unicode 15, table 3-7).
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  unsigned low = 0x80, high = 0xbf;  // of the second byte: no overlong forms, surrogates or values past U+10FFFF
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  return length;
}

void append_utf8(std::string& out, uint32_t code) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6), put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f)), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
  }
}

constexpr char hex_digits[] = "0123456789abcdef";

}  // namespace

void JsonReader::fail(uint64_t offset, std::string_view message) const {
  throw raven::FormatError(operation_, std::string(path_), offset, message);
}

void JsonReader::unexpected(std::string_view expected) const {
  raven::Message message("found ");
  if (at_ >= text_.size()) {
    message << "the end of the header";
  } else {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte >= 0x20 && byte < 0x7f)
      message << "'" << text_[at_] << "'";
    else
      message << "byte 0x" << hex_digits[byte >> 4] << hex_digits[byte & 15];
  }
  message << ", expected " << expected;
  fail(offset(), message);
}

void JsonReader::skip_space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
    ++at_;
}

bool JsonReader::accept(char c) {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void JsonReader::expect(char c, std::string_view expected) {
  if (accept(c)) return;
  const char quoted[] = {'\'', c, '\''};
  unexpected(expected.empty() ? std::string_view(quoted, 3) : expected);
}

void JsonReader::expect_end() {
  skip_space();
  if (at_ < text_.size()) unexpected("the end of the header");
}

std::string JsonReader::string() {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != '"') unexpected("a string");
  ++at_;
  std::string out;
  while (true) {
    if (at_ >= text_.size()) unexpected("'\"' at the end of a string");
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return out;
    }
    if (static_cast<unsigned char>(c) < 0x20) unexpected("a control character written as \\u00XX");
    if (c == '\\') {
      append_escape(out);
      continue;
    }
    const size_t length = utf8_length(text_.substr(at_));
    if (length == 0) unexpected("UTF-8");
    out.append(text_.substr(at_, length));
    at_ += length;
  }
}

/// At a backslash.
void JsonReader::append_escape(std::string& out) {
  constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
  ++at_;
  const size_t which = at_ < text_.size() ? names.find(text_[at_]) : std::string_view::npos;
  if (which != std::string_view::npos) {
    out.push_back(values[which]);
    ++at_;
    return;
  }
  if (at_ >= text_.size() || text_[at_] != 'u') unexpected("an escape: one of \"\\/bfnrtu");
  const uint64_t start = offset() - 1;
  ++at_;
  uint32_t code = four_hex_digits();
  if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
    at_ += 2;
    const uint32_t low = four_hex_digits();
    if (low < 0xdc00 || low > 0xdfff) fail(start, "found half a surrogate pair, expected both halves");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (code >= 0xd800 && code < 0xe000) fail(start, "found half a surrogate pair, expected both halves");
  append_utf8(out, code);
}

uint32_t JsonReader::four_hex_digits() {
  uint32_t code = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    if (!is_digit(lower) && !(lower >= 'a' && lower <= 'f')) unexpected("four hexadecimal digits");
    code = code * 16 + static_cast<uint32_t>(is_digit(lower) ? lower - '0' : lower - 'a' + 10);
  }
  return code;
}

uint64_t JsonReader::whole_number() {
  skip_space();
  const uint64_t start = offset();
  if (at_ >= text_.size() || !is_digit(text_[at_])) unexpected("a whole number from 0");
  if (text_[at_] == '0' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))
    unexpected("a number without leading zeros");
  uint64_t value = 0;
  for (; at_ < text_.size() && is_digit(text_[at_]); ++at_)
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(text_[at_] - '0'), &value))
      fail(start, "found a number beyond 64 bits, expected at most 18446744073709551615");
  if (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E')) unexpected("a whole number");
  return value;
}

void JsonReader::expect_word(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) unexpected(word);
  at_ += word.size();
}

void JsonReader::skip_number() {
  const auto digits = [&] {
    if (at_ >= text_.size() || !is_digit(text_[at_])) unexpected("a digit");
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  };
  if (text_[at_] == '-') ++at_;
  if (at_ < text_.size() && text_[at_] == '0')
    ++at_;
  else
    digits();
  if (at_ < text_.size() && text_[at_] == '.') ++at_, digits();
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    digits();
  }
}

void JsonReader::skip(int depth) {
  skip_space();
  if (depth > max_depth) fail(offset(), "found values nested more than 32 deep, expected fewer");
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  switch (c) {
    case '{': return object([&](const std::string&, uint64_t) { skip(depth + 1); });
    case '[': return array([&] { skip(depth + 1); });
    case '"': string(); return;
    case 't': return expect_word("true");
    case 'f': return expect_word("false");
    case 'n': return expect_word("null");
    default:
      if (c != '-' && !is_digit(c)) unexpected("a value");
      skip_number();
  }
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < 0x20) {
      out.append({'\\', 'u', '0', '0', hex_digits[byte >> 4], hex_digits[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace nx::detail
