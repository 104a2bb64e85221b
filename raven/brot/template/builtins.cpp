// Jinja's filters and tests: two tables of name and function.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "raven/brot/template/internal/engine.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::jinja {

using Type = Value::Type;

namespace {

using In = const Value&;
using Args = const Arguments&;

std::string lowered(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    for (const char32_t c : unicode::to_lowercase(d.scalar)) unicode::append(out, c);
    i += d.length;
  }
  return out;
}

Value folded(In value) { return value.is_string() ? Value(lowered(value.string())) : value; }

// "a.b.0" or 0: what attribute= arguments read.
Value by_path(In object, In path) {
  if (!path.is_string()) return item(object, path);
  Value out = object;
  const std::string& text = path.string();
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const bool number = !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == std::string::npos;
    out = item(out, number ? Value(int64_t(std::stoll(part))) : Value(part));
    begin = end + 1;
  }
  return out;
}

struct Key {
  Value attribute;  // None: the element itself
  bool case_sensitive;
  Value operator()(In element) const {
    Value out = attribute.is_none() ? element : by_path(element, attribute);
    return case_sensitive ? out : folded(out);
  }
};

// Stable: equal keys keep their order, also when reversed, as in Python.
std::vector<Value> sorted(const std::vector<Value>& items, const std::vector<Value>& keys, bool reverse) {
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  // Fails before the sort when two keys have no order, so that the comparison below cannot throw half-way.
  for (size_t i = 1; i < keys.size(); ++i) compare(keys[0], keys[i]);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const int c = compare(keys[a], keys[b]);
    return c != 0 ? (reverse ? c > 0 : c < 0) : a < b;
  });
  std::vector<Value> out;
  for (const size_t i : order) out.push_back(items[i]);
  return out;
}

void charge_sort(Interpreter& run, size_t count) {
  size_t log = 1;
  for (size_t n = count; n > 1; n /= 2) ++log;
  run.charge(count * log);
}

// ------------------------------------------------------------------------------------------------------------ numbers

Value filter_abs(Interpreter& run, In in, Args) {
  if (!in.is_number()) throw EvalError(std::string("bad operand type for abs(): '") + type_name(in) + "'");
  return in.is_integer()
             ? (in.integer() < 0 ? arithmetic(run, Arithmetic::subtract, Value(0), in) : Value(in.integer()))
             : Value(std::abs(in.real()));
}
std::optional<double> parse_real(std::string text) {
  text = strip(text, nullptr, true, true);
  if (text.starts_with('+')) text.erase(0, 1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}
Value filter_int(Interpreter&, In in, Args args) {
  const Value otherwise = args.get(0, "default", Value(0));
  if (in.is_integer()) return in.integer();
  double real = in.real();
  if (in.is_string()) {
    std::string text = strip(in.string(), nullptr, true, true);
    if (text.starts_with('+')) text.erase(0, 1);
    int64_t base = args.integer(1, "base", 10);
    if (base < 2 || base > 36) throw EvalError("int() base must be >= 2 and <= 36");
    if (base == 16 && (text.starts_with("0x") || text.starts_with("0X"))) text.erase(0, 2);
    int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, int(base));
    if (!text.empty() && result.ec == std::errc() && result.ptr == text.data() + text.size()) return value;
    const std::optional<double> parsed = parse_real(text);
    if (!parsed) return otherwise;
    real = *parsed;
  } else if (!in.is_number()) {
    return otherwise;
  }
  if (!(std::abs(real) < 9.2e18)) return otherwise;
  return int64_t(real);
}
Value filter_float(Interpreter&, In in, Args args) {
  if (in.is_number()) return in.real();
  if (in.is_string()) {
    if (const std::optional<double> value = parse_real(in.string())) return *value;
  }
  return args.get(0, "default", Value(0.0));
}
Value filter_round(Interpreter&, In in, Args args) {
  const int64_t precision = args.integer(0, "precision", 0);
  const std::string method = args.text(1, "method", "common");
  if (!in.is_number()) throw EvalError(std::string("type ") + type_name(in) + " doesn't define __round__ method");
  if (precision < 0 || precision > 300) throw EvalError("round: precision must be between 0 and 300");
  if (method == "ceil" || method == "floor") {
    const double scale = std::pow(10.0, double(precision));
    return (method == "ceil" ? std::ceil(in.real() * scale) : std::floor(in.real() * scale)) / scale;
  }
  if (method != "common") throw EvalError("method must be common, ceil or floor");
  if (in.is_integer()) return in.integer();
  if (!std::isfinite(in.real())) return in.real();
  return parse_real(fixed_real(in.real(), precision)).value_or(in.real());
}
Value filter_sum(Interpreter& run, In in, Args args) {
  const Value path = args.get(0, "attribute", Value());
  Value total = args.get(1, "start", Value(0));
  for (const Value& element : iterate(run, in))
    total = arithmetic(run, Arithmetic::add, total, path.is_none() ? element : by_path(element, path));
  return total;
}

