#pragma once
// Places where a text may be cut so that its parts, encoded one after the other, give the tokens of the whole. Internal
// to brot.
#include <cstdint>
#include <string_view>

namespace brot {

struct TokenizerCore;

/// What a tokenizer's normalizer and pre-tokenizer say about such places.
enum class CutRule : uint8_t {
  none,     ///< nothing is known
  spaces,   ///< before a space that follows a printable ASCII character
  scanned,  ///< also before a space that follows any character but White_Space, and behind a line's end
};

/// The rule of a tokenizer, for text between added tokens.
CutRule cut_rule_of(const TokenizerCore& core);
/// The first such place in valid UTF-8 at `from` or later; the size of the text when there is none.
size_t find_cut(std::string_view text, size_t from, CutRule rule);

}  // namespace brot
