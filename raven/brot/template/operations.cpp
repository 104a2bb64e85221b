// Python's operations on values: attributes, items, slices, arithmetic, order, membership, methods.
#include <algorithm>
#include <cmath>

#include "raven/brot/template/internal/engine.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::jinja {

using Type = Value::Type;

namespace {

[[noreturn]] void refuse_undefined(const Value& value) { throw EvalError(value.message()); }

std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> out;
  for (size_t i = 0; i < text.size();) {
    const uint32_t length = unicode::decode(text, i).length;
    out.push_back(text.substr(i, length));
    i += length;
  }
  return out;
}

// Byte offset of code point `index`.
size_t byte_of(const std::string& text, size_t index) {
  if (unicode::is_ascii(text)) return std::min(index, text.size());
  size_t at = 0;
  while (index-- > 0 && at < text.size()) at += unicode::decode(text, at).length;
  return at;
}

std::string mapped(const std::string& text, unicode::Mapping (*map)(char32_t)) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    for (const char32_t c : map(d.scalar)) unicode::append(out, c);
    i += d.length;
  }
  return out;
}

bool is_cased(char32_t c) {
  using C = unicode::Category;
  const C category = unicode::properties(c).category();
  return category == C::Lu || category == C::Ll || category == C::Lt;
}
bool is_alphabetic(char32_t c) {
  const auto category = unicode::properties(c).category();
  return category >= unicode::Category::Lu && category <= unicode::Category::Lo;
}

std::string title(const std::string& text) {
  std::string out;
  bool inside = false;
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    for (const char32_t c : inside ? unicode::to_lowercase(d.scalar) : unicode::to_titlecase(d.scalar))
      unicode::append(out, c);
    inside = is_cased(d.scalar);
    i += d.length;
  }
  return out;
}
std::string capitalize(const std::string& text) {
  if (text.empty()) return text;
  const unicode::Decoded d = unicode::decode(text, 0);
  std::string out;
  for (const char32_t c : unicode::to_titlecase(d.scalar)) unicode::append(out, c);
  return out + mapped(text.substr(d.length), unicode::to_lowercase);
}

bool all_of(const std::string& text, bool (*predicate)(char32_t)) {
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    if (!predicate(d.scalar)) return false;
    i += d.length;
  }
  return !text.empty();
}
bool any_cased_all(const std::string& text, unicode::Category wanted) {
  bool cased = false;
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    if (is_cased(d.scalar)) {
      if (unicode::properties(d.scalar).category() != wanted) return false;
      cased = true;
    }
    i += d.length;
  }
  return cased;
}

std::vector<Value> split(const std::string& text, const Arguments& arguments, bool from_right) {
  const Value separator = arguments.get(0, "sep", Value());
  int64_t limit = arguments.integer(1, "maxsplit", -1);
  std::vector<Value> out;
  if (separator.is_none()) {
    std::vector<std::pair<size_t, size_t>> words;
    for (size_t i = 0; i < text.size();) {
      const unicode::Decoded d = unicode::decode(text, i);
      if (!is_space(d.scalar)) {
        if (words.empty() || words.back().second != i) words.emplace_back(i, i);
        words.back().second = i + d.length;
      }
      i += d.length;
    }
    const size_t count = words.size();
    if (limit < 0 || size_t(limit) >= count) {
      for (const auto& [begin, end] : words) out.emplace_back(text.substr(begin, end - begin));
    } else if (from_right) {
      const size_t joined = count - size_t(limit);
      out.emplace_back(text.substr(words[0].first, words[joined - 1].second - words[0].first));
      if (joined > 0) out[0] = strip(text.substr(0, words[joined - 1].second), nullptr, true, false);
      for (size_t i = joined; i < count; ++i)
        out.emplace_back(text.substr(words[i].first, words[i].second - words[i].first));
    } else {
      for (size_t i = 0; i < size_t(limit); ++i)
        out.emplace_back(text.substr(words[i].first, words[i].second - words[i].first));
      out.emplace_back(strip(text.substr(words[size_t(limit)].first), nullptr, false, true));
    }
    return out;
  }
  if (!separator.is_string()) throw EvalError("must be str or None");
  const std::string& sep = separator.string();
  if (sep.empty()) throw EvalError("empty separator");
  if (from_right) {
    size_t end = text.size();
    while (limit != 0) {
      const size_t at = end >= sep.size() ? text.rfind(sep, end - sep.size()) : std::string::npos;
      if (at == std::string::npos) break;
      out.emplace_back(text.substr(at + sep.size(), end - at - sep.size()));
      end = at;
      --limit;
    }
    out.emplace_back(text.substr(0, end));
    std::reverse(out.begin(), out.end());
    return out;
  }
  size_t begin = 0;
  while (limit != 0) {
    const size_t at = text.find(sep, begin);
    if (at == std::string::npos) break;
    out.emplace_back(text.substr(begin, at - begin));
    begin = at + sep.size();
    --limit;
  }
  out.emplace_back(text.substr(begin));
  return out;
}

