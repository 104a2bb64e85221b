#pragma once
// The general engine: depth-first with an explicit stack and a bounded number of steps. Internal to brot.
#include <unordered_set>

#include "raven/brot/regex/program.hpp"

namespace brot::regex {

/// Runs a program on one text; keeps its stack between calls.
class Backtracker {
 public:
  static constexpr size_t npos = size_t(-1);
  Backtracker(const Program& program, std::string_view pattern, std::string_view text);
  /// End of the match that starts at `begin`, or npos.
  /// @throws RegexError after too many steps for the length of the text
  size_t run(size_t begin);

 private:
  struct Frame {
    enum Kind : uint32_t { branch, greedy_loop, lazy_loop, restore } kind;
    uint32_t pc;
    size_t position;
    size_t limit;  // of a loop: how far it may still go back (greedy) or on (lazy); of a restore: the old value
  };
  size_t run_from(uint32_t pc, size_t position, uint32_t depth);
  bool loop(const Instruction& instruction, uint32_t pc, size_t& position);
  bool look_holds(const Instruction& instruction, uint32_t body, size_t position, uint32_t depth);
  bool assertion_holds(Assertion assertion, size_t position) const;
  bool match_backreference(const Instruction& instruction, size_t& position);
  void set_slot(uint32_t slot, size_t value);
  void push(Frame frame);
  void step();
  bool seen(uint32_t pc, size_t position);
  size_t forward(size_t position) const;
  size_t backward(size_t position) const;
  char32_t at(size_t position) const;

  const Program& program_;
  std::string_view pattern_;
  std::string_view text_;
  std::vector<Frame> stack_;
  std::vector<size_t> slots_;
  size_t look_end_ = 0;
  // Places (instruction, position, which loop guards stand here) known to fail: what follows a place depends on nothing
  // else in a program without bodies and backreferences, so none needs a second visit and the whole search is linear.
  std::unordered_set<uint64_t> failed_;
  uint32_t guards_ = 0;
  bool remembers_ = true;
  uint64_t steps_ = 0, step_limit_;
};

}  // namespace brot::regex
