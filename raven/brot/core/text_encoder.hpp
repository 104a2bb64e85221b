#pragma once
// From one text to its tokens: added tokens, normalizer, pre-tokenizer, model. Not for users.
#include <cstdint>
#include <string_view>
#include <vector>

#include "raven/brot/core/core.hpp"

namespace brot {

/// Tokens of one input with what is known about them; spans are bytes of the input.
struct TokenOutput {
  TokenSink sink;
  std::vector<uint32_t> words;
  bool want_words = false;
  uint32_t word = 0;

  void clear() {
    sink.clear();
    words.clear();
    word = 0;
  }
  void end_piece() {
    if (want_words) words.resize(sink.ids.size(), word);
    ++word;
  }
};

/// Reused from call to call on one thread.
struct Workspace {
  Pieces pieces;
  std::vector<AddedTokens::Part> raw, normalized;
  TokenOutput output;
};
Workspace& thread_workspace();

/// Bytes that a thread takes at a time. Texts of two and more of them are cut.
constexpr size_t section_size = 128 << 10;

/// Fills `work.output` with the tokens of valid text, long text on all threads.
void encode_valid(const TokenizerCore& core, Workspace& work, std::string_view text, bool ignore_special);
/// The same of text that is no UTF-8, by a model of bytes without a normalizer.
void encode_broken(const TokenizerCore& core, Workspace& work, std::string_view text, bool ignore_special);

}  // namespace brot
