#include "raven/kaun/io/json.hpp"

#include <algorithm>
#include <charconv>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace kaun::io {

namespace {

struct Reader {
  std::string_view text;
  const std::string& where;
  size_t at = 0;

  [[noreturn]] void fail(std::string_view expected) const {
    throw raven::FormatError("kaun.io", where, at, raven::Message("expected ") << expected);
  }
  void space() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
  }
  bool accept(char c) {
    space();
    if (at >= text.size() || text[at] != c) return false;
    ++at;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string_view(&c, 1));
  }
  std::string string() {
    expect('"');
    std::string out;
    while (true) {
      if (at >= text.size()) fail("the end of the string");
      const char c = text[at++];
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) fail("no control character inside a string");
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at >= text.size()) fail("an escape");
      const char e = text[at++];
      constexpr std::string_view plain = "\"\\/", codes = "bfnrt", values = "\b\f\n\r\t";
      if (plain.find(e) != std::string_view::npos) {
        out += e;
      } else if (const size_t k = codes.find(e); k != std::string_view::npos) {
        out += values[k];
      } else if (e == 'u') {
        unsigned code = 0;
        const auto [end, error] =
            std::from_chars(text.data() + at, text.data() + std::min(at + 4, text.size()), code, 16);
        if (error != std::errc() || end != text.data() + at + 4) fail("four hexadecimal digits");
        if (code > 255) fail("a byte (code point at most 255)");
        at += 4;
        out += static_cast<char>(code);
      } else {
        fail("an escape");
      }
    }
  }
};

}  // namespace

const FlatObject::Item& FlatObject::find(std::string_view key, bool number) const {
  for (const Item& item : items_)
    if (item.key == key) {
      if (item.is_number != number)
        throw raven::FormatError("kaun.io", where_, 0,
                                 raven::Message("'") << key << "' is no " << (number ? "number" : "string"));
      return item;
    }
  throw raven::FormatError("kaun.io", where_, 0, raven::Message("'") << key << "' is missing");
}
double FlatObject::number(std::string_view key) const {
  const std::string& value = find(key, true).value;
  double number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}
const std::string& FlatObject::text(std::string_view key) const { return find(key, false).value; }

FlatObject parse_flat_object(std::string_view text, const std::string& where) {
  Reader r{text, where};
  FlatObject object(where);
  r.expect('{');
  if (!r.accept('}')) {
    do {
      r.space();
      std::string key = r.string();
      r.expect(':');
      r.space();
      if (r.at < text.size() && text[r.at] == '"') {
        object.add(std::move(key), r.string(), false);
      } else {
        double number = 0;
        const auto [end, error] = std::from_chars(text.data() + r.at, text.data() + text.size(), number);
        if (error != std::errc()) r.fail("a number or a string");
        const auto length = static_cast<size_t>(end - (text.data() + r.at));
        object.add(std::move(key), std::string(text.substr(r.at, length)), true);
        r.at += length;
      }
    } while (r.accept(','));
    r.expect('}');
  }
  r.space();
  if (r.at != text.size()) r.fail("the end of the text");
  return object;
}

std::string quote_bytes(std::string_view bytes) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out + '"';
}

std::string unquote_bytes(std::string_view text, const std::string& where) {
  Reader r{text, where};
  std::string bytes = r.string();
  r.space();
  if (r.at != text.size()) r.fail("the end of the text");
  return bytes;
}

}  // namespace kaun::io
