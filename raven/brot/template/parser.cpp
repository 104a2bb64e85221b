// Tokens → tree, by Jinja's grammar.
#include "raven/base/message.hpp"
#include "raven/brot/template/internal/syntax.hpp"

namespace brot::jinja {

namespace {

constexpr int max_nesting = 150;

class Parser {
 public:
  explicit Parser(const std::string& source) : source_(source), tokens_(tokenize(source)) {}

  Syntax run() {
    syntax_.body = statements({});
    return std::move(syntax_);
  }

 private:
  // ------------------------------------------------------------------------------------------------------------ tokens

  const Token& current() const { return tokens_[at_]; }
  const Token& look() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  [[noreturn]] void fail(std::string_view message) const { fail_at(source_, current().offset, message); }
  [[noreturn]] void fail_at_token(const Token& token, std::string_view message) const {
    fail_at(source_, token.offset, message);
  }
  bool is_op(std::string_view op) const { return current().type == Token::op && current().text == op; }
  bool is_name(std::string_view name) const { return current().type == Token::name && current().text == name; }
  bool accept_op(std::string_view op) { return is_op(op) && (++at_, true); }
  bool accept_name(std::string_view name) { return is_name(name) && (++at_, true); }
  static std::string describe(const Token& token) {
    switch (token.type) {
      case Token::end: return "end of template";
      case Token::block_end: return "end of statement block";
      case Token::variable_end: return "end of print statement";
      case Token::string: return "string";
      case Token::number: return "number";
      case Token::data: return "template data";
      default: return "'" + token.text + "'";
    }
  }
  void expect_op(std::string_view op) {
    if (!accept_op(op)) fail(raven::Message() << "expected token '" << op << "', got " << describe(current()));
  }
  void expect_name(std::string_view name) {
    if (!accept_name(name)) fail(raven::Message() << "expected token '" << name << "', got " << describe(current()));
  }
  std::string any_name() {
    if (current().type != Token::name) fail(raven::Message() << "expected a name, got " << describe(current()));
    return tokens_[at_++].text;
  }
  void expect_block_end() {
    if (current().type != Token::block_end)
      fail(raven::Message() << "expected token 'end of statement block', got " << describe(current()));
    ++at_;
  }
  uint32_t id_of(const std::string& name) {
    const auto [it, fresh] = ids_.emplace(name, uint32_t(syntax_.names.size()));
    if (fresh) syntax_.names.push_back(name);
    return it->second;
  }
  struct Nesting {
    explicit Nesting(Parser& parser) : parser(parser) {
      if (++parser.depth_ > max_nesting) parser.fail("nested too deeply");
    }
    ~Nesting() { --parser.depth_; }
    Parser& parser;
  };

  // -------------------------------------------------------------------------------------------------------- statements

  // Statements up to a block whose name is in `ends`; that name is left as the current token. Without `ends`, to the
  // end.
  std::vector<Statement> statements(const std::vector<std::string_view>& ends) {
    const Nesting nesting(*this);
    std::vector<Statement> out;
    for (;;) {
      const Token& token = current();
      if (token.type == Token::data) {
        Statement text;
        text.text = token.text;
        out.push_back(std::move(text));
        ++at_;
      } else if (token.type == Token::variable_begin) {
        ++at_;
        Statement output;
        output.kind = StatementKind::output;
        output.offset = token.offset;
        output.expressions.push_back(tuple_or_expression(true));
        if (current().type != Token::variable_end)
          fail(raven::Message() << "expected token 'end of print statement', got " << describe(current()));
        ++at_;
        out.push_back(std::move(output));
      } else if (token.type == Token::block_begin) {
        const Token& tag = look();
        if (tag.type == Token::name) {
          for (const std::string_view end : ends) {
            if (tag.text == end) {
              ++at_;
              return out;
            }
          }
        }
        ++at_;
        out.push_back(statement());
      } else {
        if (!ends.empty()) fail(raven::Message() << "unexpected end of template: expected '" << ends.back() << "'");
        return out;
      }
    }
  }
  void end_block(std::string_view name) {
    expect_name(name);
    expect_block_end();
  }

