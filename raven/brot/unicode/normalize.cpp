// Normal forms with the edit script that offset alignment needs.
//
// decompose → sort each run of nonstarters by combining class (stable) → for NFC and NFKC recompose. Every scalar
// carries its change: the first scalar of a decomposition replaces the source character (0), the others are inserted
// (+1); composing (a, x) with (b, y) yields change x + y − 1.
#include <algorithm>
#include <unordered_map>

#include "raven/brot/unicode/stream.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::unicode {

template <UnicodeProfile profile>
uint8_t combining_class(char32_t c) noexcept {
  if (!properties<profile>(c).has(tables::nonstarter)) return 0;
  static const Partition runs(tables::versions[size_t(profile)].combining_classes);
  return runs[c];
}
template RAVEN_API uint8_t combining_class<UnicodeProfile::hf>(char32_t c) noexcept;
template RAVEN_API uint8_t combining_class<UnicodeProfile::latest>(char32_t c) noexcept;

namespace {

constexpr char32_t hangul_base = 0xAC00, lead_base = 0x1100, vowel_base = 0x1161, trail_base = 0x11A7;
constexpr uint32_t lead_count = 19, vowel_count = 21, trail_count = 28;
constexpr uint32_t hangul_count = lead_count * vowel_count * trail_count;

// Full decompositions, and the primary composites as (first, second) → composite.
struct NormalizationData {
  struct Entry {
    uint32_t begin;
    uint32_t size;
  };
  std::unordered_map<char32_t, Entry> canonical, compatible;
  std::vector<char32_t> pool;
  std::unordered_map<uint64_t, char32_t> compositions;

  explicit NormalizationData(const tables::Stream& decompositions) {
    const MappingTable table(decompositions);
    for (const MappingTable::Entry& entry : table.entries()) {
      const bool is_compatible = entry.flags & 1, is_excluded = entry.flags & 2;
      const char32_t* to = table.scalars(entry);
      if (!is_compatible) canonical[entry.from] = expand(table, entry.from, false);
      compatible[entry.from] = expand(table, entry.from, true);
      if (!is_compatible && !is_excluded && entry.size == 2) compositions[uint64_t(to[0]) << 32 | to[1]] = entry.from;
    }
  }

