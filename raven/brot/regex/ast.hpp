#pragma once
// The syntax tree of a pattern, independent of its dialect; internal to brot.
#include <string>
#include <vector>

#include "raven/brot/regex/char_set.hpp"
#include "raven/brot/regex/regex.hpp"

namespace brot::regex {

enum class Kind : uint8_t {
  sequence,       // children in order; none: the empty pattern
  alternation,    // children by priority
  set,            // one character of `set`
  folded,         // `scalars` compared by full case folding
  repeat,         // children[0], min … max times
  capture,        // children[0], recorded as group `index`
  atomic,         // children[0], never re-entered
  look,           // children[0] matches (or not) after or before this place
  assertion,      // a condition on this place
  backreference,  // what group `index` matched
  grapheme,       // one extended grapheme cluster
};
enum class Assertion : uint8_t {
  line_begin,
  line_end,
  text_begin,
  text_end,
  text_end_or_newline,
  word_boundary,
  not_word_boundary
};
enum class Greed : uint8_t { greedy, lazy, possessive };

inline constexpr uint32_t unbounded = uint32_t(-1);

struct Node {
  Kind kind = Kind::sequence;
  std::vector<Node> children;
  CharSet set;
  std::vector<char32_t> scalars;
  uint32_t min = 0, max = 0;
  Greed greed = Greed::greedy;
  Assertion assertion = Assertion::line_begin;
  bool behind = false, negative = false;  // of a look
  bool ignore_case = false;               // of a backreference
  uint32_t index = 0;
};

/// @throws RegexError with the byte offset of the fault
Node parse(std::string_view pattern, RegexDialect dialect, UnicodeProfile profile);

/// The tree as bytes: equal bytes, equal trees. Known patterns are recognised by them, however they are written.
std::string key_of(const Node& node);

}  // namespace brot::regex
