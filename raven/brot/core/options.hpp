#pragma once
// Options of encoding and decoding.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "raven/brot/core/encoding.hpp"

namespace brot {

/// Unit of the offsets: bytes of the input's UTF-8, code points (what HuggingFace's Python and Node bindings give), UTF-16 units,
/// or no offsets at all.
enum class Offsets : uint8_t { byte, codepoint, utf16, none };

/// What happens to invalid UTF-8: each maximal invalid subpart becomes U+FFFD (its offsets are those of the original bytes), an error,
/// or the raw bytes are encoded (models of bytes without normalizer only), as tiktoken does: the piece before the first invalid one and all
/// that follows, up to an added token, are one piece.
enum class InvalidUtf8 : uint8_t { replace, error, bytes };

enum class TruncationStrategy : uint8_t { LongestFirst, OnlyFirst, OnlySecond };

/// Cutting long encodings.
struct Truncation {
  size_t max_length = 512;
  TruncationStrategy strategy = TruncationStrategy::LongestFirst;
  size_t stride = 0;  ///< tokens that neighbouring windows share
  Direction direction = Direction::right;
  bool operator==(const Truncation&) const = default;
};

/// Filling up short encodings.
struct Padding {
  std::optional<size_t> fixed;  ///< a length, or the longest of the batch
  Direction direction = Direction::right;
  std::optional<size_t> pad_to_multiple_of;
  uint32_t pad_id = 0;
  uint32_t pad_type_id = 0;
  std::string pad_token = "[PAD]";
  static Padding longest() { return {}; }
  static Padding to(size_t length) {
    Padding padding;
    padding.fixed = length;
    return padding;
  }
  bool operator==(const Padding&) const = default;
};

/// A setting of one call: on, off, or as the tokenizer's configuration has it.
class Switch {
 public:
  Switch() = default;
  Switch(bool on) : value_(on) {}
  bool on(bool configured) const noexcept { return value_.value_or(configured); }

 private:
  std::optional<bool> value_;
};

/// Options of one call; truncation and padding override those of the tokenizer's file.
struct EncodeOptions {
  bool add_special_tokens = true;
  Offsets offsets = Offsets::byte;
  EncodeFields fields = EncodeFields::all;
  InvalidUtf8 invalid = InvalidUtf8::replace;
  Switch encode_special_tokens = {};   ///< treat special tokens in the text as plain text (split_special_tokens)
  bool overflow = true;                ///< keep what truncation cuts off
  std::optional<Truncation> truncation = std::nullopt;
  std::optional<Padding> padding = std::nullopt;
  bool no_truncation = false;  ///< ignore the tokenizer's own truncation
  bool no_padding = false;     ///< ignore the tokenizer's own padding
  int threads = 0;             ///< of a batch or a long text; 0 takes the pool's
};

struct DecodeOptions {
  bool skip_special_tokens = true;
  Switch clean_up_tokenization_spaces = {};  ///< mends English spacing of the whole text, as transformers
};

}  // namespace brot