std::vector<Value> split_lines(const std::string& text, bool keep_ends) {
  std::vector<Value> out;
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    const char32_t c = d.scalar;
    const bool ends = (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
    size_t next = i + d.length;
    if (ends) {
      if (c == '\r' && next < text.size() && text[next] == '\n') ++next;
      out.emplace_back(text.substr(begin, (keep_ends ? next : i) - begin));
      begin = next;
    }
    i = next;
  }
  if (begin < text.size()) out.emplace_back(text.substr(begin));
  return out;
}

bool has_affix(const std::string& text, const Value& affix, bool at_end) {
  if (affix.is(Type::tuple)) {
    return std::any_of(affix.items().begin(), affix.items().end(),
                       [&](const Value& one) { return has_affix(text, one, at_end); });
  }
  if (!affix.is_string()) throw EvalError("startswith and endswith need str or a tuple of str");
  return at_end ? text.ends_with(affix.string()) : text.starts_with(affix.string());
}

std::string replaced(Interpreter& run, const std::string& text, const std::string& from, const std::string& to,
                     int64_t count) {
  std::string out;
  size_t begin = 0;
  if (from.empty()) {
    for (const std::string& c : characters(text)) {
      if (count != 0) out += to, --count;
      out += c;
      run.charge(to.size() + 1);
    }
    return count != 0 ? out + to : out;
  }
  while (count != 0) {
    const size_t at = text.find(from, begin);
    if (at == std::string::npos) break;
    run.charge(to.size() + 1);
    out.append(text, begin, at - begin);
    out += to;
    begin = at + from.size();
    --count;
  }
  return out.append(text, begin);
}

// str.format with {} {0} {name} and no format specifications beyond an empty one.
std::string format(const std::string& text, const Arguments& arguments) {
  std::string out;
  size_t next = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
      out += c;
      ++i;
    } else if (c == '{') {
      const size_t end = text.find('}', i);
      if (end == std::string::npos) throw EvalError("expected '}' before end of string");
      const std::string field = text.substr(i + 1, end - i - 1);
      const Value* value = nullptr;
      if (field.empty()) {
        value = arguments.get(next++, "");
      } else if (field.find_first_not_of("0123456789") == std::string::npos && field.size() < 6) {
        value = arguments.get(size_t(std::stoul(field)), "");
      } else {
        value = arguments.get(size_t(-1), field);
      }
      if (!value) throw EvalError("str.format: no argument for the field {" + field + "}");
      out += value->str();
      i = end;
    } else if (c == '}') {
      throw EvalError("Single '}' encountered in format string");
    } else {
      out += c;
    }
  }
  return out;
}

