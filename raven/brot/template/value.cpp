#include "raven/brot/template/value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"
#include "raven/brot/template/internal/engine.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::jinja {

namespace {

constexpr int max_depth = 1000;
constexpr uint32_t max_nesting = 500;
constexpr size_t max_text = size_t(256) << 20;  // a small value may print as a large text: lists are shared
constexpr size_t max_comparisons = 100'000'000;
constexpr size_t index_from = 9;  // dictionaries smaller than this are searched linearly

// Equal keys have equal texts: 1, 1.0 and True are one key, as in Python.
std::string key_text(const Value& key) {
  switch (key.type()) {
    case Value::Type::string: return 's' + key.string();
    case Value::Type::boolean:
    case Value::Type::integer: return 'i' + std::to_string(key.integer());
    case Value::Type::real:
      if (key.real() == std::floor(key.real()) && std::abs(key.real()) < 9e18)
        return 'i' + std::to_string(int64_t(key.real()));
      break;
    default: break;
  }
  return 'r' + key.repr();
}

}  // namespace

struct ListData {
  std::vector<Value> items;
  uint32_t depth = 0;
};
struct DictData {
  uint32_t depth = 0;
  std::vector<std::pair<Value, Value>> entries;
  std::unordered_map<std::string, size_t> index;

  size_t find(const Value& key) const {
    if (entries.size() < index_from) {
      for (size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].first == key) return i;
      }
      return size_t(-1);
    }
    const auto it = index.find(key_text(key));
    return it == index.end() ? size_t(-1) : it->second;
  }
  void set(Value key, Value value) {
    const size_t at = find(key);
    if (at != size_t(-1)) {
      entries[at].second = std::move(value);
      return;
    }
    entries.emplace_back(std::move(key), std::move(value));
    if (entries.size() == index_from) {
      for (size_t i = 0; i < entries.size(); ++i) index.emplace(key_text(entries[i].first), i);
    } else if (entries.size() > index_from) {
      index.emplace(key_text(entries.back().first), entries.size() - 1);
    }
  }
};

uint32_t nesting(const Value& value) {
  switch (value.type()) {
    case Value::Type::list:
    case Value::Type::tuple: return static_cast<const ListData*>(value.identity())->depth;
    case Value::Type::dict: return static_cast<const DictData*>(value.identity())->depth;
    case Value::Type::callable: return value.callable().depth;
    default: return 0;
  }
}

namespace {

void deepen(uint32_t& depth, const Value& child) {
  const uint32_t d = nesting(child) + 1;
  if (d > max_nesting) throw EvalError("value is nested too deeply");
  if (d > depth) depth = d;
}

}  // namespace

Value::Value(std::string value) : type_(Type::string), object_(std::make_shared<std::string>(std::move(value))) {}
Value::Value(std::string_view value) : Value(std::string(value)) {}
Value::Value(const char* value) : Value(std::string(value)) {}

Value Value::list(std::vector<Value> items) {
  Value out;
  out.type_ = Type::list;
  auto data = std::make_shared<ListData>(ListData{std::move(items)});
  for (const Value& item : data->items) deepen(data->depth, item);
  out.object_ = std::move(data);
  return out;
}
Value Value::tuple(std::vector<Value> items) {
  Value out = list(std::move(items));
  out.type_ = Type::tuple;
  return out;
}
Value Value::dict(std::vector<std::pair<Value, Value>> entries) {
  auto data = std::make_shared<DictData>();
  data->entries.reserve(entries.size());
  for (auto& [key, value] : entries) {
    deepen(data->depth, value);
    data->set(std::move(key), std::move(value));
  }
  Value out;
  out.type_ = Type::dict;
  out.object_ = std::move(data);
  return out;
}
Value Value::undefined(std::string_view message) {
  Value out{message};
  out.type_ = Type::undefined;
  return out;
}
Value Value::from_callable(std::shared_ptr<const Callable> callable) {
  Value out;
  out.type_ = Type::callable;
  out.object_ = std::const_pointer_cast<Callable>(std::move(callable));
  return out;
}
Value Value::make_namespace() {
  Value out = dict();
  out.type_ = Type::name_space;
  return out;
}
void Value::clear_namespace() const {
  auto& data = *static_cast<DictData*>(object_.get());
  data.entries.clear();
  data.index.clear();
}

