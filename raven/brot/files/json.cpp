#include "raven/brot/files/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "raven/brot/core/error.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::json {

// ------------------------------------------------------------------------------------------------------------ reading

class Parser {
 public:
  Parser(std::string_view source, Document& document, std::span<const std::string_view> flat_keys)
      : start_(source.data()),
        at_(source.data()),
        end_(source.data() + source.size()),
        document_(document),
        flat_keys_(flat_keys) {}

  void run() {
    if (size_t(end_ - start_) >= 0x7FFFFFFFu) fail("the text is larger than 2 GiB");
    if (flat_keys_.empty()) document_.nodes_.reserve(size_t(end_ - start_) / 12 + 16);
    skip_space();
    value(nullptr, 0, 0);
    skip_space();
    if (at_ != end_) fail("text after the value");
  }

 private:
  using Node = Document::Node;

  [[noreturn]] void fail(std::string_view what) {
    throw Error(ErrorCode::format, "brot.json", raven::Message() << document_.name_ << ": " << what,
                raven::Message() << "byte " << uint64_t(at_ - start_));
  }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  char peek() {
    if (at_ == end_) fail("the text ends inside a value");
    return *at_;
  }
  void word(std::string_view text) {
    if (size_t(end_ - at_) < text.size() || std::string_view(at_, text.size()) != text) fail("unknown word");
    at_ += text.size();
  }

  void value(const char* key_data, uint32_t key_size, int depth) {
    if (depth > 128) fail("values are nested deeper than 128");
    const size_t index = document_.nodes_.size();
    document_.nodes_.push_back(Node{nullptr, 0, 0, key_data, key_size, uint32_t(at_ - start_), 0, Type::null});
    switch (peek()) {
      case '{':
        if (!flat(index, key_data, key_size, &Parser::flat_numbers)) members(index, depth);
        break;
      case '[':
        if (!flat(index, key_data, key_size, &Parser::flat_strings)) elements(index, depth);
        break;
      case '"': {
        const std::string_view text = string();
        Node& node = document_.nodes_[index];
        node.type = Type::string;
        node.data = text.data();
        node.size = uint32_t(text.size());
        break;
      }
      case 't':
        word("true");
        document_.nodes_[index].type = Type::boolean;
        document_.nodes_[index].truth = 1;
        break;
      case 'f':
        word("false");
        document_.nodes_[index].type = Type::boolean;
        break;
      case 'n': word("null"); break;
      default: number(document_.nodes_[index]);
    }
    document_.nodes_[index].next = uint32_t(document_.nodes_.size());
  }

