#pragma once
// A piece of the input while it is being normalized: its present text and, for every byte of it, the range of the original
// bytes that it stands for. No ranges are stored while every character still has the place and length of its original ("identity").
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "raven/base/export.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

/// Half-open range of offsets.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool operator==(const Span&) const = default;
};

/// See the head of this file. Rules of alignment: a replaced character keeps the span of what it replaces, an inserted one gets the
/// span of the byte before it, a kept one keeps its own.
class RAVEN_API AlignedText {
 public:
  /// Starts over with `original`, which begins at byte `base` of the input and must outlive this object's use.
  /// With `tracked` false no spans are kept (ids only).
  void assign(std::string_view original, uint32_t base, bool tracked = true, UnicodeProfile profile = UnicodeProfile::hf);

  std::string_view text() const noexcept { return view_; }
  size_t size() const noexcept { return view_.size(); }
  /// True while every character has the place and length of the one it stands for.
  bool identity() const noexcept { return identity_; }
  bool tracked() const noexcept { return tracked_; }
  /// The versions of Unicode that normalizers and pre-tokenizers follow on this text.
  UnicodeProfile profile() const noexcept { return profile_; }

  /// The original span of the byte at `position`: that of its whole character.
  Span span_of_byte(size_t position) const noexcept;
  /// The original span of [begin, end); an empty range is returned unchanged.
  Span span(size_t begin, size_t end) const noexcept;

  /// Adds `content` before the text; it and the first character share the first character's span. Nothing happens to empty text.
  void prepend(std::string_view content);
  /// Keeps the characters for which `keep` holds.
  template <class Keep>
  void filter(Keep&& keep);
  /// Replaces each character by another.
  template <class Map>
  void map(Map&& map);
  /// Applies an edit script from the first character on (unicode::Change).
  void apply(const std::vector<unicode::Change>& script);
  /// Builds the next text from the present one, left to right.
  class Edit {
   public:
    explicit Edit(AlignedText& text);
    /// Takes over the old bytes [begin, end), spans included.
    void copy(size_t begin, size_t end);
    /// Appends new bytes that stand for `span`.
    void put(std::string_view bytes, Span span);
    void put(char32_t scalar, Span span);
    /// Copies ASCII text: the first `unchanged` bytes as they are, the others as `map` says (0 drops one).
    void map_ascii(size_t unchanged, const char* map);
    /// The span of text inserted behind the old bytes [0, position): that of the byte before.
    Span inserted_at(size_t position) const noexcept;
    size_t size() const noexcept { return text_.next_.size(); }
    /// Makes the new text the present one.
    void commit();

   private:
    void store_spans(size_t until);
    AlignedText& text_;
    bool same_;  // so far every byte stands at the place of its original
  };

 private:
  friend class Edit;
  std::string_view original_, view_;
  uint32_t base_ = 0;
  bool identity_ = true, tracked_ = true;
  UnicodeProfile profile_ = UnicodeProfile::hf;
  std::string current_, next_;
  std::vector<Span> spans_, next_spans_;
};

template <class Keep>
void AlignedText::filter(Keep&& keep) {
  const char* const start = view_.data();
  const char* const end = start + view_.size();
  const char* at = start;
  while (at != end) {  // nothing is copied while nothing is dropped
    const char* before = at;
    if (!keep(unicode::next_scalar(at))) {
      at = before;
      break;
    }
  }
  if (at == end) return;
  Edit edit(*this);
  size_t run = 0;
  while (at != end) {
    const char* before = at;
    if (keep(unicode::next_scalar(at))) continue;
    edit.copy(run, size_t(before - start));
    run = size_t(at - start);
  }
  edit.copy(run, view_.size());
  edit.commit();
}

template <class Map>
void AlignedText::map(Map&& map) {
  const char* const start = view_.data();
  const char* const end = start + view_.size();
  const char* at = start;
  const char* before = at;
  char32_t mapped = 0;
  while (at != end) {
    before = at;
    const char32_t c = unicode::next_scalar(at);
    mapped = map(c);
    if (mapped != c) break;
    before = at;
  }
  if (before == end) return;
  Edit edit(*this);
  edit.copy(0, size_t(before - start));
  edit.put(mapped, span_of_byte(size_t(before - start)));
  size_t run = size_t(at - start);
  while (at != end) {
    before = at;
    const char32_t c = unicode::next_scalar(at);
    mapped = map(c);
    if (mapped == c) continue;
    edit.copy(run, size_t(before - start));
    edit.put(mapped, span_of_byte(size_t(before - start)));
    run = size_t(at - start);
  }
  edit.copy(run, view_.size());
  edit.commit();
}

}  // namespace brot