const std::vector<Value>& Value::items() const noexcept { return static_cast<const ListData*>(object_.get())->items; }
const std::vector<std::pair<Value, Value>>& Value::entries() const noexcept {
  return static_cast<const DictData*>(object_.get())->entries;
}

const Value* Value::find(const Value& key) const {
  if (type_ != Type::dict && type_ != Type::name_space) return nullptr;
  const auto* data = static_cast<const DictData*>(object_.get());
  const size_t at = data->find(key);
  return at == size_t(-1) ? nullptr : &data->entries[at].second;
}
const Value* Value::find(std::string_view key) const {
  if (type_ != Type::dict && type_ != Type::name_space) return nullptr;
  const auto* data = static_cast<const DictData*>(object_.get());
  if (data->entries.size() >= index_from) return find(Value(key));
  for (const auto& [k, v] : data->entries) {
    if (k.is_string() && k.string() == key) return &v;
  }
  return nullptr;
}
void Value::set(const Value& key, Value value) {
  auto* data = static_cast<DictData*>(object_.get());
  if (type_ == Type::dict) deepen(data->depth, value);
  data->set(key, std::move(value));
}

bool Value::truthy() const noexcept {
  switch (type_) {
    case Type::undefined:
    case Type::none: return false;
    case Type::boolean:
    case Type::integer: return number_.integer != 0;
    case Type::real: return number_.real != 0;
    case Type::string: return !string().empty();
    case Type::list:
    case Type::tuple: return !items().empty();
    case Type::dict: return !entries().empty();
    default: return true;
  }
}

bool Value::equal(const Value& other, size_t& budget) const {
  if (budget-- == 0) throw EvalError("values are too large to compare");
  if (is_number() && other.is_number()) {
    if (type_ == Type::real || other.type_ == Type::real) return real() == other.real();
    return number_.integer == other.number_.integer;
  }
  if (type_ != other.type_) return false;
  if (type_ == Type::undefined || type_ == Type::none || object_ == other.object_) return true;
  switch (type_) {
    case Type::string: return string() == other.string();
    case Type::list:
    case Type::tuple:
      if (items().size() != other.items().size()) return false;
      for (size_t i = 0; i < items().size(); ++i) {
        if (!items()[i].equal(other.items()[i], budget)) return false;
      }
      return true;
    case Type::dict:
      if (entries().size() != other.entries().size()) return false;
      for (const auto& [key, value] : entries()) {
        const Value* found = other.find(key);
        if (!found || !value.equal(*found, budget)) return false;
      }
      return true;
    default: return false;
  }
}

bool Value::operator==(const Value& other) const {
  size_t budget = max_comparisons;
  return equal(other, budget);
}

// -------------------------------------------------------------------------------------------------------------
// printing

namespace {

// Python's float.__repr__: shortest digits, exponent form below 1e-4 and from 1e16 on.
void append_real_text(std::string& out, double value) {
  if (std::isnan(value)) return out += "nan", void();
  if (std::isinf(value)) return out += value < 0 ? "-inf" : "inf", void();
  const double magnitude = std::abs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const auto format = exponent ? std::chars_format::scientific : std::chars_format::fixed;
  char buffer[400];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, format);
  const std::string_view text(buffer, size_t(result.ptr - buffer));
  out += text;
  if (!exponent && text.find('.') == std::string_view::npos) out += ".0";
}

bool is_printable(char32_t c) {
  using C = unicode::Category;
  if (c == ' ') return true;
  switch (unicode::properties(c).category()) {
    case C::Cc:
    case C::Cf:
    case C::Cs:
    case C::Co:
    case C::Cn:
    case C::Zl:
    case C::Zp:
    case C::Zs: return false;
    default: return true;
  }
}

void append_hex(std::string& out, const char* prefix, char32_t c, int digits) {
  out += prefix;
  for (int i = digits - 1; i >= 0; --i) out += "0123456789abcdef"[c >> (4 * i) & 15];
}

