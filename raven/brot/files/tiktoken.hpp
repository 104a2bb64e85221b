#pragma once
// tiktoken's vocabularies (lines of `base64 rank`) and its interface; Mistral's tekken.json, which is of the same kind.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/brot/core/tokenizer.hpp"

namespace brot {

/// What a tiktoken encoding is made of besides its ranks.
struct TiktokenDefinition {
  std::string name;
  std::string pattern;  ///< in tiktoken's dialect
  std::vector<std::pair<std::string, uint32_t>> special_tokens;
};

/// An encoding with tiktoken's rules: any two neighbours whose concatenation has a rank merge, lowest rank first, from
/// the left.
class RAVEN_API Tiktoken {
 public:
  /// gpt2, r50k_base, p50k_base, p50k_edit, cl100k_base, o200k_base, o200k_harmony. @throws brot::Error for other names
  static TiktokenDefinition definition(std::string_view name);
  /// The encoding of a model's name, e.g. `gpt-4o` → o200k_base, as tiktoken's table has it. @throws brot::Error for
  /// unknown models
  static std::string encoding_of_model(std::string_view model);
  /// Reads a `.tiktoken` file. @throws raven::IoError, brot::Error (format) with the line
  static Tiktoken from_file(const std::string& path, std::string_view encoding);
  static Tiktoken from_text(std::string_view lines, TiktokenDefinition definition);
  static Tiktoken from_ranks(const std::vector<std::pair<std::string, uint32_t>>& ranks, TiktokenDefinition definition);
  /// Of a byte-level BPE tokenizer whose merges come in the order of ids. `pattern`: in tiktoken's dialect; by default
  /// that of the tokenizer, where it is a known one.
  /// @throws brot::Error (unsupported) for others
  static Tiktoken from_tokenizer(const Tokenizer& tokenizer, std::string name, std::string pattern = {});

  /// Special tokens in the text are plain text.
  std::vector<uint32_t> encode_ordinary(std::string_view text) const;
  /// `allowed` special tokens become their ids; one of the others in the text is an error unless `disallow_others` is
  /// false.
  /// @throws brot::Error (argument) naming the token
  std::vector<uint32_t> encode(std::string_view text, const std::vector<std::string>& allowed = {},
                               bool disallow_others = true) const;
  /// As encode with all special tokens allowed.
  std::vector<uint32_t> encode_with_special(std::string_view text) const;
  /// What text may become once more is typed behind it: ids that stay, and all beginnings of what can follow them.
  struct Unstable {
    std::vector<uint32_t> stable;
    std::vector<std::vector<uint32_t>> completions;  ///< in ascending order; none behind a special token
  };
  /// As encode with `allowed` special tokens, with the last piece left open: ids that cover its bytes and may go on
  /// past them. Its time grows with the square of the last piece.
  Unstable encode_with_unstable(std::string_view text, const std::vector<std::string>& allowed = {},
                                bool disallow_others = true) const;
  /// The id of exactly these bytes. @throws brot::Error when there is none
  uint32_t encode_single_token(std::string_view bytes) const;
  std::string decode_bytes(std::span<const uint32_t> ids) const { return tokenizer_.decode_bytes(ids); }
  /// The bytes of each id; unknown ids are left out.
  std::vector<std::string> decode_tokens_bytes(std::span<const uint32_t> ids) const;
  /// The text, and for each id the character of it (counted in code points) that the id's first byte belongs to.
  /// @throws brot::Error (invalid_text) when the bytes are not UTF-8
  std::pair<std::string, std::vector<uint32_t>> decode_with_offsets(std::span<const uint32_t> ids) const;
  /// What becomes of bytes that are no UTF-8, as Python's `errors`.
  enum class Errors : uint8_t { replace, strict, ignore };
  /// @throws brot::Error (invalid_text) under `strict`
  std::string decode(std::span<const uint32_t> ids, Errors errors = Errors::replace) const;
  /// The lines that from_text reads, without the special tokens.
  std::string to_text() const;
  const std::vector<std::pair<std::string, uint32_t>>& special_tokens() const { return definition_.special_tokens; }
  /// The same as a tokenizer that tokenizer.json can hold. `pattern`: in Oniguruma's dialect; by default that of the
  /// definition, where it is a known one.
  /// @throws brot::Error (unsupported) for other patterns
  Tokenizer to_tokenizer(std::string_view pattern = {}) const;
  /// The same as a tokenizer with all components; special tokens are added tokens.
  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  Tiktoken(Tokenizer tokenizer, TiktokenDefinition definition);
  struct Table;
  std::vector<uint32_t> merge(std::string_view bytes) const;
  Tokenizer tokenizer_;
  TiktokenDefinition definition_;
  std::shared_ptr<Table> sorted_;  // all tokens by their bytes, made when completions are asked for
};

/// Reads Mistral's `tekken.json`.
RAVEN_API Tokenizer read_tekken(std::string_view json, std::string_view name = "tekken.json");

}  // namespace brot
