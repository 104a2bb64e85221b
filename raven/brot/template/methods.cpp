// The methods of str, list and dict.
#include <algorithm>
#include <span>

#include "raven/brot/template/internal/engine.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::jinja {

using Type = Value::Type;

namespace {

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

bool has_affix(std::string_view text, const Value& affix, bool at_end) {
  if (affix.is(Type::tuple)) {
    return std::any_of(affix.items().begin(), affix.items().end(),
                       [&](const Value& one) { return has_affix(text, one, at_end); });
  }
  if (!affix.is_string()) throw EvalError("startswith and endswith need str or a tuple of str");
  return at_end ? text.ends_with(affix.string()) : text.starts_with(affix.string());
}

/// The part of a text between two code points that methods look at, or of a list's elements.
struct Range {
  int64_t begin, end;  // begin > end: not even the empty text is there
};
Range range_of(const Arguments& arguments, int64_t size) {
  const auto place = [&](size_t i, std::string_view name, int64_t otherwise) {
    const int64_t at = arguments.integer(i, name, otherwise);
    return at < 0 ? std::max<int64_t>(at + size, 0) : at;
  };
  return {place(1, "start", 0), std::min(place(2, "end", size), size)};
}
struct TextRange {
  std::string_view text;
  int64_t begin;  // in code points
};
std::optional<TextRange> text_range(const std::string& text, const Arguments& arguments) {
  if (arguments.size() <= 1) return TextRange{text, 0};
  const Range range = range_of(arguments, length(Value(text)));
  if (range.begin > range.end) return std::nullopt;
  const size_t begin = byte_of(text, size_t(range.begin)), end = byte_of(text, size_t(range.end));
  return TextRange{std::string_view(text).substr(begin, end - begin), range.begin};
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

int64_t count_of(std::string_view text, std::string_view part) {
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
    if (!set.is_none() && !set.is_string()) throw EvalError(std::string(name) + " arg must be None or str");
    return Value(strip(text, set.is_string() ? &set.string() : nullptr, left, right));
  };
  if (name == "strip") return stripped(true, true);
  if (name == "lstrip") return stripped(true, false);
  if (name == "rstrip") return stripped(false, true);
  if (name == "split") return Value::list(split(text, arguments, false));
  if (name == "rsplit") return Value::list(split(text, arguments, true));
  if (name == "startswith" || name == "endswith") {
    const std::optional<TextRange> range = text_range(text, arguments);
    const bool fits = has_affix(range ? range->text : "", arguments.require(0, "affix"), name[0] == 'e');
    return range && fits;
  }
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
  if (name == "format") return Value(format_fields(run, text, arguments));
  if (name == "find" || name == "rfind" || name == "index" || name == "rindex") {
    const std::string& part = text_argument(arguments, 0, "sub");
    const std::optional<TextRange> range = text_range(text, arguments);
    const size_t at = !range ? std::string::npos : name[0] == 'r' ? range->text.rfind(part) : range->text.find(part);
    if (at == std::string::npos && name.ends_with("index")) throw EvalError("substring not found");
    return Value(at == std::string::npos ? int64_t(-1)
                                         : range->begin + int64_t(unicode::count_scalars(range->text.substr(0, at))));
  }
  if (name == "count") {
    const std::string& part = text_argument(arguments, 0, "sub");
    const std::optional<TextRange> range = text_range(text, arguments);
    return Value(range ? count_of(range->text, part) : 0);
  }
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

/// The methods and their parameters, as for check_arguments.
struct Method {
  std::string_view name, parameters;
};
constexpr Method string_methods[] = {{"strip", "chars /"},
                                     {"lstrip", "chars /"},
                                     {"rstrip", "chars /"},
                                     {"split", "sep maxsplit"},
                                     {"rsplit", "sep maxsplit"},
                                     {"startswith", "affix start end /"},
                                     {"endswith", "affix start end /"},
                                     {"upper", ""},
                                     {"lower", ""},
                                     {"title", ""},
                                     {"capitalize", ""},
                                     {"replace", "old new / count"},
                                     {"join", "iterable /"},
                                     {"format", "* **"},
                                     {"find", "sub start end /"},
                                     {"rfind", "sub start end /"},
                                     {"index", "sub start end /"},
                                     {"rindex", "sub start end /"},
                                     {"count", "sub start end /"},
                                     {"splitlines", "keepends"},
                                     {"removeprefix", "affix /"},
                                     {"removesuffix", "affix /"},
                                     {"partition", "sep /"},
                                     {"rpartition", "sep /"},
                                     {"zfill", "width /"},
                                     {"isdigit", ""},
                                     {"isdecimal", ""},
                                     {"isnumeric", ""},
                                     {"isalpha", ""},
                                     {"isalnum", ""},
                                     {"isspace", ""},
                                     {"isupper", ""},
                                     {"islower", ""}};
constexpr Method dict_methods[] = {{"items", ""}, {"keys", ""}, {"values", ""}, {"get", "key default /"}, {"copy", ""}};
constexpr Method list_methods[] = {{"index", "value start end /"}, {"count", "value /"}, {"copy", ""}};
// Methods that would change their object: the immutable sandbox refuses them.
constexpr std::string_view unsafe_methods[] = {"append", "extend", "insert", "pop",        "remove", "reverse",
                                               "sort",   "clear",  "update", "setdefault", "popitem"};

const Method* find_method(const Value& object, std::string_view name) {
  const auto among = [&](std::span<const Method> methods) -> const Method* {
    const auto found = std::find_if(methods.begin(), methods.end(), [&](const Method& m) { return m.name == name; });
    return found == methods.end() ? nullptr : &*found;
  };
  if (object.is_string()) return among(string_methods);
  if (object.is_mapping()) return among(dict_methods);
  if (object.is(Type::tuple)) return among(std::span(list_methods).first(2));  // a tuple has no copy
  return object.is(Type::list) ? among(list_methods) : nullptr;
}

}  // namespace

bool has_method(const Value& object, std::string_view name) { return find_method(object, name) != nullptr; }
bool is_unsafe(const Value& object, std::string_view name) {
  return (object.is_mapping() || object.is(Type::list)) &&
         std::find(std::begin(unsafe_methods), std::end(unsafe_methods), name) != std::end(unsafe_methods);
}

void check_arguments(std::string_view callee, std::string_view parameters, const Arguments& arguments) {
  bool any_positional = false, any_named = false, named_only_by_place = parameters.find('/') != std::string_view::npos;
  std::vector<std::pair<std::string_view, bool>> known;  // with whether it may be given by name
  for (size_t begin = 0; begin < parameters.size();) {
    const size_t end = std::min(parameters.find(' ', begin), parameters.size());
    const std::string_view word = parameters.substr(begin, end - begin);
    begin = end + 1;
    if (word == "/") {
      named_only_by_place = false;
    } else if (word == "*") {
      any_positional = true;
    } else if (word == "**") {
      any_named = true;
    } else {
      known.emplace_back(word, !named_only_by_place);
    }
  }
  if (!any_positional && arguments.positional.size() > known.size())
    throw EvalError(std::string(callee) + "() takes at most " + std::to_string(known.size()) + " argument(s), " +
                    std::to_string(arguments.positional.size()) + " given");
  for (size_t i = 0; i < arguments.named.size(); ++i) {
    const std::string& name = arguments.named[i].first;
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.second && one.first == name; });
    if (found == known.end() ? !any_named : size_t(found - known.begin()) < arguments.positional.size())
      throw EvalError(std::string(callee) + "() got " +
                      (found == known.end() ? "an unexpected keyword argument '" : "multiple values for argument '") +
                      name + "'");
  }
}

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

std::optional<Value> call_method(Interpreter& run, const Value& object, std::string_view name,
                                 const Arguments& arguments) {
  const Method* method = find_method(object, name);
  if (method && arguments.size() > 0) check_arguments(name, method->parameters, arguments);
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
  if (object.is_sequence() && method) {
    if (name == "copy") return object;
    if (name == "count" || name == "index") {
      const Value& wanted = arguments.require(0, "value");
      const Range range = range_of(arguments, length(object));
      int64_t count = 0;
      for (size_t i = size_t(range.begin); int64_t(i) < range.end; ++i) {
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

}  // namespace brot::jinja
