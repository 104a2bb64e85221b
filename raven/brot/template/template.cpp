// Runs a template: the tree is walked, names live on one stack of bindings cut into frames.
#include "raven/brot/template/template.hpp"

#include <algorithm>
#include <utility>

#include "raven/base/message.hpp"
#include "raven/brot/template/internal/syntax.hpp"

namespace brot {

using namespace jinja;

struct ChatTemplate::Impl {
  std::string source;  // line ends normalized, as Jinja's own
  TemplateLimits limits;
  Syntax syntax;
};

namespace {

// C++ frames per level of evaluation are bounded, so this bounds the stack.
constexpr int max_evaluation_depth = 1500;

std::string described(size_t line, size_t column, std::string_view message) {
  raven::Message out;
  out << "line " << line << ", column " << column << ": " << message;
  return out.str();
}

// Line ends as Jinja reads a source: \r\n and \r are \n, one at the end is dropped.
std::string normalized_source(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

enum class Flow : uint8_t { normal, break_loop, continue_loop };

class Run final : public Interpreter {
 public:
  Run(const ChatTemplate::Impl& program, const Value& variables, const RenderOptions& options)
      : program_(program), options_(options), random_(options.seed) {
    globals_.reserve(program.syntax.names.size());
    for (const std::string& name : program.syntax.names) {
      const Value* found = variables.is_mapping() ? variables.find(std::string_view(name)) : nullptr;
      globals_.push_back(found ? *found : builtin(name));
    }
    frames_.push_back({0, no_parent});
    out_ = &result_.text;
  }
  ~Run() override {
    for (const Value& name_space : namespaces_) name_space.clear_namespace();
  }

  RenderedTemplate run() {
    try {
      execute(program_.syntax.body);
    } catch (const EvalError& error) {
      fail_at(program_.source, offset_, error.what());
    }
    return std::move(result_);
  }

  // ------------------------------------------------------------------------------------------------ for the built-ins

  Value call(const Value& function, const Arguments& arguments) override {
    if (!function.is(Value::Type::callable)) {
      throw EvalError(function.is_undefined() ? function.message()
                                              : std::string("'") + type_name(function) + "' object is not callable");
    }
    return function.callable().call(*this, arguments);
  }
  Value filter(std::string_view name, const Value& input, const Arguments& arguments) override {
    const Filter found = find_filter(name);
    if (!found) throw EvalError("No filter named '" + std::string(name) + "'.");
    return (*found)(*this, input, arguments);
  }
  bool test(std::string_view name, const Value& input, const Arguments& arguments) override {
    const Test found = find_test(name);
    if (!found) throw EvalError("No test named '" + std::string(name) + "'.");
    return (*found)(*this, input, arguments);
  }
  void charge(size_t steps) override {
    work_ += steps;
    if (work_ > 4 * program_.limits.output_bytes + 16 * program_.limits.loop_iterations)
      throw EvalError("template does too much work: its limit is reached");
  }
  void keep_namespace(const Value& name_space) override { namespaces_.push_back(name_space); }
  uint64_t random(uint64_t bound) override {
    // SplitMix64, Steele, Lea and Flood 2014.
    uint64_t z = random_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return uint64_t(static_cast<unsigned __int128>(z ^ (z >> 31)) * bound >> 64);
  }

 private:
  static constexpr uint32_t no_parent = uint32_t(-1);
  struct Binding {
    uint32_t name_id;
    Value value;
  };
  struct Frame {
    uint32_t begin;   // of its bindings; they end where the next frame begins
    uint32_t parent;  // where a name is looked up next
  };
  // Pops a frame on the way out, whatever happens.
  struct Scope {
    Scope(Run& run, uint32_t parent) : run(run) { run.frames_.push_back({uint32_t(run.bindings_.size()), parent}); }
    explicit Scope(Run& run) : Scope(run, uint32_t(run.frames_.size() - 1)) {}
    ~Scope() {
      run.bindings_.resize(run.frames_.back().begin);
      run.frames_.pop_back();
    }
    Run& run;
  };
  struct Depth {
    explicit Depth(Run& run) : run(run) {
      if (++run.depth_ > max_evaluation_depth) throw EvalError("maximum recursion depth exceeded");
    }
    ~Depth() { --run.depth_; }
    Run& run;
  };
  // Sends output elsewhere for a while.
  struct Capture {
    explicit Capture(Run& run) : run(run), outer(run.out_) { run.out_ = &text; }
    ~Capture() { run.out_ = outer; }
    Run& run;
    std::string* outer;
    std::string text;
  };

  // --------------------------------------------------------------------------------------------------------- names

  Value builtin(const std::string& name) {
    const auto row = std::find_if(std::begin(builtin_rows), std::end(builtin_rows),
                                  [&](const BuiltinRow& one) { return one.name == name; });
    if (row != std::end(builtin_rows))
      return function(name, [this, row](Interpreter&, const Arguments& arguments) {
        check_arguments(row->name, row->parameters, arguments);
        return (this->*row->function)(arguments);
      });
    return Value::undefined("'" + name + "' is undefined");
  }

  Value make_namespace(const Arguments& arguments) {
    Value out = Value::make_namespace();
    keep_namespace(out);
    const Value values = make_dict(arguments);
    for (const auto& [key, value] : values.entries()) out.set(key, value);
    return out;
  }

  Value raise(const Arguments& arguments) { throw EvalError(arguments.require(0, "message").str()); }

  Value format_now(const Arguments& arguments) {
    const Value& format = arguments.require(0, "format");
    if (!format.is_string()) throw EvalError(std::string("strftime() argument must be str, not ") + type_name(format));
    return format_time(options_.now >= 0 ? Moment::at(options_.now) : Moment::of_clock(), format.string());
  }

  Value make_range(const Arguments& arguments) {
    const bool one = arguments.positional.size() == 1;
    const int64_t start = one ? 0 : arguments.integer(0, "start", 0);
    const int64_t stop = one ? arguments.integer(0, "stop", 0) : arguments.integer(1, "stop", 0);
    const int64_t step = arguments.integer(2, "step", 1);
    if (arguments.positional.empty() || step == 0) throw EvalError("range() needs a stop, and a step other than zero");
    const __int128 span = step > 0 ? __int128(stop) - start : __int128(start) - stop;
    const __int128 width = step > 0 ? __int128(step) : -__int128(step);
    const __int128 count = span <= 0 ? 0 : (span + width - 1) / width;
    // The sandbox's own limit.
    if (count > 100000) throw EvalError("Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
    charge(size_t(count));
    std::vector<Value> items;
    for (int64_t i = 0; i < int64_t(count); ++i) items.push_back(start + i * step);
    return Value::list(std::move(items));
  }

  /// Of a mapping or of pairs, then the named ones.
  Value make_dict(const Arguments& arguments) {
    if (arguments.positional.size() > 1)
      throw EvalError("dict expected at most 1 argument, got " + std::to_string(arguments.positional.size()));
    std::vector<std::pair<Value, Value>> entries;
    if (!arguments.positional.empty()) {
      const Value& source = arguments.positional[0];
      if (source.is_mapping()) {
        entries = source.entries();
      } else {
        for (const Value& element : iterate(*this, source)) {
          std::vector<Value> pair = iterate(*this, element);
          if (pair.size() != 2)
            throw EvalError("dictionary update sequence element has length " + std::to_string(pair.size()) +
                            "; 2 is required");
          entries.emplace_back(hashable(std::move(pair[0])), std::move(pair[1]));
        }
      }
      charge(entries.size());
    }
    for (const auto& [key, value] : arguments.named) entries.emplace_back(Value(key), value);
    return Value::dict(std::move(entries));
  }

  static Value hashable(Value key) {
    if (key.is(Value::Type::list) || key.is_mapping())
      throw EvalError(std::string("unhashable type: '") + type_name(key) + "'");
    return key;
  }

  Value make_joiner(const Arguments& arguments) {
    auto used = std::make_shared<bool>(false);
    return function("joiner", [used, separator = arguments.text(0, "sep", ", ")](Interpreter&, const Arguments& none) {
      check_arguments("joiner", "", none);
      return std::exchange(*used, true) ? Value(separator) : Value("");
    });
  }

  Value make_cycler(const Arguments& arguments) { return cycler(arguments.positional); }

  struct BuiltinRow {
    std::string_view name;
    Value (Run::*function)(const Arguments&);
    std::string_view parameters;  // as for check_arguments
  };
  static const BuiltinRow builtin_rows[7];

  static Value cycler(std::vector<Value> items) {
    if (items.empty()) throw EvalError("at least one item has to be provided");
    struct State {
      std::vector<Value> items;
      size_t at = 0;
    };
    const uint32_t depth = nesting(Value::list(items));
    auto state = std::make_shared<State>(State{std::move(items), 0});
    auto out = std::make_shared<Callable>();
    out->depth = depth;
    out->name = "cycler";
    out->call = [](Interpreter&, const Arguments&) -> Value { throw EvalError("'Cycler' object is not callable"); };
    out->attribute = [state](std::string_view name) -> std::optional<Value> {
      if (name == "current") return state->items[state->at];
      if (name == "next") {
        return function("next", [state](Interpreter&, const Arguments&) {
          const Value value = state->items[state->at];
          state->at = (state->at + 1) % state->items.size();
          return value;
        });
      }
      if (name == "reset") {
        return function("reset", [state](Interpreter&, const Arguments&) {
          state->at = 0;
          return Value();
        });
      }
      return std::nullopt;
    };
    return Value::from_callable(std::move(out));
  }

  static constexpr uint32_t no_name = uint32_t(-1);
  uint32_t id_of(std::string_view name) const {
    const auto& names = program_.syntax.names;
    const auto it = std::find(names.begin(), names.end(), name);
    return it == names.end() ? no_name : uint32_t(it - names.begin());
  }

  const Value& look_up(uint32_t name_id) const {
    for (uint32_t f = uint32_t(frames_.size() - 1); f != no_parent; f = frames_[f].parent) {
      const size_t end = f + 1 < frames_.size() ? frames_[f + 1].begin : bindings_.size();
      for (size_t i = end; i-- > frames_[f].begin;) {
        if (bindings_[i].name_id == name_id) return bindings_[i].value;
      }
    }
    return globals_[name_id];
  }
  void bind(uint32_t name_id, Value value) {
    for (size_t i = bindings_.size(); i-- > frames_.back().begin;) {
      if (bindings_[i].name_id == name_id) {
        bindings_[i].value = std::move(value);
        return;
      }
    }
    bindings_.push_back({name_id, std::move(value)});
  }
  void assign(const Target& target, const Value& value) {
    if (!target.parts.empty()) {
      const std::vector<Value> items = iterate(*this, value);
      if (items.size() != target.parts.size()) {
        throw EvalError(items.size() < target.parts.size()
                            ? "not enough values to unpack (expected " + std::to_string(target.parts.size()) +
                                  ", got " + std::to_string(items.size()) + ")"
                            : "too many values to unpack (expected " + std::to_string(target.parts.size()) + ")");
      }
      for (size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i]);
    } else if (!target.attribute.empty()) {
      Value object = look_up(target.name_id);
      if (!object.is(Value::Type::name_space)) throw EvalError("cannot assign attribute on non-namespace object");
      object.set(Value(target.attribute), value);
    } else {
      bind(target.name_id, value);
    }
  }

  // ---------------------------------------------------------------------------------------------------- statements

  void emit(std::string_view text) {
    if (out_->size() + text.size() > program_.limits.output_bytes)
      throw EvalError("output is larger than its limit of " + std::to_string(program_.limits.output_bytes) + " bytes");
    out_->append(text);
  }

  Flow execute(const std::vector<Statement>& body) {
    const Depth depth(*this);
    for (const Statement& statement : body) {
      const Flow flow = execute(statement);
      if (flow != Flow::normal) return flow;
    }
    return Flow::normal;
  }

  Flow execute(const Statement& statement) {
    switch (statement.kind) {
      case StatementKind::text: emit(statement.text); return Flow::normal;
      case StatementKind::output: {
        const Value value = evaluate(statement.expressions[0]);
        if (value.is_string()) {
          emit(value.string());
        } else {
          offset_ = statement.offset;
          emit(value.str());
        }
        return Flow::normal;
      }
      case StatementKind::branch:
        for (size_t i = 0; i < statement.expressions.size(); ++i) {
          if (evaluate(statement.expressions[i]).truthy()) return execute(statement.bodies[i]);
        }
        if (statement.bodies.size() > statement.expressions.size()) return execute(statement.bodies.back());
        return Flow::normal;
      case StatementKind::loop: run_loop(statement, evaluate(statement.expressions[0]), 0); return Flow::normal;
      case StatementKind::assign: {
        const Value value = evaluate(statement.expressions[0]);
        offset_ = statement.offset;
        assign(statement.targets[0], value);
        return Flow::normal;
      }
      case StatementKind::assign_block: {
        std::string text;
        {
          Capture capture(*this);
          const Scope scope(*this);
          execute(statement.bodies[0]);
          text = std::move(capture.text);
        }
        Value value(std::move(text));
        if (!statement.expressions.empty()) value = apply_filters(statement.expressions[0], value);
        offset_ = statement.offset;
        assign(statement.targets[0], value);
        return Flow::normal;
      }
      case StatementKind::macro: bind(statement.name_id, make_macro(statement, statement.text)); return Flow::normal;
      case StatementKind::call_block: {
        const Expression& expression = statement.expressions[0];
        const Value caller = make_macro(statement, "caller");
        const Value function = evaluate(expression.children[0]);
        Arguments arguments = evaluate_arguments(expression.call);
        arguments.named.emplace_back("caller", caller);
        offset_ = expression.offset;
        emit(call(function, arguments).str());
        return Flow::normal;
      }
      case StatementKind::filter_block: {
        std::string text;
        {
          Capture capture(*this);
          const Scope scope(*this);
          execute(statement.bodies[0]);
          text = std::move(capture.text);
        }
        emit(apply_filters(statement.expressions[0], Value(std::move(text))).str());
        return Flow::normal;
      }
      case StatementKind::with: {
        std::vector<Value> values;
        for (const Expression& expression : statement.expressions) values.push_back(evaluate(expression));
        const Scope scope(*this);
        for (size_t i = 0; i < values.size(); ++i) assign(statement.targets[i], values[i]);
        return execute(statement.bodies[0]);
      }
      case StatementKind::generation: {
        const bool at_top = out_ == &result_.text;
        const size_t begin = out_->size();
        const Flow flow = execute(statement.bodies[0]);
        if (at_top) result_.generation.push_back({begin, out_->size()});
        return flow;
      }
      case StatementKind::break_loop: return Flow::break_loop;
      case StatementKind::continue_loop: return Flow::continue_loop;
    }
    return Flow::normal;
  }

  struct LoopState {
    std::vector<Value> items;
    size_t index = 0;
    size_t depth = 0;
    std::optional<Value> changed;
    Run* run = nullptr;  // null once the loop is over
    const Statement* statement = nullptr;
  };

  Value loop_object(const std::shared_ptr<LoopState>& state) {
    auto out = std::make_shared<Callable>();
    out->name = "loop";
    out->call = [weak = std::weak_ptr(state)](Interpreter&, const Arguments& arguments) -> Value {
      const auto state = weak.lock();
      if (!state || !state->run || !state->statement->recursive)
        throw EvalError("The loop must have the 'recursive' marker to be called recursively.");
      Run& run = *state->run;
      Capture capture(run);
      run.run_loop(*state->statement, arguments.require(0, "iterable"), state->depth + 1);
      return std::move(capture.text);
    };
    out->attribute = [state](std::string_view name) -> std::optional<Value> {
      const auto index = int64_t(state->index), count = int64_t(state->items.size());
      if (name == "index") return index + 1;
      if (name == "index0") return index;
      if (name == "first") return index == 0;
      if (name == "last") return index + 1 == count;
      if (name == "length") return count;
      if (name == "revindex") return count - index;
      if (name == "revindex0") return count - index - 1;
      if (name == "depth") return int64_t(state->depth + 1);
      if (name == "depth0") return int64_t(state->depth);
      if (name == "previtem")
        return index > 0 ? state->items[size_t(index - 1)] : Value::undefined("there is no previous item");
      if (name == "nextitem")
        return index + 1 < count ? state->items[size_t(index + 1)] : Value::undefined("there is no next item");
      if (name == "cycle") {
        return function("cycle", [index](Interpreter&, const Arguments& arguments) {
          if (arguments.positional.empty()) throw EvalError("no items for cycling given");
          return arguments.positional[size_t(index) % arguments.positional.size()];
        });
      }
      if (name == "changed") {
        return function("changed", [weak = std::weak_ptr(state)](Interpreter&, const Arguments& arguments) -> Value {
          const Value values = Value::tuple(arguments.positional);
          const auto state = weak.lock();
          if (!state || (state->changed && *state->changed == values)) return false;
          state->changed = values;
          return true;
        });
      }
      return std::nullopt;
    };
    return Value::from_callable(std::move(out));
  }

  void run_loop(const Statement& statement, const Value& iterable, size_t loop_depth) {
    const Depth depth(*this);
    if (loop_depth > program_.limits.recursion) throw EvalError("recursion of a loop is deeper than its limit");
    offset_ = statement.expressions[0].offset;
    auto state = std::make_shared<LoopState>();
    state->depth = loop_depth;
    state->run = this;
    state->statement = &statement;
    std::vector<Value> items = iterate(*this, iterable);
    if (statement.expressions.size() > 1) {
      for (Value& item : items) {
        count_iteration();
        const Scope scope(*this);
        assign(statement.targets[0], item);
        if (evaluate(statement.expressions[1]).truthy()) state->items.push_back(std::move(item));
      }
    } else {
      state->items = std::move(items);
    }
    if (state->items.empty()) {
      if (statement.bodies.size() > 1) {
        const Scope scope(*this);
        execute(statement.bodies[1]);
      }
      return;
    }
    struct End {
      ~End() { state.run = nullptr; }
      LoopState& state;
    } end{*state};
    const Value loop = loop_object(state);
    for (; state->index < state->items.size(); ++state->index) {
      count_iteration();
      const Scope scope(*this);
      bindings_.push_back({statement.name_id, loop});
      offset_ = statement.offset;
      assign(statement.targets[0], state->items[state->index]);
      if (execute(statement.bodies[0]) == Flow::break_loop) break;
    }
  }
  void count_iteration() {
    if (++iterations_ > program_.limits.loop_iterations)
      throw EvalError("loops run more often than their limit of " + std::to_string(program_.limits.loop_iterations));
  }

  Value make_macro(const Statement& statement, std::string name) {
    const auto parent = uint32_t(frames_.size() - 1);
    return function(std::move(name), [this, &statement, parent](Interpreter&, const Arguments& arguments) {
      return call_macro(statement, parent, arguments);
    });
  }

  Value call_macro(const Statement& statement, uint32_t parent, const Arguments& arguments) {
    if (++macro_depth_ > program_.limits.recursion) {
      macro_depth_ = 0;
      throw EvalError("maximum recursion depth exceeded");
    }
    const size_t offset = offset_;
    const size_t known = statement.parameters.size();
    Capture capture(*this);
    {
      const Scope scope(*this, std::min(parent, uint32_t(frames_.size() - 1)));
      std::vector<Value> extra;
      for (size_t i = known; i < arguments.positional.size(); ++i) extra.push_back(arguments.positional[i]);
      std::vector<std::pair<Value, Value>> extra_named;
      for (size_t i = 0; i < known; ++i) {
        const Parameter& parameter = statement.parameters[i];
        Value value;
        if (const Value* given = arguments.get(i, parameter.name)) {
          value = *given;
        } else if (!parameter.fallback.empty()) {
          value = evaluate(parameter.fallback[0]);
        } else {
          value = Value::undefined("parameter '" + parameter.name + "' was not provided");
        }
        bindings_.push_back({parameter.name_id, std::move(value)});
      }
      const Value* caller = nullptr;
      for (const auto& [name, value] : arguments.named) {
        bool is_parameter = false;
        for (const Parameter& parameter : statement.parameters) is_parameter = is_parameter || parameter.name == name;
        if (is_parameter) continue;
        if (name == "caller") {
          caller = &value;
        } else {
          extra_named.emplace_back(Value(name), value);
        }
      }
      // Names that the template never mentions have no id: then nothing may take what is left over.
      if (const uint32_t id = id_of("varargs"); id != no_name) {
        bindings_.push_back({id, Value::tuple(std::move(extra))});
      } else if (!extra.empty()) {
        throw EvalError("macro " + Value(statement.text).repr() + " takes not more than " + std::to_string(known) +
                        " argument(s)");
      }
      if (const uint32_t id = id_of("kwargs"); id != no_name) {
        bindings_.push_back({id, Value::dict(std::move(extra_named))});
      } else if (!extra_named.empty()) {
        throw EvalError("macro " + Value(statement.text).repr() + " takes no keyword argument " +
                        extra_named[0].first.repr());
      }
      if (const uint32_t id = id_of("caller"); id != no_name) {
        bindings_.push_back({id, caller ? *caller : Value::undefined("No caller defined")});
      } else if (caller) {
        throw EvalError("macro " + Value(statement.text).repr() + " takes no keyword argument 'caller'");
      }
      execute(statement.bodies[0]);
    }
    --macro_depth_;
    offset_ = offset;
    charge(capture.text.size());
    return std::move(capture.text);
  }

  // --------------------------------------------------------------------------------------------------- expressions

  Arguments evaluate_arguments(const Call& call) {
    Arguments out;
    out.positional.reserve(call.positional.size());
    for (const Expression& argument : call.positional) out.positional.push_back(evaluate(argument));
    for (size_t i = 0; i < call.named.size(); ++i) out.named.emplace_back(call.names[i], evaluate(call.named[i]));
    for (const Expression& spread : call.spread) {
      for (Value& value : iterate(*this, evaluate(spread))) out.positional.push_back(std::move(value));
    }
    for (const Expression& spread : call.spread_named) {
      const Value values = evaluate(spread);
      if (!values.is_mapping()) throw EvalError("argument after ** must be a mapping");
      for (const auto& [key, value] : values.entries()) out.named.emplace_back(key.str(), value);
    }
    return out;
  }

  // Filters of a block: the innermost input is the block's text.
  Value apply_filters(const Expression& expression, const Value& input) {
    if (expression.kind != ExpressionKind::filter) return input;
    const Value inner = apply_filters(expression.children[0], input);
    const Arguments arguments = evaluate_arguments(expression.call);
    offset_ = expression.offset;
    return (*expression.filter)(*this, inner, arguments);
  }

  Value evaluate(const Expression& e) {
    switch (e.kind) {
      case ExpressionKind::constant: return e.value;
      case ExpressionKind::name: return look_up(e.name_id);
      default: break;
    }
    const Depth depth(*this);
    switch (e.kind) {
      case ExpressionKind::list:
      case ExpressionKind::tuple: {
        std::vector<Value> items;
        items.reserve(e.children.size());
        for (const Expression& child : e.children) items.push_back(evaluate(child));
        return e.kind == ExpressionKind::list ? Value::list(std::move(items)) : Value::tuple(std::move(items));
      }
      case ExpressionKind::dict: {
        std::vector<std::pair<Value, Value>> entries;
        for (size_t i = 0; i < e.children.size(); i += 2) {
          Value key = hashable(evaluate(e.children[i]));
          entries.emplace_back(std::move(key), evaluate(e.children[i + 1]));
        }
        return Value::dict(std::move(entries));
      }
      case ExpressionKind::attribute: {
        const Value object = evaluate(e.children[0]);
        offset_ = e.offset;
        return attribute(object, e.name);
      }
      case ExpressionKind::item: {
        const Value object = evaluate(e.children[0]);
        const Value key = evaluate(e.children[1]);
        offset_ = e.offset;
        return item(object, key);
      }
      case ExpressionKind::slice: {
        const Value object = evaluate(e.children[0]);
        const Value start = evaluate(e.children[1]), stop = evaluate(e.children[2]), step = evaluate(e.children[3]);
        offset_ = e.offset;
        return slice(*this, object, start, stop, step);
      }
      case ExpressionKind::call: return evaluate_call(e);
      case ExpressionKind::filter: {
        const Value input = evaluate(e.children[0]);
        const Arguments arguments = evaluate_arguments(e.call);
        offset_ = e.offset;
        return (*e.filter)(*this, input, arguments);
      }
      case ExpressionKind::test: {
        const Value input = evaluate(e.children[0]);
        const Arguments arguments = evaluate_arguments(e.call);
        offset_ = e.offset;
        return (*e.test)(*this, input, arguments) != e.negated;
      }
      case ExpressionKind::negate:
      case ExpressionKind::plus: {
        const Value value = evaluate(e.children[0]);
        offset_ = e.offset;
        if (e.kind == ExpressionKind::negate) return arithmetic(*this, Arithmetic::subtract, Value(0), value);
        return arithmetic(*this, Arithmetic::add, Value(0), value);
      }
      case ExpressionKind::invert: return !evaluate(e.children[0]).truthy();
      case ExpressionKind::arithmetic: {
        const Value left = evaluate(e.children[0]), right = evaluate(e.children[1]);
        offset_ = e.offset;
        return arithmetic(*this, e.arithmetic, left, right);
      }
      case ExpressionKind::concat: {
        std::string out;
        for (const Expression& child : e.children) out += evaluate(child).str();
        charge(out.size());
        return out;
      }
      case ExpressionKind::compare: return evaluate_comparison(e);
      case ExpressionKind::logical_and: {
        Value left = evaluate(e.children[0]);
        return left.truthy() ? evaluate(e.children[1]) : left;
      }
      case ExpressionKind::logical_or: {
        Value left = evaluate(e.children[0]);
        return left.truthy() ? left : evaluate(e.children[1]);
      }
      case ExpressionKind::conditional:
        return evaluate(e.children[0]).truthy() ? evaluate(e.children[1]) : evaluate(e.children[2]);
      default: return {};
    }
  }

  Value evaluate_call(const Expression& e) {
    const Expression& callee = e.children[0];
    if (callee.kind == ExpressionKind::attribute) {
      const Value object = evaluate(callee.children[0]);
      const Arguments arguments = evaluate_arguments(e.call);
      offset_ = callee.offset;
      if (std::optional<Value> out = call_method(*this, object, callee.name, arguments)) return std::move(*out);
      return call(attribute(object, callee.name), arguments);
    }
    const Value function = evaluate(callee);
    const Arguments arguments = evaluate_arguments(e.call);
    offset_ = e.offset;
    return call(function, arguments);
  }

  Value evaluate_comparison(const Expression& e) {
    Value left = evaluate(e.children[0]);
    for (size_t i = 0; i < e.comparisons.size(); ++i) {
      Value right = evaluate(e.children[i + 1]);
      offset_ = e.offset;
      bool holds = false;
      switch (e.comparisons[i]) {
        case Comparison::equal: holds = left == right; break;
        case Comparison::not_equal: holds = !(left == right); break;
        case Comparison::less: holds = compare(left, right) < 0; break;
        case Comparison::less_equal: holds = compare(left, right) <= 0; break;
        case Comparison::greater: holds = compare(left, right) > 0; break;
        case Comparison::greater_equal: holds = compare(left, right) >= 0; break;
        case Comparison::in: holds = contains(right, left); break;
        case Comparison::not_in: holds = !contains(right, left); break;
      }
      if (!holds) return false;
      left = std::move(right);
    }
    return true;
  }

  const ChatTemplate::Impl& program_;
  RenderOptions options_;
  uint64_t random_;
  std::vector<Value> globals_;
  std::vector<Binding> bindings_;
  std::vector<Frame> frames_;
  std::vector<Value> namespaces_;
  RenderedTemplate result_;
  std::string* out_ = nullptr;
  size_t offset_ = 0;  // of what is being evaluated, for messages
  size_t iterations_ = 0, work_ = 0, macro_depth_ = 0;
  int depth_ = 0;
};

const Run::BuiltinRow Run::builtin_rows[] = {{"namespace", &Run::make_namespace, "* **"},
                                             {"raise_exception", &Run::raise, "message"},
                                             {"strftime_now", &Run::format_now, "format"},
                                             {"range", &Run::make_range, "start stop step /"},
                                             {"dict", &Run::make_dict, "* **"},
                                             {"cycler", &Run::make_cycler, "*"},
                                             {"joiner", &Run::make_joiner, "sep"}};

}  // namespace

TemplateError::TemplateError(size_t line, size_t column, std::string_view message)
    : Error(ErrorCode::format, "brot.ChatTemplate", described(line, column, message)),
      line_(line),
      column_(column),
      message_(message) {}
TemplateError::~TemplateError() = default;

ChatTemplate::ChatTemplate(std::string_view source, TemplateLimits limits) {
  auto impl = std::make_shared<Impl>();
  impl->source = normalized_source(source);
  impl->limits = limits;
  impl->syntax = parse_template(impl->source);
  impl_ = std::move(impl);
}

RenderedTemplate ChatTemplate::render_with_spans(const jinja::Value& variables, const RenderOptions& options) const {
  return Run(*impl_, variables, options).run();
}
std::string ChatTemplate::render(const jinja::Value& variables, const RenderOptions& options) const {
  return render_with_spans(variables, options).text;
}
const std::string& ChatTemplate::source() const noexcept { return impl_->source; }

}  // namespace brot
