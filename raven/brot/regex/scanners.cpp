// The known patterns as straight code. Each matcher follows its pattern's alternatives in order; runs of ASCII letters
// are found 16 bytes at a time, any other character costs one table walk. The tests hold every scanner equal to the
// general engine.
#include "raven/brot/regex/scanners.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "raven/brot/unicode/unicode.hpp"

namespace brot::regex {

namespace {

// What the patterns ask of a character.
enum : uint8_t {
  letter = 1,   // \p{L}
  number = 2,   // \p{N}
  space = 4,    // \s
  newline = 8,  // \r \n
  upper = 16,   // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
  lower = 32,   // [\p{Ll}\p{Lm}\p{Lo}\p{M}]
  symbol = 64,  // [\p{P}\p{S}]
  apart = 128,  // ideographs and the like, where a pattern sets them apart
};

constexpr uint8_t class_of_category(unicode::Category category) {
  using C = unicode::Category;
  switch (category) {
    case C::Lu:
    case C::Lt: return letter | upper;
    case C::Ll: return letter | lower;
    case C::Lm:
    case C::Lo: return letter | upper | lower;
    case C::Mn:
    case C::Mc:
    case C::Me: return upper | lower;
    case C::Nd:
    case C::Nl:
    case C::No: return number;
    case C::Pc:
    case C::Pd:
    case C::Ps:
    case C::Pe:
    case C::Pi:
    case C::Pf:
    case C::Po:
    case C::Sm:
    case C::Sc:
    case C::Sk:
    case C::So: return symbol;
    default: return 0;
  }
}

struct Tables {
  uint8_t ascii[128] = {};
  uint8_t category[32] = {};
  constexpr Tables() {
    for (int c = 0; c < 128; ++c) {
      if (c > ' ' && c < 127) ascii[c] = symbol;
      if (c >= 'A' && c <= 'Z') ascii[c] = letter | upper;
      if (c >= 'a' && c <= 'z') ascii[c] = letter | lower;
      if (c >= '0' && c <= '9') ascii[c] = number;
      if (c == ' ' || (c >= '\t' && c <= '\r')) ascii[c] = space;
      if (c == '\r' || c == '\n') ascii[c] |= newline;
    }
    for (int i = 0; i < 30; ++i) category[i] = class_of_category(unicode::Category(i));
  }
};
constexpr Tables tables;

// The classes of characters beyond ASCII, as most patterns see them …
struct Plain {
  static uint8_t of(char32_t, unicode::Properties properties) {
    return tables.category[size_t(properties.category())] | (properties.has(unicode::tables::white_space) ? space : 0);
  }
};
// … with the numbers of `Digits`, which knows more than \p{N} …
struct Numeric {
  static uint8_t of(char32_t c, unicode::Properties properties) {
    return Plain::of(c, properties) | (properties.has(unicode::tables::numeric) ? number : 0);
  }
};
// … with \p{Han} apart and in no case …
struct HanApart {
  static bool is_han(char32_t c) {
    constexpr struct {
      char32_t first, last;
    } ranges[] = {{0x2E80, 0x2E99},   {0x2E9B, 0x2EF3},   {0x2F00, 0x2FD5},   {0x3005, 0x3005},   {0x3007, 0x3007},
                  {0x3021, 0x3029},   {0x3038, 0x303B},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFA6D},
                  {0xFA70, 0xFAD9},   {0x16FE2, 0x16FE3}, {0x16FF0, 0x16FF1}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B739},
                  {0x2B740, 0x2B81D}, {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0}, {0x2EBF0, 0x2EE5D}, {0x2F800, 0x2FA1D},
                  {0x30000, 0x3134A}, {0x31350, 0x323AF}};
    if (c >= 0x4E00 && c <= 0x9FFF) return true;
    for (const auto& range : ranges)
      if (c <= range.last) return c >= range.first;
    return false;
  }
  static uint8_t of(char32_t c, unicode::Properties properties) {
    const uint8_t plain = Plain::of(c, properties);
    return is_han(c) ? uint8_t((plain & ~(upper | lower)) | apart) : plain;
  }
};
// … and with [一-龥぀-ゟ゠-ヿ] apart.
struct KanaApart {
  static uint8_t of(char32_t c, unicode::Properties properties) {
    const bool kana = (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF);
    return Plain::of(c, properties) | (kana ? apart : 0);
  }
};

