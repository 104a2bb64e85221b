#pragma once
// What the parts of the template engine share: faults during evaluation, callables, arguments. Internal to brot.
#include <ctime>
#include <functional>
#include <stdexcept>

#include "raven/brot/template/value.hpp"

namespace brot::jinja {

class Interpreter;

/// A fault without a place; the interpreter adds line and column.
class EvalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The arguments of a call, a filter or a test.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  size_t size() const { return positional.size() + named.size(); }
  /// Argument `i` or the one named `name`, or null.
  const Value* get(size_t i, std::string_view name) const {
    if (i < positional.size()) return &positional[i];
    for (const auto& [key, value] : named) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  Value get(size_t i, std::string_view name, Value otherwise) const {
    const Value* found = get(i, name);
    return found ? *found : otherwise;
  }
  /// @throws EvalError when the argument is missing
  const Value& require(size_t i, std::string_view name) const {
    const Value* found = get(i, name);
    if (!found) throw EvalError("missing argument `" + std::string(name) + "`");
    return *found;
  }
  int64_t integer(size_t i, std::string_view name, int64_t otherwise) const {
    const Value* found = get(i, name);
    if (!found || found->is_none()) return otherwise;
    if (!found->is_integer()) throw EvalError("argument `" + std::string(name) + "` must be an integer");
    return found->integer();
  }
  std::string text(size_t i, std::string_view name, std::string_view otherwise) const {
    const Value* found = get(i, name);
    if (!found || found->is_none()) return std::string(otherwise);
    if (!found->is_string()) throw EvalError("argument `" + std::string(name) + "` must be a string");
    return found->string();
  }
};

/// Refuses arguments that `parameters` has no place for. It names them in order, a word each; those before a word `/`
/// may not be given by name, `*` takes any further ones, `**` any further named ones. @throws EvalError
void check_arguments(std::string_view callee, std::string_view parameters, const Arguments&);

struct Callable {
  std::string name;
  uint32_t depth = 0;  // of the values it holds
  std::function<Value(Interpreter&, const Arguments&)> call;
  std::function<std::optional<Value>(std::string_view)> attribute;  // what `.name` reads, e.g. of a loop object
};

/// What the built-in functions may ask of the running template.
class Interpreter {
 public:
  virtual ~Interpreter() = default;
  virtual Value call(const Value& function, const Arguments& arguments) = 0;
  virtual Value filter(std::string_view name, const Value& input, const Arguments& arguments) = 0;
  virtual bool test(std::string_view name, const Value& input, const Arguments& arguments) = 0;
  /// Counts work that a built-in does; throws when the limits are reached.
  virtual void charge(size_t steps) = 0;
  virtual void keep_namespace(const Value& name_space) = 0;
  /// A number below `bound`.
  virtual uint64_t random(uint64_t bound) = 0;
};

/// A row of the tables of filters and tests; `parameters` as for check_arguments.
template <class Out>
struct Builtin {
  std::string_view name;
  Out (*function)(Interpreter&, const Value& input, const Arguments&);
  std::string_view parameters = {};

  Out operator()(Interpreter& run, const Value& input, const Arguments& arguments) const {
    if (arguments.size() > 0) check_arguments(name, parameters, arguments);
    return function(run, input, arguments);
  }
};
using Filter = const Builtin<Value>*;
using Test = const Builtin<bool>*;
/// The filter or test of that name, or null.
Filter find_filter(std::string_view name);
Test find_test(std::string_view name);
/// Calls a method of a string, list or dictionary; nothing when there is none of that name.
std::optional<Value> call_method(Interpreter&, const Value& object, std::string_view name, const Arguments& arguments);
bool has_method(const Value& object, std::string_view name);
/// Methods that would change their object, which the sandbox refuses.
bool is_unsafe(const Value& object, std::string_view name);
/// `object.name` as Jinja resolves it: attribute or method first, then item.
Value attribute(const Value& object, std::string_view name);
/// `object[key]`: item first, then attribute.
Value item(const Value& object, const Value& key);
Value slice(Interpreter&, const Value& object, const Value& start, const Value& stop, const Value& step);
/// The elements that a loop visits: of a list, the keys of a dictionary, the characters of a string.
std::vector<Value> iterate(Interpreter&, const Value& value);
enum class Arithmetic : uint8_t { add, subtract, multiply, divide, floor_divide, modulo, power };
Value arithmetic(Interpreter&, Arithmetic op, const Value& a, const Value& b);
/// −1, 0 or 1 by Python's order. @throws EvalError for values without one
int compare(const Value& a, const Value& b);
bool contains(const Value& container, const Value& element);
int64_t length(const Value& value);
std::vector<std::string> characters(const std::string& text);
/// The byte offset of a code point; the text's size beyond its end.
size_t byte_of(const std::string& text, size_t index);
/// How deep a value nests. Values deeper than 500 cannot be made, so none overflows the stack when it is printed or
/// freed.
uint32_t nesting(const Value& value);
Value function(std::string name, std::function<Value(Interpreter&, const Arguments&)> call);
const char* type_name(const Value& value);
/// str.isspace of Python for one character.
bool is_space(char32_t c);
std::string strip(const std::string& text, const std::string* characters, bool left, bool right);

/// Python's format(value, specification).
std::string format_value(Interpreter&, const Value& value, std::string_view specification);
/// Python's text.format(…).
std::string format_fields(Interpreter&, std::string_view text, const Arguments& arguments);
/// Python's text % values.
std::string format_percent(Interpreter&, std::string_view text, const Value& values);
/// A finite value with so many digits behind the point.
std::string fixed_real(double value, int64_t precision);
/// Python's pprint.pformat(value).
std::string pretty(Interpreter&, const Value& value);

/// A time as calendars show it, without a zone.
struct Moment {
  int64_t seconds, microseconds;
  std::tm fields;
  static Moment at(int64_t seconds);  ///< since 1970, in UTC
  static Moment of_clock();           ///< now, in local time
};
/// Python's strftime; the names are English.
std::string format_time(const Moment&, std::string_view format);

}  // namespace brot::jinja
