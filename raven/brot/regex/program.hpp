#pragma once
// A pattern as instructions; both engines run them. Internal to brot.
#include "raven/brot/regex/ast.hpp"

namespace brot::regex {

enum class Op : uint8_t {
  set,        // one character of sets[a]
  split,      // try a, then b
  jump,       // to a
  assertion,  // Assertion(a) holds here
  look_one,   // the next (b & 1: former) character is in sets[a]; b & 2: the edge of the text will do
  match,      // of the whole pattern
  // From here on: backtracking alone.
  save,           // position into slots[a]
  set_loop,       // sets[a] repeated; loops[b] says how
  empty_begin,    // position into slots[a]
  empty_end,      // leave the loop to b when nothing was consumed since empty_begin of slots[a]
  backreference,  // slots[2a], slots[2a + 1]; b: ignore case
  grapheme,
  atomic,     // run the body at the next instruction to its sub_match, then go on at a
  look,       // looks[b] says how; body at the next instruction, go on at a
  sub_match,  // end of a body; a: it must be where the look behind stands
};

struct Instruction {
  Op op;
  uint32_t a = 0, b = 0;
};

struct Loop {
  uint32_t min, max;
  Greed greed;
};
struct Look {
  bool behind, negative;
  uint32_t min, max;  // characters that the body of a look behind may take
};

struct Program {
  std::vector<Instruction> code;
  std::vector<CharSet> sets;
  std::vector<Loop> loops;
  std::vector<Look> looks;
  uint32_t slots = 2;           // 2 per group, then one per loop that may be empty
  bool automaton_ready = true;  // only instructions up to `match`, no loop that may be empty
  bool needs_previous = false;  // assertions or looks behind
  UnicodeProfile profile = UnicodeProfile::hf;
};

/// @throws RegexError when the pattern unrolls to too much
Program compile(const Node& tree, std::string_view pattern, UnicodeProfile profile, bool for_automaton);

/// True when a match may depend on nothing but single-character context, so that the automaton can run it.
bool fits_automaton(const Node& tree, UnicodeProfile profile);

}  // namespace brot::regex
