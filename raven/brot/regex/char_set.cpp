#include "raven/brot/regex/char_set.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "raven/brot/unicode/stream.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::regex {

namespace tables = unicode::tables;
using unicode::Category;

CharSet::CharSet(std::initializer_list<Range> ranges) : ranges_(ranges) { normalize(); }

void CharSet::normalize() {
  const auto before = [](const Range& a, const Range& b) { return a.first < b.first; };
  if (!std::is_sorted(ranges_.begin(), ranges_.end(), before)) std::sort(ranges_.begin(), ranges_.end(), before);
  size_t write = 0;
  for (const Range& range : ranges_) {
    if (write && range.first <= ranges_[write - 1].last + 1) {
      ranges_[write - 1].last = std::max(ranges_[write - 1].last, range.last);
    } else {
      ranges_[write++] = range;
    }
  }
  ranges_.resize(write);
}

void CharSet::add(char32_t first, char32_t last) {
  if (!ranges_.empty() && ranges_.back().last + 1 == first) {
    ranges_.back().last = last;
    return;
  }
  const bool in_order = ranges_.empty() || ranges_.back().last < first;
  ranges_.push_back({first, last});
  if (!in_order) normalize();
}

void CharSet::add(const CharSet& other) {
  std::vector<Range> both(ranges_.size() + other.ranges_.size());
  std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(), both.begin(),
             [](const Range& a, const Range& b) { return a.first < b.first; });
  ranges_ = std::move(both);
  normalize();
}

CharSet CharSet::complement() const {
  CharSet out;
  char32_t next = 0;
  for (const Range& range : ranges_) {
    if (range.first > next) out.ranges_.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= 0x10FFFF) out.ranges_.push_back({next, 0x10FFFF});
  return out;
}

CharSet CharSet::intersect(const CharSet& other) const {
  CharSet out;
  for (size_t i = 0, j = 0; i < ranges_.size() && j < other.ranges_.size();) {
    const char32_t first = std::max(ranges_[i].first, other.ranges_[j].first);
    const char32_t last = std::min(ranges_[i].last, other.ranges_[j].last);
    if (first <= last) out.ranges_.push_back({first, last});
    ranges_[i].last < other.ranges_[j].last ? ++i : ++j;
  }
  return out;
}

bool CharSet::contains(char32_t c) const {
  const auto it =
      std::upper_bound(ranges_.begin(), ranges_.end(), c, [](char32_t key, const Range& r) { return key < r.first; });
  return it != ranges_.begin() && c <= (it - 1)->last;
}

namespace {

// --------------------------------------------------------------------------------------------------------- properties

const tables::Version& version_of(UnicodeProfile profile) { return tables::versions[size_t(profile)]; }

/// A partition of the profile's version, unpacked once.
template <tables::Stream tables::Version::* stream>
const unicode::Partition& runs_of(UnicodeProfile profile) {
  return unicode::for_profile(profile, []<UnicodeProfile which>() -> const unicode::Partition& {
    static const unicode::Partition runs(version_of(which).*stream);
    return runs;
  });
}

CharSet set_of_categories(uint32_t mask, UnicodeProfile profile) {
  const unicode::Partition& runs = runs_of<&tables::Version::categories>(profile);
  CharSet out;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (mask >> runs.value(i) & 1) out.add(runs.begin(i), runs.end(i) - 1);
  }
  return out;
}

CharSet set_of_script(uint32_t script, UnicodeProfile profile) {
  const unicode::Partition& runs = runs_of<&tables::Version::scripts>(profile);
  CharSet out;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs.value(i) == script) out.add(runs.begin(i), runs.end(i) - 1);
  }
  return out;
}

CharSet set_of_stream(const tables::Stream& stream) {
  unicode::StreamReader reader(stream);
  CharSet out;
  for (char32_t at = 0; !reader.done();) {
    at += reader.number();
    const char32_t length = reader.number();
    out.add(at, at + length - 1);
    at += length;
  }
  return out;
}

constexpr uint32_t bit(Category c) { return 1u << uint32_t(c); }
constexpr uint32_t from_to(Category first, Category last) { return (2u << uint32_t(last)) - (1u << uint32_t(first)); }