// A character: its class and where it ends.
struct Character {
  uint8_t cls;
  const char* end;
};

template <class Classes = Plain>
inline Character wide(const char* p) {
  const char32_t c = unicode::next_scalar(p);
  return {Classes::of(c, unicode::properties(c)), p};
}
template <class Classes = Plain>
inline Character read(const char* p) {
  const auto byte = static_cast<unsigned char>(*p);
  return byte < 0x80 ? Character{tables.ascii[byte], p + 1} : wide<Classes>(p);
}

// Skips characters whose class has a bit of `mask`.
template <class Classes = Plain>
inline const char* run_of(uint8_t mask, const char* p, const char* end) {
  while (p != end) {
    const Character c = read<Classes>(p);
    if (!(c.cls & mask)) break;
    p = c.end;
  }
  return p;
}
// Skips characters whose class has no bit of `mask`.
template <class Classes = Plain>
inline const char* run_outside(uint8_t mask, const char* p, const char* end) {
  while (p != end) {
    const Character c = read<Classes>(p);
    if (c.cls & mask) break;
    p = c.end;
  }
  return p;
}

// Skips ASCII letters from `first` to `first` + 25, after setting the bits of `fold`.
inline const char* ascii_letters(const char* p, const char* end, char first, char fold) {
#if defined(__SSE2__)
  while (end - p >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i offset = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(fold)), _mm_set1_epi8(first));
    const __m128i inside = _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(25)), offset);
    const uint32_t outside = ~uint32_t(_mm_movemask_epi8(inside)) & 0xFFFF;
    if (outside) return p + std::countr_zero(outside);
    p += 16;
  }
#endif
  while (p != end && static_cast<unsigned char>((*p | fold) - first) < 26) ++p;
  return p;
}

template <class Classes = Plain>
inline const char* letters(const char* p, const char* end) {
  for (;;) {
    p = ascii_letters(p, end, 'a', 0x20);
    if (p == end || static_cast<unsigned char>(*p) < 0x80) return p;
    const Character c = wide<Classes>(p);
    if (!(c.cls & letter)) return p;
    p = run_of<Classes>(letter, c.end, end);
  }
}

// [\p{Ll}\p{Lm}\p{Lo}\p{M}]*
template <class Classes>
inline const char* lower_run(const char* p, const char* end) {
  for (;;) {
    p = ascii_letters(p, end, 'a', 0);
    if (p == end || static_cast<unsigned char>(*p) < 0x80) return p;
    const Character c = wide<Classes>(p);
    if (!(c.cls & lower)) return p;
    p = run_of<Classes>(lower, c.end, end);
  }
}

// 's 't 're 've 'm 'll 'd at `p`, which points to the apostrophe; null when there is none. Caseless, ſ counts as s.
template <bool caseless>
inline const char* contraction(const char* p, const char* end) {
  if (end - p < 2) return nullptr;
  const auto low = [](char c) { return caseless && c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; };
  const char a = low(p[1]);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return p + 2;
  if (end - p < 3) return nullptr;
  const char b = low(p[2]);
  if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return p + 3;
  if (caseless && p[1] == '\xC5' && p[2] == '\xBF') return p + 3;
  return nullptr;
}

// Skips at most `most` numbers, one of which lies behind.
template <class Classes = Plain>
inline const char* up_to(int most, const char* p, const char* end) {
  for (int i = 1; i < most && p != end; ++i) {
    const Character c = read<Classes>(p);
    if (!(c.cls & number)) break;
    p = c.end;
  }
  return p;
}

inline const char* back_one(const char* p) {
  do --p;
  while ((static_cast<unsigned char>(*p) & 0xC0) == 0x80);
  return p;
}

