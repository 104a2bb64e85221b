// Pattern text → tree. One recursive descent for both dialects; where they differ it asks `ruby_`.
#include <algorithm>
#include <map>

#include "raven/base/message.hpp"
#include "raven/brot/regex/ast.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::regex {

namespace {

constexpr uint32_t max_depth = 200;
constexpr uint32_t max_repeat = 100000;

struct Flags {
  bool ignore_case = false;
  bool dot_all = false;
  bool extended = false;
  bool multi_line = false;  // tiktoken's dialect alone: in Ruby's ^ and $ are always line anchors
};

class Parser {
 public:
  Parser(std::string_view pattern, RegexDialect dialect, UnicodeProfile profile)
      : pattern_(pattern), ruby_(dialect == RegexDialect::oniguruma), profile_(profile) {
    if (const size_t bad = unicode::find_invalid(pattern); bad != pattern.size()) fail(bad, "invalid UTF-8");
    count_groups();
  }

  Node run() {
    Node node = parse_alternation();
    if (at_ != pattern_.size()) fail(at_, "unmatched `)`");
    return node;
  }

 private:
  [[noreturn]] void fail(size_t position, std::string_view message) const {
    throw RegexError(pattern_, position, message);
  }

  // ------------------------------------------------------------------------------------------------------- reading

  bool more() const { return at_ < pattern_.size(); }
  bool looking_at(std::string_view text) const { return pattern_.substr(at_, text.size()) == text; }
  bool accept(std::string_view text) {
    if (!looking_at(text)) return false;
    at_ += text.size();
    return true;
  }
  char32_t next() {
    const char* p = pattern_.data() + at_;
    const char32_t c = unicode::next_scalar(p);
    at_ = size_t(p - pattern_.data());
    return c;
  }
  char peek() const { return more() ? pattern_[at_] : '\0'; }

  // Numbers of groups exist before the groups are parsed: \1 may stand before its group. Named groups make plain ones
  // non-capturing.
  void count_groups() {
    bool in_class = false;
    for (size_t i = 0; i < pattern_.size(); ++i) {
      const char c = pattern_[i];
      if (c == '\\') {
        ++i;
      } else if (in_class) {
        in_class = c != ']';
      } else if (c == '[') {
        in_class = true;
      } else if (c == '(') {
        if (i + 1 < pattern_.size() && pattern_[i + 1] == '?') {
          const std::string_view rest = pattern_.substr(i + 2);
          const bool named = rest.starts_with("'") || rest.starts_with("P<") ||
                             (rest.starts_with("<") && !rest.starts_with("<=") && !rest.starts_with("<!"));
          named_groups_ += named;
        } else {
          ++plain_groups_;
        }
      }
    }
  }
  uint32_t group_total() const { return named_groups_ ? named_groups_ : plain_groups_; }

  // ------------------------------------------------------------------------------------------------------ structure

  Node parse_alternation() {
    const size_t start = at_;
    if (++depth_ > max_depth) fail(start, "nested too deeply");
    const Flags outer = flags_;
    Node alternation;
    alternation.kind = Kind::alternation;
    alternation.children.push_back(parse_sequence());
    while (accept("|")) alternation.children.push_back(parse_sequence());
    flags_ = outer;
    --depth_;
    if (alternation.children.size() == 1) return std::move(alternation.children[0]);
    return alternation;
  }

  Node parse_sequence() {
    Node sequence;
    while (more() && peek() != '|' && peek() != ')') {
      if (flags_.extended && skip_extended()) continue;
      if (accept("(?#")) {
        while (more() && peek() != ')') at_ += peek() == '\\' && at_ + 1 < pattern_.size() ? 2 : 1;
        if (!accept(")")) fail(pattern_.size(), "unterminated comment");
        continue;
      }
      const size_t start = at_;
      bool options_to_end = false;
      Node atom = parse_atom(options_to_end);
      if (!options_to_end) atom = parse_quantifiers(std::move(atom), start);
      append(sequence, std::move(atom));
      if (options_to_end) break;
    }
    if (sequence.children.size() == 1) return std::move(sequence.children[0]);
    return sequence;
  }

  // Neighbouring folded characters join, so that "ss" can match ß.
  static void append(Node& sequence, Node node) {
    if (node.kind == Kind::folded && !sequence.children.empty() && sequence.children.back().kind == Kind::folded) {
      auto& scalars = sequence.children.back().scalars;
      scalars.insert(scalars.end(), node.scalars.begin(), node.scalars.end());
    } else if (node.kind == Kind::sequence && node.children.empty()) {
      return;
    } else {
      sequence.children.push_back(std::move(node));
    }
  }

