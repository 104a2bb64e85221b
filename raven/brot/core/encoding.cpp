#include "raven/brot/core/encoding.hpp"

#include <algorithm>

#include "raven/brot/core/error.hpp"

namespace brot {

TokenNames::~TokenNames() = default;

std::vector<Encoding::Surface>::const_iterator Encoding::surface_from(size_t index) const {
  return std::lower_bound(surfaces_.begin(), surfaces_.end(), index,
                          [](const Surface& surface, size_t key) { return surface.first < key; });
}

std::string_view Encoding::token(size_t index) const {
  if (index >= ids_.size())
    throw Error(ErrorCode::argument, "brot.Encoding.token",
                raven::Message() << "index: got " << index << ", expected less than " << ids_.size());
  const auto place = surface_from(index);
  if (place != surfaces_.end() && place->first == index) return place->second;
  return names_ ? names_->name_of(ids_[index]) : std::string_view();
}

std::vector<std::string_view> Encoding::tokens() const {
  std::vector<std::string_view> all(ids_.size());
  if (names_)
    for (size_t i = 0; i < ids_.size(); ++i) all[i] = names_->name_of(ids_[i]);
  for (const auto& [index, text] : surfaces_) all[index] = text;
  return all;
}

// ------------------------------------------------------------------------------------------------------------ maps

Span Encoding::sequence_range(size_t sequence) const {
  for (const SequenceRange& range : ranges_)
    if (range.sequence == sequence) return {range.begin, range.end};
  return {0, uint32_t(ids_.size())};
}

std::optional<size_t> Encoding::token_to_sequence(size_t token) const {
  if (token >= ids_.size()) return std::nullopt;
  if (ranges_.empty()) return 0;
  for (const SequenceRange& range : ranges_)
    if (token >= range.begin && token < range.end) return range.sequence;
  return std::nullopt;
}

std::vector<std::optional<size_t>> Encoding::sequence_ids() const {
  std::vector<std::optional<size_t>> all(ids_.size());
  for (size_t sequence = 0; sequence < n_sequences(); ++sequence) {
    const Span range = sequence_range(sequence);
    for (size_t i = range.begin; i < range.end; ++i) all[i] = sequence;
  }
  return all;
}

std::optional<Span> Encoding::word_to_tokens(uint32_t word, size_t sequence) const {
  if (words_.size() != ids_.size()) return std::nullopt;
  const Span range = sequence_range(sequence);
  std::optional<Span> found;
  for (uint32_t i = range.begin; i < range.end; ++i) {
    if (words_[i] == no_word) continue;
    if (words_[i] > word) break;  // word indices ascend within a sequence
    if (words_[i] != word) continue;
    if (!found) found = Span{i, i};
    found->end = i + 1;
  }
  return found;
}

std::optional<Span> Encoding::word_to_chars(uint32_t word, size_t sequence) const {
  const auto range = word_to_tokens(word, sequence);
  if (!range || offsets_.size() != ids_.size()) return std::nullopt;
  return Span{offsets_[range->begin].begin, offsets_[range->end - 1].end};
}

std::optional<std::pair<size_t, Span>> Encoding::token_to_chars(size_t token) const {
  const auto sequence = token_to_sequence(token);
  if (!sequence || offsets_.size() != ids_.size()) return std::nullopt;
  return std::pair{*sequence, offsets_[token]};
}

std::optional<std::pair<size_t, uint32_t>> Encoding::token_to_word(size_t token) const {
  const auto sequence = token_to_sequence(token);
  if (!sequence || words_.size() != ids_.size() || words_[token] == no_word) return std::nullopt;
  return std::pair{*sequence, words_[token]};
}

std::optional<size_t> Encoding::char_to_token(uint32_t position, size_t sequence) const {
  if (offsets_.size() != ids_.size()) return std::nullopt;
  const Span range = sequence_range(sequence);
  for (size_t i = range.begin; i < range.end; ++i)
    if (position >= offsets_[i].begin && position < offsets_[i].end) return i;
  return std::nullopt;
}

std::optional<uint32_t> Encoding::char_to_word(uint32_t position, size_t sequence) const {
  const auto token = char_to_token(position, sequence);
  if (!token || words_.size() != ids_.size() || words_[*token] == no_word) return std::nullopt;
  return words_[*token];
}

// ------------------------------------------------------------------------------------------- truncation, padding, merging

namespace {
template <class T>
std::vector<T> part(const std::vector<T>& all, size_t begin, size_t end) {
  if (all.empty()) return {};
  return std::vector<T>(all.begin() + ptrdiff_t(begin), all.begin() + ptrdiff_t(end));
}
template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}
}  // namespace

Encoding Encoding::window(size_t begin, size_t end) const {
  Encoding result;
  result.ids_ = part(ids_, begin, end);
  result.type_ids_ = part(type_ids_, begin, end);
  result.words_ = part(words_, begin, end);
  result.offsets_ = part(offsets_, begin, end);
  result.special_ = part(special_, begin, end);
  result.attention_ = part(attention_, begin, end);
  for (auto surface = surface_from(begin); surface != surfaces_.end() && surface->first < end; ++surface)
    result.surfaces_.emplace_back(uint32_t(surface->first - begin), surface->second);
  result.names_ = names_;
  return result;
}