// \s*[\r\n]+ (when `newlines`), \s+(?!\S), \s+; with `all_at_end`, \s++$ before them. `p` is at white space; a
// character of a class in `stops` ends it as the end of the text does.
template <bool newlines, bool all_at_end, class Classes = Plain, uint8_t stops = 0>
inline const char* spaces(const char* p, const char* end) {
  const char* last_newline = nullptr;
  const char* q = p;
  while (q != end) {
    const Character c = read<Classes>(q);
    if (c.cls & stops) {
      end = q;
      break;
    }
    if (!(c.cls & space)) break;
    q = c.end;
    if (newlines && (c.cls & newline)) last_newline = q;
  }
  if (all_at_end && q == end) return end;
  if (newlines && last_newline) return last_newline;
  if (q == end) return end;
  const char* before = back_one(q);
  return before == p ? q : before;
}

// Every character is in a match.
struct Covering {
  static constexpr bool gaps = false, cuts = true;
};
// `match` is null where there is none.
template <bool can_cut>
struct Gapped {
  static constexpr bool gaps = true, cuts = can_cut;
};

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
struct Gpt2 : Covering {
  static const char* match(const char* p, const char* end) {
    if (*p == '\'') {
      if (const char* q = contraction<false>(p, end)) return q;
    }
    const char* q = p + (*p == ' ' && p + 1 != end);
    const Character c = read(q);
    if (c.cls & letter) return letters(c.end, end);
    if (c.cls & number) return run_of(number, c.end, end);
    if (!(c.cls & space)) return run_outside(letter | number | space, c.end, end);
    return spaces<false, false>(p, end);
  }
};

// GPT-2's pattern between single numbers.
struct StarCoder : Covering {
  static const char* match(const char* p, const char* end) {
    const Character first = read<Numeric>(p);
    if (first.cls & number) return first.end;
    if (*p == '\'') {
      if (const char* q = contraction<false>(p, end)) return q;
    }
    const Character c = *p == ' ' && p + 1 != end ? read<Numeric>(p + 1) : first;
    if (c.cls & letter) return letters<Numeric>(c.end, end);
    if (!(c.cls & (number | space))) return run_outside<Numeric>(letter | number | space, c.end, end);
    return spaces<false, false, Numeric, number>(p, end);
  }
};

// 's|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
struct Clip : Gapped<false> {
  static const char* match(const char* p, const char* end) {
    if (*p == '\'') {
      if (const char* q = contraction<false>(p, end)) return q;
    }
    const Character c = read(p);
    if (c.cls & letter) return letters(c.end, end);
    if (c.cls & number) return c.end;
    return c.cls & space ? nullptr : run_outside(letter | number | space, c.end, end);
  }
};

//  ?[^(\s|[.,!?…。，、।۔،])]+
struct Bloom : Gapped<false> {
  static bool ends(const char* p, const Character& c) {
    if (c.cls & space) return true;
    if (!(c.cls & symbol)) return false;
    switch (const char* q = p; unicode::next_scalar(q)) {
      case U'(':
      case U'|':
      case U')':
      case U'.':
      case U',':
      case U'!':
      case U'?':
      case U'…':
      case U'。':
      case U'，':
      case U'、':
      case U'।':
      case U'۔':
      case U'،': return true;
      default: return false;
    }
  }
  static const char* match(const char* p, const char* end) {
    const char* q = p + (*p == ' ' && p + 1 != end);
    const char* const begin = q;
    for (;;) {
      q = letters(q, end);
      if (q == end) break;
      const Character c = read(q);
      if (ends(q, c)) break;
      q = c.end;
    }
    return q == begin ? nullptr : q;
  }
};

// DeepSeek-V3's three splits at once, see deepseek3_fused.
struct DeepSeek3 : Gapped<true> {
  static constexpr uint8_t words = letter | upper | lower;  // [\p{L}\p{M}]
  static constexpr uint8_t stops = number | apart;