  // Reads the value by `read` when its key asks for that; false, with nothing done, when it has no flat form. Faults
  // are left to the general way, which names them.
  bool flat(size_t index, const char* key_data, uint32_t key_size, size_t (Parser::*read)(Flat&)) {
    if (!key_data ||
        std::find(flat_keys_.begin(), flat_keys_.end(), std::string_view(key_data, key_size)) == flat_keys_.end())
      return false;
    const char* const start = at_;
    const char open = *at_;
    auto& [node, list] = document_.flat_.emplace_back(uint32_t(index), Flat{});
    const size_t count = (this->*read)(list);
    if (count == 0) {
      document_.flat_.pop_back();
      at_ = start;
      return false;
    }
    document_.nodes_[index].type = open == '{' ? Type::object : Type::array;
    document_.nodes_[index].size = uint32_t(count);
    return true;
  }
  bool accept(char c) {
    skip_space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool plain_string(std::string_view& text) {
    skip_space();
    if (at_ == end_ || *at_ != '"') return false;
    text = string();
    if (text.data() == nullptr) text = "";
    return true;
  }

  size_t flat_numbers(Flat& list) {
    std::string_view key;
    ++at_;
    do {
      if (!plain_string(key) || !accept(':')) return 0;
      skip_space();
      uint32_t number = 0;
      const auto result = std::from_chars(at_, end_, number);
      if (result.ec != std::errc() || (*at_ == '0' && result.ptr != at_ + 1)) return 0;
      at_ = result.ptr;
      list.numbers.emplace_back(key, number);
    } while (accept(','));
    return accept('}') ? list.numbers.size() : 0;
  }

  size_t flat_strings(Flat& list) {
    std::string_view first, second;
    ++at_;
    do {
      if (accept('[')) {
        if (!plain_string(first) || !accept(',') || !plain_string(second) || !accept(']')) return 0;
        list.pairs.emplace_back(first, second);
      } else {
        if (!plain_string(first)) return 0;
        list.strings.push_back(first);
      }
    } while (accept(','));
    if (!list.pairs.empty() && !list.strings.empty()) return 0;
    return accept(']') ? list.pairs.size() + list.strings.size() : 0;
  }

  void members(size_t index, int depth) {
    document_.nodes_[index].type = Type::object;
    uint32_t count = 0;
    ++at_;
    skip_space();
    if (peek() == '}') {
      ++at_;
      return;
    }
    for (;;) {
      if (peek() != '"') fail("expected a quoted key");
      const std::string_view key = string();
      skip_space();
      if (peek() != ':') fail("expected a colon");
      ++at_;
      skip_space();
      value(key.data() == nullptr ? "" : key.data(), uint32_t(key.size()), depth + 1);
      ++count;
      skip_space();
      const char c = peek();
      ++at_;
      if (c == '}') break;
      if (c != ',') {
        --at_;
        fail("expected a comma or a closing brace");
      }
      skip_space();
    }
    document_.nodes_[index].size = count;
  }

  void elements(size_t index, int depth) {
    document_.nodes_[index].type = Type::array;
    uint32_t count = 0;
    ++at_;
    skip_space();
    if (peek() == ']') {
      ++at_;
      return;
    }
    for (;;) {
      value(nullptr, 0, depth + 1);
      ++count;
      skip_space();
      const char c = peek();
      ++at_;
      if (c == ']') break;
      if (c != ',') {
        --at_;
        fail("expected a comma or a closing bracket");
      }
      skip_space();
    }
    document_.nodes_[index].size = count;
  }

  void number(Node& node) {
    const char* first = at_;
    if (*at_ == '-') ++at_;
    const auto digits = [&] {
      const char* begin = at_;
      while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
      if (at_ == begin) fail("expected a value");
    };
    const char* whole = at_;
    digits();
    if (*whole == '0' && at_ - whole > 1) fail("a number starts with 0");
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      digits();
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      digits();
    }
    node.type = Type::number;
    node.data = first;
    node.size = uint32_t(at_ - first);
  }

  std::string_view string() {
    const char* first = ++at_;
    for (;; ++at_) {
      if (at_ == end_) fail("a string does not end");
      const unsigned char c = static_cast<unsigned char>(*at_);
      if (c == '"') {
        const std::string_view text(first, size_t(at_ - first));
        ++at_;
        return text;
      }
      if (c == '\\') return escaped(first);
      if (c < 0x20) fail("a control character inside a string");
    }
  }

  std::string_view escaped(const char* first) {
    std::string text(first, size_t(at_ - first));
    for (;;) {
      if (at_ == end_) fail("a string does not end");
      const char c = *at_;
      if (c == '"') {
        ++at_;
        break;
      }
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character inside a string");
      ++at_;
      if (c != '\\') {
        text.push_back(c);
        continue;
      }
      switch (peek()) {
        case '"': text.push_back('"'); break;
        case '\\': text.push_back('\\'); break;
        case '/': text.push_back('/'); break;
        case 'b': text.push_back('\b'); break;
        case 'f': text.push_back('\f'); break;
        case 'n': text.push_back('\n'); break;
        case 'r': text.push_back('\r'); break;
        case 't': text.push_back('\t'); break;
        case 'u': {
          char32_t scalar = hex4();
          if (scalar >= 0xD800 && scalar < 0xDC00 && end_ - at_ > 2 && at_[1] == '\\' && at_[2] == 'u') {
            const char* before = at_;
            at_ += 2;
            const char32_t low = hex4();
            if (low >= 0xDC00 && low < 0xE000) {
              scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
            } else {
              at_ = before;
            }
          }
          unicode::append(text, scalar);  // a lone surrogate becomes U+FFFD
          break;
        }
        default: fail("unknown escape");
      }
      ++at_;
    }
    return document_.unescaped_.emplace_back(std::move(text));
  }

