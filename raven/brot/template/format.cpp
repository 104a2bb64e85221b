// Python's ways to format values: format(value, specification), str.format and the operator %. No locale takes part.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "raven/brot/template/internal/engine.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::jinja {

namespace {

constexpr int64_t max_precision = 100000;

/// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct Specification {
  std::string fill = " ";
  char align = 0;  // < > = ^, or 0: the default of the value's type
  char sign = 0;
  bool alternate = false;
  int64_t width = 0;
  char grouping = 0;
  int64_t precision = -1;
  char type = 0;
};

int64_t read_number(std::string_view text, size_t& at) {
  int64_t value = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    value = value * 10 + (text[at++] - '0');
    if (value > INT32_MAX) throw EvalError("Too many decimal digits in format string");
  }
  return value;
}

Specification parse(std::string_view text, char default_align) {
  const auto is_align = [&](size_t i) {
    return i < text.size() && std::string_view("<>=^").find(text[i]) != std::string_view::npos;
  };
  Specification out;
  size_t at = 0;
  bool fill_given = false;
  if (!text.empty()) {
    const uint32_t first = unicode::decode(text, 0).length;
    if (is_align(first)) {
      out.fill = text.substr(0, first);
      out.align = text[first];
      at = first + 1;
      fill_given = true;
    } else if (is_align(0)) {
      out.align = text[at++];
    }
  }
  const auto take = [&](std::string_view any) {
    return at < text.size() && any.find(text[at]) != std::string_view::npos ? text[at++] : '\0';
  };
  out.sign = take("+- ");
  out.alternate = take("#");
  if (!fill_given && take("0")) {
    out.fill = "0";
    if (!out.align && default_align == '>') out.align = '=';
  }
  if (!out.align) out.align = default_align;
  out.width = read_number(text, at);
  out.grouping = take(",_");
  if (take(".")) {
    const size_t begin = at;
    out.precision = read_number(text, at);
    if (at == begin) throw EvalError("Format specifier missing precision");
    if (out.precision > max_precision) throw EvalError("precision of a format is larger than its limit");
  }
  if (at < text.size()) out.type = text[at++];
  if (at < text.size()) throw EvalError("Invalid format specifier");
  return out;
}

std::string grouped(const std::string& digits, char separator, size_t size) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % size == 0) out += separator;
    out += digits[i];
  }
  return out;
}

/// Fills `prefix` + `body` up to the width; '=' fills between the two.
std::string aligned(Interpreter& run, const Specification& spec, const std::string& prefix, const std::string& body) {
  const int64_t size = length(Value(prefix + body));
  run.charge(size_t(std::max(size, spec.width)) * spec.fill.size());
  const int64_t missing = std::max<int64_t>(spec.width - size, 0);
  const int64_t before = spec.align == '>' ? missing : spec.align == '^' ? missing / 2 : 0;
  std::string out;
  const auto fill = [&](int64_t times) {
    for (; times > 0; --times) out += spec.fill;
  };
  fill(before);
  out += prefix;
  if (spec.align == '=') {
    fill(missing);
    return out + body;
  }
  out += body;
  fill(missing - before);
  return out;
}

/// Groups the leading digits of `body`; zeros that fill the width are grouped with them.
std::string aligned_number(Interpreter& run, const Specification& spec, const std::string& prefix,
                           const std::string& body, size_t group_size) {
  if (!spec.grouping) return aligned(run, spec, prefix, body);
  const bool hexadecimal = group_size == 4;
  const size_t end = hexadecimal ? body.size() : std::min(body.find_first_not_of("0123456789"), body.size());
  std::string digits = body.substr(0, end);
  const std::string rest = body.substr(end);
  if (spec.align == '=' && spec.fill == "0" && !digits.empty()) {
    run.charge(size_t(spec.width));
    const int64_t room = spec.width - int64_t(prefix.size() + rest.size());
    size_t count = digits.size();
    while (int64_t(count + (count - 1) / group_size) < room) ++count;
    digits.insert(0, count - digits.size(), '0');
  }
  return aligned(run, spec, prefix, grouped(digits, spec.grouping, group_size) + rest);
}

