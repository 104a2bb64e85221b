// Programs as text: printer and parser.
#include <charconv>
#include <cstring>
#include <string>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/program.hpp"

namespace nx {

namespace {

constexpr int max_nesting = 32;
constexpr char hex_digits[] = "0123456789abcdef";

// ---- printing
// --------------------------------------------------------------------------------------------------------

void print_value(raven::Message& m, const Program& program, Program::Id id) {
  m << "%" << id << ":" << program.aval(id);
}

void print_ids(raven::Message& m, std::span<const Program::Id> ids) {
  for (size_t i = 0; i < ids.size(); ++i) m << (i > 0 ? ", %" : "%") << ids[i];
}

/// Lines of a nested program move two columns in.
std::string indented(const std::string& text) {
  std::string out;
  for (const char c : text) out.append(c == '\n' ? "\n  " : std::string(1, c));
  return out;
}

void print_bytes(raven::Message& m, const Array& constant) {
  std::string hex;
  const std::byte* data = detail::impl_of(constant)->data;
  for (int64_t i = 0; i < constant.nbytes(); ++i) {
    const auto byte = std::to_integer<unsigned>(data[i]);
    hex.append({hex_digits[byte >> 4], hex_digits[byte & 15]});
  }
  m << hex;
}

}  // namespace

std::string Program::print() const {
  raven::Message m("program(");
  for (Id i = 0; i < inputs_; ++i) {
    if (i > 0) m << ", ";
    print_value(m, *this, i);
  }
  m << ") {\n";
  for (size_t i = 0; i < constants_.size(); ++i) {
    m << "  ";
    print_value(m, *this, inputs_ + static_cast<Id>(i));
    m << " = constant(";
    print_bytes(m, constants_[i]);
    m << ")\n";
  }
  for (const Equation& e : equations_) {
    m << "  ";
    for (uint32_t i = 0; i < e.results; ++i) {
      if (i > 0) m << ", ";
      print_value(m, *this, e.first_result + i);
    }
    m << (e.results > 0 ? " = " : "") << op_info(e.op).name << indented(attrs_print(e.op, e.attrs.get())) << "(";
    print_ids(m, e.operands);
    m << ")\n";
  }
  m << (outputs_.empty() ? "  return" : "  return ");
  print_ids(m, outputs_);
  m << "\n}";
  return m.str();
}

// ---- reading
// ---------------------------------------------------------------------------------------------------------

namespace {

class ProgramReader {
 public:
  explicit ProgramReader(std::string_view text) : text_(text) {}

  Program read() {
    check_nesting();
    expect("program");
    expect("(");
    if (!accept(")")) {
      do {
        const auto [id, aval] = typed_id();
        define(id, builder_.input(aval));
      } while (accept(","));
      expect(")");
    }
    expect("{");
    while (!accept("return")) line();
    std::vector<Program::Id> outputs;
    if (peek("%")) do
        outputs.push_back(known_id());
      while (accept(","));
    expect("}");
    space();
    if (at_ < text_.size()) fail("the end of the program");
    return builder_.build(outputs);
  }

 private:
  using Id = Program::Id;
  struct TypedId {
    Id id;
    Aval aval;
  };

