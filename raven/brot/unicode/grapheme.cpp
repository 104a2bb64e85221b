// Extended grapheme clusters: the rules GB3–GB13 of UAX 29 as one pass with a little memory.
#include "raven/brot/unicode/unicode.hpp"

namespace brot::unicode {

namespace {

enum Break : uint8_t {
  other,
  cr,
  lf,
  control,
  extend,
  zwj,
  regional_indicator,
  prepend,
  spacing_mark,
  l,
  v,
  t,
  lv,
  lvt
};
enum Conjunct : uint8_t { none, consonant, linker, conjunct_extend };

Break break_of(Properties p) { return Break(p.bits() >> tables::grapheme_shift & 15); }
Conjunct conjunct_of(Properties p) { return Conjunct(p.bits() >> tables::conjunct_shift & 3); }

bool joins_always(Break a, Break b) {
  if (a == cr) return b == lf;                                                      // GB3
  if (a == lf || a == control || b == cr || b == lf || b == control) return false;  // GB4, GB5
  if (a == l && (b == l || b == v || b == lv || b == lvt)) return true;             // GB6
  if ((a == lv || a == v) && (b == v || b == t)) return true;                       // GB7
  if ((a == lvt || a == t) && b == t) return true;                                  // GB8
  return b == extend || b == zwj || b == spacing_mark || a == prepend;              // GB9, GB9a, GB9b
}

}  // namespace

size_t grapheme_end(std::string_view text, size_t begin) noexcept {
  const char* at = text.data() + begin;
  const char* end = text.data() + text.size();
  Properties previous = properties(next_scalar(at));
  uint32_t indicators = break_of(previous) == regional_indicator;
  bool pictographic = previous.has(tables::extended_pictographic);  // \p{ExtPict} Extend*, then ZWJ when joined is set
  bool joined = false;
  bool conjunct = conjunct_of(previous) == consonant;  // Consonant [Extend Linker]*, linked once a Linker came
  bool linked = false;
  while (at != end) {
    const char* here = at;
    const Properties next = properties(next_scalar(at));
    const Break a = break_of(previous), b = break_of(next);
    const bool joins = joins_always(a, b) || (conjunct && linked && conjunct_of(next) == consonant) ||  // GB9c
                       (joined && next.has(tables::extended_pictographic)) ||                           // GB11
                       (a == regional_indicator && b == regional_indicator && indicators % 2 == 1);     // GB12, GB13
    if (!joins) return size_t(here - text.data());
    indicators = b == regional_indicator ? indicators + 1 : 0;
    joined = pictographic && b == zwj;
    pictographic = next.has(tables::extended_pictographic) || (pictographic && b == extend);
    const Conjunct c = conjunct_of(next);
    linked = c == linker || (linked && c == conjunct_extend);
    conjunct = c == consonant || (conjunct && (c == linker || c == conjunct_extend));
    previous = next;
  }
  return text.size();
}

}  // namespace brot::unicode
