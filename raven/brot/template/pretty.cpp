// Python's pprint.pformat: a line of at most 80 characters where the value fits, else an element per line.
#include <algorithm>

#include "raven/brot/template/internal/engine.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::jinja {

using Type = Value::Type;

namespace {

constexpr int64_t page = 80;

/// Entries by key; keys without an order among each other by the names of their types.
bool before(const Value& a, const Value& b) {
  try {
    return compare(a, b) < 0;
  } catch (const EvalError&) {
    return std::string_view(type_name(a)) < type_name(b);
  }
}

/// The value with the entries of all dictionaries sorted.
Value with_sorted_entries(Interpreter& run, const Value& value) {
  if (value.is_sequence()) {
    std::vector<Value> items;
    for (const Value& item : value.items()) items.push_back(with_sorted_entries(run, item));
    return value.is(Type::list) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
  }
  if (!value.is_mapping()) return value;
  std::vector<std::pair<Value, Value>> entries;
  for (const auto& [key, one] : value.entries()) entries.emplace_back(key, with_sorted_entries(run, one));
  const auto by_key = [](const auto& a, const auto& b) { return before(a.first, b.first); };
  if (std::all_of(entries.begin(), entries.end(), [](const auto& entry) { return entry.first.is_string(); })) {
    std::sort(entries.begin(), entries.end(), by_key);
  } else {  // keys of several types need not have a strict weak order
    for (size_t i = 1; i < entries.size(); ++i) {
      size_t at = i;
      while (at > 0 && by_key(entries[i], entries[at - 1])) --at;
      run.charge(i - at);
      std::rotate(entries.begin() + ptrdiff_t(at), entries.begin() + ptrdiff_t(i), entries.begin() + ptrdiff_t(i) + 1);
    }
  }
  return Value::dict(std::move(entries));
}

class Page {
 public:
  explicit Page(Interpreter& run) : run_(run) {}

  /// Writes `value` where `indent` characters are on the line by now and `allowance` ones will follow on its last line.
  void write(const Value& value, int64_t indent, int64_t allowance, int level) {
    const std::string text = value.repr();
    run_.charge(text.size());
    if (length(Value(text)) <= page - indent - allowance) {
      out += text;
    } else if (value.is_mapping() && !value.entries().empty()) {
      write_entries(value, indent + 1, allowance + 1, level + 1);
    } else if (value.is(Type::list) && !value.items().empty()) {
      write_items(value, "[", "]", indent + 1, allowance, level + 1);
    } else if (value.is(Type::tuple) && !value.items().empty()) {
      write_items(value, "(", value.items().size() == 1 ? ",)" : ")", indent + 1, allowance, level + 1);
    } else if (value.is_string() && !value.string().empty()) {
      write_text(value, indent, allowance, level + 1);
    } else {
      out += text;
    }
  }

  std::string out;

 private:
  void new_line(int64_t indent) {
    run_.charge(size_t(indent));
    out += '\n';
    out.append(size_t(indent), ' ');
  }

  void write_entries(const Value& value, int64_t indent, int64_t allowance, int level) {
    out += '{';
    for (size_t i = 0; i < value.entries().size(); ++i) {
      if (i > 0) {
        out += ',';
        new_line(indent);
      }
      const auto& [key, one] = value.entries()[i];
      const std::string text = key.repr();
      out += text + ": ";
      write(one, indent + length(Value(text)) + 2, i + 1 == value.entries().size() ? allowance : 1, level);
    }
    out += '}';
  }

  void write_items(const Value& value, std::string_view open, std::string_view close, int64_t indent, int64_t allowance,
                   int level) {
    out += open;
    for (size_t i = 0; i < value.items().size(); ++i) {
      if (i > 0) {
        out += ',';
        new_line(indent);
      }
      const bool last = i + 1 == value.items().size();
      write(value.items()[i], indent, last ? allowance + int64_t(close.size()) : 1, level);
    }
    out += close;
  }

  /// Long text becomes adjacent literals: a line each, long lines cut behind white space.
  void write_text(const Value& value, int64_t indent, int64_t allowance, int level) {
    const bool outermost = level == 1;
    if (outermost) ++indent, ++allowance;
    Arguments keep_ends;
    keep_ends.positional = {true};
    const Value lines = *call_method(run_, value, "splitlines", keep_ends);
    std::vector<std::string> literals;
    const auto size_of = [&](const std::string& text) {
      run_.charge(text.size());
      return length(Value(Value(text).repr()));
    };
    for (size_t i = 0; i < lines.items().size(); ++i) {
      const std::string& line = lines.items()[i].string();
      const bool last_line = i + 1 == lines.items().size();
      const int64_t room = page - indent;
      if (size_of(line) <= room - (last_line ? allowance : 0)) {
        literals.push_back(Value(line).repr());
        continue;
      }
      std::string current;
      for (size_t begin = 0; begin < line.size();) {
        const size_t end = end_of_word(line, begin);
        std::string longer = current + line.substr(begin, end - begin);
        if (size_of(longer) > room - (last_line && end == line.size() ? allowance : 0)) {
          if (!current.empty()) literals.push_back(Value(current).repr());
          current = line.substr(begin, end - begin);
        } else {
          current = std::move(longer);
        }
        begin = end;
      }
      if (!current.empty()) literals.push_back(Value(current).repr());
    }
    const bool brackets = outermost && literals.size() > 1;
    if (brackets) out += '(';
    for (size_t i = 0; i < literals.size(); ++i) {
      if (i > 0) new_line(indent);
      out += literals[i];
    }
    if (brackets) out += ')';
  }

  /// Behind a word and the white space after it.
  static size_t end_of_word(const std::string& text, size_t at) {
    bool space = false;
    while (at < text.size()) {
      const unicode::Decoded d = unicode::decode(text, at);
      const bool is = is_space(d.scalar);
      if (space && !is) break;
      space = is;
      at += d.length;
    }
    return at;
  }

  Interpreter& run_;
};

}  // namespace

std::string pretty(Interpreter& run, const Value& value) {
  run.charge(16 * value.repr().size());  // elements count where they are printed, though lists are shared
  Page page(run);
  page.write(with_sorted_entries(run, value), 0, 0, 0);
  return std::move(page.out);
}

}  // namespace brot::jinja