  bool skip_extended() {
    const char c = peek();
    if (c == '#') {
      while (more() && peek() != '\n') ++at_;
      return true;
    }
    if (c != ' ' && !(c >= '\t' && c <= '\r')) return false;
    ++at_;
    return true;
  }

  static Node set_node(CharSet set) {
    Node node;
    node.kind = Kind::set;
    node.set = std::move(set);
    return node;
  }
  static Node assertion_node(Assertion assertion) {
    Node node;
    node.kind = Kind::assertion;
    node.assertion = assertion;
    return node;
  }
  Node literal(char32_t c) const {
    if (!flags_.ignore_case) return set_node(CharSet::of(c));
    if (!ruby_) return set_node(CharSet::of(c).case_closure(profile_));
    Node node;
    node.kind = Kind::folded;
    const Folding folded = fold(c, profile_);
    node.scalars.assign(folded.scalars, folded.scalars + folded.size);
    return node;
  }
  static Node wrap(Kind kind, Node child) {
    Node node;
    node.kind = kind;
    node.children.push_back(std::move(child));
    return node;
  }

  Node parse_atom(bool& options_to_end) {
    const size_t start = at_;
    const char c = peek();
    switch (c) {
      case '(': return parse_group(options_to_end);
      case '[': return parse_class_atom();
      case '\\': return parse_escape_atom();
      case '.': ++at_; return set_node(flags_.dot_all ? CharSet::all() : CharSet::of('\n').complement());
      case '^':
        ++at_;
        return assertion_node(ruby_ || flags_.multi_line ? Assertion::line_begin : Assertion::text_begin);
      case '$': ++at_; return assertion_node(ruby_ || flags_.multi_line ? Assertion::line_end : Assertion::text_end);
      case '*':
      case '+':
      case '?': fail(start, "target of repeat operator is not specified");
      default: return literal(next());
    }
  }

  // ---------------------------------------------------------------------------------------------------- quantifiers

  struct Interval {
    uint32_t min, max;
  };

  // Reads `{n,m}` at `at_`; leaves everything alone when the brace is no interval.
  bool parse_interval(Interval& interval) {
    const size_t start = at_;
    ++at_;
    const auto number = [&](uint32_t& value) {
      const size_t first = at_;
      uint64_t v = 0;
      while (more() && peek() >= '0' && peek() <= '9') {
        v = v * 10 + uint64_t(pattern_[at_++] - '0');
        if (v > max_repeat) fail(start, "too big number for repeat range");
      }
      value = uint32_t(v);
      return at_ != first;
    };
    const bool has_min = number(interval.min);
    if (accept(",")) {
      const bool has_max = number(interval.max);
      if (!has_max) interval.max = unbounded;
      if (!has_min && (!has_max || !ruby_)) return at_ = start, false;
    } else {
      if (!has_min) return at_ = start, false;
      interval.max = interval.min;
    }
    if (!accept("}")) return at_ = start, false;
    return true;
  }

  // Oniguruma refuses to repeat what is a place rather than text, even as one of several alternatives.
  static bool is_place(const Node& node) {
    if (node.kind == Kind::alternation) return std::any_of(node.children.begin(), node.children.end(), is_place);
    return node.kind == Kind::assertion || node.kind == Kind::look;
  }

  Node parse_quantifiers(Node atom, size_t start) {
    for (uint32_t nested = 0;; ++nested) {
      while (flags_.extended && more() && skip_extended()) {
      }
      Interval interval{0, unbounded};
      const size_t here = at_;
      bool is_interval = false;
      switch (peek()) {
        case '*': ++at_; break;
        case '+':
          ++at_;
          interval.min = 1;
          break;
        case '?':
          ++at_;
          interval.max = 1;
          break;
        case '{':
          if (!parse_interval(interval)) return atom;
          is_interval = true;
          break;
        default: return atom;
      }
      if (!more() && here == at_) return atom;
      if (is_place(atom)) fail(here, "target of repeat operator is invalid");
      if (nested > 20) fail(start, "too many repeat operators on one target");
      Node repeat;
      repeat.greed = Greed::greedy;
      const bool fixed = is_interval && interval.min == interval.max;
      if (interval.max < interval.min) {  // Oniguruma's {3,1}: possessive {1,3}
        if (!ruby_) fail(here, "repeat range is reversed");
        std::swap(interval.min, interval.max);
        repeat.greed = Greed::possessive;
      } else if (!(ruby_ && fixed) && accept("?")) {
        repeat.greed = Greed::lazy;
      } else if (!(ruby_ && is_interval) && accept("+")) {
        repeat.greed = Greed::possessive;
      }
      repeat.kind = Kind::repeat;
      repeat.min = interval.min;
      repeat.max = interval.max;
      if (is_one_loop(atom, repeat)) {
        atom.min = std::min(atom.min, repeat.min);
        atom.max = std::max(atom.max, repeat.max);
        continue;
      }
      repeat.children.push_back(std::move(atom));
      atom = std::move(repeat);
    }
  }

