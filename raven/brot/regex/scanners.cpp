// The known patterns as straight code. Each matcher follows its pattern's alternatives in order; runs of ASCII letters
// are found 16 bytes at a time, any other character costs one table walk. The tests hold every scanner equal to the
// general engine.
#include "raven/brot/regex/scanners.hpp"

#include <bit>
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
    default: return 0;
  }
}

struct Tables {
  uint8_t ascii[128] = {};
  uint8_t category[32] = {};
  constexpr Tables() {
    for (int c = 0; c < 128; ++c) {
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

// A character: its class and where it ends.
struct Character {
  uint8_t cls;
  const char* end;
};

inline Character wide(const char* p) {
  const unicode::Properties properties = unicode::properties(unicode::next_scalar(p));
  return {uint8_t(tables.category[size_t(properties.category())] |
                  (properties.has(unicode::tables::white_space) ? space : 0)),
          p};
}
inline Character read(const char* p) {
  const auto byte = static_cast<unsigned char>(*p);
  return byte < 0x80 ? Character{tables.ascii[byte], p + 1} : wide(p);
}

// Skips characters whose class has a bit of `mask`.
inline const char* run_of(uint8_t mask, const char* p, const char* end) {
  while (p != end) {
    const Character c = read(p);
    if (!(c.cls & mask)) break;
    p = c.end;
  }
  return p;
}
// Skips characters whose class has no bit of `mask`.
inline const char* run_outside(uint8_t mask, const char* p, const char* end) {
  while (p != end) {
    const Character c = read(p);
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

inline const char* letters(const char* p, const char* end) {
  for (;;) {
    p = ascii_letters(p, end, 'a', 0x20);
    if (p == end || static_cast<unsigned char>(*p) < 0x80) return p;
    const Character c = wide(p);
    if (!(c.cls & letter)) return p;
    p = run_of(letter, c.end, end);
  }
}

// [\p{Ll}\p{Lm}\p{Lo}\p{M}]*
inline const char* lower_run(const char* p, const char* end) {
  for (;;) {
    p = ascii_letters(p, end, 'a', 0);
    if (p == end || static_cast<unsigned char>(*p) < 0x80) return p;
    const Character c = wide(p);
    if (!(c.cls & lower)) return p;
    p = run_of(lower, c.end, end);
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

inline const char* back_one(const char* p) {
  do --p;
  while ((static_cast<unsigned char>(*p) & 0xC0) == 0x80);
  return p;
}

// \s*[\r\n]+ (when `newlines`), \s+(?!\S), \s+; with `all_at_end`, \s++$ before them. `p` is at white space.
template <bool newlines, bool all_at_end>
inline const char* spaces(const char* p, const char* end) {
  const char* last_newline = nullptr;
  const char* q = p;
  while (q != end) {
    const Character c = read(q);
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

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
struct Gpt2 {
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

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}|
// ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
template <int digits, bool all_at_end>
struct Cl100k {
  static const char* match(const char* p, const char* end) {
    if (*p == '\'') {
      if (const char* q = contraction<true>(p, end)) return q;
    }
    const Character first = read(p);
    if (first.cls & letter) return letters(first.end, end);
    if (first.cls & number) {
      const char* q = first.end;
      for (int i = 1; i < digits && q != end; ++i) {
        const Character c = read(q);
        if (!(c.cls & number)) break;
        q = c.end;
      }
      return q;
    }
    if (first.end == end) return end;
    const Character second = read(first.end);
    if ((second.cls & letter) && !(first.cls & newline)) return letters(second.end, end);
    const bool symbols = *p == ' ' ? !(second.cls & (letter | number | space)) : !(first.cls & space);
    if (symbols) return run_of(newline, run_outside(letter | number | space, first.end, end), end);
    return spaces<true, all_at_end>(p, end);
  }
};

// P?U*L+S?|P?U+L*S?|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+ where P = [^\r\n\p{L}\p{N}], U
// and L are the classes `upper` and `lower` (modifier and other letters and marks are in both), S a contraction.
template <int digits, bool contractions>
struct O200k {
  // U*L+ at `q`, or null; `upper_end` is where U* stopped. When no lower-only letter follows, U* gives back down to the
  // last character that is in both classes, which then is all that L+ gets.
  static const char* mixed(const char* q, const char* end, const char*& upper_end) {
    const char* both_end = nullptr;
    while (q != end) {
      const Character c = read(q);
      if (!(c.cls & upper)) {
        upper_end = q;
        return c.cls & lower ? lower_run(c.end, end) : both_end;
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
    const Character first = read(p);
    const bool prefix = !(first.cls & (letter | number | newline));
    const bool bare = (first.cls & (upper | lower)) != 0;
    const char *after_prefix = p, *after_bare = p, *q;
    if (prefix && (q = mixed(first.end, end, after_prefix))) return with_suffix(q, end);
    if (bare && (q = mixed(p, end, after_bare))) return with_suffix(q, end);
    if (prefix && after_prefix > first.end) return with_suffix(after_prefix, end);
    if (bare && after_bare > p) return with_suffix(after_bare, end);
    if (first.cls & number) {
      q = first.end;
      for (int i = 1; i < digits && q != end; ++i) {
        const Character c = read(q);
        if (!(c.cls & number)) break;
        q = c.end;
      }
      return q;
    }
    if (first.end == end) return end;
    const Character second = read(first.end);
    const bool symbols = *p == ' ' ? !(second.cls & (letter | number | space)) : !(first.cls & space);
    if (symbols) {
      q = run_outside(letter | number | space, first.end, end);
      while (q != end && (*q == '\r' || *q == '\n' || *q == '/')) ++q;
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
    visitor(context, size_t(p - begin), size_t(q - begin));
    p = q;
  }
}
template <class Pattern>
size_t match(std::string_view text, size_t begin) {
  if (begin == text.size()) return size_t(-1);
  return size_t(Pattern::match(text.data() + begin, text.data() + text.size()) - text.data());
}
template <class Pattern>
Scanner scanner(std::string_view name, std::string_view pattern, RegexDialect dialect = RegexDialect::oniguruma) {
  return {name, pattern, dialect, &scan<Pattern>, &match<Pattern>};
}

#define BROT_CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define BROT_TAIL R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define BROT_CASED R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
#define BROT_UPPER R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"

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
      scanner<O200k<1, false>>("tekken", BROT_CASED BROT_UPPER R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" BROT_TAIL),
  };
  return scanners;
}

#undef BROT_CONTRACTIONS
#undef BROT_TAIL
#undef BROT_CASED
#undef BROT_UPPER

const Scanner* find_scanner(const Node& tree) {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> out;
    for (const Scanner& scanner : all_scanners())
      out.push_back(canonical_text(parse(scanner.pattern, scanner.dialect, UnicodeProfile::hf)));
    return out;
  }();
  const std::string key = canonical_text(tree);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &all_scanners()[i];
  }
  return nullptr;
}

}  // namespace brot::regex
