#pragma once
// The values that templates compute with: Python's, as far as Jinja shows them.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/base/export.hpp"

namespace brot::jinja {

class Value;
struct ListData;
struct DictData;
struct Callable;

/// A value of a template: cheap to copy, lists and dictionaries are shared and never change once a template sees them.
class RAVEN_API Value {
 public:
  enum class Type : uint8_t {
    undefined,
    none,
    boolean,
    integer,
    real,
    string,
    list,
    tuple,
    dict,
    name_space,
    callable
  };

  /// None.
  Value() noexcept : type_(Type::none) {}
  Value(bool value) noexcept : type_(Type::boolean) { number_.integer = value; }
  Value(int64_t value) noexcept : type_(Type::integer) { number_.integer = value; }
  Value(int value) noexcept : Value(int64_t(value)) {}
  Value(double value) noexcept : type_(Type::real) { number_.real = value; }
  Value(std::string value);
  Value(std::string_view value);
  Value(const char* value);

  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  /// A dictionary in the given order; a key that comes again replaces the former value.
  static Value dict(std::vector<std::pair<Value, Value>> entries = {});
  /// What a missing name is: prints as nothing, refuses everything else.
  static Value undefined(std::string_view message);
  /// Reads JSON text (depth ≤ 128). Integers beyond 64 bits become real.
  /// @throws raven::FormatError with the byte offset of the fault
  static Value from_json(std::string_view json);

  Type type() const noexcept { return type_; }
  bool is(Type type) const noexcept { return type_ == type; }
  bool is_none() const noexcept { return type_ == Type::none; }
  bool is_undefined() const noexcept { return type_ == Type::undefined; }
  bool is_string() const noexcept { return type_ == Type::string; }
  bool is_sequence() const noexcept { return type_ == Type::list || type_ == Type::tuple; }
  bool is_mapping() const noexcept { return type_ == Type::dict; }
  bool is_number() const noexcept { return type_ == Type::integer || type_ == Type::real || type_ == Type::boolean; }
  bool is_integer() const noexcept { return type_ == Type::integer || type_ == Type::boolean; }

  int64_t integer() const noexcept { return number_.integer; }
  double real() const noexcept { return type_ == Type::real ? number_.real : double(number_.integer); }
  const std::string& string() const noexcept { return *static_cast<const std::string*>(object_.get()); }
  const std::vector<Value>& items() const noexcept;
  const std::vector<std::pair<Value, Value>>& entries() const noexcept;
  const Callable& callable() const noexcept { return *static_cast<const Callable*>(object_.get()); }
  /// The value of `key` in a dictionary or namespace, or null.
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  /// Sets `key` of a dictionary or namespace that no one else reads; used while building.
  void set(const Value& key, Value value);
  /// The message of an undefined value.
  const std::string& message() const noexcept { return string(); }
  const void* identity() const noexcept { return object_.get(); }

  /// Python's truth value.
  bool truthy() const noexcept;
  /// Python's str(): what `{{ value }}` prints.
  std::string str() const;
  /// Python's repr().
  std::string repr() const;
  /// Python's json.dumps with ensure_ascii=False. @param indent −1: one line
  std::string json(int64_t indent = -1, std::string_view item_separator = {}, std::string_view key_separator = {},
                   bool sort_keys = false) const;
  /// Python's ==.
  bool operator==(const Value& other) const;

  // For the engine.
  static Value from_callable(std::shared_ptr<const Callable> callable);
  static Value make_namespace();
  void clear_namespace() const;

 private:
  bool equal(const Value& other, size_t& budget) const;
  void append_str(std::string& out, bool quoted, int depth) const;
  void append_json(std::string& out, int64_t indent, std::string_view item_separator, std::string_view key_separator,
                   bool sort_keys, int depth) const;
  Type type_;
  union {
    int64_t integer;
    double real;
  } number_ = {};
  std::shared_ptr<void> object_;
};

}  // namespace brot::jinja
