#pragma once
// The immutable inside of a tokenizer; not for users.
#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/files/config.hpp"
#include "raven/brot/models/bpe.hpp"

namespace brot {

/// What each id stands for in decoded text, for the chains of decoders that can
/// be worked out token by token.
struct DecodePlan {
  enum class Kind : uint8_t {
    general,        // run the chain on strings
    byte_level,     // texts are bytes; invalid UTF-8 is replaced at the end
    byte_fallback,  // texts, and runs of byte tokens; then leading characters
                    // may be stripped
    joined,         // texts alone, those of the first token apart
    pieces,         // SentencePiece's: texts, those of the first token apart, and runs of byte tokens
  };
  Kind kind = Kind::general;
  static constexpr size_t padding = 16;
  TableVector<char> arena;  // ends with `padding` bytes that belong to no token
  /// Eight bytes, so that the tables of large vocabularies stay in the caches.
  struct Token {
    uint32_t begin = 0;     // in the arena; the value of a byte token
    uint32_t word = other;  // size × 16 and flags
    // other: no such id; torn: the text is no whole characters
    static constexpr uint32_t other = 1, special = 2, byte = 4, torn = 8, largest_size = (1u << 28) - 1;
    uint32_t size() const { return word >> 4; }
  };
  TableVector<Token> tokens;
  std::vector<std::pair<uint32_t, uint32_t>> firsts;  // (begin, size) of each text as first token (joined, pieces)
  std::string strip;                                  // character stripped at the start of the whole text …
  size_t strip_count = 0;                             // … at most this many times
  bool strip_all = false;                             // pieces: a first text that is empty leaves the next one first

  std::string_view text(const Token& token) const { return {arena.data() + token.begin, token.size()}; }
  std::string_view first_text(uint32_t id) const { return {arena.data() + firsts[id].first, firsts[id].second}; }
  /// Whether the token behind one that was first is first as well.
  bool stays_first(uint32_t id, const Token& token) const {
    return kind == Kind::pieces && firsts[id].second == 0 && (strip_all || token.size() == 0);
  }
  /// The token of an id; one with the flag `other` when there is none.
  Token token(uint32_t id) const { return id < tokens.size() ? tokens[id] : Token{}; }
  /// Ask for the memory of `token`, and of its text, some ids ahead.
  void prefetch_token(uint32_t id) const {
    if (id < tokens.size()) __builtin_prefetch(tokens.data() + id);
  }
  void prefetch_text(uint32_t id) const {
    if (const Token token = this->token(id); !(token.word & (Token::other | Token::byte)))
      __builtin_prefetch(arena.data() + token.begin);
  }
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
  UnicodeProfile profile = UnicodeProfile::hf;  // also that of the components' patterns

  TokenizerCore() = default;
  TokenizerCore(const TokenizerCore& other);

  std::string_view name_of(uint32_t id) const override;
  /// As name_of, with the content of added tokens normalized: what decoders
  /// see.
  std::string_view decoded_name_of(uint32_t id) const;

  /// Must follow every change: chooses the fast paths.
  void prepare();
  const BPE* bpe = nullptr;               // the model, when it is BPE …
  bool fused_bytes = false;               // … fed with raw bytes because the pre-tokenizer ends in ByteLevel
  const Regex* single_pattern = nullptr;  // the whole pre-tokenizer, when it is
                                          // one Isolated split before the bytes
  bool cut_at_metaspace = false;          // no pre-tokenizer: BPE cuts long text itself
  bool needs_offsets = false;
  bool random = false;                     // the model draws numbers
  mutable std::atomic<uint64_t> draws{0};  // texts that it has drawn for

  /// Whether decoding mends spaces: as asked for, else as the configuration says, which transformers does not obey for
  /// BPE.
  bool cleans_up(const DecodeOptions& options) const {
    return options.clean_up_tokenization_spaces.on(config.clean_up_tokenization_spaces &&
                                                   model->type() != ModelType::bpe);
  }
  const DecodePlan& decode_plan() const;
  /// The compiled template of that source, which is one of the configuration's.
  ChatTemplate chat_template(const std::string& source) const;

 private:
  mutable std::mutex templates_lock_;
  mutable std::vector<ChatTemplate> templates_;
  mutable std::once_flag plan_once_;
  mutable std::unique_ptr<DecodePlan> plan_;
};

}  // namespace brot