  Statement statement() {
    Statement out;
    out.offset = current().offset;
    const Token tag = current();
    const std::string name = any_name();
    if (name == "if") return parse_if(std::move(out));
    if (name == "for") return parse_for(std::move(out));
    if (name == "set") return parse_set(std::move(out));
    if (name == "macro") {
      out.kind = StatementKind::macro;
      out.text = any_name();
      out.name_id = id_of(out.text);
      parameters(out);
      expect_block_end();
      out.bodies.push_back(statements({"endmacro"}));
      end_block("endmacro");
      return out;
    }
    if (name == "call") {
      out.kind = StatementKind::call_block;
      if (is_op("(")) parameters(out);
      out.expressions.push_back(expression());
      if (out.expressions[0].kind != ExpressionKind::call) fail_at_token(tag, "expected call");
      expect_block_end();
      out.bodies.push_back(statements({"endcall"}));
      end_block("endcall");
      return out;
    }
    if (name == "filter") {
      out.kind = StatementKind::filter_block;
      Expression input;
      out.expressions.push_back(filters(std::move(input), true));
      expect_block_end();
      out.bodies.push_back(statements({"endfilter"}));
      end_block("endfilter");
      return out;
    }
    if (name == "with") {
      out.kind = StatementKind::with;
      while (current().type != Token::block_end) {
        if (!out.targets.empty()) expect_op(",");
        out.targets.push_back(target(false));
        expect_op("=");
        out.expressions.push_back(expression());
      }
      expect_block_end();
      out.bodies.push_back(statements({"endwith"}));
      end_block("endwith");
      return out;
    }
    if (name == "generation") {
      out.kind = StatementKind::generation;
      expect_block_end();
      out.bodies.push_back(statements({"endgeneration"}));
      end_block("endgeneration");
      return out;
    }
    if (name == "break" || name == "continue") {
      if (loop_depth_ == 0) fail_at_token(tag, raven::Message() << "'" << name << "' outside loop");
      out.kind = name == "break" ? StatementKind::break_loop : StatementKind::continue_loop;
      expect_block_end();
      return out;
    }
    fail_at_token(tag, raven::Message() << "Encountered unknown tag '" << name << "'.");
  }

  Statement parse_if(Statement out) {
    out.kind = StatementKind::branch;
    for (;;) {
      out.expressions.push_back(tuple_or_expression(false));
      expect_block_end();
      out.bodies.push_back(statements({"elif", "else", "endif"}));
      if (accept_name("elif")) continue;
      if (accept_name("else")) {
        expect_block_end();
        out.bodies.push_back(statements({"endif"}));
      }
      end_block("endif");
      return out;
    }
  }

  Statement parse_for(Statement out) {
    out.kind = StatementKind::loop;
    out.targets.push_back(targets("in", false));
    expect_name("in");
    out.expressions.push_back(tuple_or_expression(false, "recursive"));
    if (accept_name("if")) out.expressions.push_back(expression());
    out.recursive = accept_name("recursive");
    out.name_id = id_of("loop");
    expect_block_end();
    ++loop_depth_;
    out.bodies.push_back(statements({"endfor", "else"}));
    --loop_depth_;
    if (accept_name("else")) {
      expect_block_end();
      out.bodies.push_back(statements({"endfor"}));
    }
    end_block("endfor");
    return out;
  }

  Statement parse_set(Statement out) {
    out.targets.push_back(targets("=", true));
    if (accept_op("=")) {
      out.kind = StatementKind::assign;
      out.expressions.push_back(tuple_or_expression(true));
      expect_block_end();
      return out;
    }
    out.kind = StatementKind::assign_block;
    if (is_op("|")) {
      Expression input;
      out.expressions.push_back(filters(std::move(input), false));
    }
    expect_block_end();
    out.bodies.push_back(statements({"endset"}));
    end_block("endset");
    return out;
  }

  Target target(bool with_namespace) {
    Target out;
    if (accept_op("(")) {
      out = targets(")", with_namespace);
      expect_op(")");
      return out;
    }
    const Token token = current();
    const std::string name = any_name();
    for (const std::string_view reserved : {"true", "false", "none", "True", "False", "None"}) {
      if (name == reserved) fail_at_token(token, raven::Message() << "can't assign to '" << name << "'");
    }
    out.name_id = id_of(name);
    if (with_namespace && accept_op(".")) out.attribute = any_name();
    return out;
  }
  Target targets(std::string_view end, bool with_namespace) {
    const Nesting nesting(*this);
    Target first = target(with_namespace);
    if (!is_op(",")) return first;
    Target out;
    out.parts.push_back(std::move(first));
    while (accept_op(",")) {
      if (is_op(end) || is_name(end)) break;
      out.parts.push_back(target(with_namespace));
    }
    return out;
  }

