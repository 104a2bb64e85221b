#pragma once
// English spacing mended by literal replacements, one rule after the other on the whole text.
#include <array>
#include <string>
#include <string_view>

#include "raven/base/export.hpp"

namespace brot::decoders {

/// As WordPiece's and CTC's `cleanup` mend it, e.g. ` .` to `.`.
RAVEN_API std::string clean_up(std::string text);
/// As the option `clean_up_tokenization_spaces` of transformers: the same rules but ` do not`, which stays.
RAVEN_API std::string clean_up_spaces(std::string text);

/// clean_up_spaces of text that arrives in parts. Each rule holds back the end that may begin a match of it, and gives
/// the rest to the next one, so the parts add up to what the whole gives.
class CleanUpStream {
 public:
  /// Appends to `out` what no further text can change.
  void push(std::string_view text, std::string& out);
  /// Appends what is left; then it is as new.
  void finish(std::string& out);

 private:
  static constexpr size_t rules = 10;
  std::array<std::string, rules> held_;
};

/// All matches of `from` replaced, as Rust's str::replace.
std::string replaced(std::string_view text, std::string_view from, std::string_view to);

}  // namespace brot::decoders
