#include "raven/brot/train/symbols.hpp"

#include <algorithm>
#include <map>

#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

constexpr uint32_t none = ~uint32_t{0};

}  // namespace

SymbolWords::SymbolWords(const BpeTrainer& options, const WordCounts& counts)
    : prefix_(options.continuing_subword_prefix.value_or("")) {
  for (const AddedToken& token : options.special_tokens) id_of(token.content);
  const std::vector<WordCounts::Word> list = counts.sorted();
  make_alphabet(options, list);
  make_words(options, list);
}

uint32_t SymbolWords::id_of(const std::string& token) {
  const auto [place, inserted] = ids_.emplace(token, uint32_t(tokens.size()));
  if (inserted) tokens.push_back(token);
  return place->second;
}

uint32_t SymbolWords::merged_id(uint32_t left, uint32_t right) {
  std::string_view tail = tokens[right];
  if (!prefix_.empty() && tail.starts_with(prefix_)) tail.remove_prefix(prefix_.size());
  return id_of(tokens[left] + std::string(tail));
}

// Characters by frequency, cut to the limit, then in code point order.
void SymbolWords::make_alphabet(const BpeTrainer& options, const std::vector<WordCounts::Word>& list) {
  std::map<char32_t, uint64_t> alphabet;
  for (const auto& [text, occurrences] : list)
    for (const char* at = text.data(); at != text.data() + text.size();)
      alphabet[unicode::next_scalar(at)] += occurrences;
  for (const std::string& text : options.initial_alphabet) {
    if (text.empty()) continue;
    const char* at = text.data();
    alphabet[unicode::next_scalar(at)] = ~uint64_t{0};
  }
  std::vector<std::pair<uint64_t, char32_t>> kept;
  for (const auto& [c, occurrences] : alphabet) kept.emplace_back(occurrences, c);
  if (options.limit_alphabet && kept.size() > *options.limit_alphabet) {
    std::sort(kept.begin(), kept.end());
    kept.erase(kept.begin(), kept.end() - ptrdiff_t(*options.limit_alphabet));
  }
  std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const auto& [occurrences, c] : kept) {
    std::string text;
    unicode::append(text, c);
    id_of(text);
  }
}

void SymbolWords::make_words(const BpeTrainer& options, const std::vector<WordCounts::Word>& list) {
  const std::string suffix = options.end_of_word_suffix.value_or("");
  const bool plain = prefix_.empty() && suffix.empty();
  std::unordered_map<char32_t, uint32_t> plain_ids;
  std::string symbol;
  for (const auto& [text, occurrences] : list) {
    begin.push_back(symbols.size());
    count.push_back(occurrences);
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
      const char* const start = at;
      const char32_t c = unicode::next_scalar(at);
      symbol.assign(start, size_t(at - start));
      auto known = plain_ids.find(c);
      if (known == plain_ids.end()) {
        const auto place = ids_.find(symbol);
        known = plain_ids.emplace(c, place == ids_.end() ? none : place->second).first;
      }
      if (known->second == none) continue;  // not in the alphabet
      uint32_t id = known->second;
      if (!plain && (start != text.data() || at == end)) {
        if (start != text.data()) symbol.insert(0, prefix_);
        if (at == end) symbol.append(suffix);
        id = id_of(symbol);
      }
      symbols.push_back({id, 1});
    }
    size.push_back(uint32_t(symbols.size() - begin.back()));
  }
}

}  // namespace brot