  /// `(?:x+)*` and its like try the same ways to match, in the same order, as one of `x?`, `x*`, `x+` with the smaller
  /// minimum and the greater maximum. As two loops they would try each of them exponentially often.
  static bool is_one_loop(const Node& inner, const Node& outer) {
    const auto simple = [](const Node& n) { return n.min <= 1 && (n.max == unbounded || (n.min == 0 && n.max == 1)); };
    return inner.kind == Kind::repeat && inner.greed == outer.greed && outer.greed != Greed::possessive && simple(inner) &&
           simple(outer) && !holds_capture(inner);
  }
  static bool holds_capture(const Node& node) {
    return node.kind == Kind::capture || std::any_of(node.children.begin(), node.children.end(), holds_capture);
  }

  // --------------------------------------------------------------------------------------------------------- groups

  Node close(Node node, size_t start) {
    if (!accept(")")) fail(start, "group is not closed: expected `)`");
    return node;
  }

  Node parse_group(bool& options_to_end) {
    const size_t start = at_;
    ++at_;
    if (looking_at("*") && ruby_) fail(start, "callouts are not supported");
    if (!accept("?")) {
      if (named_groups_) return close(parse_alternation(), start);
      Node capture;
      capture.kind = Kind::capture;
      capture.index = ++group_count_;
      capture.children.push_back(parse_alternation());
      return close(std::move(capture), start);
    }
    if (accept(":")) return close(parse_alternation(), start);
    if (accept("=")) return close(look(false, false), start);
    if (accept("!")) return close(look(false, true), start);
    if (accept("<=")) return close(look(true, false), start);
    if (accept("<!")) return close(look(true, true), start);
    if (accept(">")) return close(wrap(Kind::atomic, parse_alternation()), start);
    if (accept("~")) fail(start, "absent operators are not supported");
    if (accept("{")) fail(start, "callouts are not supported");
    if (accept("(")) fail(start, "conditionals are not supported");
    if (accept("P<") || accept("<")) return named_group(start, '>');
    if (accept("'")) return named_group(start, '\'');
    return parse_options(start, options_to_end);
  }

  // A group with options of its own keeps its characters from joining the neighbours.
  static Node grouped(Node node) {
    return node.kind == Kind::folded || is_place(node) ? wrap(Kind::sequence, std::move(node)) : node;
  }

  Node look(bool behind, bool negative) {
    Node node = wrap(Kind::look, parse_alternation());
    node.behind = behind;
    node.negative = negative;
    return node;
  }

  Node named_group(size_t start, char terminator) {
    const std::string name = read_name(start, terminator);
    Node capture;
    capture.kind = Kind::capture;
    capture.index = ++group_count_;
    if (!names_.emplace(name, capture.index).second) fail(start, "group name is defined twice");
    capture.children.push_back(parse_alternation());
    return close(std::move(capture), start);
  }

  std::string read_name(size_t start, char terminator) {
    const size_t first = at_;
    while (more() && peek() != terminator) ++at_;
    if (!more() || at_ == first) fail(start, "invalid group name");
    const std::string name(pattern_.substr(first, at_ - first));
    ++at_;
    return name;
  }

  Node parse_options(size_t start, bool& options_to_end) {
    const Flags outer = flags_;
    bool on = true;
    for (; more() && peek() != ':' && peek() != ')'; ++at_) {
      switch (peek()) {
        case '-': on = false; break;
        case 'i': flags_.ignore_case = on; break;
        case 'x': flags_.extended = on; break;
        case 'm': (ruby_ ? flags_.dot_all : flags_.multi_line) = on; break;
        case 's':
          if (ruby_) fail(at_, "undefined group option");
          flags_.dot_all = on;
          break;
        case 'u':
          if (!ruby_ && on) break;
          [[fallthrough]];
        default: fail(at_, "undefined group option");
      }
    }
    if (accept(":")) {
      Node node = parse_alternation();
      flags_ = outer;
      return close(grouped(std::move(node)), start);
    }
    if (!accept(")")) fail(start, "group is not closed: expected `)`");
    // `a(?i)b|c` means `a(?i:b|c)`: the options hold to the end of the enclosing group, alternatives included.
    options_to_end = true;
    Node node = grouped(parse_alternation());
    flags_ = outer;
    return node;
  }