 private:
  Entry expand(const MappingTable& table, char32_t from, bool compatibly) {
    std::vector<char32_t> scalars;
    expand_into(scalars, table, from, compatibly);
    const Entry entry{uint32_t(pool.size()), uint32_t(scalars.size())};
    pool.insert(pool.end(), scalars.begin(), scalars.end());
    return entry;
  }
  static void expand_into(std::vector<char32_t>& out, const MappingTable& table, char32_t c, bool compatibly) {
    const MappingTable::Entry* entry = table.find(c);
    if (!entry || ((entry->flags & 1) && !compatibly)) return out.push_back(c);
    for (uint32_t i = 0; i < entry->size; ++i) expand_into(out, table, table.scalars(*entry)[i], compatibly);
  }
};

template <UnicodeProfile profile>
const NormalizationData& data() {
  static const NormalizationData instance(tables::versions[size_t(profile)].decompositions);
  return instance;
}

constexpr uint32_t slow_flag[] = {tables::nfc_slow, tables::nfd_slow, tables::nfkc_slow, tables::nfkd_slow};

bool composes(Form form) { return form == Form::nfc || form == Form::nfkc; }

// Offset of the first character at which the quick check fails, moved back to the last starter before it; text.size()
// if none.
template <UnicodeProfile profile>
size_t first_change(std::string_view text, Form form) {
  const uint32_t flag = slow_flag[size_t(form)];
  const char* begin = text.data();
  const char* end = begin + text.size();
  const char* at = begin + ascii_prefix(text);
  const char* starter = at == begin ? begin : at - 1;
  uint8_t last_class = 0;
  while (at != end) {
    if (static_cast<unsigned char>(*at) < 0x80) {
      at += ascii_prefix({at, size_t(end - at)});
      starter = at - 1;
      last_class = 0;
      continue;
    }
    const char* here = at;
    const Properties p = properties<profile>(next_scalar(at));
    if (p.has(flag)) return size_t((starter < here ? starter : here) - begin);
    if (p.has(tables::nonstarter)) {
      const char* again = here;
      const uint8_t ccc = combining_class<profile>(next_scalar(again));
      if (ccc < last_class) return size_t(starter - begin);
      last_class = ccc;
    } else {
      starter = here;
      last_class = 0;
    }
  }
  return text.size();
}

// Appends `c` decomposed.
template <UnicodeProfile profile>
void decompose(char32_t c, bool compatibly, std::vector<Change>& out) {
  if (c - hangul_base < hangul_count) {
    const uint32_t index = c - hangul_base;
    out.push_back({lead_base + index / (vowel_count * trail_count), 0});
    out.push_back({vowel_base + index % (vowel_count * trail_count) / trail_count, 1});
    if (index % trail_count) out.push_back({trail_base + index % trail_count, 1});
    return;
  }
  if (properties<profile>(c).has(compatibly ? tables::nfkd_slow : tables::nfd_slow)) {
    const NormalizationData& known = data<profile>();
    const auto& map = compatibly ? known.compatible : known.canonical;
    if (const auto it = map.find(c); it != map.end()) {
      for (uint32_t i = 0; i < it->second.size; ++i) out.push_back({known.pool[it->second.begin + i], i ? 1 : 0});
      return;
    }
  }
  out.push_back({c, 0});
}

template <UnicodeProfile profile>
uint8_t class_of(char32_t c) {
  return properties<profile>(c).has(tables::nonstarter) ? combining_class<profile>(c) : uint8_t(0);
}

// Sorts one run of nonstarters by combining class, stably: by insertion when short, else by counting (a run may be
// megabytes).
template <UnicodeProfile profile>
void sort_run(Change* run, size_t size) {
  if (size < 2) return;
  std::vector<uint8_t> classes(size);
  for (size_t i = 0; i < size; ++i) classes[i] = combining_class<profile>(run[i].scalar);
  if (std::is_sorted(classes.begin(), classes.end())) return;
  if (size <= 16) {
    for (size_t i = 1; i < size; ++i) {
      for (size_t j = i; j > 0 && classes[j - 1] > classes[j]; --j) {
        std::swap(classes[j - 1], classes[j]);
        std::swap(run[j - 1], run[j]);
      }
    }
    return;
  }
  size_t start[257] = {};
  for (const uint8_t ccc : classes) ++start[ccc + 1];
  for (size_t i = 1; i < 257; ++i) start[i] += start[i - 1];
  const std::vector<Change> copy(run, run + size);
  for (size_t i = 0; i < size; ++i) run[start[classes[i]]++] = copy[i];
}

// Puts each run of nonstarters of out[begin, …) in canonical order.
template <UnicodeProfile profile>
void order_canonically(std::vector<Change>& out, size_t begin) {
  for (size_t i = begin; i < out.size();) {
    size_t j = i;
    while (j < out.size() && properties<profile>(out[j].scalar).has(tables::nonstarter)) ++j;
    sort_run<profile>(out.data() + i, j - i);
    i = j + 1;
  }
}

template <UnicodeProfile profile>
char32_t compose_pair(char32_t a, char32_t b) {
  if (a - lead_base < lead_count && b - vowel_base < vowel_count) {
    return hangul_base + ((a - lead_base) * vowel_count + (b - vowel_base)) * trail_count;
  }
  if (a - hangul_base < hangul_count && (a - hangul_base) % trail_count == 0 && b - trail_base - 1 < trail_count - 1) {
    return a + (b - trail_base);
  }
  const auto& compositions = data<profile>().compositions;
  const auto it = compositions.find(uint64_t(a) << 32 | b);
  return it == compositions.end() ? 0 : it->second;
}

// Composes out[begin, …) in place: each character is tried against the last starter unless one of the same or a higher
// class stands between them.
template <UnicodeProfile profile>
void compose(std::vector<Change>& out, size_t begin) {
  constexpr size_t none = size_t(-1);
  size_t write = begin, starter = none;
  uint8_t last_class = 0;  // of the last character kept
  for (size_t read = begin; read < out.size(); ++read) {
    const Change current = out[read];
    const uint8_t ccc = class_of<profile>(current.scalar);
    if (starter != none) {
      const bool adjacent = write == starter + 1;
      if (adjacent || last_class < ccc) {
        if (const char32_t composite = compose_pair<profile>(out[starter].scalar, current.scalar)) {
          out[starter] = {composite, out[starter].change + current.change - 1};
          continue;
        }
      }
    }
    if (ccc == 0) starter = write;
    last_class = ccc;
    out[write++] = current;
  }
  out.resize(write);
}

// Not inlined: both profiles in one function have 3 % more instructions.
template <UnicodeProfile profile>
[[gnu::noinline]] bool normalize_by(std::string_view text, Form form, std::vector<Change>& out) {
  const size_t change = first_change<profile>(text, form);
  if (change == text.size()) return false;
  const char* at = text.data();
  const char* end = at + text.size();
  // What precedes the last starter before the first change stays as it is.
  while (at != text.data() + change) out.push_back({next_scalar(at), 0});
  const bool compatibly = form == Form::nfkc || form == Form::nfkd;
  const size_t changed = out.size();
  while (at != end) decompose<profile>(next_scalar(at), compatibly, out);
  order_canonically<profile>(out, changed);
  if (composes(form)) compose<profile>(out, changed);
  return true;
}

}  // namespace

bool is_normalized_quick(std::string_view text, Form form, UnicodeProfile profile) noexcept {
  return for_profile(profile, [&]<UnicodeProfile which>() { return first_change<which>(text, form); }) == text.size();
}

bool normalize(std::string_view text, Form form, std::vector<Change>& out, UnicodeProfile profile) {
  return for_profile(profile, [&]<UnicodeProfile which>() { return normalize_by<which>(text, form, out); });
}

std::string normalized(std::string_view text, Form form, UnicodeProfile profile) {
  std::vector<Change> changes;
  if (!normalize(text, form, changes, profile)) return std::string(text);
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  for (const Change& c : changes) append(out, c.scalar);
  return out;
}

}  // namespace brot::unicode
