#pragma once
// A deterministic automaton over classes of characters. Internal to brot.
//
// Characters that no set of the pattern tells apart share a class, so a transition is table[state + class]. A state is
// the ordered list of threads (leftmost-first priorities) that have consumed the same text, and, when the pattern looks
// behind, the class of the former character. Threads stop *before* conditions: a transition first follows conditions
// knowing the next class, which resolves one-character looks ahead, `$` and word boundaries, then consumes. So "match"
// is a flag of the transition: the match ends before the character just read.
#include <memory>
#include <unordered_map>

#include "raven/brot/regex/program.hpp"

namespace brot::regex {

/// Character → class: a table for ASCII, pages of 128 for the rest.
class ClassMap {
 public:
  /// False when the sets make more than 250 classes.
  bool build(const std::vector<CharSet>& sets);
  uint32_t count() const { return count_; }
  uint32_t ascii(unsigned char c) const { return ascii_[c]; }
  uint32_t of(char32_t c) const { return pages_[size_t(page_index_[c >> 7]) * 128 + (c & 127)]; }
  bool member(uint32_t set, uint32_t cls) const { return members_[set * count_ + cls]; }
  /// True when one of the 64 code points from `first` on is of a wanted class.
  bool any_of_64(char32_t first, const std::vector<bool>& wanted) const;

 private:
  uint8_t ascii_[128] = {};
  std::vector<uint16_t> page_index_;
  std::vector<uint8_t> pages_;
  std::vector<uint8_t> members_;
  uint32_t count_ = 0;
};

/// The states found so far. Copies grow on their own.
class Automaton {
 public:
  static constexpr uint32_t unknown = uint32_t(-1);

  /// False when the pattern has too many classes.
  bool build(Program program);
  /// Finds states breadth first, up to `limit`; true when that was all.
  bool explore(size_t limit);
  bool complete() const { return complete_; }
  /// True when so many states were found that a fresh copy is better.
  bool overgrown() const { return states_.size() > 16384; }

  /// End of the match that starts at `begin`, or npos. `overrun` is where reading stopped. A complete automaton is not
  /// changed.
  template <bool grow>
  size_t run(std::string_view text, size_t begin, size_t& overrun);

  /// The first position from `from` on where a match may start.
  size_t skip(std::string_view text, size_t from) const;

  static constexpr size_t npos = size_t(-1);

 private:
  struct State {
    uint32_t previous;  // class of the former character; count() at the beginning of the text
    std::vector<uint32_t> threads;
    bool operator==(const State&) const = default;
  };
  struct StateHash {
    size_t operator()(const State& state) const;
  };
  uint32_t add_state(State state);
  uint32_t transition(uint32_t offset, uint32_t symbol);
  void close(const State& state, uint32_t symbol, bool& matched, std::vector<uint32_t>& next);
  bool holds(const Instruction& instruction, uint32_t previous, uint32_t symbol) const;
  uint32_t start(std::string_view text, size_t begin) const;
  void find_first_bytes();

  std::shared_ptr<const Program> program_;
  std::shared_ptr<const ClassMap> classes_;
  uint32_t shift_ = 0;
  uint32_t newline_set_ = 0, word_set_ = 0;
  std::vector<uint32_t>
      table_;  // (state + symbol) → next state · 2 + match; states are multiples of 1 << shift_, 0 is dead
  std::vector<State> states_;
  std::unordered_map<State, uint32_t, StateHash> index_;
  std::vector<uint32_t> starts_;  // by class of the former character
  std::vector<uint32_t> mark_;
  uint32_t generation_ = 0;
  bool complete_ = false;
  bool filter_ = false;  // first_bytes_ tells where a match may start
  int only_byte_ = -1;   // when there is one such byte
  bool first_bytes_[256] = {};
};

}  // namespace brot::regex