void Encoding::truncate(size_t max_length, size_t stride, Direction direction, bool keep_overflow) {
  const size_t length = ids_.size();
  if (max_length >= length) return;
  if (max_length == 0) {
    Encoding whole = std::move(*this);
    *this = Encoding();
    names_ = whole.names_;
    if (keep_overflow) overflowing_.push_back(std::move(whole));
    return;
  }
  if (stride >= max_length)
    throw Error(ErrorCode::argument, "brot.Encoding.truncate",
                raven::Message() << "stride: got " << stride << ", expected less than max_length " << max_length);
  const size_t step = max_length - stride;
  std::vector<std::pair<size_t, size_t>> windows;
  if (direction == Direction::right) {
    for (size_t start = 0; start < length; start += step) {
      const size_t stop = std::min(start + max_length, length);
      windows.emplace_back(start, stop);
      if (stop == length || !keep_overflow) break;
    }
  } else {
    for (size_t taken = 0; taken < length; taken += step) {
      const size_t stop = length - taken;
      const size_t start = stop < max_length ? 0 : stop - max_length;
      windows.emplace_back(start, stop);
      if (start == 0 || !keep_overflow) break;
    }
  }
  Encoding result = window(windows[0].first, windows[0].second);
  for (size_t i = 1; i < windows.size(); ++i)
    result.overflowing_.push_back(window(windows[i].first, windows[i].second));
  *this = std::move(result);
}

void Encoding::pad(size_t length, uint32_t id, uint32_t type_id, std::string_view token, Direction direction) {
  for (Encoding& overflow : overflowing_) overflow.pad(length, id, type_id, token, direction);
  if (ids_.size() >= length) return;
  const size_t before = ids_.size();
  const size_t count = length - before;
  const bool left = direction == Direction::left;
  // Arrays that were not asked for stay empty; an encoding without tokens gets all of them.
  const auto fill = [&](auto& values, auto value) {
    if (values.size() == before) values.insert(left ? values.begin() : values.end(), count, value);
  };
  fill(type_ids_, type_id);
  fill(words_, no_word);
  fill(offsets_, Span{});
  fill(special_, uint8_t{1});
  fill(attention_, uint8_t{0});
  ids_.insert(left ? ids_.begin() : ids_.end(), count, id);
  if (left) {
    for (auto& surface : surfaces_) surface.first += uint32_t(count);
    for (SequenceRange& range : ranges_) {
      range.begin += uint32_t(count);
      range.end += uint32_t(count);
    }
  }
  if (names_ && names_->name_of(id) == token) return;
  std::vector<std::pair<uint32_t, std::string>> padding;
  for (size_t i = 0; i < count; ++i) padding.emplace_back(uint32_t(left ? i : before + i), std::string(token));
  surfaces_.insert(left ? surfaces_.begin() : surfaces_.end(), padding.begin(), padding.end());
}

void Encoding::merge_with(const Encoding& pair, bool growing_offsets) {
  std::vector<Encoding> overflowing;
  for (const Encoding& own : overflowing_) {
    overflowing.push_back(own);
    overflowing.back().merge_with(pair, growing_offsets);
    for (const Encoding& other : pair.overflowing_) {
      overflowing.push_back(own);
      overflowing.back().merge_with(other, growing_offsets);
    }
  }
  for (const Encoding& other : pair.overflowing_) {
    overflowing.push_back(*this);
    overflowing.back().merge_with(other, growing_offsets);
  }
  const uint32_t length = uint32_t(ids_.size());
  for (const SequenceRange& range : pair.ranges_) {
    const auto same = std::find_if(ranges_.begin(), ranges_.end(),
                                   [&](const SequenceRange& own) { return own.sequence == range.sequence; });
    const SequenceRange moved{range.sequence, range.begin + length, range.end + length};
    if (same != ranges_.end()) {
      *same = moved;
    } else {
      ranges_.push_back(moved);
    }
  }
  const uint32_t shift = growing_offsets && !offsets_.empty() ? offsets_.back().end : 0;
  append(ids_, pair.ids_);
  append(type_ids_, pair.type_ids_);
  append(words_, pair.words_);
  append(special_, pair.special_);
  append(attention_, pair.attention_);
  for (const Span& span : pair.offsets_) offsets_.push_back({span.begin + shift, span.end + shift});
  for (const auto& [index, text] : pair.surfaces_) surfaces_.emplace_back(index + length, text);
  if (!names_) names_ = pair.names_;
  overflowing_ = std::move(overflowing);
}

Encoding Encoding::merge(std::vector<Encoding> list, bool growing_offsets) {
  if (list.empty()) return {};
  Encoding result = std::move(list[0]);
  for (size_t i = 1; i < list.size(); ++i) result.merge_with(list[i], growing_offsets);
  return result;
}

void EncodingAccess::set_sequence(Encoding& e, size_t sequence) { set_sequence(e, sequence, 0, e.ids_.size()); }
void EncodingAccess::set_sequence(Encoding& e, size_t sequence, size_t begin, size_t end) {
  for (auto& range : e.ranges_) {
    if (range.sequence == sequence) {
      range.begin = uint32_t(begin);
      range.end = uint32_t(end);
      return;
    }
  }
  e.ranges_.push_back({sequence, uint32_t(begin), uint32_t(end)});
}
void EncodingAccess::set_type_ids(Encoding& e, uint32_t type_id, EncodeFields fields) {
  if (has(fields, EncodeFields::types)) e.type_ids_.assign(e.ids_.size(), type_id);
}

}  // namespace brot