std::string plain_real(double value, std::chars_format format, int64_t precision) {
  std::string out(size_t(precision) + 400, '\0');
  out.resize(
      size_t(std::to_chars(out.data(), out.data() + out.size(), value, format, int(precision)).ptr - out.data()));
  return out;
}

/// As %g: fixed or with an exponent, without zeros at the end unless `alternate`. `dotted`: what is written fixed has a
/// digit behind its point.
std::string general_real(double value, int64_t precision, bool alternate, bool dotted) {
  precision = std::max<int64_t>(precision, 1);
  std::string out = plain_real(value, std::chars_format::scientific, precision - 1);
  const size_t e = out.find('e');
  const int64_t exponent = std::stoll(out.substr(e + 1));
  const bool fixed = exponent >= -4 && exponent < precision - dotted;
  std::string tail = fixed ? std::string() : out.substr(e);
  out = fixed ? plain_real(value, std::chars_format::fixed, precision - 1 - exponent) : out.substr(0, e);
  if (alternate) {
    if (out.find('.') == std::string::npos) out += '.';
  } else if (out.find('.') != std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.ends_with('.')) out.pop_back();
  }
  if (dotted && fixed && out.find('.') == std::string::npos) out += ".0";
  return out + tail;
}

/// The digits of a value that is not negative.
std::string real_digits(double value, char type, int64_t precision, bool alternate) {
  std::string out;
  const char lower = char(type | 0x20);
  if (!std::isfinite(value)) {
    out = std::isnan(value) ? "nan" : "inf";
    if (type == '%') out += '%';
  } else if (type == 0) {
    out = precision < 0 ? Value(value).str() : general_real(value, precision, alternate, true);
  } else if (lower == 'g') {
    out = general_real(value, precision < 0 ? 6 : precision, alternate, false);
  } else {
    if (type == '%') value *= 100;
    out = plain_real(value, lower == 'e' ? std::chars_format::scientific : std::chars_format::fixed,
                     precision < 0 ? 6 : precision);
    if (alternate && precision == 0) out.insert(std::min(out.find('e'), out.size()), 1, '.');
    if (type == '%') out += '%';
  }
  if (type >= 'A' && type <= 'Z')
    for (char& c : out) c = char(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

std::string sign_of(bool negative, char wanted) {
  return negative ? "-" : wanted == '+' ? "+" : wanted == ' ' ? " " : "";
}

std::string integer_digits(uint64_t value, char type) {
  char buffer[70];
  const int base = type == 'b' ? 2 : type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
  std::string out(buffer, std::to_chars(buffer, buffer + sizeof buffer, value, base).ptr);
  if (type == 'X')
    for (char& c : out) c = char(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

uint64_t magnitude(int64_t value) { return value < 0 ? 0 - uint64_t(value) : uint64_t(value); }

[[noreturn]] void unknown_code(char type, const Value& value) {
  throw EvalError(std::string("Unknown format code '") + type + "' for object of type '" + type_name(value) + "'");
}

std::string format_text(Interpreter& run, const Value& value, std::string_view specification) {
  const Specification spec = parse(specification, '<');
  if (spec.type && spec.type != 's') unknown_code(spec.type, value);
  if (spec.sign) throw EvalError("Sign not allowed in string format specifier");
  if (spec.alternate) throw EvalError("Alternate form (#) not allowed in string format specifier");
  if (spec.align == '=') throw EvalError("'=' alignment not allowed in string format specifier");
  if (spec.grouping) throw EvalError(std::string("Cannot specify '") + spec.grouping + "' with 's'.");
  const Value text = spec.precision < 0 ? value : slice(run, value, Value(), Value(spec.precision), Value());
  return aligned(run, spec, "", text.string());
}

std::string format_real(Interpreter& run, const Value& value, const Specification& spec) {
  if (spec.type && std::string_view("eEfFgG%").find(spec.type) == std::string_view::npos)
    unknown_code(spec.type, value);
  const double number = value.real();
  const bool negative = std::signbit(number) && !std::isnan(number);
  return aligned_number(run, spec, sign_of(negative, spec.sign),
                        real_digits(std::abs(number), spec.type, spec.precision, spec.alternate), 3);
}

std::string format_integer(Interpreter& run, const Value& value, const Specification& spec) {
  const bool decimal = spec.type == 0 || spec.type == 'd';
  if (spec.type && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos)
    return format_real(run, Value(value.real()), spec);
  if (!decimal && std::string_view("bcoxX").find(spec.type) == std::string_view::npos) unknown_code(spec.type, value);
  if (spec.precision >= 0) throw EvalError("Precision not allowed in integer format specifier");
  if (spec.grouping == ',' && !decimal) throw EvalError(std::string("Cannot specify ',' with '") + spec.type + "'.");
  const int64_t number = value.integer();
  if (spec.type == 'c') {
    if (spec.sign) throw EvalError("Sign not allowed with integer format specifier 'c'");
    if (number < 0 || number > 0x10FFFF || (number >= 0xD800 && number < 0xE000))
      throw EvalError("%c arg not in range(0x110000)");
    std::string character;
    unicode::append(character, char32_t(number));
    return aligned(run, spec, "", character);
  }
  std::string prefix = sign_of(number < 0, spec.sign);
  if (spec.alternate && !decimal) prefix += std::string("0") + spec.type;
  return aligned_number(run, spec, prefix, integer_digits(magnitude(number), spec.type), decimal ? 3 : 4);
}

std::string ascii_repr(const Value& value) {
  const std::string text = value.repr();
  std::string out;
  const auto hex = [&](const char* prefix, char32_t c, int digits) {
    out += prefix;
    for (int i = digits - 1; i >= 0; --i) out += "0123456789abcdef"[c >> (4 * i) & 15];
  };
  for (size_t i = 0; i < text.size();) {
    const unicode::Decoded d = unicode::decode(text, i);
    if (d.scalar < 0x80) {
      out += char(d.scalar);
    } else if (d.scalar < 0x100) {
      hex("\\x", d.scalar, 2);
    } else if (d.scalar < 0x10000) {
      hex("\\u", d.scalar, 4);
    } else {
      hex("\\U", d.scalar, 8);
    }
    i += d.length;
  }
  return out;
}

// ------------------------------------------------------------------------------------------------------- str.format

/// Reads the fields of one format string, and of the specifications in it.
class Fields {
 public:
  Fields(Interpreter& run, const Arguments& arguments) : run_(run), arguments_(arguments) {}

  std::string format(std::string_view text, int depth = 2) {
    if (depth < 0) throw EvalError("Max string recursion exceeded");
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c != '{' && c != '}') {
        out += c;
      } else if (i + 1 < text.size() && text[i + 1] == c) {
        out += c;
        ++i;
      } else if (c == '}') {
        throw EvalError("Single '}' encountered in format string");
      } else {
        const size_t end = end_of_field(text, i + 1);
        out += field(text.substr(i + 1, end - i - 1), depth);
        i = end;
      }
    }
    return out;
  }

 private:
  static size_t end_of_field(std::string_view text, size_t at) {
    for (int open = 1; at < text.size(); ++at) {
      if (text[at] == '{') ++open;
      if (text[at] == '}' && --open == 0) return at;
    }
    throw EvalError("expected '}' before end of string");
  }

  std::string field(std::string_view text, int depth) {
    const size_t end = std::min(text.find_first_of("!:"), text.size());
    Value value = look_up(text.substr(0, end));
    std::string_view rest = text.substr(end);
    if (rest.starts_with('!')) {
      if (rest.size() < 2) throw EvalError("end of string while looking for conversion specifier");
      if (rest.size() > 2 && rest[2] != ':') throw EvalError("expected ':' after conversion specifier");
      switch (rest[1]) {
        case 's': value = Value(value.str()); break;
        case 'r': value = Value(value.repr()); break;
        case 'a': value = Value(ascii_repr(value)); break;
        default: throw EvalError(std::string("Unknown conversion specifier '") + rest[1] + "'");
      }
      rest.remove_prefix(2);
    }
    if (!rest.empty()) rest.remove_prefix(1);
    return format_value(run_, value, format(rest, depth - 1));
  }

  Value look_up(std::string_view name) {
    size_t at = std::min(name.find_first_of(".["), name.size());
    Value value = argument(name.substr(0, at));
    while (at < name.size()) {
      if (name[at] == '.') {
        const size_t end = std::min(name.find_first_of(".[", at + 1), name.size());
        if (end == at + 1) throw EvalError("Empty attribute in format string");
        value = attribute(value, name.substr(at + 1, end - at - 1));
        at = end;
      } else {
        const size_t end = name.find(']', at);
        if (end == std::string_view::npos) throw EvalError("Missing ']' in format string");
        const std::string_view key = name.substr(at + 1, end - at - 1);
        if (key.empty()) throw EvalError("Empty attribute in format string");
        value = item(value, is_index(key) ? Value(int64_t(std::stoll(std::string(key)))) : Value(key));
        at = end + 1;
        if (at < name.size() && name[at] != '.' && name[at] != '[')
          throw EvalError("Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  static bool is_index(std::string_view text) {
    return !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string_view::npos;
  }

  const Value& argument(std::string_view name) {
    const auto& positional = arguments_.positional;
    if (name.empty() || is_index(name)) {
      if (name.empty() ? counts_ == Counts::stated : counts_ == Counts::automatic)
        throw EvalError("cannot switch between automatic field numbering and manual field specification");
      counts_ = name.empty() ? Counts::automatic : Counts::stated;
      const size_t index = name.empty() ? next_++ : size_t(std::stoul(std::string(name)));
      if (index >= positional.size())
        throw EvalError("Replacement index " + std::to_string(index) + " out of range for positional args tuple");
      return positional[index];
    }
    for (const auto& [key, value] : arguments_.named)
      if (key == name) return value;
    throw EvalError("str.format: no argument for the field {" + std::string(name) + "}");
  }

  enum class Counts : uint8_t { unknown, automatic, stated };
  Interpreter& run_;
  const Arguments& arguments_;
  Counts counts_ = Counts::unknown;
  size_t next_ = 0;
};

// ------------------------------------------------------------------------------------------------------- operator %

/// The conversions of one format string.
class Conversions {
 public:
  Conversions(Interpreter& run, std::string_view text, const Value& values)
      : run_(run),
        text_(text),
        values_(values),
        items_(values.is(Value::Type::tuple) ? values.items() : std::vector<Value>{values}) {}

  std::string format() {
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '%') {
        out += conversion();
      } else {
        out += c;
      }
    }
    // Python lets what can be indexed by keys stay unused.
    if (next_ < items_.size() && !values_.is_mapping() && !values_.is(Value::Type::list))
      throw EvalError("not all arguments converted during string formatting");
    return out;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  const Value& next() {
    if (next_ >= items_.size()) throw EvalError("not enough arguments for format string");
    return items_[next_++];
  }
  int64_t number() {
    if (peek() != '*') return read_number(text_, at_);
    ++at_;
    const Value& value = next();
    if (!value.is_integer()) throw EvalError("* wants int");
    if (std::abs(value.real()) > INT32_MAX) throw EvalError("width of a format is larger than its limit");
    return value.integer();
  }

  std::string conversion() {
    const Value* keyed = nullptr;
    if (peek() == '(') {
      const size_t begin = ++at_;
      for (int open = 1; open > 0; ++at_) {
        if (at_ >= text_.size()) throw EvalError("incomplete format key");
        open += (text_[at_] == '(') - (text_[at_] == ')');
      }
      const Value key(text_.substr(begin, at_ - 1 - begin));
      if (!values_.is_mapping()) throw EvalError("format requires a mapping");
      keyed = values_.find(key);
      if (!keyed) throw EvalError(key.repr());
      next_ = items_.size();
    }
    Specification spec;
    spec.align = '>';
    bool zero = false;
    for (;; ++at_) {
      const char flag = peek();
      if (flag == '-') {
        spec.align = '<';
      } else if (flag == '+' || (flag == ' ' && spec.sign != '+')) {
        spec.sign = flag;
      } else if (flag == '#') {
        spec.alternate = true;
      } else if (flag == '0') {
        zero = true;
      } else if (flag != ' ') {
        break;
      }
    }
    spec.width = number();
    if (spec.width < 0) spec.align = '<', spec.width = -spec.width;
    if (peek() == '.') {
      ++at_;
      spec.precision = std::max<int64_t>(number(), 0);
      if (spec.precision > max_precision) throw EvalError("precision of a format is larger than its limit");
    }
    if (peek() == 'h' || peek() == 'l' || peek() == 'L') ++at_;
    if (at_ >= text_.size()) throw EvalError("incomplete format");
    const char type = text_[at_++];
    if (type == '%') return "%";
    const Value& value = keyed ? *keyed : next();
    if (zero && spec.align == '>' && type != 's' && type != 'r' && type != 'a' && type != 'c') {
      spec.align = '=';
      spec.fill = "0";
    }
    return converted(value, spec, type);
  }

  std::string converted(const Value& value, const Specification& spec, char type) {
    const auto wants = [&](const char* kind) {
      throw EvalError(std::string("%") + type + " format: " + kind + " is required, not " + type_name(value));
    };
    switch (type) {
      case 's': return text(value.is_string() ? value : Value(value.str()), spec);
      case 'r': return text(Value(value.repr()), spec);
      case 'a': return text(Value(ascii_repr(value)), spec);
      case 'c': {
        if (value.is_string() && length(value) == 1) return aligned(run_, spec, "", value.string());
        if (!value.is_integer()) wants("an integer or a single character");
        Specification character = spec;
        character.sign = 0, character.precision = -1, character.type = 'c';
        return format_integer(run_, value, character);
      }
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X': {
        const bool decimal = type == 'd' || type == 'i' || type == 'u';
        if (!(decimal ? value.is_number() : value.is_integer())) wants(decimal ? "a real number" : "an integer");
        if (!std::isfinite(value.real())) throw EvalError("cannot convert float infinity or NaN to integer");
        std::string digits = value.is_integer() ? integer_digits(magnitude(value.integer()), decimal ? 'd' : type)
                                                : fixed_real(std::trunc(std::abs(value.real())), 0);
        if (spec.precision > int64_t(digits.size())) {
          run_.charge(size_t(spec.precision));
          digits.insert(0, size_t(spec.precision) - digits.size(), '0');
        }
        std::string prefix = sign_of(value.is_integer() ? value.integer() < 0 : value.real() <= -1, spec.sign);
        if (spec.alternate && !decimal) prefix += std::string("0") + type;
        return aligned(run_, spec, prefix, digits);
      }
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G': {
        if (!value.is_number()) wants("a real number");
        Specification real = spec;
        real.type = type;
        return format_real(run_, value, real);
      }
      default: throw EvalError(std::string("unsupported format character '") + type + "'");
    }
  }

  std::string text(const Value& value, const Specification& spec) {
    const Value cut = spec.precision < 0 ? value : slice(run_, value, Value(), Value(spec.precision), Value());
    return aligned(run_, spec, "", cut.string());
  }

  Interpreter& run_;
  std::string_view text_;
  const Value& values_;
  std::vector<Value> items_;
  size_t at_ = 0, next_ = 0;
};

}  // namespace

std::string format_value(Interpreter& run, const Value& value, std::string_view specification) {
  if (specification.empty()) return value.str();
  if (value.is_string()) return format_text(run, value, specification);
  if (value.is_integer()) return format_integer(run, value, parse(specification, '>'));
  if (value.is_number()) return format_real(run, value, parse(specification, '>'));
  throw EvalError(std::string("unsupported format string passed to ") + type_name(value) + ".__format__");
}

std::string format_fields(Interpreter& run, std::string_view text, const Arguments& arguments) {
  return Fields(run, arguments).format(text);
}

std::string format_percent(Interpreter& run, std::string_view text, const Value& values) {
  return Conversions(run, text, values).format();
}

std::string fixed_real(double value, int64_t precision) {
  return plain_real(value, std::chars_format::fixed, precision);
}

}  // namespace brot::jinja