  // -------------------------------------------------------------------------------------------------------- escapes

  // \w \s \d \h \p{…} and their complements; nothing when the escape at `at_` (after the backslash) is none of them.
  std::optional<CharSet> parse_class_escape(bool in_brackets) {
    const size_t start = at_;
    const char c = peek();
    std::optional<CharSet> set;
    switch (c) {
      case 'w':
      case 'W':
        set = ruby_ && !in_brackets ? CharSet::word_onig(profile_) : *CharSet::named("word", profile_);
        if (!ruby_) set->add(*CharSet::named("Join_Control", profile_));
        break;
      case 's':
      case 'S': set = CharSet::named("White_Space", profile_); break;
      case 'd':
      case 'D': set = CharSet::named("Nd", profile_); break;
      case 'h':
      case 'H': set = CharSet::named("xdigit", profile_); break;
      case 'p':
      case 'P': {
        std::string_view name;
        bool negative = c == 'P';
        if (pattern_.substr(at_ + 1, 1) == "{") {
          const size_t close = pattern_.find('}', at_);
          if (close == std::string_view::npos) fail(start, "property name is not closed: expected `}`");
          name = pattern_.substr(at_ + 2, close - at_ - 2);
          at_ = close + 1;
          if (name.starts_with("^")) {
            negative = !negative;
            name.remove_prefix(1);
          }
        } else if (!ruby_ && at_ + 1 < pattern_.size()) {
          name = pattern_.substr(at_ + 1, 1);
          at_ += 2;
        } else {
          return std::nullopt;
        }
        set = CharSet::named(name, profile_);
        if (!set) fail(start, raven::Message() << "invalid character property name {" << name << "}");
        if (ruby_ && !in_brackets && *set == *CharSet::named("word", profile_)) set = CharSet::word_onig(profile_);
        return negative ? set->complement() : *set;
      }
      default: return std::nullopt;
    }
    ++at_;
    return c >= 'A' && c <= 'Z' ? set->complement() : *set;
  }

  static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  }
  char32_t read_hex(size_t start, uint32_t least, uint32_t most) {
    char32_t value = 0;
    uint32_t digits = 0;
    while (digits < most && more() && hex_digit(peek()) >= 0)
      value = value * 16 + char32_t(hex_digit(pattern_[at_++])), ++digits;
    if (digits < least || value > 0x10FFFF) fail(start, "invalid code point value");
    return value;
  }