  void parameters(Statement& out) {
    expect_op("(");
    while (!is_op(")")) {
      if (!out.parameters.empty()) expect_op(",");
      Parameter parameter;
      parameter.name = any_name();
      parameter.name_id = id_of(parameter.name);
      if (accept_op("=")) {
        parameter.fallback.push_back(expression());
      } else if (!out.parameters.empty() && !out.parameters.back().fallback.empty()) {
        fail("non-default argument follows default argument");
      }
      out.parameters.push_back(std::move(parameter));
    }
    expect_op(")");
  }

  // ------------------------------------------------------------------------------------------------------- expressions

  Expression make(ExpressionKind kind, uint32_t offset, std::vector<Expression> children = {}) const {
    Expression out;
    out.kind = kind;
    out.offset = offset;
    out.children = std::move(children);
    return out;
  }
  template <class... E>
  static std::vector<Expression> children(E... expressions) {
    std::vector<Expression> out;
    (out.push_back(std::move(expressions)), ...);
    return out;
  }

  bool ends_tuple(std::string_view extra) const {
    const Token::Type type = current().type;
    return type == Token::variable_end || type == Token::block_end || type == Token::end || is_op(")") ||
           (!extra.empty() && is_name(extra));
  }

  Expression tuple_or_expression(bool with_conditional, std::string_view end = {}, bool in_parentheses = false) {
    const uint32_t offset = current().offset;
    std::vector<Expression> items;
    bool is_tuple = false;
    for (;;) {
      if (!items.empty()) {
        if (!accept_op(",")) break;
        is_tuple = true;
      }
      if (ends_tuple(end)) break;
      items.push_back(with_conditional ? expression() : logical_or());
      if (!is_op(",")) break;
    }
    if (!is_tuple) {
      if (items.size() == 1) return std::move(items[0]);
      if (!in_parentheses) fail(raven::Message() << "Expected an expression, got " << describe(current()));
    }
    return make(ExpressionKind::tuple, offset, std::move(items));
  }

  Expression expression() {
    const Nesting nesting(*this);
    Expression value = logical_or();
    for (int length = 0; is_name("if"); ++length) {
      if (length > max_nesting) fail("expression is too long");
      const uint32_t offset = current().offset;
      ++at_;
      Expression condition = logical_or();
      Expression otherwise;
      const bool has_else = accept_name("else");
      if (has_else) {
        otherwise = expression();
      } else {
        otherwise.value =
            Value::undefined("the inline if-expression evaluated to false and no else section was defined.");
      }
      value = make(ExpressionKind::conditional, offset,
                   children(std::move(condition), std::move(value), std::move(otherwise)));
    }
    return value;
  }

  Expression logical_or() {
    Expression left = logical_and();
    for (int length = 0; is_name("or"); ++length) {
      if (length > max_nesting) fail("expression is too long");
      const uint32_t offset = tokens_[at_++].offset;
      left = make(ExpressionKind::logical_or, offset, children(std::move(left), logical_and()));
    }
    return left;
  }
  Expression logical_and() {
    Expression left = logical_not();
    for (int length = 0; is_name("and"); ++length) {
      if (length > max_nesting) fail("expression is too long");
      const uint32_t offset = tokens_[at_++].offset;
      left = make(ExpressionKind::logical_and, offset, children(std::move(left), logical_not()));
    }
    return left;
  }
  Expression logical_not() {
    if (!is_name("not")) return comparison();
    const Nesting nesting(*this);
    const uint32_t offset = tokens_[at_++].offset;
    return make(ExpressionKind::invert, offset, children(logical_not()));
  }

  Expression comparison() {
    static constexpr std::pair<std::string_view, Comparison> operators[] = {
        {"==", Comparison::equal},      {"!=", Comparison::not_equal}, {"<", Comparison::less},
        {"<=", Comparison::less_equal}, {">", Comparison::greater},    {">=", Comparison::greater_equal}};
    const uint32_t offset = current().offset;
    Expression out = make(ExpressionKind::compare, offset, children(sum()));
    for (;;) {
      bool found = false;
      for (const auto& [op, comparison] : operators) {
        if (!accept_op(op)) continue;
        out.comparisons.push_back(comparison);
        found = true;
        break;
      }
      if (!found && accept_name("in")) {
        out.comparisons.push_back(Comparison::in);
        found = true;
      }
      if (!found && is_name("not") && look().type == Token::name && look().text == "in") {
        at_ += 2;
        out.comparisons.push_back(Comparison::not_in);
        found = true;
      }
      if (!found) break;
      out.children.push_back(sum());
    }
    if (out.comparisons.empty()) return std::move(out.children[0]);
    return out;
  }

