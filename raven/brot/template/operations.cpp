// Python's operations on values: attributes, items, slices, arithmetic, order, membership.
#include <algorithm>
#include <cmath>

#include "raven/brot/template/internal/engine.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::jinja {

using Type = Value::Type;

namespace {

[[noreturn]] void refuse_undefined(const Value& value) { throw EvalError(value.message()); }

}  // namespace

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
  if (op == Arithmetic::modulo && a.is_string()) return format_percent(run, a.string(), b);
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