  // An escape that stands for one code point, `at_` being after the backslash.
  char32_t parse_code_escape() {
    const size_t start = at_ - 1;
    const char c = peek();
    switch (c) {
      case 't': return ++at_, '\t';
      case 'n': return ++at_, '\n';
      case 'r': return ++at_, '\r';
      case 'f': return ++at_, '\f';
      case 'v': return ++at_, '\v';
      case 'a': return ++at_, '\a';
      case 'e': return ++at_, 0x1B;
      case 'c':
        ++at_;
        if (!more()) fail(start, "end of pattern at control escape");
        return next() & 0x1F;
      case 'x':
        ++at_;
        if (accept("{")) {
          const char32_t value = read_hex(start, 1, 8);
          if (!accept("}")) fail(start, "invalid code point value");
          return value;
        }
        return read_hex(start, 0, 2);
      case 'u':
        ++at_;
        if (!ruby_ && accept("{")) {
          const char32_t value = read_hex(start, 1, 8);
          if (!accept("}")) fail(start, "invalid code point value");
          return value;
        }
        return read_hex(start, 4, 4);
      default: break;
    }
    if (c >= '0' && c <= '7') {
      char32_t value = 0;
      for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i) value = value * 8 + char32_t(pattern_[at_++] - '0');
      return value;
    }
    return next();
  }

  Node parse_escape_atom() {
    const size_t start = at_;
    ++at_;
    if (!more()) fail(start, "end of pattern at escape");
    if (std::optional<CharSet> set = parse_class_escape(false)) return set_node(std::move(*set));
    const char c = peek();
    const auto simple = [&](Node node) {
      ++at_;
      return node;
    };
    switch (c) {
      case 'A': return simple(assertion_node(Assertion::text_begin));
      case 'z': return simple(assertion_node(Assertion::text_end));
      case 'Z': return simple(assertion_node(Assertion::text_end_or_newline));
      case 'b': return simple(assertion_node(Assertion::word_boundary));
      case 'B': return simple(assertion_node(Assertion::not_word_boundary));
      case 'N': return simple(set_node(CharSet::of('\n').complement()));
      case 'O': return simple(set_node(CharSet::all()));
      case 'R': return simple(line_break());
      case 'X': {
        Node node;
        node.kind = Kind::grapheme;
        return simple(std::move(node));
      }
      case 'K':
      case 'G':
      case 'y':
      case 'Y':
      case 'g': fail(start, raven::Message() << "escape \\" << c << " is not supported");
      case 'k':
        if (pattern_.substr(at_ + 1, 1) == "<" || pattern_.substr(at_ + 1, 1) == "'") {
          const char terminator = pattern_[at_ + 1] == '<' ? '>' : '\'';
          at_ += 2;
          return backreference(start, read_name(start, terminator));
        }
        break;
      default: break;
    }
    if (c >= '1' && c <= '9') {
      size_t end = at_;
      while (end < pattern_.size() && pattern_[end] >= '0' && pattern_[end] <= '9' && end - at_ < 4) ++end;
      const std::string digits(pattern_.substr(at_, end - at_));
      const uint32_t number = uint32_t(std::stoul(digits));
      if (number <= group_total() || number <= 9) {
        at_ = end;
        return backreference(start, digits);
      }
    }
    return literal(parse_code_escape());
  }

  Node backreference(size_t start, const std::string& name) {
    Node node;
    node.kind = Kind::backreference;
    node.ignore_case = flags_.ignore_case;
    if (name[0] >= '0' && name[0] <= '9' && name.size() <= 5) {
      node.index = uint32_t(std::stoul(name));
      if (node.index == 0 || node.index > group_total()) fail(start, "invalid backref number/name");
    } else {
      const auto it = names_.find(name);
      if (it == names_.end()) fail(start, "invalid backref number/name");
      node.index = it->second;
    }
    return node;
  }

  // \R: a pair \r\n is never cut, so a lone \r must not stand before \n.
  static Node line_break() {
    Node pair, lone;
    pair.children.push_back(set_node(CharSet::of('\r')));
    pair.children.push_back(set_node(CharSet::of('\n')));
    lone.children.push_back(set_node(CharSet::of('\r')));
    lone.children.push_back(wrap(Kind::look, set_node(CharSet::of('\n'))));
    lone.children.back().negative = true;
    Node alternation;
    alternation.kind = Kind::alternation;
    alternation.children.push_back(std::move(pair));
    alternation.children.push_back(std::move(lone));
    alternation.children.push_back(set_node({{'\n', '\f'}, {0x85, 0x85}, {0x2028, 0x2029}}));
    return alternation;
  }

  // -------------------------------------------------------------------------------------------------------- classes

  Node parse_class_atom() {
    std::vector<std::vector<char32_t>> strings;  // what a caseless class matches besides single characters
    CharSet set = parse_class(strings, true);
    if (strings.empty()) return set_node(std::move(set));
    Node alternation;
    alternation.kind = Kind::alternation;
    alternation.children.push_back(set_node(std::move(set)));
    for (std::vector<char32_t>& scalars : strings) {
      Node node;
      node.kind = Kind::folded;
      node.scalars = std::move(scalars);
      alternation.children.push_back(std::move(node));
    }
    return alternation;
  }

  CharSet parse_class(std::vector<std::vector<char32_t>>& strings, bool outermost) {
    const size_t start = at_;
    if (++depth_ > max_depth) fail(start, "nested too deeply");
    ++at_;
    const bool negative = accept("^");
    CharSet whole = CharSet::all(), part;
    bool first = true;
    for (;; first = false) {
      if (!more()) fail(start, "premature end of char-class");
      if (peek() == ']') {
        if (!first) {
          ++at_;
          break;
        }
        // A bracket in first place is literal when another one follows.
        if (pattern_.find(']', at_ + 1) == std::string_view::npos) fail(start, "empty char-class");
      }
      if (accept("&&")) {
        whole = whole.intersect(part);
        part = {};
        continue;
      }
      if (peek() == '[') {
        part.add(looking_at("[:") ? parse_posix() : parse_nested());
        continue;
      }
      const size_t here = at_;
      char32_t low = 0;
      if (accept("\\")) {
        if (!more()) fail(here, "end of pattern at escape");
        if (std::optional<CharSet> set = parse_class_escape(true)) {
          if (looking_at("-") && !looking_at("-]")) fail(at_, "unmatched range specifier in char-class");
          part.add(*set);
          continue;
        }
        low = parse_class_code();
      } else {
        low = next();
      }
      char32_t high = low;
      if (looking_at("-") && !looking_at("-]") && !looking_at("-&&") && !looking_at("-[") &&
          at_ + 1 < pattern_.size()) {
        ++at_;
        if (accept("\\")) {
          if (!more()) fail(here, "end of pattern at escape");
          const size_t escape = at_;
          if (parse_class_escape(true)) fail(escape - 1, "char-class value at end of range");
          high = parse_class_code();
        } else {
          high = next();
        }
        if (high < low) fail(here, "empty range in char class");
      }
      part.add(low, high);
    }
    --depth_;
    CharSet set = whole.intersect(part);
    if (flags_.ignore_case &&
        outermost) {  // Oniguruma folds the whole, not its parts: (?i)[a-z&&[^b]] holds b because it holds B
      if (!negative && ruby_) {
        for (const MultiFold& multi : multi_folds(profile_)) {
          bool hit = false;
          for (const char32_t source : multi.sources) hit = hit || set.contains(source);
          if (hit) strings.push_back(multi.sequence);
        }
      }
      set = set.case_closure(profile_);
    }
    return negative ? set.complement() : set;
  }

  CharSet parse_nested() {
    std::vector<std::vector<char32_t>> ignored;
    return parse_class(ignored, false);
  }

  char32_t parse_class_code() {
    if (accept("b")) return '\b';
    return parse_code_escape();
  }

  CharSet parse_posix() {
    static constexpr std::string_view names[] = {"alnum", "alpha", "blank", "cntrl", "digit",  "graph", "lower",
                                                 "print", "punct", "space", "upper", "xdigit", "ascii", "word"};
    const size_t start = at_;
    const size_t close = pattern_.find(":]", at_ + 2);
    // Without a closing `:]` the bracket opens an ordinary nested class.
    if (close == std::string_view::npos ||
        pattern_.substr(at_, close - at_).find_first_of("]\\") != std::string_view::npos) {
      return parse_nested();
    }
    std::string_view name = pattern_.substr(at_ + 2, close - at_ - 2);
    const bool negative = name.starts_with("^");
    if (negative) name.remove_prefix(1);
    for (const std::string_view known : names) {
      if (name != known) continue;
      at_ = close + 2;
      CharSet set = *CharSet::named(known, profile_);
      if (known == "punct") set.add(*CharSet::named("S", profile_));  // [[:punct:]] holds symbols, \\p{Punct} does not
      return negative ? set.complement() : set;
    }
    fail(start, "invalid POSIX bracket type");
  }

  std::string_view pattern_;
  bool ruby_;
  UnicodeProfile profile_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  uint32_t group_count_ = 0, plain_groups_ = 0, named_groups_ = 0;
  std::map<std::string, uint32_t> names_;
  Flags flags_;
};