  [[noreturn]] void fail(std::string_view expected) const {
    int64_t line = 1;
    for (size_t i = 0; i < at_; ++i) line += text_[i] == '\n';
    const std::string_view rest = text_.substr(at_).substr(0, text_.substr(at_).find('\n')).substr(0, 40);
    throw ValueError("nx.Program.parse", raven::Message("line ")
                                             << line << ": found '" << rest << "', expected " << expected);
  }
  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  bool peek(std::string_view token) {
    space();
    return text_.substr(at_).starts_with(token);
  }
  bool accept(std::string_view token) {
    if (!peek(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail(raven::Message("'") << token << "'");
  }
  template <class N>
  N number() {
    space();
    N value{};
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) fail("a number");
    at_ = static_cast<size_t>(end - text_.data());
    return value;
  }
  std::string_view word() {
    space();
    const size_t start = at_;
    while (at_ < text_.size() && (isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    return text_.substr(start, at_ - start);
  }

  /// Each level parses its nested programs again, so hostile nesting is refused first.
  void check_nesting() {
    int depth = 0;
    for (at_ = 0; at_ < text_.size(); ++at_) {
      if (text_[at_] == '{' && ++depth > 2 * max_nesting)
        fail(raven::Message("programs nested at most ") << max_nesting << " deep");
      if (text_[at_] == '}') --depth;
    }
    at_ = 0;
  }

  /// Text ids count up from 0; the builder's may differ from them only by what build() renumbers.
  void define(Id text_id, Id id) {
    if (text_id != known_.size())
      fail(raven::Message("the definition of %") << known_.size() << " (values are numbered in order)");
    known_.push_back(id);
  }
  Id known_id() {
    expect("%");
    const Id id = number<Id>();
    if (id >= known_.size()) fail(raven::Message("a value below %") << known_.size() << ", the next to be defined");
    return known_[id];
  }

  TypedId typed_id() {
    expect("%");
    TypedId typed{number<Id>(), {}};
    expect(":");
    const std::string_view dtype = word();
    typed.aval.dtype = parse_dtype(dtype);
    expect("[");
    if (!accept("]")) {
      do typed.aval.shape.push_back(number<int64_t>());
      while (accept(","));
      expect("]");
    }
    element_count(typed.aval.shape.span(), "nx.Program.parse");  // not negative, does not overflow
    return typed;
  }

  void line() {
    std::vector<TypedId> results;
    if (peek("%")) {
      do results.push_back(typed_id());
      while (accept(","));
      expect("=");
    }
    const std::string_view op_name = word();
    if (op_name == "constant" && results.size() == 1)
      define(results[0].id, builder_.constant(constant(results[0].aval)));
    else
      equation(op_name, results);
  }

  Array constant(const Aval& aval) {
    expect("(");
    const size_t bytes = static_cast<size_t>(element_count(aval.shape.span()) * item_size(aval.dtype));
    const size_t digits = text_.substr(at_).find(')');
    if (digits == std::string_view::npos || digits % 2 != 0 || digits / 2 != bytes)
      fail(raven::Message() << bytes << " bytes in hexadecimal and ')'");
    Array out = detail::empty_array(aval.dtype, aval.shape.span());
    for (size_t i = 0; i < bytes; ++i, at_ += 2) {
      unsigned byte = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 2, byte, 16);
      if (error != std::errc() || end != text_.data() + at_ + 2) fail("two hexadecimal digits");
      if (is_bool(aval.dtype) && byte > 1) fail("00 or 01, the bytes of a bool");
      detail::impl_of(out)->data[i] = static_cast<std::byte>(byte);
    }
    expect(")");
    return out;
  }

  void equation(std::string_view op_name, const std::vector<TypedId>& results) {
    Op op;
    if (!find_op(op_name, op)) fail(raven::Message("the name of an op, not '") << op_name << "'");
    const AttrsBox attrs = AttrsBox::parse(op, attributes());
    std::vector<Id> operands;
    expect("(");
    if (!accept(")")) {
      do operands.push_back(known_id());
      while (accept(","));
      expect(")");
    }
    if (results.size() != static_cast<size_t>(result_count(op, attrs.get(), operands.size())))
      fail(raven::Message() << result_count(op, attrs.get(), operands.size()) << " results of " << op_name << ", not "
                            << results.size());
    const Id first = builder_.equation(op, operands, attrs.get());
    for (size_t i = 0; i < results.size(); ++i) {
      const Id id = first + static_cast<Id>(i);
      if (builder_.aval(id) != results[i].aval)
        fail(raven::Message("type ") << builder_.aval(id) << " for %" << results[i].id << " of " << op_name << ", not "
                                     << results[i].aval);
      define(results[i].id, id);
    }
  }

  /// `{…}` after an op's name, with the braces of nested programs inside; empty when there is none.
  std::string_view attributes() {
    if (!peek("{")) return {};
    const size_t start = at_;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '{') ++depth;
      if (text_[at_] == '}' && --depth == 0) return text_.substr(start, ++at_ - start);
    }
    at_ = start;
    fail("'}' at the end of the attributes");
  }

  std::string_view text_;
  size_t at_ = 0;
  ProgramBuilder builder_;
  std::vector<Id> known_;  // builder's id of each id in the text
};

}  // namespace

Program Program::parse(std::string_view text) { return ProgramReader(text).read(); }

}  // namespace nx