void append_quoted(std::string& out, const std::string& text) {
  const char quote = text.find('\'') != std::string::npos && text.find('"') == std::string::npos ? '"' : '\'';
  out += quote;
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    const char32_t c = d.scalar;
    if (c == char32_t(quote) || c == '\\') {
      out += '\\';
      out += char(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      out.append(text, i, d.length);
    } else if (c < 0x100) {
      append_hex(out, "\\x", c, 2);
    } else if (c < 0x10000) {
      append_hex(out, "\\u", c, 4);
    } else {
      append_hex(out, "\\U", c, 8);
    }
    i += d.length;
  }
  out += quote;
}

void append_json_string(std::string& out, const std::string& text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if ((unsigned char)c < 0x20) {
          append_hex(out, "\\u", (unsigned char)c, 4);
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace

void Value::append_str(std::string& out, bool quoted, int depth) const {
  if (depth > max_depth || out.size() > max_text) throw EvalError("value is too large to print");
  const auto join = [&](const std::vector<Value>& list) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (i) out += ", ";
      list[i].append_str(out, true, depth + 1);
    }
  };
  switch (type_) {
    case Type::undefined:
      if (quoted) out += "Undefined";
      break;
    case Type::none: out += "None"; break;
    case Type::boolean: out += number_.integer ? "True" : "False"; break;
    case Type::integer: out += std::to_string(number_.integer); break;
    case Type::real: append_real_text(out, number_.real); break;
    case Type::string: quoted ? append_quoted(out, string()) : void(out += string()); break;
    case Type::list:
      out += '[';
      join(items());
      out += ']';
      break;
    case Type::tuple:
      out += '(';
      join(items());
      out += items().size() == 1 ? ",)" : ")";
      break;
    case Type::dict:
    case Type::name_space: {
      out += type_ == Type::dict ? "{" : "<Namespace {";
      bool first = true;
      for (const auto& [key, value] : entries()) {
        if (!first) out += ", ";
        first = false;
        key.append_str(out, true, depth + 1);
        out += ": ";
        value.append_str(out, true, depth + 1);
      }
      out += type_ == Type::dict ? "}" : "}>";
      break;
    }
    case Type::callable: out += "<function " + callable().name + ">"; break;
  }
}

std::string Value::str() const {
  if (type_ == Type::string) return string();
  std::string out;
  append_str(out, false, 0);
  return out;
}
std::string Value::repr() const {
  std::string out;
  append_str(out, true, 0);
  return out;
}

void Value::append_json(std::string& out, int64_t indent, std::string_view item_separator,
                        std::string_view key_separator, bool sort_keys, int depth) const {
  if (depth > max_depth || out.size() > max_text) throw EvalError("value is too large for JSON");
  const auto new_line = [&](int level) {
    if (indent < 0) return;
    out += '\n';
    out.append(size_t(level) * size_t(indent), ' ');
  };
  switch (type_) {
    case Type::none: out += "null"; break;
    case Type::boolean: out += number_.integer ? "true" : "false"; break;
    case Type::integer: out += std::to_string(number_.integer); break;
    case Type::real:
      if (std::isnan(number_.real)) {
        out += "NaN";
      } else if (std::isinf(number_.real)) {
        out += number_.real < 0 ? "-Infinity" : "Infinity";
      } else {
        append_real_text(out, number_.real);
      }
      break;
    case Type::string: append_json_string(out, string()); break;
    case Type::list:
    case Type::tuple: {
      if (items().empty()) {
        out += "[]";
        break;
      }
      out += '[';
      for (size_t i = 0; i < items().size(); ++i) {
        if (i) out += item_separator;
        new_line(depth + 1);
        items()[i].append_json(out, indent, item_separator, key_separator, sort_keys, depth + 1);
      }
      new_line(depth);
      out += ']';
      break;
    }
    case Type::dict: {
      if (entries().empty()) {
        out += "{}";
        break;
      }
      std::vector<std::pair<std::string, const Value*>> rows;
      for (const auto& [key, value] : entries()) {
        if (key.is(Type::undefined) || key.is_sequence()) throw EvalError("keys must be str, int, float, bool or None");
        rows.emplace_back(key.is_string() ? key.string() : key.json(), &value);
      }
      if (sort_keys)
        std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      out += '{';
      bool first = true;
      for (const auto& [key, value] : rows) {
        if (!first) out += item_separator;
        first = false;
        new_line(depth + 1);
        append_json_string(out, key);
        out += key_separator;
        value->append_json(out, indent, item_separator, key_separator, sort_keys, depth + 1);
      }
      new_line(depth);
      out += '}';
      break;
    }
    default: throw EvalError(is_undefined() ? "Undefined is not JSON serializable" : "value is not JSON serializable");
  }
}

