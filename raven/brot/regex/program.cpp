// Tree → instructions.
//
// Possessive loops of one character class need no memory: X++ is X+(?!X), X{1,3}+ is X(X(X|(?!X))|(?!X)). So they, and
// looks of one character, stay within the automaton's reach.
#include "raven/brot/regex/program.hpp"

#include <algorithm>

namespace brot::regex {

namespace {

constexpr size_t max_instructions = 200000;

// The set when `node` matches exactly one character and nothing else.
std::optional<CharSet> single_set(const Node& node, UnicodeProfile profile) {
  if (node.kind == Kind::set) return node.set;
  if (node.kind == Kind::alternation) {
    CharSet out;
    for (const Node& child : node.children) {
      const std::optional<CharSet> set = single_set(child, profile);
      if (!set) return std::nullopt;
      out.add(*set);
    }
    return out;
  }
  if (node.kind == Kind::sequence && node.children.size() == 1) return single_set(node.children[0], profile);
  if (node.kind == Kind::folded && node.scalars.size() == 1) return CharSet::of(node.scalars[0]).case_closure(profile);
  return std::nullopt;
}

struct Width {
  uint64_t min, max;
};
constexpr uint64_t no_bound = uint64_t(1) << 40;

Width width(const Node& node) {
  Width out{0, 0};
  switch (node.kind) {
    case Kind::set: return {1, 1};
    case Kind::folded: return {(node.scalars.size() + 2) / 3, node.scalars.size()};
    case Kind::grapheme: return {1, no_bound};
    case Kind::backreference: return {0, no_bound};
    case Kind::look:
    case Kind::assertion: return out;
    case Kind::alternation:
      out = {no_bound, 0};
      for (const Node& child : node.children) {
        const Width w = width(child);
        out = {std::min(out.min, w.min), std::max(out.max, w.max)};
      }
      return out;
    case Kind::repeat: {
      const Width w = width(node.children[0]);
      return {std::min(no_bound, w.min * node.min),
              node.max == unbounded ? (w.max ? no_bound : 0) : std::min(no_bound, w.max * node.max)};
    }
    default:
      for (const Node& child : node.children) {
        const Width w = width(child);
        out = {std::min(no_bound, out.min + w.min), std::min(no_bound, out.max + w.max)};
      }
      return out;
  }
}

bool is_empty_loop(const Node& node) { return node.max == unbounded && width(node.children[0]).min == 0; }

class Compiler {
 public:
  Compiler(std::string_view pattern, UnicodeProfile profile, bool for_automaton)
      : pattern_(pattern), automaton_(for_automaton) {
    program_.profile = profile;
  }

  Program run(const Node& tree) {
    program_.slots = 2 * (count_groups(tree) + 1);
    emit(tree);
    add(Op::match);
    return std::move(program_);
  }

 private:
  static uint32_t count_groups(const Node& node) {
    uint32_t count = node.kind == Kind::capture ? node.index : 0;
    for (const Node& child : node.children) count = std::max(count, count_groups(child));
    return count;
  }

  uint32_t here() const { return uint32_t(program_.code.size()); }
  uint32_t add(Op op, uint32_t a = 0, uint32_t b = 0) {
    if (program_.code.size() >= max_instructions)
      throw RegexError(pattern_, 0, "pattern is too large: its repeats unroll to over 200000 steps");
    program_.code.push_back({op, a, b});
    return here() - 1;
  }
  uint32_t set_index(const CharSet& set) {
    for (size_t i = 0; i < program_.sets.size(); ++i) {
      if (program_.sets[i] == set) return uint32_t(i);
    }
    program_.sets.push_back(set);
    return uint32_t(program_.sets.size() - 1);
  }

