#pragma once
// Pre-tokenizers cut the normalized text into pieces, which the model then encodes one by one. Each is a plain aggregate;
// PreTokenizer holds any of them.
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "raven/brot/core/pattern.hpp"
#include "raven/brot/core/pieces.hpp"

namespace brot {

class PreTokenizer;

/// Base of user-defined pre-tokenizers; a tokenizer that holds one cannot be saved.
class RAVEN_API CustomPreTokenizer {
 public:
  virtual ~CustomPreTokenizer();
  virtual void apply(Pieces& pieces) const = 0;
};

/// Where Metaspace puts its character in front: before every piece, before the one at the start of the input, nowhere.
enum class PrependScheme : uint8_t { always, first, never };

namespace pre_tokenizers {

/// White_Space removed, then punctuation isolated.
struct BertPreTokenizer {};
/// GPT-2's pattern, then each byte becomes its printable character. `trim_offsets` is for the post-processor of the same name.
struct ByteLevel {
  bool add_prefix_space = true;
  bool trim_offsets = true;
  bool use_regex = true;
};
/// Splits at one character, which is removed.
struct CharDelimiterSplit {
  char32_t delimiter = U' ';
};
/// Cuts around numeric characters (category N), one by one or in runs.
struct Digits {
  bool individual_digits = false;
};
/// Chunks of `length` code points. @throws brot::Error at the first use when 0
struct FixedLength {
  size_t length = 5;
};
/// ' ' becomes `replacement`, which is also put in front; then pieces begin at each of them.
struct Metaspace {
  char32_t replacement = U'\u2581';
  PrependScheme prepend_scheme = PrependScheme::always;
  bool split = true;
};
/// Splits at punctuation: ASCII punctuation and category P.
struct Punctuation {
  SplitBehavior behavior = SplitBehavior::Isolated;
};
/// Splits at a pattern; with `invert` at what lies between its matches.
struct Split {
  Pattern pattern;
  SplitBehavior behavior = SplitBehavior::Removed;
  bool invert = false;
};
/// Cuts where the script changes; Hiragana and Katakana count as Han, a space belongs to what precedes it.
struct UnicodeScripts {};
/// Runs of word characters and runs of other characters that are no White_Space.
struct Whitespace {};
/// Splits at White_Space, which is removed.
struct WhitespaceSplit {};
/// One after the other.
struct Sequence {
  std::vector<PreTokenizer> pretokenizers;
  Sequence() = default;
  Sequence(std::initializer_list<PreTokenizer> list);
  explicit Sequence(std::vector<PreTokenizer> list);
};
struct Custom {
  std::shared_ptr<const CustomPreTokenizer> implementation;
};

/// GPT-2's pattern.
RAVEN_API const Pattern& gpt2_pattern(UnicodeProfile profile = UnicodeProfile::hf);

}  // namespace pre_tokenizers

/// Any pre-tokenizer. @throws brot::Error when a user-defined part is null
class RAVEN_API PreTokenizer {
 public:
  using Kind = std::variant<pre_tokenizers::BertPreTokenizer, pre_tokenizers::ByteLevel, pre_tokenizers::CharDelimiterSplit,
                            pre_tokenizers::Digits, pre_tokenizers::FixedLength, pre_tokenizers::Metaspace,
                            pre_tokenizers::Punctuation, pre_tokenizers::Split, pre_tokenizers::UnicodeScripts,
                            pre_tokenizers::Whitespace, pre_tokenizers::WhitespaceSplit, pre_tokenizers::Sequence,
                            pre_tokenizers::Custom>;
  template <class T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, PreTokenizer>)
  PreTokenizer(T kind) : kind_(checked(std::move(kind))) {}

  const Kind& kind() const noexcept { return *kind_; }
  void apply(Pieces& pieces) const;
  /// The same pre-tokenizer, its patterns by the versions of a profile. @throws RegexError
  PreTokenizer with_profile(UnicodeProfile profile) const;

  /// Everything but the last step of a chain that ends in ByteLevel's mapping to printable characters: what is left are raw
  /// bytes for BPE::tokenize_bytes. Only for chains for which `ends_in_byte_level`.
  void apply_before_byte_mapping(Pieces& pieces) const;
  /// True when the chain's last step is ByteLevel and no earlier one is.
  bool ends_in_byte_level() const;
  /// The pattern when the whole chain cuts as one Isolated split by it and then ByteLevel without prefix; else null.
  const Pattern* single_byte_level_pattern(UnicodeProfile profile) const;
  /// True when some step depends on offsets of the original text.
  bool needs_offsets() const;

 private:
  static std::shared_ptr<const Kind> checked(Kind kind);
  std::shared_ptr<const Kind> kind_;
};

}  // namespace brot
