#pragma once
// Normalizers change the text before it is cut into pieces. Each is a plain aggregate; Normalizer holds any of them.
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "raven/brot/core/aligned_text.hpp"
#include "raven/brot/core/pattern.hpp"
#include "raven/brot/normalizers/chars_map.hpp"

namespace brot {

class Normalizer;

/// Base of user-defined normalizers; a tokenizer that holds one cannot be saved.
class RAVEN_API CustomNormalizer {
 public:
  virtual ~CustomNormalizer();
  virtual void apply(AlignedText& text) const = 0;
};

namespace normalizers {

/// Cleaning of BERT, in this order: control characters dropped and White_Space made spaces; spaces around CJK ideographs; accents
/// stripped (by default when lowercasing); lowercase.
struct BertNormalizer {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  std::optional<bool> strip_accents = {};
  bool lowercase = true;
};
/// Drops White_Space at the ends.
struct Strip {
  bool strip_left = true;
  bool strip_right = true;
};
/// Drops combining marks; does not decompose first.
struct StripAccents {};
struct NFC {};
struct NFD {};
struct NFKC {};
struct NFKD {};
/// Full Unicode lowercase, character by character.
struct Lowercase {};
/// SentencePiece's cleaning for translation: controls dropped, odd spaces made spaces.
struct Nmt {};
/// A SentencePiece character map as HuggingFace applies it, by grapheme cluster.
struct Precompiled {
  CharsMap charsmap;
};
/// SentencePiece's own normalization: the longest match of the character map at each position, then spaces squeezed, a space put in
/// front, spaces written as ▁.
struct SpmCharsMap {
  CharsMap charsmap;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
  bool treat_whitespace_as_suffix = false;
  KeptTexts kept = {};  ///< user-defined pieces, which the map does not change
};
/// Replaces every match.
struct Replace {
  Pattern pattern;
  std::string content;
};
/// Adds text in front of non-empty text.
struct Prepend {
  std::string prepend;
};
/// Each byte becomes its printable character.
struct ByteLevel {};
/// One after the other.
struct Sequence {
  std::vector<Normalizer> normalizers;
  Sequence() = default;
  Sequence(std::initializer_list<Normalizer> list);
  explicit Sequence(std::vector<Normalizer> list);
};
struct Custom {
  std::shared_ptr<const CustomNormalizer> implementation;
};

}  // namespace normalizers

/// Any normalizer. @throws brot::Error when a text in it is no valid UTF-8, or a user-defined part is null
class RAVEN_API Normalizer {
 public:
  using Kind = std::variant<normalizers::BertNormalizer, normalizers::Strip, normalizers::StripAccents, normalizers::NFC,
                            normalizers::NFD, normalizers::NFKC, normalizers::NFKD, normalizers::Lowercase, normalizers::Nmt,
                            normalizers::Precompiled, normalizers::SpmCharsMap, normalizers::Replace, normalizers::Prepend,
                            normalizers::ByteLevel, normalizers::Sequence, normalizers::Custom>;
  template <class T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, Normalizer>)
  Normalizer(T kind) : kind_(checked(std::move(kind))) {}

  const Kind& kind() const noexcept { return *kind_; }
  void apply(AlignedText& text) const;
  /// The normalized text; of invalid UTF-8, each maximal invalid subpart counts as U+FFFD.
  std::string normalized(std::string_view text, UnicodeProfile profile = UnicodeProfile::hf) const;
  /// The same normalizer, its patterns by the versions of a profile. @throws RegexError
  Normalizer with_profile(UnicodeProfile profile) const;

 private:
  static std::shared_ptr<const Kind> checked(Kind kind);
  std::shared_ptr<const Kind> kind_;
};

}  // namespace brot
