#include "raven/brot/core/aligned_text.hpp"

#include <algorithm>

namespace brot {

namespace {
bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }
}  // namespace

void AlignedText::assign(std::string_view original, uint32_t base, bool tracked, UnicodeProfile profile) {
  original_ = view_ = original;
  base_ = base;
  identity_ = true;
  tracked_ = tracked;
  profile_ = profile;
}

Span AlignedText::span_of_byte(size_t position) const noexcept {
  if (!tracked_) return {base_, base_};
  if (!identity_) return spans_[std::min(position, spans_.size() - 1)];
  if (position >= original_.size()) return {base_ + uint32_t(original_.size()), base_ + uint32_t(original_.size())};
  size_t begin = position, end = position + 1;
  while (begin > 0 && is_continuation(original_[begin])) --begin;
  while (end < original_.size() && is_continuation(original_[end])) ++end;
  return {base_ + uint32_t(begin), base_ + uint32_t(end)};
}

Span AlignedText::span(size_t begin, size_t end) const noexcept {
  if (begin == end) return {base_ + uint32_t(begin), base_ + uint32_t(end)};
  return {span_of_byte(begin).begin, span_of_byte(end - 1).end};
}

void AlignedText::prepend(std::string_view content) {
  if (view_.empty() || content.empty()) return;
  const size_t first = unicode::length_of_lead(static_cast<unsigned char>(view_[0]));
  const Span span = span_of_byte(0);
  Edit edit(*this);
  edit.put(content, span);
  edit.put(view_.substr(0, first), span);
  edit.copy(first, view_.size());
  edit.commit();
}

void AlignedText::apply(const std::vector<unicode::Change>& script) {
  const char* const start = view_.data();
  const char* at = start;
  const char* const end = start + view_.size();
  Edit edit(*this);
  for (const unicode::Change& step : script) {
    const size_t position = size_t(at - start);
    if (step.change > 0) {
      edit.put(step.scalar, edit.inserted_at(position));
      continue;
    }
    edit.put(step.scalar, span_of_byte(position));
    for (int32_t consumed = step.change; consumed <= 0 && at < end; ++consumed)
      at += unicode::length_of_lead(static_cast<unsigned char>(*at));
  }
  edit.commit();
}

AlignedText::Edit::Edit(AlignedText& text) : text_(text), same_(text.identity_) {
  text_.next_.clear();
  text_.next_spans_.clear();
  text_.next_.reserve(text_.view_.size() + 16);
}

// Writes the spans of the identical part when the first byte moves.
void AlignedText::Edit::store_spans(size_t until) {
  same_ = false;
  if (!text_.tracked_) return;
  std::vector<Span>& spans = text_.next_spans_;
  spans.reserve(text_.view_.size() + 16);
  const uint32_t base = text_.base_;
  for (size_t i = 0; i < until;) {
    const size_t length = unicode::length_of_lead(static_cast<unsigned char>(text_.original_[i]));
    spans.insert(spans.end(), std::min(length, until - i), Span{base + uint32_t(i), base + uint32_t(i + length)});
    i += length;
  }
}

void AlignedText::Edit::copy(size_t begin, size_t end) {
  if (begin >= end) return;
  if (same_ && begin != text_.next_.size()) store_spans(text_.next_.size());
  text_.next_.append(text_.view_, begin, end - begin);
  if (same_ || !text_.tracked_) return;
  std::vector<Span>& spans = text_.next_spans_;
  if (!text_.identity_) {
    spans.insert(spans.end(), text_.spans_.begin() + ptrdiff_t(begin), text_.spans_.begin() + ptrdiff_t(end));
    return;
  }
  const uint32_t base = text_.base_;
  for (size_t i = begin; i < end;) {
    const size_t length = unicode::length_of_lead(static_cast<unsigned char>(text_.original_[i]));
    spans.insert(spans.end(), std::min(length, end - i), Span{base + uint32_t(i), base + uint32_t(i + length)});
    i += length;
  }
}

void AlignedText::Edit::put(std::string_view bytes, Span span) {
  const uint32_t place = text_.base_ + uint32_t(text_.next_.size());
  if (same_ && !(span.begin == place && span.end == place + bytes.size())) store_spans(text_.next_.size());
  text_.next_.append(bytes);
  if (!same_ && text_.tracked_) text_.next_spans_.insert(text_.next_spans_.end(), bytes.size(), span);
}

void AlignedText::Edit::put(char32_t scalar, Span span) {
  char buffer[4];
  put(std::string_view(buffer, unicode::encode(scalar, buffer)), span);
}

void AlignedText::Edit::map_ascii(size_t unchanged, const char* map) {
  const std::string_view view = text_.view_;
  text_.next_.resize(view.size());
  char* const out = text_.next_.data();
  std::copy(view.begin(), view.begin() + ptrdiff_t(unchanged), out);
  size_t size = unchanged, moved = view.size();  // `moved`: the first byte that was dropped
  for (size_t at = unchanged; at < view.size(); ++at) {
    const char mapped = map[static_cast<unsigned char>(view[at])];
    out[size] = mapped;
    size += mapped != 0;
    if (mapped == 0 && moved == view.size()) moved = at;
  }
  text_.next_.resize(size);
  if (moved == view.size() && same_) return;
  if (same_) store_spans(moved);
  if (!text_.tracked_) return;
  std::vector<Span>& spans = text_.next_spans_;
  for (size_t at = spans.size() ? moved : 0; at < view.size(); ++at)
    if (map[static_cast<unsigned char>(view[at])] != 0) spans.push_back(text_.span_of_byte(at));
}

Span AlignedText::Edit::inserted_at(size_t position) const noexcept {
  if (position == 0) return {text_.base_, text_.base_};
  return text_.span_of_byte(std::min(position, text_.view_.size()) - 1);
}

void AlignedText::Edit::commit() {
  if (same_ && text_.next_.size() != text_.original_.size()) store_spans(text_.next_.size());
  text_.identity_ = same_;
  text_.current_.swap(text_.next_);
  text_.spans_.swap(text_.next_spans_);
  text_.view_ = text_.current_;
}

}  // namespace brot
