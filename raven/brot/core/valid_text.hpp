#pragma once
// Valid UTF-8 for the pipeline, and the way back to the original bytes. Not for users.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raven/brot/core/options.hpp"

namespace brot {

/// A text as it is encoded: what is invalid replaced, or left as it is for models of bytes.
class ValidText {
 public:
  /// @throws brot::Error (invalid_text, limit)
  ValidText(std::string_view text, InvalidUtf8 policy, bool bytes_allowed);
  std::string_view view() const { return view_; }
  /// Whether the view is invalid, as it may be for models of bytes.
  bool broken() const { return broken_; }
  /// Ranges of the view, which end between characters or invalid subparts, become ranges of the input in `unit`. A
  /// subpart counts as the one character that replaces it.
  void convert(std::span<Span> spans, Offsets unit);

 private:
  struct Repair {
    uint32_t place, original, length;
  };
  void repair(size_t invalid);
  uint32_t original_of(uint32_t place) const;
  uint32_t place_of(uint32_t original) const;

  std::string_view text_, view_;
  std::string fixed_;
  std::vector<Repair> repairs_;
  bool broken_ = false;
};

}  // namespace brot
