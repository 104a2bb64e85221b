#pragma once
// The immutable inside of a tokenizer; not for users.
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/files/config.hpp"
#include "raven/brot/models/bpe.hpp"

namespace brot {

/// What each id stands for in decoded text, for the chains of decoders that can be worked out token by token.
struct DecodePlan {
  enum class Kind : uint8_t {
    general,        // run the chain on strings
    byte_level,     // texts are bytes; invalid UTF-8 is replaced at the end
    byte_fallback,  // texts, and runs of byte tokens; then leading characters may be stripped
    joined,         // texts alone, those of the first token apart
  };
  Kind kind = Kind::general;
  static constexpr size_t padding = 16;
  std::string arena;  // ends with `padding` bytes that belong to no token
  struct Token {
    uint32_t begin = 0, size = 0;
    uint32_t first_begin = 0, first_size = 0;  // as first token (joined)
    int16_t byte = -1;                         // value of a byte token (byte_fallback)
    bool known = false, special = false;
  };
  std::vector<Token> tokens;
  std::string strip;       // character stripped at the start of the whole text …
  size_t strip_count = 0;  // … at most this many times

  std::string_view text(const Token& token) const { return {arena.data() + token.begin, token.size}; }
  std::string_view first_text(const Token& token) const { return {arena.data() + token.first_begin, token.first_size}; }
};

/// See the head of this file.
struct TokenizerCore final : TokenNames {
  ModelPtr model;
  std::optional<Normalizer> normalizer;
  std::optional<PreTokenizer> pre_tokenizer;
  std::optional<PostProcessor> post_processor;
  std::optional<Decoder> decoder;
  std::optional<Truncation> truncation;
  std::optional<Padding> padding;
  AddedTokens added;
  TokenizerConfig config;

  TokenizerCore() = default;
  TokenizerCore(const TokenizerCore& other);

  std::string_view name_of(uint32_t id) const override;
  /// As name_of, with the content of added tokens normalized: what decoders see.
  std::string_view decoded_name_of(uint32_t id) const;

  /// Must follow every change: chooses the fast paths.
  void prepare();
  const BPE* bpe = nullptr;               // the model, when it is BPE …
  bool fused_bytes = false;               // … fed with raw bytes because the pre-tokenizer ends in ByteLevel
  const Regex* single_pattern = nullptr;  // the whole pre-tokenizer, when it is one Isolated split before the bytes
  bool cut_at_metaspace = false;          // no pre-tokenizer: BPE cuts long text itself
  bool needs_offsets = false;

  const DecodePlan& decode_plan() const;

 private:
  mutable std::once_flag plan_once_;
  mutable std::unique_ptr<DecodePlan> plan_;
};

}  // namespace brot
