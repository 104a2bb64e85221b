#pragma once
// Encoding text that arrives in parts, and counting the tokens of parts of a text.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "raven/brot/core/tokenizer.hpp"

namespace brot {

/// Ids of a text that arrives in parts. What it gives, with `flush`, adds up to `encode_ids` of the whole text: ids
/// come as soon as a place before the end is known where the tokenizer always cuts. That is the case for the patterns
/// of byte-level models, for words between spaces (BERT, Metaspace); all ids of other tokenizers come with `flush`.
class RAVEN_API EncodeStream {
 public:
  explicit EncodeStream(Tokenizer tokenizer);
  /// The ids that no further text can change. Parts may end inside a character.
  std::vector<uint32_t> push(std::string_view part);
  /// The ids of what is left; afterwards a new text begins.
  std::vector<uint32_t> flush();

 private:
  size_t last_cut() const;
  Tokenizer tokenizer_;
  size_t margin_ = 0;  // an added token that begins this far before the end is seen whole
  bool cuttable_ = false;
  std::string bytes_;    // an unfinished character
  std::string text_;     // valid, not encoded yet
  size_t next_try_ = 0;  // size of `text_` at which a cut is looked for again
};

/// Token counts of the parts of a text, from one encoding of the whole.
class RAVEN_API TokenCounter {
 public:
  /// Time and memory linear in the text. Special tokens are not added.
  TokenCounter(const Tokenizer& tokenizer, std::string_view text);
  size_t total() const noexcept { return begins_.size(); }
  /// How many of the whole text's tokens begin in its bytes [begin, end), in constant time. Encoded alone these bytes
  /// may give a few tokens more or less, since a token may reach across their ends.
  size_t count(size_t begin, size_t end) const noexcept { return end <= begin ? 0 : before(end) - before(begin); }
  /// The furthest end, at the beginning of a token or of the text's end, of a part from `begin` with at most `count`
  /// tokens.
  size_t end_of(size_t begin, size_t count) const noexcept;

 private:
  static constexpr size_t block = 64;
  size_t before(size_t position) const noexcept;
  std::vector<uint32_t> begins_;  // of the tokens, ascending
  std::vector<uint32_t> blocks_;  // for each block of bytes the first token that begins in it or later
  size_t size_ = 0;               // of the text
};

}  // namespace brot
