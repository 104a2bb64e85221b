#pragma once
// Sets of code points as sorted disjoint ranges; internal to brot.
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "raven/brot/unicode/profile.hpp"

namespace brot::regex {

/// A set of code points.
class CharSet {
 public:
  struct Range {
    char32_t first, last;
    bool operator==(const Range&) const = default;
  };
  CharSet() = default;
  CharSet(std::initializer_list<Range> ranges);

  static CharSet all() { return {{0, 0x10FFFF}}; }
  static CharSet of(char32_t c) { return {{c, c}}; }
  /// The property, category, script or POSIX class of that name (case, '_', '-' and ' ' ignored); Unicode 16 or 17.
  static std::optional<CharSet> named(std::string_view name, UnicodeProfile profile);

  /// \w outside brackets, and what \b asks: \p{Word} and six superscripts and fractions of Latin-1.
  static CharSet word_onig(UnicodeProfile profile);

  void add(char32_t first, char32_t last);
  void add(const CharSet& other);
  CharSet complement() const;
  CharSet intersect(const CharSet& other) const;
  /// All that differ from members by case alone (simple folding).
  CharSet case_closure(UnicodeProfile profile) const;
  bool contains(char32_t c) const;
  bool empty() const { return ranges_.empty(); }
  const std::vector<Range>& ranges() const { return ranges_; }
  bool operator==(const CharSet&) const = default;

 private:
  static std::optional<CharSet> look_up(std::string_view key, UnicodeProfile profile);
  void normalize();
  std::vector<Range> ranges_;
};

/// Full case folding of `c`: up to three scalars; `c` itself when it does not fold. The scalars are valid until the
/// program ends.
struct Folding {
  const char32_t* scalars;
  uint32_t size;
};
Folding fold(const char32_t& c, UnicodeProfile profile);

/// A sequence of two or three scalars and the code points that fold to it, e.g. "ss": ß ẞ.
struct MultiFold {
  std::vector<char32_t> sequence;
  std::vector<char32_t> sources;
};
const std::vector<MultiFold>& multi_folds(UnicodeProfile profile);

}  // namespace brot::regex