  void emit(const Node& node) {
    switch (node.kind) {
      case Kind::sequence:
        for (const Node& child : node.children) emit(child);
        break;
      case Kind::alternation: emit_alternation(node); break;
      case Kind::set: add(Op::set, set_index(node.set)); break;
      case Kind::folded: emit_folded(node.scalars); break;
      case Kind::repeat: emit_repeat(node); break;
      case Kind::capture:
        if (!automaton_) add(Op::save, 2 * node.index);
        emit(node.children[0]);
        if (!automaton_) add(Op::save, 2 * node.index + 1);
        break;
      case Kind::atomic: emit_body(Op::atomic, node.children[0]); break;
      case Kind::look: emit_look(node); break;
      case Kind::assertion:
        add(Op::assertion, uint32_t(node.assertion));
        program_.needs_previous |= node.assertion != Assertion::line_end && node.assertion != Assertion::text_end;
        break;
      case Kind::backreference: add(Op::backreference, node.index, node.ignore_case); break;
      case Kind::grapheme: add(Op::grapheme); break;
    }
  }

  void emit_alternation(const Node& node) {
    std::vector<uint32_t> ends;
    for (size_t i = 0; i < node.children.size(); ++i) {
      const bool last = i + 1 == node.children.size();
      const uint32_t split = last ? 0 : add(Op::split, here() + 1);
      emit(node.children[i]);
      if (last) break;
      ends.push_back(add(Op::jump));
      program_.code[split].b = here();
    }
    for (const uint32_t end : ends) program_.code[end].a = here();
  }

  // Where several characters fold like one (ss and ß), the one may stand for them. Oniguruma takes the longest such
  // sequence at each place and goes on after it: "ffi" is ffi or ﬃ, but not ﬀi.
  void emit_folded(const std::vector<char32_t>& scalars) {
    for (size_t i = 0; i < scalars.size();) {
      const MultiFold* longest = nullptr;
      for (const MultiFold& multi : multi_folds(program_.profile)) {
        const size_t length = multi.sequence.size();
        if (i + length > scalars.size() || (longest && length <= longest->sequence.size())) continue;
        if (std::equal(multi.sequence.begin(), multi.sequence.end(), scalars.begin() + ptrdiff_t(i))) longest = &multi;
      }
      const size_t length = longest ? longest->sequence.size() : 1;
      const uint32_t split = longest ? add(Op::split, here() + 1) : 0;
      for (size_t j = i; j < i + length; ++j)
        add(Op::set, set_index(CharSet::of(scalars[j]).case_closure(program_.profile)));
      if (longest) {
        const uint32_t done = add(Op::jump);
        program_.code[split].b = here();
        CharSet sources;
        for (const char32_t source : longest->sources) sources.add(source, source);
        add(Op::set, set_index(sources));
        program_.code[done].a = here();
      }
      i += length;
    }
  }

  void emit_repeat(const Node& node) {
    const Node& body = node.children[0];
    const std::optional<CharSet> set = single_set(body, program_.profile);
    // Inside another loop the plain form is better: the backtracker remembers its splits.
    const bool compact = !automaton_ && (loop_depth_ == 0 || node.greed == Greed::possessive);
    if (set && compact && !(node.min == 1 && node.max == 1)) {
      program_.loops.push_back({node.min, node.max, node.greed});
      add(Op::set_loop, set_index(*set), uint32_t(program_.loops.size() - 1));
      return;
    }
    if (set && node.greed == Greed::possessive) {
      emit_possessive(set_index(*set), set_index(set->complement()), node.min, node.max);
      return;
    }
    if (node.greed == Greed::possessive) {
      Node greedy = node;
      greedy.greed = Greed::greedy;
      emit_body(Op::atomic, greedy);
      return;
    }
    for (uint32_t i = 0; i < node.min; ++i) emit(body);
    if (node.max == unbounded) {
      emit_loop(body, node.greed);
      return;
    }
    std::vector<uint32_t> exits;
    for (uint32_t i = node.min; i < node.max; ++i) {
      exits.push_back(add_split(node.greed));
      emit(body);
    }
    for (const uint32_t exit : exits) set_exit(exit, node.greed);
  }

