// Reads what print.cpp writes; README.md has the grammar. One line at a time, from left to right: the type in an op's
// name gives the types of its operands, so that constants need none of their own. Each constant becomes a node of its
// own before the line that uses it. What a line alone cannot show (scopes, storage, lanes) is for the verifier.
#include <charconv>

#include "raven/tolk/loop/internal/rules.hpp"
#include "raven/tolk/loop/internal/text.hpp"

namespace tolk::loop {
namespace detail {
namespace {

/// A token inside an error text: short, and printable whatever it holds.
std::string quoted(std::string_view token) {
  constexpr size_t longest = 32;
  std::string text = "'";
  for (const char c : token.substr(0, longest)) text += c >= ' ' && c <= '~' ? c : '?';
  return text + (token.size() > longest ? "…'" : "'");
}

template <class T>
bool read_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Type type_named(std::string_view name) {
  for (int i = 1; i < type_count; ++i)
    if (name_of(static_cast<Type>(i)) == name) return static_cast<Type>(i);
  return Type::none;
}

/// What may follow the operands: a word, or a word and a number.
struct Ending {
  std::string_view word;
  bool has_number;
  bool optional;
  int64_t otherwise;  ///< the immediate of a line without it
};
constexpr Ending ending_of(Code code) {
  switch (code) {
    case Code::local:
    case Code::dim: return {"", true, false, 0};
    case Code::reg: return {"width", true, true, 1};
    case Code::loop: return {"step", true, true, 1};
    case Code::lanes: return {"width", true, false, 0};
    case Code::store:
    case Code::store_if: return {"stream", false, true, 0};
    case Code::check: return {"site", true, false, 0};
    case Code::turn: return {"stride", true, false, 0};
    default: return {"", false, true, 0};
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  ParseResult run() {
    if (rest_.size() >= no_id / 2) return failed("the text is too long");
    bool named = false;
    while (!rest_.empty()) {
      const size_t end = std::min(rest_.find('\n'), rest_.size());
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (line_.find_first_not_of(' ') == line_.npos) continue;
      if (!(named ? read_line() : read_name()) || !line_ends()) return failed(error_);
      named = true;
    }
    if (!named) return failed("no kernel");
    if (depth_ > 0) return failed(std::to_string(depth_) + " blocks are not closed");
    return {std::move(kernel_), ""};
  }

 private:
  ParseResult failed(const std::string& what) const { return {{}, "line " + std::to_string(number_) + ": " + what}; }
  bool fail(std::string what) {
    error_ = std::move(what);
    return false;
  }

  /// The next token of the line; empty at its end.
  std::string_view next() {
    line_.remove_prefix(std::min(line_.find_first_not_of(' '), line_.size()));
    const std::string_view token = line_.substr(0, line_.find(' '));
    line_.remove_prefix(token.size());
    return token;
  }
  bool line_ends() {
    const std::string_view token = next();
    return token.empty() || fail("unexpected " + quoted(token));
  }

  bool read_name() {
    if (next() != "kernel") return fail("expected 'kernel' and a name");
    kernel_.name = next();
    return !kernel_.name.empty() || fail("expected the kernel's name");
  }

  bool read_line() {
    std::string_view token = next();
    const bool numbered = token.starts_with('%');
    if (numbered) {
      const std::string expected = "%" + std::to_string(values_.size());
      if (token != expected) return fail("expected " + expected + ", got " + quoted(token));
      if (next() != "=") return fail("expected '=' after " + expected);
      token = next();
    }
    Node node;
    Type data = Type::none, from = Type::none;
    if (!read_code(token, node, data, from)) return false;
    if (is_numbered(node.code) != numbered)
      return fail(std::string(info(node.code).text) + (numbered ? " has no value to name" : " needs a %number"));
    if (!read_operands(node, data, from) || !read_ending(node) || !enter(node)) return false;
    if (numbered) values_.push_back(static_cast<Id>(kernel_.nodes.size()));
    kernel_.nodes.push_back(node);
    return true;
  }

  /// `add.f32`, `cast.i64.f32` (to, from), `loop`.
  bool read_code(std::string_view token, Node& node, Type& data, Type& from) {
    const size_t dot = std::min(token.find('.'), token.size());
    if (!code_named(token.substr(0, dot), node.code)) return fail("unknown op " + quoted(token));
    std::string_view types = token.substr(dot);
    const bool converts = node.code == Code::cast || node.code == Code::bitcast;
    for (Type* type : {&data, &from}) {
      if (type == &data ? !names_type(node.code) : !converts) continue;
      const size_t end = std::min(types.find('.', 1), types.size());
      *type = types.empty() ? Type::none : type_named(types.substr(1, end - 1));
      if (*type == Type::none)
        return fail("expected " + std::string(info(node.code).text) + (converts ? ".TYPE.TYPE" : ".TYPE") + ", got " +
                    quoted(token));
      types.remove_prefix(end);
    }
    if (!types.empty()) return fail("unexpected type in " + quoted(token));
    const CodeInfo& code = info(node.code);
    if (code.kind == Kind::statement || node.code == Code::when)
      node.type = Type::none;
    else if (code.predicate)
      node.type = Type::b1;
    else
      node.type = names_type(node.code) ? data : Type::i64;
    return true;
  }
  static bool code_named(std::string_view text, Code& code) {
    for (int i = 0; i < code_count; ++i) {
      code = static_cast<Code>(i);
      if (code != Code::constant && info(code).text == text) return true;  // constants stand inside lines
    }
    return false;
  }

  bool read_operands(Node& node, Type data, Type from) {
    const Slots& slots = slots_of(node.code);
    for (int i = 0; i < info(node.code).operands; ++i) {
      const std::string_view token = next();
      const std::string which = "operand " + std::to_string(i + 1);
      if (token.empty()) return fail(which + " is missing");
      const Type type = slot_type(slots[i], data, from);
      if (token.starts_with('%')) {
        uint32_t number = 0;
        if (!read_number(token.substr(1), number) || number >= values_.size())
          return fail(which + ": no such value " + quoted(token));
        node.operand[i] = values_[number];
        const Type got = kernel_.nodes[node.operand[i]].type;
        if (got != type)
          return fail(which + " has type " + std::string(name_of(got)) + ", not " + std::string(name_of(type)));
        continue;
      }
      if (slots[i] == Slot::array || slots[i] == Slot::lanes || slots[i] == Slot::status)
        return fail(which + " must be storage, got " + quoted(token));
      Node constant{Code::constant, type};
      uint64_t bits = 0;
      if (!read_literal(token, type, bits))
        return fail(which + ": " + quoted(token) + " is no " + std::string(name_of(type)));
      constant.immediate = static_cast<int64_t>(bits);
      node.operand[i] = static_cast<Id>(kernel_.nodes.size());
      kernel_.nodes.push_back(constant);
    }
    return true;
  }

  bool read_ending(Node& node) {
    if (node.code == Code::param) return read_access(node.immediate);
    const Ending ending = ending_of(node.code);
    node.immediate = ending.otherwise;
    if (ending.word.empty() && !ending.has_number) return true;
    std::string_view token = next();
    if (token.empty() && ending.optional) return true;
    if (!ending.word.empty()) {
      if (token != ending.word) return fail("expected '" + std::string(ending.word) + "', got " + quoted(token));
      node.immediate = 1;
      if (!ending.has_number) return true;
      token = next();
    }
    return read_number(token, node.immediate) || fail("expected a number, got " + quoted(token));
  }
  bool read_access(int64_t& access) {
    const std::string_view token = next();
    constexpr std::string_view words[] = {"read", "write", "both"};
    for (access = 0; access < 3; ++access)
      if (token == words[access]) return true;
    return fail("expected read, write or both, got " + quoted(token));
  }

  bool enter(const Node& node) {
    if (node.code == Code::end) return --depth_ >= 0 || fail("'end' closes no block");
    if (info(node.code).kind != Kind::block) return true;
    return ++depth_ <= max_block_depth || fail("more than " + std::to_string(max_block_depth) + " blocks are open");
  }

  std::string_view rest_;   ///< what follows this line
  std::string_view line_;   ///< what is left of this line
  int64_t number_ = 0;      ///< of this line, from 1
  std::vector<Id> values_;  ///< the node that each %number names
  int depth_ = 0;
  Kernel kernel_;
  std::string error_;
};

}  // namespace
}  // namespace detail

ParseResult parse(std::string_view text) { return detail::Parser(text).run(); }

}  // namespace tolk::loop