// ------------------------------------------------------------------------------------------------------ key of a tree

// Every list is preceded by its length, so that no two trees have one key.
void write_key(const Node& node, std::string& out) {
  const auto number = [&](uint32_t value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
  number(uint32_t(node.kind));
  switch (node.kind) {
    case Kind::set:
      number(uint32_t(node.set.ranges().size()));
      for (const CharSet::Range& range : node.set.ranges()) number(range.first), number(range.last);
      break;
    case Kind::folded:
      number(uint32_t(node.scalars.size()));
      for (const char32_t c : node.scalars) number(c);
      break;
    case Kind::repeat: number(node.min), number(node.max), number(uint32_t(node.greed)); break;
    case Kind::look: number(node.behind), number(node.negative); break;
    case Kind::assertion: number(uint32_t(node.assertion)); break;
    case Kind::capture:
    case Kind::backreference: number(node.index), number(node.ignore_case); break;
    default: break;
  }
  number(uint32_t(node.children.size()));
  for (const Node& child : node.children) write_key(child, out);
}

}  // namespace

Node parse(std::string_view pattern, RegexDialect dialect, UnicodeProfile profile) {
  return Parser(pattern, dialect, profile).run();
}

std::string key_of(const Node& node) {
  std::string out;
  write_key(node, out);
  return out;
}

}  // namespace brot::regex