struct CategoryName {
  const char* short_name;
  const char* long_name;
  uint32_t mask;
};
constexpr CategoryName category_names[] = {
    {"C", "Other", from_to(Category::Cc, Category::Co) | bit(Category::Cn)},
    {"Cc", "Control", bit(Category::Cc)},
    {"Cf", "Format", bit(Category::Cf)},
    {"Cn", "Unassigned", bit(Category::Cn)},
    {"Co", "Private_Use", bit(Category::Co)},
    {"Cs", "Surrogate", bit(Category::Cs)},
    {"L", "Letter", from_to(Category::Lu, Category::Lo)},
    {"LC", "Cased_Letter", from_to(Category::Lu, Category::Lt)},
    {"Ll", "Lowercase_Letter", bit(Category::Ll)},
    {"Lm", "Modifier_Letter", bit(Category::Lm)},
    {"Lo", "Other_Letter", bit(Category::Lo)},
    {"Lt", "Titlecase_Letter", bit(Category::Lt)},
    {"Lu", "Uppercase_Letter", bit(Category::Lu)},
    {"M", "Mark", from_to(Category::Mn, Category::Me)},
    {"M", "Combining_Mark", from_to(Category::Mn, Category::Me)},
    {"Mc", "Spacing_Mark", bit(Category::Mc)},
    {"Me", "Enclosing_Mark", bit(Category::Me)},
    {"Mn", "Nonspacing_Mark", bit(Category::Mn)},
    {"N", "Number", from_to(Category::Nd, Category::No)},
    {"Nd", "Decimal_Number", bit(Category::Nd)},
    {"Nl", "Letter_Number", bit(Category::Nl)},
    {"No", "Other_Number", bit(Category::No)},
    {"P", "Punctuation", from_to(Category::Pc, Category::Po)},
    {"Pc", "Connector_Punctuation", bit(Category::Pc)},
    {"Pd", "Dash_Punctuation", bit(Category::Pd)},
    {"Pe", "Close_Punctuation", bit(Category::Pe)},
    {"Pf", "Final_Punctuation", bit(Category::Pf)},
    {"Pi", "Initial_Punctuation", bit(Category::Pi)},
    {"Po", "Other_Punctuation", bit(Category::Po)},
    {"Ps", "Open_Punctuation", bit(Category::Ps)},
    {"S", "Symbol", from_to(Category::Sm, Category::So)},
    {"Sc", "Currency_Symbol", bit(Category::Sc)},
    {"Sk", "Modifier_Symbol", bit(Category::Sk)},
    {"Sm", "Math_Symbol", bit(Category::Sm)},
    {"So", "Other_Symbol", bit(Category::So)},
    {"Z", "Separator", from_to(Category::Zs, Category::Zp)},
    {"Zl", "Line_Separator", bit(Category::Zl)},
    {"Zp", "Paragraph_Separator", bit(Category::Zp)},
    {"Zs", "Space_Separator", bit(Category::Zs)},
};

std::string loose(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == ' ') continue;
    out += c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  }
  return out;
}

CharSet united(CharSet a, const CharSet& b) {
  a.add(b);
  return a;
}

