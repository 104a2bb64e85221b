#pragma once
// What encoding gives: parallel arrays over tokens, with the maps between tokens, words and characters.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/brot/core/aligned_text.hpp"

namespace brot {

/// Which arrays an encode fills besides the ids; the others stay empty.
enum class EncodeFields : uint8_t { ids = 0, offsets = 1, words = 2, types = 4, masks = 8, tokens = 16, all = 31 };
constexpr EncodeFields operator|(EncodeFields a, EncodeFields b) { return EncodeFields(uint8_t(a) | uint8_t(b)); }
constexpr bool has(EncodeFields set, EncodeFields one) { return (uint8_t(set) & uint8_t(one)) != 0; }

/// The side on which text is cut or padded.
enum class Direction : uint8_t { right, left };

/// Gives the text of an id; implemented by the tokenizer.
class RAVEN_API TokenNames {
 public:
  virtual ~TokenNames();
  virtual std::string_view name_of(uint32_t id) const = 0;
};

/// The result of encoding one text or pair. A plain value.
class RAVEN_API Encoding {
 public:
  static constexpr uint32_t no_word = ~uint32_t{0};

  size_t size() const noexcept { return ids_.size(); }
  bool empty() const noexcept { return ids_.empty(); }
  std::span<const uint32_t> ids() const noexcept { return ids_; }
  /// 0 for the first sequence, 1 for the second, or what the post-processor says.
  std::span<const uint32_t> type_ids() const noexcept { return type_ids_; }
  /// Ranges of the input in the unit that was asked for; (0, 0) for tokens that the post-processor or padding added.
  std::span<const Span> offsets() const noexcept { return offsets_; }
  /// Index of the word (split) of each token, or `no_word`.
  std::span<const uint32_t> word_ids() const noexcept { return words_; }
  /// 1 for tokens that the post-processor or padding added.
  std::span<const uint8_t> special_tokens_mask() const noexcept { return special_; }
  /// 0 for padding.
  std::span<const uint8_t> attention_mask() const noexcept { return attention_; }
  /// Text of token `index`: that of the vocabulary, or the surface of an unknown or added token.
  std::string_view token(size_t index) const;
  /// All token texts; the views live as long as this encoding.
  std::vector<std::string_view> tokens() const;
  /// The windows that truncation cut off.
  const std::vector<Encoding>& overflowing() const noexcept { return overflowing_; }

  /// Sequences in this encoding: 1, or 2 for a pair.
  size_t n_sequences() const noexcept { return ranges_.empty() ? 1 : ranges_.size(); }
  /// The sequence of each token; empty for tokens that belong to none.
  std::vector<std::optional<size_t>> sequence_ids() const;
  std::optional<size_t> token_to_sequence(size_t token) const;
  /// Tokens [first, last) of a word.
  std::optional<Span> word_to_tokens(uint32_t word, size_t sequence = 0) const;
  /// Characters [first, last) of a word.
  std::optional<Span> word_to_chars(uint32_t word, size_t sequence = 0) const;
  /// Sequence and characters of a token.
  std::optional<std::pair<size_t, Span>> token_to_chars(size_t token) const;
  /// Sequence and word of a token.
  std::optional<std::pair<size_t, uint32_t>> token_to_word(size_t token) const;
  std::optional<size_t> char_to_token(uint32_t position, size_t sequence = 0) const;
  std::optional<uint32_t> char_to_word(uint32_t position, size_t sequence = 0) const;

  /// Cuts to `max_length` tokens; the rest goes into `overflowing` in windows that overlap by `stride`.
  /// @throws brot::Error when stride ≥ max_length > 0
  void truncate(size_t max_length, size_t stride = 0, Direction direction = Direction::right, bool keep_overflow = true);
  /// Pads to `length` tokens, overflowing encodings too; longer encodings are left alone.
  void pad(size_t length, uint32_t id, uint32_t type_id, std::string_view token, Direction direction = Direction::right);
  /// Appends `pair`. Overflow lists combine as a cross product. With `growing_offsets` its offsets continue ours.
  void merge_with(const Encoding& pair, bool growing_offsets);
  /// All of `list` in one.
  static Encoding merge(std::vector<Encoding> list, bool growing_offsets);

 private:
  friend class EncodingAccess;
  struct SequenceRange {
    size_t sequence;
    uint32_t begin, end;
  };
  using Surface = std::pair<uint32_t, std::string>;
  std::vector<Surface>::const_iterator surface_from(size_t index) const;
  Encoding window(size_t begin, size_t end) const;
  Span sequence_range(size_t sequence) const;

  std::vector<uint32_t> ids_, type_ids_, words_;
  std::vector<Span> offsets_;
  std::vector<uint8_t> special_, attention_;
  std::vector<Surface> surfaces_;  // ascending token index → text that is not the vocabulary's
  std::vector<Encoding> overflowing_;
  std::vector<SequenceRange> ranges_;
  std::shared_ptr<const TokenNames> names_;
};

/// What tokenizer and post-processors need to build encodings; not for users.
class RAVEN_API EncodingAccess {
 public:
  static std::vector<uint32_t>& ids(Encoding& e) { return e.ids_; }
  static std::vector<uint32_t>& type_ids(Encoding& e) { return e.type_ids_; }
  static std::vector<uint32_t>& words(Encoding& e) { return e.words_; }
  static std::vector<Span>& offsets(Encoding& e) { return e.offsets_; }
  static std::vector<uint8_t>& special(Encoding& e) { return e.special_; }
  static std::vector<uint8_t>& attention(Encoding& e) { return e.attention_; }
  static std::vector<std::pair<uint32_t, std::string>>& surfaces(Encoding& e) { return e.surfaces_; }
  static std::vector<Encoding>& overflowing(Encoding& e) { return e.overflowing_; }
  static std::shared_ptr<const TokenNames>& names(Encoding& e) { return e.names_; }
  /// The whole encoding becomes sequence `sequence`.
  static void set_sequence(Encoding& e, size_t sequence);
  static void set_sequence(Encoding& e, size_t sequence, size_t begin, size_t end);
  static void clear_sequences(Encoding& e) { e.ranges_.clear(); }
  static void set_type_ids(Encoding& e, uint32_t type_id, EncodeFields fields);
};

}  // namespace brot
