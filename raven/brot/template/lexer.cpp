// Template source → tokens, with Jinja's rules of white space around tags.
#include <charconv>
#include <cstring>

#include "raven/base/message.hpp"
#include "raven/brot/template/internal/syntax.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::jinja {

void fail_at(std::string_view source, size_t offset, std::string_view message) {
  size_t line = 1, begin = 0;
  offset = std::min(offset, source.size());
  for (size_t i = 0; i < offset; ++i) {
    if (source[i] == '\n') ++line, begin = i + 1;
  }
  throw TemplateError(line, unicode::count_scalars(source.substr(begin, offset - begin)) + 1, message);
}

namespace {

bool is_name_start(char32_t c) {
  return c == '_' || (c < 0x80 ? (c | 32) >= 'a' && (c | 32) <= 'z' : unicode::is_word(c));
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(const std::string& source) : source_(source), text_(source) {}

  std::vector<Token> run() {
    bool line_starting = true;
    while (at_ < text_.size()) {
      size_t tag = at_;
      while (tag < text_.size() &&
             !(text_[tag] == '{' && tag + 1 < text_.size() && std::strchr("{%#", text_[tag + 1]) && text_[tag + 1]))
        ++tag;
      std::string_view data = text_.substr(at_, tag - at_);
      const size_t data_begin = at_;
      if (tag == text_.size()) {
        emit_data(data, data_begin);
        break;
      }
      const char kind = text_[tag + 1];
      const char sign = tag + 2 < text_.size() ? text_[tag + 2] : '\0';
      if (sign == '-') {
        data = right_stripped(data);
      } else if (sign != '+' && kind != '{') {
        const size_t line = data.rfind('\n') == std::string_view::npos ? 0 : data.rfind('\n') + 1;
        if ((line > 0 || line_starting) && right_stripped(data.substr(line)).empty()) data = data.substr(0, line);
      }
      emit_data(data, data_begin);
      at_ = tag + 2;
      if (kind != '{' || sign == '-') at_ += sign == '-' || sign == '+';
      if (kind == '#') {
        const size_t close = text_.find("#}", at_);
        if (close == std::string_view::npos) fail(tag, "Missing end of comment tag");
        const char last = close > at_ ? text_[close - 1] : '\0';
        at_ = close + 2;
        finish_tag(last == '-' || last == '+' ? last : '\0', true);
      } else if (kind == '%' && accept_raw(tag)) {
      } else {
        lex_tag(tag, kind == '%');
      }
      line_starting = at_ > 0 && text_[at_ - 1] == '\n';
    }
    add(Token::end, text_.size());
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(size_t offset, std::string_view message) const { fail_at(source_, offset, message); }

  void add(Token::Type type, size_t offset, std::string_view text = {}, Value value = {}) {
    tokens_.push_back({type, uint32_t(offset), std::string(text), std::move(value)});
  }
  void emit_data(std::string_view data, size_t offset) {
    if (!data.empty()) add(Token::data, offset, data);
  }
  static std::string_view right_stripped(std::string_view text) {
    while (!text.empty()) {
      size_t last = text.size() - 1;
      while (last > 0 && ((unsigned char)text[last] & 0xC0) == 0x80) --last;
      if (!is_space(unicode::decode(text, last).scalar)) break;
      text = text.substr(0, last);
    }
    return text;
  }
  void skip_spaces() {
    while (at_ < text_.size()) {
      const unicode::Decoded d = unicode::decode(text_, at_);
      if (!is_space(d.scalar)) break;
      at_ += d.length;
    }
  }
  // After the end of a tag: `-` eats all white space, `+` none, otherwise blocks and comments eat one line end.
  void finish_tag(char sign, bool trims) {
    if (sign == '-') {
      skip_spaces();
    } else if (sign != '+' && trims && at_ < text_.size() && text_[at_] == '\n') {
      ++at_;
    }
  }

  bool accept_raw(size_t tag) {
    const size_t saved = at_;
    skip_spaces();
    if (text_.substr(at_, 3) != "raw") return at_ = saved, false;
    at_ += 3;
    skip_spaces();
    const bool strips = text_.substr(at_, 3) == "-%}";
    if (!strips && text_.substr(at_, 2) != "%}") return at_ = saved, false;
    at_ += strips ? 3 : 2;
    if (strips) skip_spaces();
    const size_t begin = at_;
    if (begin == text_.size()) return true;
    for (size_t end = text_.find("{%", at_); end != std::string_view::npos; end = text_.find("{%", end + 2)) {
      at_ = end + 2;
      const char sign = at_ < text_.size() ? text_[at_] : '\0';
      if (sign == '-' || sign == '+') ++at_;
      skip_spaces();
      if (text_.substr(at_, 6) != "endraw") continue;
      at_ += 6;
      skip_spaces();
      const char close = at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+') ? text_[at_++] : '\0';
      if (text_.substr(at_, 2) != "%}") continue;
      at_ += 2;
      std::string_view data = text_.substr(begin, end - begin);
      if (sign == '-') {
        data = right_stripped(data);
      } else if (sign != '+') {
        const size_t line = data.rfind('\n') == std::string_view::npos ? 0 : data.rfind('\n') + 1;
        if (line > 0 && right_stripped(data.substr(line)).empty()) data = data.substr(0, line);
      }
      emit_data(data, begin);
      finish_tag(close, true);
      return true;
    }
    fail(tag, "Missing end of raw directive");
  }

  void lex_tag(size_t tag, bool block) {
    add(block ? Token::block_begin : Token::variable_begin, tag);
    const std::string_view close = block ? "%}" : "}}";
    std::string brackets;
    for (;;) {
      skip_spaces();
      if (at_ >= text_.size())
        fail(tag, block ? "unexpected end of template in a block: expected `%}`"
                        : "unexpected end of template in an expression: expected `}}`");
      const char c = text_[at_];
      if (brackets.empty()) {
        const bool sign = (c == '-' || (c == '+' && block)) && text_.substr(at_ + 1, 2) == close;
        if (sign || text_.substr(at_, 2) == close) {
          add(block ? Token::block_end : Token::variable_end, at_);
          at_ += sign ? 3 : 2;
          finish_tag(sign ? c : '\0', block);
          return;
        }
      }
      if (c == '"' || c == '\'') {
        lex_string();
      } else if (is_digit(c)) {
        lex_number();
      } else if (is_name_start(unicode::decode(text_, at_).scalar)) {
        const size_t begin = at_;
        while (at_ < text_.size()) {
          const unicode::Decoded d = unicode::decode(text_, at_);
          if (!is_name_start(d.scalar) && !(d.scalar < 0x80 && is_digit(char(d.scalar)))) break;
          at_ += d.length;
        }
        add(Token::name, begin, text_.substr(begin, at_ - begin));
      } else {
        lex_operator(brackets);
      }
    }
  }

  void lex_operator(std::string& brackets) {
    static constexpr std::string_view operators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                     "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                     ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};
    for (const std::string_view op : operators) {
      if (text_.substr(at_, op.size()) != op) continue;
      const char c = op[0];
      if (op == "(" || op == "[" || op == "{") brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
      if (op == ")" || op == "]" || op == "}") {
        if (brackets.empty()) fail(at_, raven::Message() << "unexpected '" << op << "'");
        if (brackets.back() != c)
          fail(at_, raven::Message() << "unexpected '" << op << "', expected '" << brackets.back() << "'");
        brackets.pop_back();
      }
      add(Token::op, at_, op);
      at_ += op.size();
      return;
    }
    fail(at_, raven::Message() << "unexpected char "
                               << Value(std::string(text_.substr(at_, unicode::decode(text_, at_).length))).repr());
  }

  void lex_number() {
    const size_t begin = at_;
    const auto digits = [&](auto allowed) {
      while (at_ < text_.size() && (allowed(text_[at_]) || text_[at_] == '_')) ++at_;
    };
    std::string clean;
    const auto collect = [&](size_t from) {
      for (size_t i = from; i < at_; ++i) {
        if (text_[i] != '_') clean += text_[i];
      }
    };
    int base = 10;
    if (text_[at_] == '0' && at_ + 2 < text_.size()) {
      const char x = char(text_[at_ + 1] | 32);
      base = x == 'x' ? 16 : x == 'o' ? 8 : x == 'b' ? 2 : 10;
    }
    if (base != 10) {
      at_ += 2;
      digits([](char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); });
      collect(begin + 2);
    } else {
      digits(is_digit);
      bool real = false;
      if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
        real = true;
        ++at_;
        digits(is_digit);
      }
      if (at_ + 1 < text_.size() && (text_[at_] | 32) == 'e') {
        const size_t sign = at_ + 1 + (text_[at_ + 1] == '+' || text_[at_ + 1] == '-');
        if (sign < text_.size() && is_digit(text_[sign])) {
          real = true;
          at_ = sign;
          digits(is_digit);
        }
      }
      collect(begin);
      if (real) {
        double value = 0;
        std::from_chars(clean.data(), clean.data() + clean.size(), value);
        add(Token::number, begin, {}, value);
        return;
      }
    }
    int64_t value = 0;
    const auto result = std::from_chars(clean.data(), clean.data() + clean.size(), value, base);
    if (result.ec != std::errc() || result.ptr != clean.data() + clean.size())
      fail(begin, "integer does not fit 64 bits or is malformed");
    add(Token::number, begin, {}, value);
  }

