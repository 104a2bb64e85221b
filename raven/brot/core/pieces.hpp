#pragma once
// What flows from the normalizer to the model: one aligned text cut into pieces.
#include <cstdint>
#include <string_view>
#include <vector>

#include "raven/brot/core/aligned_text.hpp"

namespace brot {

/// A range of the text; an added token when `token` is not `none`.
struct Piece {
  static constexpr uint32_t none = ~uint32_t{0};
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t token = none;
};

/// How a delimiter is kept when text is split at it. For `-` in `the-final--countdown`: Removed the,final,countdown;
/// Isolated the,-,final,-,-,countdown; MergedWithPrevious the-,final-,-,countdown; MergedWithNext the,-final,-,-countdown;
/// Contiguous the,-,final,--,countdown.
enum class SplitBehavior : uint8_t { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };

/// The aligned text and its pieces in order. Pre-tokenizers cut pieces that are no tokens, or write the text anew.
class RAVEN_API Pieces {
 public:
  AlignedText text;
  std::vector<Piece> list;

  std::string_view view(const Piece& piece) const { return text.text().substr(piece.begin, piece.end - piece.begin); }

  /// A part of a piece while it is being split: bytes relative to the piece, and whether it is a delimiter.
  struct Part {
    uint32_t begin;
    uint32_t end;
    bool match;
  };
  /// Splits every piece that is no token: `find(view, parts)` appends parts that cover the view in order; `behavior` then
  /// says which of them become pieces. Empty pieces are dropped.
  template <class Find>
  void split(SplitBehavior behavior, Find&& find) {
    next_.clear();
    for (const Piece& piece : list) {
      if (piece.token != Piece::none) {
        next_.push_back(piece);
        continue;
      }
      parts_.clear();
      find(view(piece), parts_);
      regroup(piece.begin, behavior);
    }
    list.swap(next_);
  }
  /// Splits at every single character for which `is_match` holds.
  template <class IsMatch>
  void split_at(SplitBehavior behavior, IsMatch&& is_match) {
    split(behavior, [&](std::string_view view, std::vector<Part>& parts) {
      const char* at = view.data();
      const char* const end = at + view.size();
      uint32_t open = 0;
      while (at != end) {
        const uint32_t begin = uint32_t(at - view.data());
        if (!is_match(unicode::next_scalar(at))) continue;
        if (open < begin) parts.push_back({open, begin, false});
        open = uint32_t(at - view.data());
        parts.push_back({begin, open, true});
      }
      if (open < view.size()) parts.push_back({open, uint32_t(view.size()), false});
    });
  }
  /// Writes the text anew: `rewrite(edit, begin, end)` is called for each piece that is no token and must copy or put its
  /// new bytes; tokens are copied. The pieces follow the new text.
  template <class Rewrite>
  void rewrite(Rewrite&& rewrite_piece) {
    AlignedText::Edit edit(text);
    for (Piece& piece : list) {
      const uint32_t begin = uint32_t(edit.size());
      if (piece.token != Piece::none) {
        edit.copy(piece.begin, piece.end);
      } else {
        rewrite_piece(edit, piece.begin, piece.end);
      }
      piece.begin = begin;
      piece.end = uint32_t(edit.size());
    }
    edit.commit();
  }

 private:
  void regroup(uint32_t base, SplitBehavior behavior);
  std::vector<Piece> next_;
  std::vector<Part> parts_;
};

}  // namespace brot