  Expression binary(Arithmetic op, uint32_t offset, Expression left, Expression right) {
    Expression out = make(ExpressionKind::arithmetic, offset, children(std::move(left), std::move(right)));
    out.arithmetic = op;
    return out;
  }
  // A chain of operators of one level nests to the left, so its length counts as depth.
  Expression chain(Expression (Parser::*operand)(),
                   std::initializer_list<std::pair<std::string_view, Arithmetic>> operators) {
    Expression left = (this->*operand)();
    for (int length = 0;; ++length) {
      bool found = false;
      for (const auto& [text, op] : operators) {
        if (!is_op(text)) continue;
        if (length > max_nesting) fail("expression is too long");
        const uint32_t offset = tokens_[at_++].offset;
        left = binary(op, offset, std::move(left), (this->*operand)());
        found = true;
        break;
      }
      if (!found) return left;
    }
  }
  Expression sum() { return chain(&Parser::concatenation, {{"+", Arithmetic::add}, {"-", Arithmetic::subtract}}); }
  Expression concatenation() {
    const uint32_t offset = current().offset;
    std::vector<Expression> parts = children(product());
    while (accept_op("~")) parts.push_back(product());
    if (parts.size() == 1) return std::move(parts[0]);
    return make(ExpressionKind::concat, offset, std::move(parts));
  }
  Expression product() {
    return chain(&Parser::power, {{"*", Arithmetic::multiply},
                                  {"/", Arithmetic::divide},
                                  {"//", Arithmetic::floor_divide},
                                  {"%", Arithmetic::modulo}});
  }
  Expression power() { return chain(&Parser::filtered_unary, {{"**", Arithmetic::power}}); }
  Expression filtered_unary() { return unary(true); }

  Expression unary(bool with_filters) {
    const Nesting nesting(*this);
    const uint32_t offset = current().offset;
    Expression out;
    if (accept_op("-")) {
      out = make(ExpressionKind::negate, offset, children(unary(false)));
    } else if (accept_op("+")) {
      out = make(ExpressionKind::plus, offset, children(unary(false)));
    } else {
      out = primary();
    }
    out = postfix(std::move(out));
    return with_filters ? filter_chain(std::move(out)) : std::move(out);
  }

  Expression primary() {
    const Token& token = current();
    const uint32_t offset = token.offset;
    Expression out = make(ExpressionKind::constant, offset);
    switch (token.type) {
      case Token::name: {
        const std::string name = token.text;
        ++at_;
        if (name == "true" || name == "True") {
          out.value = true;
        } else if (name == "false" || name == "False") {
          out.value = false;
        } else if (name != "none" && name != "None") {
          out.kind = ExpressionKind::name;
          out.name = name;
          out.name_id = id_of(name);
        }
        return out;
      }
      case Token::string: {
        std::string text;
        while (current().type == Token::string) text += tokens_[at_++].text;
        out.value = std::move(text);
        return out;
      }
      case Token::number:
        out.value = token.value;
        ++at_;
        return out;
      case Token::op:
        if (accept_op("(")) {
          out = tuple_or_expression(true, {}, true);
          expect_op(")");
          return out;
        }
        if (accept_op("[")) {
          out.kind = ExpressionKind::list;
          while (!is_op("]")) {
            if (!out.children.empty()) expect_op(",");
            if (is_op("]")) break;
            out.children.push_back(expression());
          }
          expect_op("]");
          return out;
        }
        if (accept_op("{")) {
          out.kind = ExpressionKind::dict;
          while (!is_op("}")) {
            if (!out.children.empty()) expect_op(",");
            if (is_op("}")) break;
            out.children.push_back(expression());
            expect_op(":");
            out.children.push_back(expression());
          }
          expect_op("}");
          return out;
        }
        [[fallthrough]];
      default: fail(raven::Message() << "unexpected " << describe(token));
    }
  }

  Expression postfix(Expression value) {
    for (int length = 0;; ++length) {
      if (length > max_nesting) fail("expression is too long");
      const uint32_t offset = current().offset;
      if (accept_op(".")) {
        if (current().type == Token::number && current().value.is_integer()) {
          Expression key = make(ExpressionKind::constant, current().offset);
          key.value = tokens_[at_++].value;
          value = make(ExpressionKind::item, offset, children(std::move(value), std::move(key)));
          continue;
        }
        Expression out = make(ExpressionKind::attribute, offset, children(std::move(value)));
        out.name = any_name();
        value = std::move(out);
      } else if (accept_op("[")) {
        value = subscript(std::move(value), offset);
      } else if (is_op("(")) {
        value = call(std::move(value));
      } else {
        return value;
      }
    }
  }