std::string Value::json(int64_t indent, std::string_view item_separator, std::string_view key_separator,
                        bool sort_keys) const {
  std::string out;
  if (item_separator.data() == nullptr) item_separator = indent >= 0 ? "," : ", ";
  if (key_separator.data() == nullptr) key_separator = ": ";
  append_json(out, indent, item_separator, key_separator, sort_keys, 0);
  return out;
}

// ------------------------------------------------------------------------------------------------------------------
// JSON

namespace {

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}
  Value run() {
    Value out = value(0);
    skip();
    if (at_ != text_.size()) fail("expected the end");
    return out;
  }

 private:
  [[noreturn]] void fail(std::string_view message) const {
    throw raven::FormatError("brot.Value.from_json", "JSON", at_, message);
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  bool accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  Value value(int depth) {
    if (depth > 128) fail("nested too deeply");
    skip();
    if (at_ == text_.size()) fail("unexpected end");
    if (accept("null")) return {};
    if (accept("true")) return true;
    if (accept("false")) return false;
    if (text_[at_] == '"') return string();
    if (accept("[")) {
      std::vector<Value> items;
      skip();
      if (accept("]")) return Value::list({});
      do {
        items.push_back(value(depth + 1));
        skip();
      } while (accept(","));
      if (!accept("]")) fail("expected `,` or `]`");
      return Value::list(std::move(items));
    }
    if (accept("{")) {
      std::vector<std::pair<Value, Value>> entries;
      skip();
      if (accept("}")) return Value::dict();
      do {
        skip();
        if (at_ == text_.size() || text_[at_] != '"') fail("expected a key");
        Value key = string();
        skip();
        if (!accept(":")) fail("expected `:`");
        entries.emplace_back(std::move(key), value(depth + 1));
        skip();
      } while (accept(","));
      if (!accept("}")) fail("expected `,` or `}`");
      return Value::dict(std::move(entries));
    }
    return number();
  }
  Value number() {
    const size_t begin = at_;
    while (at_ < text_.size() && std::strchr("+-.eE0123456789", text_[at_]) && text_[at_]) ++at_;
    const char *first = text_.data() + begin, *last = text_.data() + at_;
    int64_t integer = 0;
    auto result = std::from_chars(first, last, integer);
    if (result.ec == std::errc() && result.ptr == last) return integer;
    double real = 0;
    result = std::from_chars(first, last, real);
    if (first == last || result.ptr != last) {
      at_ = begin;
      fail("expected a value");
    }
    return real;
  }
  char32_t hex() {
    char32_t out = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) fail("expected four hexadecimal digits");
      out = out * 16 + char32_t(digit);
    }
    return out;
  }
  Value string() {
    std::string out;
    for (++at_;;) {
      if (at_ == text_.size()) fail("string is not closed");
      const char c = text_[at_++];
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ == text_.size()) fail("string is not closed");
      const char e = text_[at_++];
      switch (e) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case '"':
        case '\\':
        case '/': out += e; break;
        case 'u': {
          char32_t unit = hex();
          if (unit >= 0xD800 && unit < 0xDC00 && accept("\\u")) {
            const char32_t low = hex();
            unit = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
          }
          unicode::append(out, unit);
          break;
        }
        default: fail("unknown escape");
      }
    }
  }
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Value Value::from_json(std::string_view json) { return JsonParser(json).run(); }

}  // namespace brot::jinja