  void lex_string() {
    const size_t begin = at_;
    const char quote = text_[at_++];
    std::string out;
    const auto hex = [&](int count) {
      char32_t value = 0;
      for (int i = 0; i < count; ++i, ++at_) {
        const char c = at_ < text_.size() ? text_[at_] : '\0';
        const int digit = is_digit(c) ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) fail(begin, "truncated escape in string");
        value = value * 16 + char32_t(digit);
      }
      unicode::append(out, value);
    };
    for (;;) {
      if (at_ >= text_.size()) fail(begin, "string is not closed");
      const char c = text_[at_++];
      if (c == quote) break;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ >= text_.size()) fail(begin, "string is not closed");
      const char e = text_[at_++];
      static constexpr std::string_view from = "ntrabfv\\'\"", to = "\n\t\r\a\b\f\v\\'\"";
      if (const size_t known = from.find(e); known != std::string_view::npos) {
        out += to[known];
      } else if (e == 'x') {
        hex(2);
      } else if (e == 'u') {
        hex(4);
      } else if (e == 'U') {
        hex(8);
      } else if (e >= '0' && e <= '7') {
        char32_t value = char32_t(e - '0');
        for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++i)
          value = value * 8 + char32_t(text_[at_++] - '0');
        unicode::append(out, value);
      } else if (e != '\n') {
        out += '\\';
        out += e;
      }
    }
    add(Token::string, begin, out);
  }

  const std::string& source_;
  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(const std::string& source) { return Lexer(source).run(); }

}  // namespace brot::jinja