// ------------------------------------------------------------------------------------------------------------ strings

template <size_t n>
Value method_of_string(Interpreter& run, In in, const char (&name)[n], Args args = {}) {
  return *call_method(run, Value(in.str()), name, args);
}
Value filter_upper(Interpreter& run, In in, Args) { return method_of_string(run, in, "upper"); }
Value filter_lower(Interpreter& run, In in, Args) { return method_of_string(run, in, "lower"); }
Value filter_capitalize(Interpreter& run, In in, Args) { return method_of_string(run, in, "capitalize"); }
Value filter_trim(Interpreter& run, In in, Args args) { return method_of_string(run, in, "strip", args); }
Value filter_replace(Interpreter& run, In in, Args args) {
  Arguments plain;
  plain.positional = {Value(args.require(0, "old").str()), Value(args.require(1, "new").str()),
                      args.get(2, "count", Value())};
  return method_of_string(run, in, "replace", plain);
}
Value filter_title(Interpreter& run, In in, Args) {
  // A word begins after white space or an opening bracket or hyphen.
  run.charge(in.str().size());
  std::string out;
  bool begins = true;
  const std::string text = in.str();
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    const bool separator = is_space(d.scalar) || (d.scalar < 0x80 && std::string_view("-({[<").find(char(d.scalar)) !=
                                                                         std::string_view::npos);
    for (const char32_t c : begins ? unicode::to_uppercase(d.scalar) : unicode::to_lowercase(d.scalar))
      unicode::append(out, c);
    begins = separator;
    i += d.length;
  }
  return out;
}
Value filter_string(Interpreter&, In in, Args) { return in.str(); }
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '\'': out += "&#39;"; break;
      case '"': out += "&#34;"; break;
      default: out += c;
    }
  }
  return out;
}
Value filter_escape(Interpreter& run, In in, Args) {
  std::string out = escaped(in.str());
  run.charge(out.size());
  return out;
}
Value filter_indent(Interpreter& run, In in, Args args) {
  const Value width = args.get(0, "width", Value(4));
  const bool first = args.get(1, "first", false).truthy(), blank = args.get(2, "blank", false).truthy();
  if (!width.is_string() && (!width.is_integer() || width.integer() < 0 || width.integer() > 100000))
    throw EvalError("indent: width must be a string or an integer from 0 to 100000");
  const std::string indention = width.is_string() ? width.string() : std::string(size_t(width.integer()), ' ');
  const Value lines = *call_method(run, Value(in.str() + "\n"), "splitlines", {});
  std::string out;
  for (size_t i = 0; i < lines.items().size(); ++i) {
    const std::string& line = lines.items()[i].string();
    if (i > 0) out += '\n';
    if (i == 0 ? first : (blank || !line.empty())) out += indention;
    run.charge(indention.size() + line.size());
    out += line;
  }
  return out;
}
Value filter_truncate(Interpreter& run, In in, Args args) {
  const int64_t limit = args.integer(0, "length", 255), leeway = args.integer(3, "leeway", 5);
  const bool kill_words = args.get(1, "killwords", false).truthy();
  const std::string end = args.text(2, "end", "...");
  const int64_t end_length = length(Value(end));
  if (limit < end_length)
    throw EvalError("expected length >= " + std::to_string(end_length) + ", got " + std::to_string(limit));
  const Value text(in.str());
  if (length(text) <= limit + leeway) return text;
  std::string out = slice(run, text, Value(), Value(limit - end_length), Value()).string();
  if (!kill_words) out = out.substr(0, std::min(out.rfind(' '), out.size()));
  return out + end;
}
Value filter_wordcount(Interpreter&, In in, Args) {
  const std::string text = in.str();
  int64_t count = 0;
  bool inside = false;
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    // Python's \w: letters, numbers and the underscore.
    const auto category = unicode::properties(d.scalar).category();
    const bool word = d.scalar == '_' || (category >= unicode::Category::Lu && category <= unicode::Category::Lo) ||
                      unicode::is_numeric(d.scalar);
    count += word && !inside;
    inside = word;
    i += d.length;
  }
  return count;
}
Value filter_striptags(Interpreter& run, In in, Args) {
  std::string text = in.str(), out;
  for (size_t begin; (begin = text.find("<!--")) != std::string::npos;) {
    const size_t end = text.find("-->", begin);
    if (end == std::string::npos) break;
    run.charge(text.size() / 16 + 1);
    text.erase(begin, end + 3 - begin);
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t end = text[i] == '<' ? text.find('>', i) : std::string::npos;
    if (end == std::string::npos) {
      out += text[i];
    } else {
      i = end;
    }
  }
  Arguments space;
  space.positional = {*call_method(run, Value(out), "split", {})};
  return *call_method(run, Value(" "), "join", space);
}
Value filter_urlencode(Interpreter& run, In in, Args) {
  const auto quoted = [](const std::string& text, bool query) {
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '.' ||
                         c == '-' || c == '~' || (c == '/' && !query);
      if (plain) {
        out += c;
      } else if (c == ' ' && query) {
        out += '+';
      } else {
        out += '%';
        out += "0123456789ABCDEF"[byte >> 4];
        out += "0123456789ABCDEF"[byte & 15];
      }
    }
    return out;
  };
  if (!in.is_mapping() && !in.is_sequence()) return quoted(in.str(), false);
  std::string out;
  const Value pairs = in.is_mapping() ? *call_method(run, in, "items", {}) : in;
  for (const Value& pair : pairs.items()) {
    if (!pair.is_sequence() || pair.items().size() != 2) throw EvalError("urlencode: expected pairs");
    if (!out.empty()) out += '&';
    out += quoted(pair.items()[0].str(), true) + "=" + quoted(pair.items()[1].str(), true);
  }
  return out;
}
Value filter_format(Interpreter& run, In in, Args args) {
  if (args.named.empty()) return format_percent(run, in.str(), Value::tuple(args.positional));
  if (!args.positional.empty()) throw EvalError("can't handle positional and keyword arguments at the same time");
  std::vector<std::pair<Value, Value>> values;
  for (const auto& [name, value] : args.named) values.emplace_back(Value(name), value);
  return format_percent(run, in.str(), Value::dict(std::move(values)));
}
Value filter_pprint(Interpreter& run, In in, Args) { return pretty(run, in); }
Value filter_xmlattr(Interpreter& run, In in, Args args) {
  if (in.is_undefined()) return "";
  if (!in.is_mapping()) throw EvalError(std::string("'") + type_name(in) + "' object has no attribute 'items'");
  std::string out;
  for (const auto& [key, value] : in.entries()) {
    if (value.is_none() || value.is_undefined()) continue;
    const std::string name = key.str();
    for (size_t i = 0; i < name.size();) {
      const unicode::Decoded d = unicode::decode(name, i);
      if ((d.scalar < 0x80 && is_space(d.scalar) && (d.scalar < 0x1C || d.scalar > 0x1F)) || d.scalar == '/' ||
          d.scalar == '>' || d.scalar == '=')
        throw EvalError("Invalid character in attribute name: " + Value(name).repr());
      i += d.length;
    }
    if (!out.empty()) out += ' ';
    out += escaped(name) + "=\"" + escaped(value.str()) + '"';
    run.charge(out.size() / 16 + 1);
  }
  if (!out.empty() && args.get(0, "autospace", true).truthy()) out.insert(0, 1, ' ');
  return out;
}

