#pragma once
// Tokens and tree of a template. Internal to brot.
#include <map>

#include "raven/brot/template/internal/engine.hpp"
#include "raven/brot/template/template.hpp"

namespace brot::jinja {

struct Token {
  enum Type : uint8_t {
    data,
    variable_begin,
    variable_end,
    block_begin,
    block_end,
    name,
    string,
    number,
    op,
    end
  } type;
  uint32_t offset;
  std::string text;  // of an operator its spelling
  Value value;       // of a number
};

struct Expression;
struct Call {
  std::vector<Expression> positional;
  std::vector<std::string> names;
  std::vector<Expression> named;         // by names
  std::vector<Expression> spread;        // *args
  std::vector<Expression> spread_named;  // **kwargs
};

enum class ExpressionKind : uint8_t {
  constant,
  name,
  list,
  tuple,
  dict,
  attribute,
  item,
  slice,
  call,
  filter,
  test,
  negate,
  plus,
  invert,
  arithmetic,
  concat,
  compare,
  logical_and,
  logical_or,
  conditional
};
enum class Comparison : uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };

struct Expression {
  ExpressionKind kind = ExpressionKind::constant;
  bool negated = false;  // of a test
  Arithmetic arithmetic = Arithmetic::add;
  uint32_t offset = 0;
  uint32_t name_id = 0;
  std::string name;
  Value value;
  std::vector<Expression> children;  // of a slice: object, start, stop, step; absent parts are constant None
  std::vector<Comparison> comparisons;
  Call call;
  Filter filter = nullptr;
  Test test = nullptr;
};

// An assignment target: a name, `ns.attribute`, or several of them.
struct Target {
  uint32_t name_id = 0;
  std::string attribute;
  std::vector<Target> parts;
};

struct Parameter {
  uint32_t name_id;
  std::string name;
  std::vector<Expression> fallback;  // one or none
};

enum class StatementKind : uint8_t {
  text,
  output,
  branch,
  loop,
  assign,
  assign_block,
  macro,
  call_block,
  filter_block,
  with,
  generation,
  break_loop,
  continue_loop
};

struct Statement {
  StatementKind kind = StatementKind::text;
  bool recursive = false;
  uint32_t offset = 0;
  uint32_t name_id = 0;
  std::string text;
  std::vector<Expression> expressions;  // branch: a condition per body; loop: the iterable, then the filter if any
  std::vector<std::vector<Statement>>
      bodies;  // branch: one more than conditions when there is an else; loop: body, else
  std::vector<Target> targets;
  std::vector<Parameter> parameters;
};

struct Syntax {
  std::vector<Statement> body;
  std::vector<std::string> names;  // by name_id
};

std::vector<Token> tokenize(const std::string& source);
Syntax parse_template(const std::string& source);
[[noreturn]] void fail_at(std::string_view source, size_t offset, std::string_view message);

}  // namespace brot::jinja