  // At the `u`; leaves at_ on the last digit.
  char32_t hex4() {
    if (end_ - at_ < 5) fail("a \\u escape needs four hex digits");
    char32_t scalar = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = *++at_;
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) fail("a \\u escape needs four hex digits");
      scalar = scalar * 16 + char32_t(digit);
    }
    return scalar;
  }

  const char* start_;
  const char* at_;
  const char* end_;
  Document& document_;
  std::span<const std::string_view> flat_keys_;
};

Document Document::parse(std::string_view source, std::string_view name, std::span<const std::string_view> flat_keys) {
  Document document;
  document.name_ = name;
  const size_t invalid = unicode::find_invalid(source);
  if (invalid != source.size())
    throw Error(ErrorCode::format, "brot.json", raven::Message() << name << ": invalid UTF-8",
                raven::Message() << "byte " << uint64_t(invalid));
  Parser(source, document, flat_keys).run();
  return document;
}

Type Value::type() const noexcept { return document_ ? document_->nodes_[node_].type : Type::null; }
size_t Value::offset() const noexcept { return document_ ? document_->nodes_[node_].offset : 0; }
size_t Value::size() const noexcept {
  return document_ && (is(Type::array) || is(Type::object)) ? document_->nodes_[node_].size : 0;
}
const Flat* Document::flat_of(uint32_t node) const noexcept {
  for (const auto& [owner, list] : flat_)
    if (owner == node) return &list;
  return nullptr;
}
const Flat* Value::flat() const noexcept { return document_ ? document_->flat_of(node_) : nullptr; }
std::string_view Value::text() const noexcept {
  if (!document_ || !(is(Type::string) || is(Type::number))) return {};
  return {document_->nodes_[node_].data, document_->nodes_[node_].size};
}
bool Value::boolean() const noexcept { return document_ && document_->nodes_[node_].truth; }
double Value::number() const noexcept {
  const std::string_view digits = text();
  double value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec == std::errc::result_out_of_range) value = std::strtod(std::string(digits).c_str(), nullptr);
  return value;
}
double Value::serde_number() const noexcept {
  const std::string_view digits = text();
  constexpr uint64_t most = ~uint64_t{0};
  uint64_t significand = 0;
  int exponent = 0;
  bool negative = false, fraction = false, full = false;
  size_t at = 0;
  for (; at < digits.size() && digits[at] != 'e' && digits[at] != 'E'; ++at) {
    const char c = digits[at];
    if (c == '-') {
      negative = true;
    } else if (c == '.') {
      fraction = true;
    } else {
      const uint64_t digit = uint64_t(c - '0');
      full = full || significand > most / 10 || (significand == most / 10 && digit > most % 10);
      if (!full) {
        significand = significand * 10 + digit;
        exponent -= fraction;
      } else {
        exponent += !fraction;  // digits beyond 64 bits only scale
      }
    }
  }
  if (at < digits.size()) exponent += std::atoi(std::string(digits.substr(at + 1)).c_str());
  double value = double(significand);
  while (exponent < -308 && value != 0) {
    value /= 1e308;
    exponent += 308;
  }
  if (exponent > 308) return number();
  double power = 1;
  char buffer[16] = "1e";
  const auto end = std::to_chars(buffer + 2, buffer + sizeof buffer, std::abs(std::max(exponent, -308)));
  std::from_chars(buffer, end.ptr, power);
  value = exponent >= 0 ? value * power : value / power;
  return negative ? -value : value;
}
Value::Iterator Value::begin() const noexcept { return {document_, document_ ? node_ + 1 : 0}; }
Value::Iterator Value::end() const noexcept { return {document_, document_ ? document_->nodes_[node_].next : 0}; }
Value::Iterator& Value::Iterator::operator++() {
  node_ = document_->nodes_[node_].next;
  return *this;
}
std::string_view Value::key() const noexcept {
  if (!document_ || !document_->nodes_[node_].key_data) return {};
  return {document_->nodes_[node_].key_data, document_->nodes_[node_].key_size};
}
Value Value::operator[](std::string_view key) const noexcept {
  Value found;
  if (is(Type::object))
    for (const Value member : *this)
      if (member.key() == key) found = member;
  return found;
}