Value filter_tojson(Interpreter& run, In in, Args args) {
  const Value separators = args.get(2, "separators", Value());
  const Value indent = args.get(1, "indent", Value());
  if (!indent.is_none() && !indent.is_integer()) throw EvalError("tojson: indent must be an integer");
  if (indent.is_integer() && indent.integer() > 1000) throw EvalError("tojson: indent must be at most 1000");
  std::string item_separator, key_separator;
  if (separators.is_sequence() && separators.items().size() == 2) {
    item_separator = separators.items()[0].str();
    key_separator = separators.items()[1].str();
  }
  const bool given = separators.is_sequence();
  std::string out =
      in.json(indent.is_integer() ? std::max<int64_t>(indent.integer(), 0) : -1,
              given ? std::string_view(item_separator) : std::string_view(),
              given ? std::string_view(key_separator) : std::string_view(), args.get(3, "sort_keys", false).truthy());
  run.charge(out.size());
  if (!args.get(0, "ensure_ascii", false).truthy()) return out;
  std::string ascii;
  const auto unit = [&](uint32_t u) {
    ascii += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) ascii += "0123456789abcdef"[u >> shift & 15];
  };
  for (size_t i = 0; i < out.size();) {
    const unicode::Decoded d = unicode::decode(out, i);
    if (d.scalar < 0x80) {
      ascii += char(d.scalar);
    } else if (d.scalar < 0x10000) {
      unit(d.scalar);
    } else {
      unit(0xD800 + ((d.scalar - 0x10000) >> 10));
      unit(0xDC00 + ((d.scalar - 0x10000) & 0x3FF));
    }
    i += d.length;
  }
  return ascii;
}

