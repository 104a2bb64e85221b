#include "raven/brot/core/added_tokens.hpp"

#include <algorithm>
#include <cstring>

#include "raven/brot/core/error.hpp"
#include "raven/brot/core/vocabulary.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

// ------------------------------------------------------------------------------------------------------------ matching

void TokenMatcher::build(const std::vector<std::pair<std::string, uint32_t>>& texts) {
  *this = TokenMatcher();
  if (texts.empty()) return;
  TableVector<std::pair<std::string_view, uint32_t>> keys;
  pairs_.assign(65536 / 64, 0);
  for (const auto& [text, value] : texts) {
    if (text.empty()) continue;
    keys.emplace_back(text, value);
    const unsigned first = static_cast<unsigned char>(text[0]);
    if (!first_[first]) starts_.push_back(static_cast<unsigned char>(first));
    first_[first] = true;
    if (text.size() == 1) {
      single_bytes_ = true;
      for (unsigned second = 0; second < 256; ++second)
        pairs_[(first << 8 | second) >> 6] |= uint64_t{1} << (second & 63);
    } else {
      const unsigned second = static_cast<unsigned char>(text[1]);
      pairs_[(first << 8 | second) >> 6] |= uint64_t{1} << (second & 63);
    }
  }
  trie_.build(std::move(keys));
}

std::optional<TokenMatcher::Match> TokenMatcher::find(std::string_view text, size_t from) const noexcept {
  const char* const data = text.data();
  const size_t size = text.size();
  for (size_t at = from; at < size; ++at) {
    // Skip to a byte that begins some token: memchr when all begin alike, else the table of first bytes.
    if (starts_.size() == 1) {
      const void* hit = std::memchr(data + at, starts_[0], size - at);
      if (!hit) break;
      at = size_t(static_cast<const char*>(hit) - data);
    } else {
      while (at < size && !first_[static_cast<unsigned char>(data[at])]) ++at;
      if (at == size) break;
    }
    if (at + 1 < size) {
      const unsigned pair =
          unsigned(static_cast<unsigned char>(data[at])) << 8 | static_cast<unsigned char>(data[at + 1]);
      if (!(pairs_[pair >> 6] >> (pair & 63) & 1)) continue;
    }
    uint32_t node = 0;
    size_t end = 0;
    uint32_t value = DoubleArray::none;
    for (size_t i = at; i < size; ++i) {
      node = trie_.child(node, static_cast<unsigned char>(data[i]));
      if (node == DoubleArray::none) break;
      if (trie_.value(node) != DoubleArray::none) {
        value = trie_.value(node);
        end = i + 1;
      }
    }
    if (value != DoubleArray::none) return Match{at, end, value};
  }
  return std::nullopt;
}

// ----------------------------------------------------------------------------------------------------------------- set

size_t AddedTokens::add(const std::vector<AddedToken>& tokens, const Vocabulary& model, const Normalizer* normalizer) {
  for (const AddedToken& token : tokens) expect_utf8("brot.Tokenizer.add_tokens", "content", token.content);
  size_t added = 0;
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    const uint32_t known = find(token.content);
    if (known != none) {
      const auto present = by_id_.find(known);
      if (present != by_id_.end() && present->second == token) continue;
    }
    ++added;
    uint32_t id = known;
    if (id == none) id = model.find(token.content);
    if (id == Vocabulary::none) {
      const uint32_t size = uint32_t(model.size());
      if (by_id_.empty()) {
        id = size;
      } else {
        const uint32_t last = by_id_.rbegin()->first;
        id = last >= size || size == 0 ? last + 1 : size;
      }
      if (id == none)
        throw Error(ErrorCode::limit, "brot.Tokenizer.add_tokens",
                    raven::Message() << "no id is left for `" << token.content << "`: the last one, " << none - 1
                                     << ", is taken");
    }
    if (token.special) special_.insert(token.content);
    by_id_[id] = token;
    ids_[token.content] = id;
  }
  if (added > 0) rebuild(normalizer);
  return added;
}

void AddedTokens::set_normalizer(const Normalizer* normalizer, UnicodeProfile profile) {
  profile_ = profile;
  rebuild(normalizer);
}

void AddedTokens::rebuild(const Normalizer* normalizer) {
  normalized_.clear();
  std::vector<std::pair<std::string, uint32_t>> raw, after;
  for (const auto& [id, token] : by_id_) {
    if (!token.normalized) {
      raw.emplace_back(token.content, id);
      continue;
    }
    std::string content = normalizer ? normalizer->normalized(token.content, profile_) : token.content;
    normalized_[id] = content;
    after.emplace_back(std::move(content), id);
  }
  raw_.build(raw);
  after_.build(after);
}

uint32_t AddedTokens::find(std::string_view content) const {
  const auto place = ids_.find(std::string(content));
  return place == ids_.end() ? none : place->second;
}

std::string_view AddedTokens::text(uint32_t id) const {
  const auto token = by_id_.find(id);
  if (token == by_id_.end()) return {};
  const auto changed = normalized_.find(id);
  return changed == normalized_.end() ? std::string_view(token->second.content) : std::string_view(changed->second);
}

namespace {

bool is_word(char32_t c, UnicodeProfile profile) {
  return unicode::for_profile(profile, [c]<UnicodeProfile which>() { return unicode::is_word<which>(c); });
}

}  // namespace

bool AddedTokens::split(std::string_view text, bool normalized, bool ignore_special, std::vector<Part>& out) const {
  const TokenMatcher& matcher = normalized ? after_ : raw_;
  if (matcher.empty() || text.empty()) return false;
  const size_t first = out.size();
  size_t open = 0;  // end of the last token
  for (auto match = matcher.find(text, 0); match; match = matcher.find(text, match->end)) {
    const AddedToken& token = by_id_.at(match->value);
    size_t begin = match->begin, end = match->end;
    if (ignore_special && token.special) continue;
    if (token.single_word) {
      if (begin > 0 && is_word(unicode::previous_scalar(text.data() + begin), profile_)) continue;
      const char* next = text.data() + end;
      if (end < text.size() && is_word(unicode::next_scalar(next), profile_)) continue;
    }
    if (token.lstrip) {
      if (end <= open) continue;  // the token before took it along
      begin = std::max(begin, open);
      while (begin > open) {
        const char32_t c = unicode::previous_scalar(text.data() + begin);
        if (!unicode::is_white_space(c)) break;
        begin -= unicode::encoded_length(c);
      }
    }
    if (token.rstrip) {
      while (end < text.size()) {
        const char* next = text.data() + end;
        if (!unicode::is_white_space(unicode::next_scalar(next))) break;
        end = size_t(next - text.data());
      }
    }
    if (open < begin) out.push_back({uint32_t(open), uint32_t(begin), none});
    out.push_back({uint32_t(begin), uint32_t(end), match->value});
    open = end;
  }
  if (out.size() == first) return false;
  if (open < text.size()) out.push_back({uint32_t(open), uint32_t(text.size()), none});
  return true;
}

}  // namespace brot