// ------------------------------------------------------------------------------------------------------------ writing

void append_quoted(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out.push_back('"');
  size_t run = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, run, i - run);
    run = i + 1;
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\b': out.append("\\b"); break;
      case '\f': out.append("\\f"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default:
        out.append("\\u00");
        out.push_back(hex[c >> 4]);
        out.push_back(hex[c & 15]);
    }
  }
  out.append(text, run, text.size() - run);
  out.push_back('"');
}

namespace {

// From shortest scientific digits to serde_json's layout: plain for 1e-5 ≤ |x| < 1e16, else `d.ddde±x`.
std::string layout(std::string scientific) {
  std::string sign;
  if (scientific[0] == '-') {
    sign = "-";
    scientific.erase(0, 1);
  }
  const size_t e = scientific.find('e');
  const int exponent = std::atoi(scientific.c_str() + e + 1);
  std::string digits = scientific.substr(0, e);
  if (const size_t dot = digits.find('.'); dot != std::string::npos) digits.erase(dot, 1);
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  const int point = exponent + 1;  // digits before the decimal point
  const int count = int(digits.size());
  if (point > -5 && point <= 16) {
    if (point <= 0) return sign + "0." + std::string(size_t(-point), '0') + digits;
    if (count <= point) return sign + digits + std::string(size_t(point - count), '0') + ".0";
    return sign + digits.substr(0, size_t(point)) + "." + digits.substr(size_t(point));
  }
  std::string text = sign + digits.substr(0, 1);
  if (count > 1) text += "." + digits.substr(1);
  return text + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

template <class Real>
std::string shortest(Real value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  char buffer[64];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  return layout(std::string(buffer, result.ptr));
}

}  // namespace

std::string format_real(double value) { return shortest(value); }

void Writer::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (depth_ == 0) return;
  if (!first_) text_.push_back(',');
  if (pretty_) {
    text_.push_back('\n');
    text_.append(size_t(depth_) * 2, ' ');
  }
  first_ = false;
}
Writer& Writer::open(char bracket) {
  separate();
  text_.push_back(bracket);
  ++depth_;
  first_ = true;
  return *this;
}
Writer& Writer::close(char bracket) {
  --depth_;
  if (pretty_ && !first_) {
    text_.push_back('\n');
    text_.append(size_t(depth_) * 2, ' ');
  }
  text_.push_back(bracket);
  first_ = false;
  return *this;
}
Writer& Writer::key(std::string_view name) {
  separate();
  append_quoted(text_, name);
  text_.append(pretty_ ? ": " : ":");
  after_key_ = true;
  return *this;
}
Writer& Writer::string(std::string_view text) {
  separate();
  append_quoted(text_, text);
  return *this;
}
Writer& Writer::number(uint64_t value) { return raw(std::to_string(value)); }
Writer& Writer::real(double value) { return raw(shortest(value)); }
Writer& Writer::real32(float value) { return raw(shortest(value)); }
Writer& Writer::raw(std::string_view text) {
  separate();
  text_.append(text);
  return *this;
}

}  // namespace brot::json