// ---------------------------------------------------------------------------------------------------------- sequences

Value filter_default(Interpreter&, In in, Args args) {
  const bool replace = in.is_undefined() || (args.get(1, "boolean", false).truthy() && !in.truthy());
  return replace ? args.get(0, "default_value", "") : in;
}
Value filter_length(Interpreter&, In in, Args) { return length(in); }
Value filter_list(Interpreter& run, In in, Args) { return Value::list(iterate(run, in)); }
Value filter_items(Interpreter& run, In in, Args) {
  if (in.is_undefined()) return Value::list({});
  if (!in.is_mapping()) throw EvalError("Can only get item pairs from a mapping.");
  return *call_method(run, in, "items", {});
}
Value filter_first(Interpreter& run, In in, Args) {
  const std::vector<Value> items = iterate(run, in);
  return items.empty() ? Value::undefined("No first item, sequence was empty.") : items.front();
}
Value filter_last(Interpreter& run, In in, Args) {
  const std::vector<Value> items = iterate(run, in);
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}
Value filter_random(Interpreter& run, In in, Args) {
  const std::vector<Value> items = iterate(run, in);
  return items.empty() ? Value::undefined("No random item, sequence was empty.") : items[run.random(items.size())];
}
Value filter_join(Interpreter& run, In in, Args args) {
  const std::string separator = args.get(0, "d", "").str();
  const Value path = args.get(1, "attribute", Value());
  std::string out;
  bool first = true;
  for (const Value& element : iterate(run, in)) {
    if (!first) out += separator;
    first = false;
    const std::string text = (path.is_none() ? element : by_path(element, path)).str();
    run.charge(separator.size() + text.size());
    out += text;
  }
  return out;
}
Value filter_reverse(Interpreter& run, In in, Args) {
  std::vector<Value> items = iterate(run, in);
  std::reverse(items.begin(), items.end());
  if (!in.is_string()) return Value::list(std::move(items));
  std::string out;
  for (const Value& c : items) out += c.string();
  return out;
}
Value extreme(Interpreter& run, In in, Args args, int sign) {
  const Key key{args.get(1, "attribute", Value()), args.get(0, "case_sensitive", false).truthy()};
  const std::vector<Value> items = iterate(run, in);
  if (items.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  size_t best = 0;
  Value best_key = key(items[0]);
  for (size_t i = 1; i < items.size(); ++i) {
    Value candidate = key(items[i]);
    if (compare(candidate, best_key) * sign > 0) best = i, best_key = std::move(candidate);
  }
  return items[best];
}
Value filter_max(Interpreter& run, In in, Args args) { return extreme(run, in, args, 1); }
Value filter_min(Interpreter& run, In in, Args args) { return extreme(run, in, args, -1); }
Value filter_sort(Interpreter& run, In in, Args args) {
  const bool reverse = args.get(0, "reverse", false).truthy(),
             case_sensitive = args.get(1, "case_sensitive", false).truthy();
  const Value path = args.get(2, "attribute", Value());
  std::vector<Value> paths;  // "a,b" sorts by several
  if (path.is_string()) {
    Arguments comma;
    comma.positional = {","};
    paths = call_method(run, path, "split", comma)->items();
  } else {
    paths.push_back(path);
  }
  const std::vector<Value> items = iterate(run, in);
  charge_sort(run, items.size());
  std::vector<Value> keys;
  for (const Value& element : items) {
    std::vector<Value> parts;
    for (const Value& one : paths) parts.push_back(Key{one, case_sensitive}(element));
    keys.push_back(parts.size() == 1 ? parts[0] : Value::list(std::move(parts)));
  }
  return Value::list(sorted(items, keys, reverse));
}
Value filter_dictsort(Interpreter& run, In in, Args args) {
  if (!in.is_mapping()) throw EvalError("dictsort needs a mapping");
  const std::string by = args.text(1, "by", "key");
  if (by != "key" && by != "value") throw EvalError("You can only sort by either \"key\" or \"value\"");
  const Key key{Value(by == "key" ? 0 : 1), args.get(0, "case_sensitive", false).truthy()};
  const Value pairs = *call_method(run, in, "items", {});
  charge_sort(run, pairs.items().size());
  std::vector<Value> keys;
  for (const Value& pair : pairs.items()) keys.push_back(key(pair));
  return Value::list(sorted(pairs.items(), keys, args.get(2, "reverse", false).truthy()));
}
Value filter_unique(Interpreter& run, In in, Args args) {
  const Key key{args.get(1, "attribute", Value()), args.get(0, "case_sensitive", false).truthy()};
  Value seen = Value::dict();
  std::vector<Value> out;
  for (const Value& element : iterate(run, in)) {
    const Value k = key(element);
    if (seen.find(k)) continue;
    seen.set(k, true);
    out.push_back(element);
  }
  return Value::list(std::move(out));
}
Value filter_groupby(Interpreter& run, In in, Args args) {
  const Key key{args.require(0, "attribute"), args.get(2, "case_sensitive", false).truthy()};
  const Key exact{key.attribute, true};
  const Value* fallback = args.get(1, "default");
  const std::vector<Value> items = iterate(run, in);
  charge_sort(run, items.size());
  std::vector<Value> keys, pairs;
  for (const Value& element : items) {
    Value value = exact(element);
    if (value.is_undefined() && fallback) value = *fallback;
    keys.push_back(key.case_sensitive ? value : folded(value));
    pairs.push_back(Value::tuple({value, element}));
  }
  std::vector<Value> out, group;
  Value current;
  for (const Value& pair : sorted(pairs, keys, false)) {
    const Value& value = pair.items()[0];
    const bool same = !group.empty() && (key.case_sensitive ? value == current : folded(value) == folded(current));
    if (!same) {
      if (!group.empty()) out.push_back(Value::tuple({current, Value::list(std::move(group))}));
      group.clear();
      current = value;
    }
    group.push_back(pair.items()[1]);
  }
  if (!group.empty()) out.push_back(Value::tuple({current, Value::list(std::move(group))}));
  return Value::list(std::move(out));
}
Value filter_batch(Interpreter& run, In in, Args args) {
  const int64_t count = args.integer(0, "linecount", 0);
  const Value fill = args.get(1, "fill_with", Value());
  if (count < 1) throw EvalError("batch: linecount must be positive");
  std::vector<Value> out, row;
  for (const Value& element : iterate(run, in)) {
    if (int64_t(row.size()) == count) {
      out.push_back(Value::list(std::move(row)));
      row.clear();
    }
    row.push_back(element);
  }
  if (!row.empty()) {
    if (!fill.is_none()) {
      run.charge(size_t(count));
      while (int64_t(row.size()) < count) row.push_back(fill);
    }
    out.push_back(Value::list(std::move(row)));
  }
  return Value::list(std::move(out));
}
Value filter_slice(Interpreter& run, In in, Args args) {
  const int64_t slices = args.integer(0, "slices", 0);
  const Value fill = args.get(1, "fill_with", Value());
  if (slices < 1) throw EvalError("slice: slices must be positive");
  const std::vector<Value> items = iterate(run, in);
  run.charge(size_t(slices));
  const int64_t per_slice = int64_t(items.size()) / slices, extra = int64_t(items.size()) % slices;
  std::vector<Value> out;
  auto at = items.begin();
  for (int64_t i = 0; i < slices; ++i) {
    std::vector<Value> row(at, at + per_slice + (i < extra));
    at += ptrdiff_t(row.size());
    if (!fill.is_none() && i >= extra) row.push_back(fill);
    out.push_back(Value::list(std::move(row)));
  }
  return Value::list(std::move(out));
}
Arguments without_first(Args args, size_t count) {
  Arguments out = args;
  out.positional.erase(out.positional.begin(),
                       out.positional.begin() + ptrdiff_t(std::min(count, out.positional.size())));
  return out;
}
Value filter_map(Interpreter& run, In in, Args args) {
  std::vector<Value> out;
  if (args.positional.empty()) {
    const Value& path = args.require(size_t(-1), "attribute");
    const Value* fallback = args.get(size_t(-1), "default");
    check_arguments("map", "attribute default", args);
    for (const Value& element : iterate(run, in)) {
      Value value = by_path(element, path);
      out.push_back(value.is_undefined() && fallback ? *fallback : std::move(value));
    }
  } else {
    const Arguments rest = without_first(args, 1);
    for (const Value& element : iterate(run, in)) out.push_back(run.filter(args.positional[0].str(), element, rest));
  }
  return Value::list(std::move(out));
}
Value selected(Interpreter& run, In in, Args args, bool by_attribute, bool wanted) {
  const size_t test_at = by_attribute ? 1 : 0;
  if (by_attribute) args.require(0, "attribute");
  const bool has_test = args.positional.size() > test_at;
  const Arguments rest = without_first(args, test_at + 1);
  std::vector<Value> out;
  for (const Value& element : iterate(run, in)) {
    const Value value = by_attribute ? by_path(element, args.positional[0]) : element;
    const bool holds = has_test ? run.test(args.positional[test_at].str(), value, rest) : value.truthy();
    if (holds == wanted) out.push_back(element);
  }
  return Value::list(std::move(out));
}
Value filter_select(Interpreter& run, In in, Args args) { return selected(run, in, args, false, true); }
Value filter_reject(Interpreter& run, In in, Args args) { return selected(run, in, args, false, false); }
Value filter_selectattr(Interpreter& run, In in, Args args) { return selected(run, in, args, true, true); }
Value filter_rejectattr(Interpreter& run, In in, Args args) { return selected(run, in, args, true, false); }
Value filter_attr(Interpreter&, In in, Args args) { return attribute(in, args.require(0, "name").str()); }
Value filter_safe(Interpreter&, In in, Args) { return in.is_string() ? in : Value(in.str()); }

constexpr Builtin<Value> filter_rows[] = {
    {"abs", filter_abs},
    {"attr", filter_attr, "name"},
    {"batch", filter_batch, "linecount fill_with"},
    {"capitalize", filter_capitalize},
    {"count", filter_length},
    {"d", filter_default, "default_value boolean"},
    {"default", filter_default, "default_value boolean"},
    {"dictsort", filter_dictsort, "case_sensitive by reverse"},
    {"e", filter_escape},
    {"escape", filter_escape},
    {"first", filter_first},
    {"float", filter_float, "default"},
    {"forceescape", filter_escape},
    {"format", filter_format, "* **"},
    {"groupby", filter_groupby, "attribute default case_sensitive"},
    {"indent", filter_indent, "width first blank"},
    {"int", filter_int, "default base"},
    {"items", filter_items},
    {"join", filter_join, "d attribute"},
    {"last", filter_last},
    {"length", filter_length},
    {"list", filter_list},
    {"lower", filter_lower},
    {"map", filter_map, "* **"},
    {"max", filter_max, "case_sensitive attribute"},
    {"min", filter_min, "case_sensitive attribute"},
    {"pprint", filter_pprint},
    {"random", filter_random},
    {"reject", filter_reject, "* **"},
    {"rejectattr", filter_rejectattr, "* **"},
    {"replace", filter_replace, "old new count"},
    {"reverse", filter_reverse},
    {"round", filter_round, "precision method"},
    {"safe", filter_safe},
    {"select", filter_select, "* **"},
    {"selectattr", filter_selectattr, "* **"},
    {"slice", filter_slice, "slices fill_with"},
    {"sort", filter_sort, "reverse case_sensitive attribute"},
    {"string", filter_string},
    {"striptags", filter_striptags},
    {"sum", filter_sum, "attribute start"},
    {"title", filter_title},
    {"tojson", filter_tojson, "ensure_ascii indent separators sort_keys"},
    {"trim", filter_trim, "chars"},
    {"truncate", filter_truncate, "length killwords end leeway"},
    {"unique", filter_unique, "case_sensitive attribute"},
    {"upper", filter_upper},
    {"urlencode", filter_urlencode},
    {"wordcount", filter_wordcount},
    {"xmlattr", filter_xmlattr, "autospace"},
};

// -------------------------------------------------------------------------------------------------------------- tests

Value modulo(Interpreter& run, In in, In by) { return arithmetic(run, Arithmetic::modulo, in, by); }
template <bool (*holds)(int)>
bool ordered(Interpreter&, In in, Args args) {
  return holds(compare(in, args.require(0, "other")));
}
bool is_equal(Interpreter&, In in, Args args) { return in == args.require(0, "other"); }
bool is_not_equal(Interpreter&, In in, Args args) { return !(in == args.require(0, "other")); }
bool below(int c) { return c < 0; }
bool not_above(int c) { return c <= 0; }
bool above(int c) { return c > 0; }
bool not_below(int c) { return c >= 0; }
template <Type type>
bool is_type(Interpreter&, In in, Args) {
  return in.is(type);
}
bool is_defined(Interpreter&, In in, Args) { return !in.is_undefined(); }
bool is_divisible(Interpreter& run, In in, Args args) { return modulo(run, in, args.require(0, "num")) == Value(0); }
bool is_even(Interpreter& run, In in, Args) { return modulo(run, in, Value(2)) == Value(0); }
bool is_odd(Interpreter& run, In in, Args) { return modulo(run, in, Value(2)) == Value(1); }
bool is_true(Interpreter&, In in, Args) { return in.is(Type::boolean) && in.integer(); }
bool is_false(Interpreter&, In in, Args) { return in.is(Type::boolean) && !in.integer(); }
bool is_in(Interpreter&, In in, Args args) { return contains(args.require(0, "seq"), in); }
bool is_sequence(Interpreter&, In in, Args) {
  return in.is_sequence() || in.is_string() || in.is_mapping() || in.is_undefined();
}
bool is_number(Interpreter&, In in, Args) { return in.is_number(); }
bool is_lower(Interpreter& run, In in, Args) { return method_of_string(run, in, "islower").truthy(); }
bool is_upper(Interpreter& run, In in, Args) { return method_of_string(run, in, "isupper").truthy(); }
bool is_same(Interpreter&, In in, Args args) {
  const Value& other = args.require(0, "other");
  if (in.type() != other.type()) return false;
  return in.identity() ? in.identity() == other.identity() || (in.is_string() && in == other) : in == other;
}
bool is_filter(Interpreter&, In in, Args) { return in.is_string() && find_filter(in.string()); }
bool is_test(Interpreter&, In in, Args) { return in.is_string() && find_test(in.string()); }

constexpr Builtin<bool> test_rows[] = {
    {"!=", is_not_equal, "other /"},
    {"<", ordered<below>, "other /"},
    {"<=", ordered<not_above>, "other /"},
    {"==", is_equal, "other /"},
    {">", ordered<above>, "other /"},
    {">=", ordered<not_below>, "other /"},
    {"boolean", is_type<Type::boolean>},
    {"callable", is_type<Type::callable>},
    {"defined", is_defined},
    {"divisibleby", is_divisible, "num"},
    {"eq", is_equal, "other /"},
    {"equalto", is_equal, "other /"},
    {"even", is_even},
    {"false", is_false},
    {"filter", is_filter},
    {"float", is_type<Type::real>},
    {"ge", ordered<not_below>, "other /"},
    {"greaterthan", ordered<above>, "other /"},
    {"gt", ordered<above>, "other /"},
    {"in", is_in, "seq"},
    {"integer", is_type<Type::integer>},
    {"iterable", is_sequence},
    {"le", ordered<not_above>, "other /"},
    {"lessthan", ordered<below>, "other /"},
    {"lower", is_lower},
    {"lt", ordered<below>, "other /"},
    {"mapping", is_type<Type::dict>},
    {"ne", is_not_equal, "other /"},
    {"none", is_type<Type::none>},
    {"number", is_number},
    {"odd", is_odd},
    {"sameas", is_same, "other"},
    {"sequence", is_sequence},
    {"string", is_type<Type::string>},
    {"test", is_test},
    {"true", is_true},
    {"undefined", is_type<Type::undefined>},
    {"upper", is_upper},
};

}  // namespace

Filter find_filter(std::string_view name) {
  for (const Builtin<Value>& row : filter_rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}
Test find_test(std::string_view name) {
  for (const Builtin<bool>& row : test_rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace brot::jinja