  Expression call(Expression function) {
    Expression out = make(ExpressionKind::call, current().offset, children(std::move(function)));
    out.call = arguments();
    return out;
  }

  Expression subscript(Expression object, uint32_t offset) {
    std::vector<Expression> parts;  // start, stop, step
    bool is_slice = false;
    const auto part = [&] {
      Expression none;
      if (is_op(":") || is_op("]")) {
        parts.push_back(std::move(none));
      } else {
        parts.push_back(expression());
      }
    };
    part();
    while (parts.size() < 3 && accept_op(":")) {
      is_slice = true;
      part();
    }
    if (!is_slice && parts[0].kind == ExpressionKind::constant && is_op("]") && tokens_[at_ - 1].type == Token::op &&
        tokens_[at_ - 1].text == "[") {
      fail("expected an expression in brackets");
    }
    if (!is_slice && is_op(",")) {
      while (accept_op(",")) parts.push_back(expression());
      Expression key = make(ExpressionKind::tuple, offset, std::move(parts));
      parts.clear();
      parts.push_back(std::move(key));
    }
    expect_op("]");
    if (!is_slice) return make(ExpressionKind::item, offset, children(std::move(object), std::move(parts[0])));
    parts.resize(3);
    return make(ExpressionKind::slice, offset,
                children(std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])));
  }

  Call arguments() {
    Call out;
    expect_op("(");
    for (bool first = true; !is_op(")"); first = false) {
      if (!first) {
        expect_op(",");
        if (is_op(")")) break;
      }
      if (accept_op("**")) {
        out.spread_named.push_back(expression());
      } else if (accept_op("*")) {
        out.spread.push_back(expression());
      } else if (current().type == Token::name && look().type == Token::op && look().text == "=") {
        std::string name = any_name();
        ++at_;
        out.names.push_back(std::move(name));
        out.named.push_back(expression());
      } else {
        if (!out.named.empty() || !out.spread.empty() || !out.spread_named.empty())
          fail("invalid syntax for function call expression");
        out.positional.push_back(expression());
      }
    }
    expect_op(")");
    return out;
  }

  // `| name(arguments)` and `is name` after a value.
  Expression filter_chain(Expression value) {
    for (int length = 0;; ++length) {
      if (length > max_nesting) fail("expression is too long");
      if (is_op("|")) {
        value = filters(std::move(value), false, length);
      } else if (is_name("is")) {
        value = test(std::move(value));
      } else if (is_op("(")) {
        value = call(std::move(value));
      } else {
        return value;
      }
    }
  }

  Expression filters(Expression value, bool inline_start) {
    int length = 0;
    return filters(std::move(value), inline_start, length);
  }
  Expression filters(Expression value, bool inline_start, int& length) {
    for (; inline_start || is_op("|"); ++length) {
      if (length > max_nesting) fail("expression is too long");
      if (!inline_start) ++at_;
      inline_start = false;
      const Token token = current();
      std::string name = any_name();
      while (accept_op(".")) name += "." + any_name();
      Expression out = make(ExpressionKind::filter, token.offset, children(std::move(value)));
      out.filter = find_filter(name);
      if (!out.filter) fail_at_token(token, raven::Message() << "No filter named '" << name << "'.");
      out.name = std::move(name);
      if (is_op("(")) out.call = arguments();
      value = std::move(out);
    }
    return value;
  }

  Expression test(Expression value) {
    ++at_;
    const bool negated = accept_name("not");
    const Token token = current();
    Expression out = make(ExpressionKind::test, token.offset, children(std::move(value)));
    out.negated = negated;
    out.name = any_name();
    while (accept_op(".")) out.name += "." + any_name();
    out.test = find_test(out.name);
    if (!out.test) fail_at_token(token, raven::Message() << "No test named '" << out.name << "'.");
    const Token::Type type = current().type;
    if (is_op("(")) {
      out.call = arguments();
    } else if (type == Token::string || type == Token::number || is_op("[") || is_op("{") ||
               (type == Token::name && !is_name("else") && !is_name("or") && !is_name("and"))) {
      if (is_name("is")) fail("You cannot chain multiple tests with is");
      out.call.positional.push_back(postfix(primary()));
    }
    return out;
  }

  const std::string& source_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int loop_depth_ = 0;
  Syntax syntax_;
  std::map<std::string, uint32_t> ids_;
};

}  // namespace

Syntax parse_template(const std::string& source) { return Parser(source).run(); }

}  // namespace brot::jinja