int64_t count_of(const std::string& text, const std::string& part) {
  if (part.empty()) return int64_t(unicode::count_scalars(text)) + 1;
  int64_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

const std::string& text_argument(const Arguments& arguments, size_t i, std::string_view name) {
  const Value& value = arguments.require(i, name);
  if (!value.is_string()) throw EvalError(std::string("argument must be str, not ") + type_name(value));
  return value.string();
}

std::optional<Value> string_method(Interpreter& run, const std::string& text, std::string_view name,
                                   const Arguments& arguments) {
  run.charge(text.size() / 16 + 1);
  const auto stripped = [&](bool left, bool right) {
    const Value set = arguments.get(0, "chars", Value());
    return Value(strip(text, set.is_string() ? &set.string() : nullptr, left, right));
  };
  if (name == "strip") return stripped(true, true);
  if (name == "lstrip") return stripped(true, false);
  if (name == "rstrip") return stripped(false, true);
  if (name == "split") return Value::list(split(text, arguments, false));
  if (name == "rsplit") return Value::list(split(text, arguments, true));
  if (name == "startswith") return has_affix(text, arguments.require(0, "prefix"), false);
  if (name == "endswith") return has_affix(text, arguments.require(0, "suffix"), true);
  if (name == "upper") return Value(mapped(text, unicode::to_uppercase));
  if (name == "lower") return Value(mapped(text, unicode::to_lowercase));
  if (name == "title") return Value(title(text));
  if (name == "capitalize") return Value(capitalize(text));
  if (name == "replace") {
    return Value(replaced(run, text, text_argument(arguments, 0, "old"), text_argument(arguments, 1, "new"),
                          arguments.integer(2, "count", -1)));
  }
  if (name == "join") {
    std::string out;
    bool first = true;
    for (const Value& value : iterate(run, arguments.require(0, "iterable"))) {
      if (!value.is_string())
        throw EvalError(std::string("sequence item: expected str instance, ") + type_name(value) + " found");
      if (!first) out += text;
      first = false;
      out += value.string();
      run.charge(text.size() + value.string().size());
    }
    return Value(std::move(out));
  }
  if (name == "format") return Value(format(text, arguments));
  if (name == "find" || name == "rfind" || name == "index" || name == "rindex") {
    const std::string& part = text_argument(arguments, 0, "sub");
    const size_t at = name[0] == 'r' ? text.rfind(part) : text.find(part);
    if (at == std::string::npos && name.ends_with("index")) throw EvalError("substring not found");
    return Value(at == std::string::npos ? int64_t(-1)
                                         : int64_t(unicode::count_scalars(std::string_view(text).substr(0, at))));
  }
  if (name == "count") return Value(count_of(text, text_argument(arguments, 0, "sub")));
  if (name == "splitlines") return Value::list(split_lines(text, arguments.get(0, "keepends", false).truthy()));
  if (name == "removeprefix" || name == "removesuffix") {
    const std::string& affix = text_argument(arguments, 0, "affix");
    if (name == "removeprefix") return Value(text.starts_with(affix) ? text.substr(affix.size()) : text);
    return Value(text.ends_with(affix) ? text.substr(0, text.size() - affix.size()) : text);
  }
  if (name == "partition" || name == "rpartition") {
    const std::string& part = text_argument(arguments, 0, "sep");
    if (part.empty()) throw EvalError("empty separator");
    const bool right = name[0] == 'r';
    const size_t at = right ? text.rfind(part) : text.find(part);
    if (at == std::string::npos) return right ? Value::tuple({"", "", text}) : Value::tuple({text, "", ""});
    return Value::tuple({text.substr(0, at), part, text.substr(at + part.size())});
  }
  if (name == "zfill") {
    const int64_t width = arguments.integer(0, "width", 0), have = int64_t(unicode::count_scalars(text));
    if (width <= have) return Value(text);
    run.charge(size_t(width));
    const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+');
    return Value(text.substr(0, sign) + std::string(size_t(width - have), '0') + text.substr(sign));
  }
  if (name == "isdigit" || name == "isdecimal" || name == "isnumeric")
    return all_of(text, [](char32_t c) { return unicode::properties(c).category() == unicode::Category::Nd; });
  if (name == "isalpha") return all_of(text, is_alphabetic);
  if (name == "isalnum") return all_of(text, [](char32_t c) { return is_alphabetic(c) || unicode::is_numeric(c); });
  if (name == "isspace") return all_of(text, is_space);
  if (name == "isupper") return any_cased_all(text, unicode::Category::Lu);
  if (name == "islower") return any_cased_all(text, unicode::Category::Ll);
  return std::nullopt;
}

constexpr std::string_view string_methods[] = {
    "strip",        "lstrip",    "rstrip",     "split",      "rsplit",  "startswith", "endswith",
    "upper",        "lower",     "title",      "capitalize", "replace", "join",       "format",
    "find",         "rfind",     "index",      "rindex",     "count",   "splitlines", "removeprefix",
    "removesuffix", "partition", "rpartition", "zfill",      "isdigit", "isdecimal",  "isnumeric",
    "isalpha",      "isalnum",   "isspace",    "isupper",    "islower"};
constexpr std::string_view dict_methods[] = {"items", "keys", "values", "get", "copy"};
constexpr std::string_view list_methods[] = {"index", "count", "copy"};
// Methods that would change their object: the immutable sandbox refuses them.
constexpr std::string_view unsafe_methods[] = {"append", "extend", "insert", "pop",        "remove", "reverse",
                                               "sort",   "clear",  "update", "setdefault", "popitem"};

template <size_t n>
bool among(const std::string_view (&names)[n], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool has_method(const Value& object, std::string_view name) {
  return object.is_string()    ? among(string_methods, name)
         : object.is_mapping() ? among(dict_methods, name)
                               : object.is_sequence() && among(list_methods, name);
}
bool is_unsafe(const Value& object, std::string_view name) {
  return (object.is_mapping() || object.is(Type::list)) && among(unsafe_methods, name);
}

}  // namespace

bool is_space(char32_t c) { return unicode::is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

std::string strip(const std::string& text, const std::string* set, bool left, bool right) {
  const auto drops = [&](size_t at, uint32_t length) {
    if (!set) return is_space(unicode::decode(text, at).scalar);
    const std::string_view c(text.data() + at, length);
    for (size_t i = 0; i < set->size();) {
      const uint32_t n = unicode::decode(*set, i).length;
      if (std::string_view(*set).substr(i, n) == c) return true;
      i += n;
    }
    return false;
  };
  size_t begin = 0, end = text.size();
  while (left && begin < end) {
    const uint32_t length = unicode::decode(text, begin).length;
    if (!drops(begin, length)) break;
    begin += length;
  }
  while (right && end > begin) {
    size_t last = end - 1;
    while (last > begin && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    if (!drops(last, uint32_t(end - last))) break;
    end = last;
  }
  return text.substr(begin, end - begin);
}

const char* type_name(const Value& value) {
  switch (value.type()) {
    case Type::undefined: return "Undefined";
    case Type::none: return "NoneType";
    case Type::boolean: return "bool";
    case Type::integer: return "int";
    case Type::real: return "float";
    case Type::string: return "str";
    case Type::list: return "list";
    case Type::tuple: return "tuple";
    case Type::dict: return "dict";
    case Type::name_space: return "Namespace";
    case Type::callable: return "function";
  }
  return "";
}

Value function(std::string name, std::function<Value(Interpreter&, const Arguments&)> call) {
  auto out = std::make_shared<Callable>();
  out->name = std::move(name);
  out->call = std::move(call);
  return Value::from_callable(std::move(out));
}

std::optional<Value> call_method(Interpreter& run, const Value& object, std::string_view name,
                                 const Arguments& arguments) {
  if (object.is_string()) return string_method(run, object.string(), name, arguments);
  if (object.is_mapping()) {
    if (name == "get") {
      const Value* found = object.find(arguments.require(0, "key"));
      return found ? *found : arguments.get(1, "default", Value());
    }
    if (name == "copy") return object;
    if (name == "items" || name == "keys" || name == "values") {
      std::vector<Value> out;
      out.reserve(object.entries().size());
      for (const auto& [key, value] : object.entries())
        out.push_back(name == "items" ? Value::tuple({key, value}) : name == "keys" ? key : value);
      run.charge(out.size());
      return Value::list(std::move(out));
    }
  }
  if (object.is_sequence()) {
    if (name == "copy") return object;
    if (name == "count" || name == "index") {
      const Value& wanted = arguments.require(0, "value");
      int64_t count = 0;
      for (size_t i = 0; i < object.items().size(); ++i) {
        if (!(object.items()[i] == wanted)) continue;
        if (name == "index") return Value(int64_t(i));
        ++count;
      }
      if (name == "index") throw EvalError(wanted.repr() + " is not in list");
      return Value(count);
    }
  }
  if (is_unsafe(object, name))
    throw EvalError("access to attribute '" + std::string(name) + "' of '" + type_name(object) + "' object is unsafe.");
  return std::nullopt;
}

Value attribute(const Value& object, std::string_view name) {
  if (object.is_undefined()) refuse_undefined(object);
  if (has_method(object, name)) {
    auto out = std::make_shared<Callable>();
    out->name = name;
    out->depth = nesting(object) + 1;
    out->call = [object, name = std::string(name)](Interpreter& run, const Arguments& arguments) {
      return *call_method(run, object, name, arguments);
    };
    return Value::from_callable(std::move(out));
  }
  if (is_unsafe(object, name))
    return Value::undefined("access to attribute '" + std::string(name) + "' of '" + type_name(object) +
                            "' object is unsafe.");
  if (object.is(Type::callable) && object.callable().attribute) {
    if (std::optional<Value> value = object.callable().attribute(name)) return std::move(*value);
  }
  if (object.is_mapping() || object.is(Type::name_space)) {
    if (const Value* found = object.find(name)) return *found;
  }
  return Value::undefined("'" + std::string(object.is_mapping() ? "dict object" : type_name(object)) +
                          "' has no attribute '" + std::string(name) + "'");
}

Value item(const Value& object, const Value& key) {
  if (object.is_undefined()) refuse_undefined(object);
  if (object.is_mapping()) {
    if (const Value* found = object.find(key)) return *found;
  } else if (key.is_integer() && (object.is_sequence() || object.is_string())) {
    const int64_t size = length(object);
    const int64_t index = key.integer() < 0 ? key.integer() + size : key.integer();
    if (index >= 0 && index < size) {
      if (object.is_sequence()) return object.items()[size_t(index)];
      const size_t at = byte_of(object.string(), size_t(index));
      return object.string().substr(at, unicode::decode(object.string(), at).length);
    }
    return Value::undefined(std::string(type_name(object)) + " object has no element " + key.repr());
  }
  if (key.is_string()) return attribute(object, key.string());
  return Value::undefined(std::string(type_name(object)) + " object has no element " + key.repr());
}

Value slice(Interpreter& run, const Value& object, const Value& start, const Value& stop, const Value& step) {
  if (object.is_undefined()) refuse_undefined(object);
  if (!object.is_sequence() && !object.is_string())
    throw EvalError(std::string("'") + type_name(object) + "' object is not subscriptable");
  const auto number = [](const Value& value, int64_t otherwise) {
    if (value.is_none()) return otherwise;
    if (!value.is_integer()) throw EvalError("slice indices must be integers or None");
    return value.integer();
  };
  const int64_t size = length(object), by = number(step, 1);
  if (by == 0) throw EvalError("slice step cannot be zero");
  const auto clamp = [&](const Value& value, int64_t otherwise) {
    int64_t index = number(value, otherwise);
    if (value.is_none()) return index;
    if (index < 0) index = index < -size ? -1 : index + size;
    return by > 0 ? std::clamp<int64_t>(index, 0, size) : std::clamp<int64_t>(index, -1, size - 1);
  };
  const int64_t from = clamp(start, by > 0 ? 0 : size - 1), to = clamp(stop, by > 0 ? size : -1);
  run.charge(size_t(size) / 16 + 1);
  if (object.is_string() && by == 1) {
    const size_t begin = byte_of(object.string(), size_t(from)),
                 end = byte_of(object.string(), size_t(std::max(from, to)));
    return object.string().substr(begin, end - begin);
  }
  std::vector<Value> items;
  std::string text;
  const std::vector<std::string> chars = object.is_string() ? characters(object.string()) : std::vector<std::string>();
  for (int64_t i = from; by > 0 ? i < to : i > to;) {
    object.is_string() ? void(text += chars[size_t(i)]) : items.push_back(object.items()[size_t(i)]);
    if (__builtin_add_overflow(i, by, &i)) break;
  }
  if (object.is_string()) return text;
  return object.is(Type::list) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

std::vector<Value> iterate(Interpreter& run, const Value& value) {
  switch (value.type()) {
    case Type::undefined: return {};  // Jinja's default Undefined is an empty sequence
    case Type::list:
    case Type::tuple: run.charge(value.items().size()); return value.items();
    case Type::dict: {
      std::vector<Value> out;
      run.charge(value.entries().size());
      for (const auto& [key, unused] : value.entries()) out.push_back(key);
      return out;
    }
    case Type::string: {
      std::vector<Value> out;
      run.charge(value.string().size() * 4);
      for (std::string& c : characters(value.string())) out.emplace_back(std::move(c));
      return out;
    }
    default: throw EvalError(std::string("'") + type_name(value) + "' object is not iterable");
  }
}

int64_t length(const Value& value) {
  switch (value.type()) {
    case Type::undefined: return 0;
    case Type::string: return int64_t(unicode::count_scalars(value.string()));
    case Type::list:
    case Type::tuple: return int64_t(value.items().size());
    case Type::dict: return int64_t(value.entries().size());
    default: throw EvalError(std::string("object of type '") + type_name(value) + "' has no len()");
  }
}

namespace {

[[noreturn]] void unsupported(const char* op, const Value& a, const Value& b) {
  throw EvalError(std::string("unsupported operand type(s) for ") + op + ": '" + type_name(a) + "' and '" +
                  type_name(b) + "'");
}

Value integer_arithmetic(Arithmetic op, int64_t a, int64_t b) {
  int64_t out = 0;
  const auto checked = [&](bool overflow) {
    if (overflow) throw EvalError("integer does not fit 64 bits");
    return Value(out);
  };
  switch (op) {
    case Arithmetic::add: return checked(__builtin_add_overflow(a, b, &out));
    case Arithmetic::subtract: return checked(__builtin_sub_overflow(a, b, &out));
    case Arithmetic::multiply: return checked(__builtin_mul_overflow(a, b, &out));
    case Arithmetic::divide:
      if (b == 0) throw EvalError("division by zero");
      return double(a) / double(b);
    case Arithmetic::floor_divide:
    case Arithmetic::modulo: {
      if (b == 0) throw EvalError("integer division or modulo by zero");
      if (b == -1) {
        if (op == Arithmetic::modulo) return Value(int64_t(0));
        return checked(__builtin_sub_overflow(int64_t(0), a, &out));
      }
      const int64_t quotient = a / b, remainder = a % b;
      const bool adjust = remainder != 0 && (remainder < 0) != (b < 0);
      return op == Arithmetic::floor_divide ? Value(quotient - adjust) : Value(remainder + (adjust ? b : 0));
    }
    case Arithmetic::power:
      if (b < 0) return std::pow(double(a), double(b));
      out = 1;
      for (int64_t base = a; b > 0; b >>= 1) {
        if ((b & 1) && __builtin_mul_overflow(out, base, &out)) return checked(true);
        if (b > 1 && __builtin_mul_overflow(base, base, &base)) return checked(true);
      }
      return out;
  }
  return {};
}

Value real_arithmetic(Arithmetic op, double a, double b) {
  switch (op) {
    case Arithmetic::add: return a + b;
    case Arithmetic::subtract: return a - b;
    case Arithmetic::multiply: return a * b;
    case Arithmetic::divide:
      if (b == 0) throw EvalError("float division by zero");
      return a / b;
    case Arithmetic::floor_divide:
    case Arithmetic::modulo: {
      if (b == 0) throw EvalError("float floor division or modulo by zero");
      double remainder = std::fmod(a, b);
      if (remainder != 0 && (remainder < 0) != (b < 0)) remainder += b;
      return op == Arithmetic::modulo ? remainder : std::round((a - remainder) / b);
    }
    case Arithmetic::power: return std::pow(a, b);
  }
  return {};
}

Value repeated(Interpreter& run, const Value& value, int64_t times) {
  const int64_t size = value.is_string() ? int64_t(value.string().size()) : int64_t(value.items().size());
  int64_t total = 0;
  if (times < 0) times = 0;
  if (__builtin_mul_overflow(size, times, &total)) throw EvalError("repeated value is too large");
  run.charge(size_t(total));
  if (value.is_string()) {
    std::string out;
    out.reserve(size_t(total));
    for (int64_t i = 0; i < times && size > 0; ++i) out += value.string();
    return out;
  }
  std::vector<Value> out;
  for (int64_t i = 0; i < times && size > 0; ++i) out.insert(out.end(), value.items().begin(), value.items().end());
  return value.is(Type::list) ? Value::list(std::move(out)) : Value::tuple(std::move(out));
}

// "%s %d" % values, as far as %s %d %r %f %% go.
std::string percent_format(const std::string& text, const Value& values) {
  std::vector<Value> items = values.is(Type::tuple) ? values.items() : std::vector<Value>{values};
  std::string out;
  size_t next = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const char kind = ++i < text.size() ? text[i] : '\0';
    if (kind == '%') {
      out += '%';
      continue;
    }
    if (next >= items.size()) throw EvalError("not enough arguments for format string");
    const Value& value = items[next++];
    if (kind == 's') {
      out += value.str();
    } else if (kind == 'r') {
      out += value.repr();
    } else if (kind == 'd' && value.is_number()) {
      out += Value(value.is_integer() ? value.integer() : int64_t(value.real())).str();
    } else if (kind == 'f' && value.is_number()) {
      char buffer[400];
      out.append(buffer, size_t(std::snprintf(buffer, sizeof buffer, "%f", value.real())));
    } else {
      throw EvalError("format string: unsupported or mismatched conversion");
    }
  }
  if (next < items.size() && values.is(Type::tuple))
    throw EvalError("not all arguments converted during string formatting");
  return out;
}

}  // namespace

Value arithmetic(Interpreter& run, Arithmetic op, const Value& a, const Value& b) {
  static constexpr const char* names[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};
  if (a.is_undefined()) refuse_undefined(a);
  if (b.is_undefined()) refuse_undefined(b);
  if (a.is_number() && b.is_number()) {
    return a.is_integer() && b.is_integer() ? integer_arithmetic(op, a.integer(), b.integer())
                                            : real_arithmetic(op, a.real(), b.real());
  }
  if (op == Arithmetic::add && a.type() == b.type()) {
    if (a.is_string()) {
      run.charge(a.string().size() + b.string().size());
      return a.string() + b.string();
    }
    if (a.is_sequence()) {
      std::vector<Value> out = a.items();
      out.insert(out.end(), b.items().begin(), b.items().end());
      run.charge(out.size());
      return a.is(Type::list) ? Value::list(std::move(out)) : Value::tuple(std::move(out));
    }
  }
  if (op == Arithmetic::add && a.is_string())
    throw EvalError(std::string("can only concatenate str (not \"") + type_name(b) + "\") to str");
  if (op == Arithmetic::multiply) {
    if ((a.is_string() || a.is_sequence()) && b.is_integer()) return repeated(run, a, b.integer());
    if ((b.is_string() || b.is_sequence()) && a.is_integer()) return repeated(run, b, a.integer());
  }
  if (op == Arithmetic::modulo && a.is_string()) return percent_format(a.string(), b);
  unsupported(names[size_t(op)], a, b);
}

int compare(const Value& a, const Value& b) {
  if (a.is_undefined()) refuse_undefined(a);
  if (b.is_undefined()) refuse_undefined(b);
  if (a.is_number() && b.is_number()) {
    if (a.is_integer() && b.is_integer()) return a.integer() < b.integer() ? -1 : a.integer() > b.integer();
    return a.real() < b.real() ? -1 : a.real() > b.real();
  }
  if (a.is_string() && b.is_string()) {
    const int order = a.string().compare(b.string());  // UTF-8 keeps the order of code points
    return order < 0 ? -1 : order > 0;
  }
  if (a.is_sequence() && a.type() == b.type()) {
    for (size_t i = 0; i < std::min(a.items().size(), b.items().size()); ++i) {
      if (a.items()[i] == b.items()[i]) continue;
      return compare(a.items()[i], b.items()[i]);
    }
    return a.items().size() < b.items().size() ? -1 : a.items().size() > b.items().size();
  }
  throw EvalError(std::string("'<' not supported between instances of '") + type_name(a) + "' and '" + type_name(b) +
                  "'");
}

bool contains(const Value& container, const Value& element) {
  switch (container.type()) {
    case Type::undefined: return false;
    case Type::string:
      if (!element.is_string())
        throw EvalError(std::string("'in <string>' requires string as left operand, not ") + type_name(element));
      return container.string().find(element.string()) != std::string::npos;
    case Type::list:
    case Type::tuple:
      return std::find(container.items().begin(), container.items().end(), element) != container.items().end();
    case Type::dict: return container.find(element) != nullptr;
    default: throw EvalError(std::string("argument of type '") + type_name(container) + "' is not iterable");
  }
}

}  // namespace brot::jinja
