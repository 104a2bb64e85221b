#pragma once
// What the parts of the template engine share: faults during evaluation, callables, arguments. Internal to brot.
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
};

using Filter = Value (*)(Interpreter&, const Value& input, const Arguments&);
using Test = bool (*)(Interpreter&, const Value& input, const Arguments&);
/// The filter or test of that name, or null.
Filter find_filter(std::string_view name);
Test find_test(std::string_view name);
/// Calls a method of a string, list or dictionary; nothing when there is none of that name.
std::optional<Value> call_method(Interpreter&, const Value& object, std::string_view name, const Arguments& arguments);
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
/// How deep a value nests. Values deeper than 500 cannot be made, so none overflows the stack when it is printed or
/// freed.
uint32_t nesting(const Value& value);
Value function(std::string name, std::function<Value(Interpreter&, const Arguments&)> call);
const char* type_name(const Value& value);
/// str.isspace of Python for one character.
bool is_space(char32_t c);
std::string strip(const std::string& text, const std::string* characters, bool left, bool right);

}  // namespace brot::jinja