  // Skips characters of a class in `mask`, apart or not as `side` is.
  static const char* run(uint8_t mask, uint8_t side, const char* p, const char* end) {
    while (p != end) {
      const Character c = read<KanaApart>(p);
      if (!(c.cls & mask) || (c.cls & apart) != side) break;
      p = c.end;
    }
    return p;
  }
  static const char* run_of_words(uint8_t side, const char* p, const char* end) {
    return run(words, side, side ? p : ascii_letters(p, end, 'a', 0x20), end);
  }

  static const char* match(const char* p, const char* end) {
    const Character first = read<KanaApart>(p);
    const uint8_t side = first.cls & apart;
    if (first.cls & number) return up_to<KanaApart>(3, first.end, end);
    if (first.cls & words) return run_of_words(side, first.end, end);
    if (first.end != end) {
      if (first.end == p + 1 && (first.cls & symbol)) {
        if (const char* q = ascii_letters(first.end, end, 'a', 0x20); q != first.end) return q;
      }
      const Character second = read<KanaApart>(first.end);
      if ((second.cls & apart) == side) {
        if (!(first.cls & (newline | symbol)) && (second.cls & words)) return run_of_words(side, second.end, end);
        if (*p == ' ' && (second.cls & symbol)) return signs(side, second.end, end);
      }
    }
    if (first.cls & symbol) return signs(side, first.end, end);
    if (first.cls & space) return spaces<true, false, KanaApart, stops>(p, end);
    return side ? others(p, end) : nullptr;
  }
  // What the third pattern leaves of the kana is a piece that does not go on behind them.
  static const char* others(const char* p, const char* end) {
    const char* last = p;
    for (const char* q = p; q != end;) {
      const Character c = read<KanaApart>(q);
      if (!(c.cls & apart) || (c.cls & symbol)) return q;
      if (c.cls & words) return last;
      last = q;
      q = c.end;
    }
    return end;
  }
  static const char* signs(uint8_t side, const char* p, const char* end) {
    p = run(symbol, side, p, end);
    return side ? p : run_of(newline, p, end);
  }
};

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}|
// ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
template <int digits, bool all_at_end>
struct Cl100k : Covering {
  static const char* match(const char* p, const char* end) {
    if (*p == '\'') {
      if (const char* q = contraction<true>(p, end)) return q;
    }
    const Character first = read(p);
    if (first.cls & letter) return letters(first.end, end);
    if (first.cls & number) return up_to(digits, first.end, end);
    if (first.end == end) return end;
    const Character second = read(first.end);
    if ((second.cls & letter) && !(first.cls & newline)) return letters(second.end, end);
    const bool symbols = *p == ' ' ? !(second.cls & (letter | number | space)) : !(first.cls & space);
    if (symbols) return run_of(newline, run_outside(letter | number | space, first.end, end), end);
    return spaces<true, all_at_end>(p, end);
  }
};

// P?U*L+S?|P?U+L*S?|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+ where P = [^\r\n\p{L}\p{N}], U
// and L are the classes `upper` and `lower` (modifier and other letters and marks are in both), S a contraction. What a
// pattern sets apart comes first, in runs.
template <int digits, bool contractions, class Classes = Plain, bool slashes = true>
struct O200k : Covering {
  // U*L+ at `q`, or null; `upper_end` is where U* stopped. When no lower-only letter follows, U* gives back down to the
  // last character that is in both classes, which then is all that L+ gets.
  static const char* mixed(const char* q, const char* end, const char*& upper_end) {
    const char* both_end = nullptr;
    while (q != end) {
      const Character c = read<Classes>(q);
      if (!(c.cls & upper)) {
        upper_end = q;
        return c.cls & lower ? lower_run<Classes>(c.end, end) : both_end;
      }
      q = c.end;
      if (c.cls & lower) both_end = q;
    }
    upper_end = q;
    return both_end;
  }
  static const char* with_suffix(const char* q, const char* end) {
    if (contractions && q != end && *q == '\'') {
      if (const char* r = contraction<true>(q, end)) return r;
    }
    return q;
  }

