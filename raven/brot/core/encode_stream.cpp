#include "raven/brot/core/encode_stream.hpp"

#include <algorithm>

#include "raven/brot/core/core.hpp"
#include "raven/brot/core/cut_points.hpp"

namespace brot {

EncodeStream::EncodeStream(Tokenizer tokenizer) : tokenizer_(std::move(tokenizer)) {
  const TokenizerCore& core = *tokenizer_.core();
  cuttable_ = cut_rule_of(core) != CutRule::none && !core.added.any_normalized() && !core.random;
  for (const auto& [id, token] : core.added.by_id()) margin_ = std::max(margin_, token.content.size());
  margin_ += 4;  // and the character behind it
}

// The last cut between added tokens, far enough from the end that no token can begin before it and end behind it.
size_t EncodeStream::last_cut() const {
  const TokenizerCore& core = *tokenizer_.core();
  const CutRule rule = cut_rule_of(core);
  std::vector<AddedTokens::Part> parts;
  if (!core.added.split(text_, false, core.config.split_special_tokens, parts))
    parts.push_back({0, uint32_t(text_.size()), AddedTokens::none});
  size_t last = 0;
  for (const AddedTokens::Part& part : parts) {
    if (part.id != AddedTokens::none) continue;
    for (size_t at = part.begin + 1; at < part.end && at + margin_ <= text_.size(); ++at) {
      at = find_cut(std::string_view(text_).substr(0, part.end), at, rule);
      if (at < part.end && at + margin_ <= text_.size()) last = at;
    }
  }
  return last;
}

std::vector<uint32_t> EncodeStream::push(std::string_view part) {
  bytes_.append(part);
  // All but a character that may still be completed: its lead byte stands among the last three.
  size_t whole = bytes_.size();
  for (size_t back = 1; back <= 3 && back <= bytes_.size(); ++back) {
    const auto byte = static_cast<unsigned char>(bytes_[bytes_.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    if (byte >= 0xC0 && unicode::length_of_lead(byte) > back) whole = bytes_.size() - back;
    break;
  }
  text_ += unicode::replace_invalid(std::string_view(bytes_).substr(0, whole));
  bytes_.erase(0, whole);
  if (!cuttable_ || text_.size() < next_try_) return {};
  const size_t cut = last_cut();
  if (cut == 0) {
    next_try_ = 2 * text_.size();
    return {};
  }
  next_try_ = 0;
  std::vector<uint32_t> ids = tokenizer_.encode_ids(std::string_view(text_).substr(0, cut));
  text_.erase(0, cut);
  return ids;
}

std::vector<uint32_t> EncodeStream::flush() {
  text_ += unicode::replace_invalid(bytes_);
  std::vector<uint32_t> ids = tokenizer_.encode_ids(text_);
  bytes_.clear();
  text_.clear();
  next_try_ = 0;
  return ids;
}

TokenCounter::TokenCounter(const Tokenizer& tokenizer, std::string_view text) : size_(text.size()) {
  const Encoding encoding = tokenizer.encode(
      text, {.add_special_tokens = false, .fields = EncodeFields::offsets, .no_truncation = true, .no_padding = true});
  begins_.reserve(encoding.size());
  for (const Span span : encoding.offsets())  // a token may stand for what is before its neighbour's place
    begins_.push_back(begins_.empty() ? span.begin : std::max(span.begin, begins_.back()));
  blocks_.reserve(size_ / block + 2);
  for (size_t token = 0, start = 0; start < size_ + block; start += block) {
    while (token < begins_.size() && begins_[token] < start) ++token;
    blocks_.push_back(uint32_t(token));
  }
  blocks_.push_back(uint32_t(begins_.size()));
}

size_t TokenCounter::before(size_t position) const noexcept {
  if (position >= size_) return begins_.size();
  const auto first = begins_.begin() + blocks_[position / block],
             last = begins_.begin() + blocks_[position / block + 1];
  return size_t(std::lower_bound(first, last, uint32_t(position)) - begins_.begin());
}

size_t TokenCounter::end_of(size_t begin, size_t count) const noexcept {
  const size_t first = before(begin);
  return count >= begins_.size() - first ? size_ : std::max(begin, size_t{begins_[first + count]});
}

}  // namespace brot
