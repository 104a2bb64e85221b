#include "raven/brot/core/valid_text.hpp"

#include <algorithm>
#include <limits>

#include "raven/brot/core/error.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

/// Byte offsets to code points or UTF-16 units, from one position to the next.
class UnitCounter {
 public:
  UnitCounter(std::string_view text, bool utf16) : text_(text), utf16_(utf16) {}
  uint32_t at(uint32_t byte) {
    if (byte >= byte_) {
      units_ += count(byte_, byte);
    } else {
      units_ -= count(byte, byte_);
    }
    byte_ = byte;
    return units_;
  }

 private:
  uint32_t count(uint32_t begin, uint32_t end) const {
    uint32_t units = 0;
    if (end - begin > 64) {
      units = uint32_t(unicode::count_scalars(text_.substr(begin, end - begin)));
    } else {
      for (uint32_t i = begin; i < end; ++i) units += (static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80;
    }
    if (utf16_)
      for (uint32_t i = begin; i < end; ++i) units += static_cast<unsigned char>(text_[i]) >= 0xF0;
    return units;
  }
  std::string_view text_;
  bool utf16_;
  uint32_t byte_ = 0, units_ = 0;
};

}  // namespace

ValidText::ValidText(std::string_view text, InvalidUtf8 policy, bool bytes_allowed) : text_(text), view_(text) {
  if (text.size() >= std::numeric_limits<uint32_t>::max())
    throw Error(ErrorCode::limit, "brot.encode", "the text is larger than 4 GiB");
  const size_t invalid = unicode::find_invalid(text);
  if (invalid == text.size()) return;
  broken_ = policy == InvalidUtf8::bytes && bytes_allowed;
  if (broken_) return;
  if (policy != InvalidUtf8::replace)
    throw Error(ErrorCode::invalid_text, "brot.encode",
                raven::Message() << "the text is not valid UTF-8"
                                 << (policy == InvalidUtf8::bytes ? " and the tokenizer does not work on bytes" : ""),
                raven::Message() << "byte " << uint64_t(invalid));
  repair(invalid);
  view_ = fixed_;
}

// Makes the valid text, the first invalid byte being known.
void ValidText::repair(size_t invalid) {
  for (size_t at = invalid; at < text_.size();) {
    const unicode::Decoded decoded = unicode::decode(text_, at);
    if (!decoded.valid) repairs_.push_back({0, uint32_t(at), decoded.length});
    at += decoded.length;
  }
  size_t run = 0;
  for (Repair& repair : repairs_) {
    fixed_.append(text_, run, repair.original - run);
    repair.place = uint32_t(fixed_.size());
    fixed_.append("\xEF\xBF\xBD");
    run = repair.original + repair.length;
  }
  fixed_.append(text_, run, text_.size() - run);
}

// The original offset of a boundary of the valid text.
uint32_t ValidText::original_of(uint32_t place) const {
  auto repair = std::upper_bound(repairs_.begin(), repairs_.end(), place,
                                 [](uint32_t key, const Repair& one) { return key < one.place; });
  if (repair == repairs_.begin()) return place;
  --repair;
  if (place == repair->place) return repair->original;
  return repair->original + repair->length + (place - repair->place - 3);
}

// And back.
uint32_t ValidText::place_of(uint32_t original) const {
  auto repair = std::upper_bound(repairs_.begin(), repairs_.end(), original,
                                 [](uint32_t key, const Repair& one) { return key < one.original; });
  if (repair == repairs_.begin()) return original;
  --repair;
  if (original == repair->original) return repair->place;
  return repair->place + 3 + (original - repair->original - repair->length);
}

void ValidText::convert(std::span<Span> spans, Offsets unit) {
  if (unit == Offsets::byte) {
    if (!repairs_.empty())
      for (Span& span : spans) span = {original_of(span.begin), original_of(span.end)};
    return;
  }
  if (broken_) {
    repair(0);
    for (Span& span : spans) span = {place_of(span.begin), place_of(span.end)};
  }
  const std::string_view valid = broken_ ? std::string_view(fixed_) : view_;
  if (unicode::is_ascii(valid)) return;
  UnitCounter counter(valid, unit == Offsets::utf16);
  for (Span& span : spans) {
    span.begin = counter.at(span.begin);
    span.end = counter.at(span.end);
  }
}

}  // namespace brot