  static const char* match(const char* p, const char* end) {
    const Character first = read<Classes>(p);
    if (std::is_same_v<Classes, HanApart> && (first.cls & apart)) return run_of<Classes>(apart, first.end, end);
    const bool prefix = !(first.cls & (letter | number | newline));
    const bool bare = (first.cls & (upper | lower)) != 0;
    const char *after_prefix = p, *after_bare = p, *q;
    if (prefix && (q = mixed(first.end, end, after_prefix))) return with_suffix(q, end);
    if (bare && (q = mixed(p, end, after_bare))) return with_suffix(q, end);
    if (prefix && after_prefix > first.end) return with_suffix(after_prefix, end);
    if (bare && after_bare > p) return with_suffix(after_bare, end);
    if (first.cls & number) return up_to(digits, first.end, end);
    if (first.end == end) return end;
    const Character second = read<Classes>(first.end);
    const bool symbols = *p == ' ' ? !(second.cls & (letter | number | space)) : !(first.cls & space);
    if (symbols) {
      q = run_outside(letter | number | space, first.end, end);
      while (q != end && (*q == '\r' || *q == '\n' || (slashes && *q == '/'))) ++q;
      return q;
    }
    return spaces<true, false>(p, end);
  }
};

template <class Pattern>
void scan(std::string_view text, Regex::Visitor visitor, void* context) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  for (const char* p = begin; p != end;) {
    const char* q = Pattern::match(p, end);
    if (Pattern::gaps && !q) {
      p += unicode::length_of_lead(static_cast<unsigned char>(*p));
      continue;
    }
    visitor(context, size_t(p - begin), size_t(q - begin));
    p = q;
  }
}
template <class Pattern>
size_t match(std::string_view text, size_t begin) {
  if (begin == text.size()) return size_t(-1);
  const char* end = Pattern::match(text.data() + begin, text.data() + text.size());
  return end ? size_t(end - text.data()) : size_t(-1);
}
template <class Pattern>
Scanner scanner(std::string_view name, std::string_view pattern, RegexDialect dialect = RegexDialect::oniguruma) {
  return {name, pattern, dialect, Pattern::cuts, &scan<Pattern>, &match<Pattern>};
}

#define BROT_CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define BROT_TAIL R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define BROT_CASED R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
#define BROT_HAN_CASED \
  R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+)"
#define BROT_HAN_UPPER \
  R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*)"
#define BROT_UPPER R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"

// Numbers are split off first, so for the patterns behind them they end the text. Digits knows 13 numbers more than
// \p{N}.
constexpr std::string_view starcoder_fused =
    R"([\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}]|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+)"
    R"(| ?[^\s\p{L}\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}]+)"
    R"(|\s+(?![^\s\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}])|\s+)";

// Kana and ideographs are split off as well; the third pattern then cuts between the numbers and within the kana.
#define BROT_KANA R"(一-龥\x{3040}-ヿ)"
constexpr std::string_view deepseek3_splits[] = {
    R"(\p{N}{1,3})", "[" BROT_KANA "]+",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)" BROT_TAIL};
constexpr std::string_view deepseek3_fused =
    R"(\p{N}{1,3}|[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)"
    R"(|[^\r\n\p{L}\p{P}\p{S}\p{N})" BROT_KANA R"(]?[\p{L}\p{M}&&[^)" BROT_KANA R"(]]+)"
    R"(|[)" BROT_KANA R"(&&[^\p{L}\p{P}\p{S}]]?[\p{L}\p{M}&&[)" BROT_KANA R"(]]+)"
    R"(| ?[\p{P}\p{S}&&[^)" BROT_KANA R"(]]+[\r\n]*|[\p{P}\p{S}&&[)" BROT_KANA R"(]]+)"
    R"(|[)" BROT_KANA R"(&&[^\p{L}\p{M}\p{P}\p{S}]]+(?![\p{L}\p{M}&&[)" BROT_KANA R"(]]))"
    R"(|\s*[\r\n]+|\s+(?![^\s\p{N})" BROT_KANA R"(])|\s+)";
#undef BROT_KANA

}  // namespace