// The POSIX classes in Oniguruma's Unicode reading.
CharSet posix(std::string_view name, UnicodeProfile profile) {
  const auto binary = [&](const char* property) { return *CharSet::named(property, profile); };
  const auto categories = [&](uint32_t mask) { return set_of_categories(mask, profile); };
  const CharSet spaces = binary("White_Space");
  const auto graph = [&] {
    return united(spaces, categories(bit(Category::Cc) | bit(Category::Cn) | bit(Category::Cs))).complement();
  };
  if (name == "alpha") return binary("Alphabetic");
  if (name == "alnum") return united(binary("Alphabetic"), categories(bit(Category::Nd)));
  if (name == "blank") return united(CharSet::of('\t'), categories(bit(Category::Zs)));
  if (name == "cntrl") return categories(bit(Category::Cc));
  if (name == "digit") return categories(bit(Category::Nd));
  if (name == "graph") return graph();
  if (name == "lower") return binary("Lowercase");
  if (name == "print") return united(graph(), categories(bit(Category::Zs)));
  if (name == "punct") return categories(from_to(Category::Pc, Category::Po));
  if (name == "space") return spaces;
  if (name == "upper") return binary("Uppercase");
  if (name == "xdigit") return {{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
  if (name == "word") {
    return united(binary("Alphabetic"),
                  categories(from_to(Category::Mn, Category::Me) | bit(Category::Nd) | bit(Category::Pc)));
  }
  if (name == "ascii") return {{0, 0x7F}};
  if (name == "any") return CharSet::all();
  if (name == "assigned") return categories(bit(Category::Cn)).complement();
  return {};
}

}  // namespace

std::optional<CharSet> CharSet::named(std::string_view name, UnicodeProfile profile) {
  static std::mutex mutex;
  static std::map<std::string, CharSet, std::less<>> known_sets[2];  // by profile
  auto& known = known_sets[size_t(profile)];
  {
    const std::lock_guard lock(mutex);
    if (const auto it = known.find(name); it != known.end()) return it->second;
  }
  std::optional<CharSet> set = look_up(loose(name), profile);
  if (set) {
    const std::lock_guard lock(mutex);
    known.emplace(name, *set);
  }
  return set;
}

std::optional<CharSet> CharSet::look_up(std::string_view key, UnicodeProfile profile) {
  const tables::Version& version = version_of(profile);
  for (const CategoryName& row : category_names) {
    if (key == loose(row.short_name) || key == loose(row.long_name)) return set_of_categories(row.mask, profile);
  }
  for (uint32_t i = 0; i < tables::named_set_count; ++i) {
    if (key == loose(version.named_sets[i].name)) return set_of_stream(version.named_sets[i].stream);
  }
  for (uint32_t i = 0; i < version.script_count; ++i) {
    if (key == loose(tables::script_names[i].name) || key == loose(tables::script_names[i].alias))
      return set_of_script(i, profile);
  }
  CharSet set = posix(key, profile);
  if (set.empty()) return std::nullopt;
  return set;
}

CharSet CharSet::word_onig(UnicodeProfile profile) {
  return united({{0xB2, 0xB3}, {0xB9, 0xB9}, {0xBC, 0xBE}}, *named("word", profile));
}

// -------------------------------------------------------------------------------------------------------------- case

namespace {

struct FoldData {
  unicode::MappingTable simple, full;
  std::unordered_map<char32_t, std::vector<char32_t>> simple_classes;  // folded → sources
  std::vector<MultiFold> multi;

  explicit FoldData(const tables::Version& version) : simple(version.folding_simple), full(version.folding_full) {
    for (const auto& entry : simple.entries()) simple_classes[*simple.scalars(entry)].push_back(entry.from);
    std::map<std::vector<char32_t>, std::vector<char32_t>> by_sequence;
    for (const auto& entry : full.entries()) {
      by_sequence[{full.scalars(entry), full.scalars(entry) + entry.size}].push_back(entry.from);
    }
    for (auto& [sequence, sources] : by_sequence) multi.push_back({sequence, sources});
  }
};

const FoldData& fold_data(UnicodeProfile profile) {
  return unicode::for_profile(profile, []<UnicodeProfile which>() -> const FoldData& {
    static const FoldData data(version_of(which));
    return data;
  });
}

}  // namespace

Folding fold(const char32_t& c, UnicodeProfile profile) {
  const FoldData& data = fold_data(profile);
  if (const auto* entry = data.full.find(c)) return {data.full.scalars(*entry), entry->size};
  if (const auto* entry = data.simple.find(c)) return {data.simple.scalars(*entry), 1};
  return {&c, 1};
}

const std::vector<MultiFold>& multi_folds(UnicodeProfile profile) { return fold_data(profile).multi; }

CharSet CharSet::case_closure(UnicodeProfile profile) const {
  const FoldData& data = fold_data(profile);
  CharSet out = *this;
  std::vector<Range> extra;
  const auto add_class = [&](char32_t folded, const std::vector<char32_t>& sources) {
    extra.push_back({folded, folded});
    for (const char32_t source : sources) extra.push_back({source, source});
  };
  uint32_t members = 0;
  for (const Range& range : ranges_) members += range.last - range.first + 1;
  if (members < data.simple_classes.size()) {
    for (const Range& range : ranges_) {
      for (char32_t c = range.first; c <= range.last; ++c) {
        const auto* entry = data.simple.find(c);
        const auto found = data.simple_classes.find(entry ? *data.simple.scalars(*entry) : c);
        if (found != data.simple_classes.end()) add_class(found->first, found->second);
      }
    }
  } else {
    for (const auto& [folded, sources] : data.simple_classes) {
      bool hit = contains(folded);
      for (const char32_t source : sources) hit = hit || contains(source);
      if (hit) add_class(folded, sources);
    }
  }
  // ß and ẞ have no simple folding in common, but fold to the same sequence.
  for (const MultiFold& multi : data.multi) {
    bool hit = false;
    for (const char32_t source : multi.sources) hit = hit || contains(source);
    if (!hit) continue;
    for (const char32_t source : multi.sources) extra.push_back({source, source});
  }
  out.ranges_.insert(out.ranges_.end(), extra.begin(), extra.end());
  out.normalize();
  return out;
}

}  // namespace brot::regex