  // A split whose preferred branch is the next instruction (greedy) or the exit (lazy), which set_exit fills in.
  uint32_t add_split(Greed greed) {
    return greed == Greed::lazy ? add(Op::split, 0, here() + 1) : add(Op::split, here() + 1, 0);
  }
  void set_exit(uint32_t split, Greed greed) {
    (greed == Greed::lazy ? program_.code[split].a : program_.code[split].b) = here();
  }

  void emit_loop(const Node& body, Greed greed) {
    const bool may_be_empty = width(body).min == 0;
    const uint32_t split = add_split(greed);
    ++loop_depth_;
    uint32_t guard = 0;
    if (may_be_empty) {
      program_.automaton_ready = false;
      guard = program_.slots++;
      add(Op::empty_begin, guard);
    }
    emit(body);
    if (may_be_empty) {
      const uint32_t end = add(Op::empty_end, guard);
      add(Op::jump, split);
      program_.code[end].b = here();
    } else {
      add(Op::jump, split);
    }
    --loop_depth_;
    set_exit(split, greed);
  }

  void emit_possessive(uint32_t set, uint32_t others, uint32_t min, uint32_t max) {
    for (uint32_t i = 0; i < min; ++i) add(Op::set, set);
    if (max == unbounded) {
      const uint32_t split = add(Op::split, here() + 1);
      add(Op::set, set);
      add(Op::jump, split);
      program_.code[split].b = here();
      add(Op::look_one, others, 2);
      return;
    }
    std::vector<uint32_t> exits;
    for (uint32_t i = min; i < max; ++i) {
      const uint32_t split = add(Op::split, here() + 1);
      add(Op::set, set);
      exits.push_back(split);
    }
    const uint32_t done = add(Op::jump);
    for (const uint32_t exit : exits) program_.code[exit].b = here();
    if (!exits.empty()) add(Op::look_one, others, 2);
    program_.code[done].a = here();
  }

  void emit_look(const Node& node) {
    if (const std::optional<CharSet> set = single_set(node.children[0], program_.profile)) {
      program_.needs_previous |= node.behind;
      add(Op::look_one, set_index(node.negative ? set->complement() : *set),
          uint32_t(node.behind) | (node.negative ? 2u : 0u));
      return;
    }
    const Width w = width(node.children[0]);
    program_.looks.push_back(
        {node.behind, node.negative, uint32_t(w.min), w.max >= no_bound ? unbounded : uint32_t(w.max)});
    emit_body(Op::look, node.children[0], uint32_t(program_.looks.size() - 1), node.behind);
  }

  void emit_body(Op op, const Node& body, uint32_t b = 0, bool must_end_here = false) {
    program_.automaton_ready = false;
    const uint32_t start = add(op, 0, b);
    emit(body);
    add(Op::sub_match, must_end_here);
    program_.code[start].a = here();
  }

  std::string_view pattern_;
  bool automaton_;
  uint32_t loop_depth_ = 0;
  Program program_;
};

}  // namespace

bool fits_automaton(const Node& node, UnicodeProfile profile) {
  switch (node.kind) {
    case Kind::backreference:
    case Kind::grapheme:
    case Kind::atomic: return false;
    case Kind::assertion: return node.assertion != Assertion::text_end_or_newline;
    case Kind::look: return single_set(node.children[0], profile).has_value();
    case Kind::repeat:
      if (is_empty_loop(node) || (node.greed == Greed::possessive && !single_set(node.children[0], profile)))
        return false;
      break;
    default: break;
  }
  return std::all_of(node.children.begin(), node.children.end(),
                     [&](const Node& child) { return fits_automaton(child, profile); });
}

Program compile(const Node& tree, std::string_view pattern, UnicodeProfile profile, bool for_automaton) {
  return Compiler(pattern, profile, for_automaton).run(tree);
}

}  // namespace brot::regex