const std::vector<Scanner>& all_scanners() {
  static const std::vector<Scanner> scanners = {
      scanner<Gpt2>("gpt2", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"),
      scanner<Gpt2>("gpt2", R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"),
      scanner<Gpt2>("r50k_base", R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)",
                    RegexDialect::tiktoken),
      scanner<Cl100k<3, false>>(
          "llama3", BROT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_TAIL),
      scanner<Cl100k<1, false>>(
          "qwen2", BROT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_TAIL),
      scanner<Cl100k<3, false>>("cl100k_base",
                                BROT_CONTRACTIONS
                                R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_TAIL,
                                RegexDialect::tiktoken),
      scanner<Cl100k<3, true>>(
          "cl100k_base",
          R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)",
          RegexDialect::tiktoken),
      scanner<Cl100k<3, true>>(
          "cl100k_base",
          R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s)"),
      scanner<O200k<3, true>>("o200k_base", BROT_CASED BROT_CONTRACTIONS
                              "?" BROT_UPPER BROT_CONTRACTIONS R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" BROT_TAIL),
      scanner<O200k<3, true>>("o200k_base",
                              BROT_CASED BROT_CONTRACTIONS "?" BROT_UPPER BROT_CONTRACTIONS
                                                           R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" BROT_TAIL,
                              RegexDialect::tiktoken),
      scanner<O200k<3, true, HanApart, false>>("kimi", R"([\p{Han}]+|)" BROT_HAN_CASED BROT_CONTRACTIONS
                                                       "?|" BROT_HAN_UPPER BROT_CONTRACTIONS
                                                       R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_TAIL),
      scanner<O200k<3, true, HanApart, false>>("kimi",
                                               R"([\p{Han}]+|)" BROT_HAN_CASED BROT_CONTRACTIONS
                                               "?|" BROT_HAN_UPPER BROT_CONTRACTIONS
                                               R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_TAIL,
                                               RegexDialect::tiktoken),
      scanner<Bloom>("bloom", R"( ?[^(\s|[.,!?…。，、।۔،])]+)"),
      scanner<Clip>("clip", R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)"),
      scanner<DeepSeek3>("deepseek-v3", deepseek3_fused),
      scanner<StarCoder>("starcoder", starcoder_fused),
      scanner<O200k<1, false>>("tekken", BROT_CASED BROT_UPPER R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" BROT_TAIL),
  };
  return scanners;
}

#undef BROT_CONTRACTIONS
#undef BROT_TAIL
#undef BROT_CASED
#undef BROT_UPPER
#undef BROT_HAN_CASED
#undef BROT_HAN_UPPER

namespace {
std::string key_of(std::string_view pattern, RegexDialect dialect = RegexDialect::oniguruma) {
  return regex::key_of(parse(pattern, dialect, UnicodeProfile::hf));
}
}  // namespace

bool are_deepseek3(std::span<const std::string_view> patterns) {
  if (patterns.size() != std::size(deepseek3_splits)) return false;
  if (std::equal(patterns.begin(), patterns.end(), std::begin(deepseek3_splits))) return true;
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> out;
    for (const std::string_view pattern : deepseek3_splits) out.push_back(key_of(pattern));
    return out;
  }();
  return std::equal(keys.begin(), keys.end(), patterns.begin(), patterns.end(),
                    [](const std::string& key, std::string_view pattern) { return key == key_of(pattern); });
}
std::string_view deepseek3_at_once() { return deepseek3_fused; }
std::string_view starcoder_at_once() { return starcoder_fused; }

const Scanner* find_scanner(std::string_view pattern, RegexDialect dialect) {
  for (const Scanner& scanner : all_scanners()) {
    if (scanner.dialect == dialect && scanner.pattern == pattern) return &scanner;
  }
  return nullptr;
}

const Scanner* find_scanner(const Node& tree) {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> out;
    for (const Scanner& scanner : all_scanners()) out.push_back(key_of(scanner.pattern, scanner.dialect));
    return out;
  }();
  const std::string key = regex::key_of(tree);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &all_scanners()[i];
  }
  return nullptr;
}

}  // namespace brot::regex
