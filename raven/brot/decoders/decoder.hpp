#pragma once
// Decoders turn token texts back into text. Each is a plain aggregate; Decoder holds any of them. The list of tokens passes through
// the chain and is joined at the end.
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "raven/brot/core/pattern.hpp"
#include "raven/brot/decoders/clean_up.hpp"
#include "raven/brot/normalizers/normalizer.hpp"
#include "raven/brot/pre_tokenizers/pre_tokenizer.hpp"

namespace brot {

class Decoder;

/// Base of user-defined decoders; a tokenizer that holds one cannot be saved.
class RAVEN_API CustomDecoder {
 public:
  virtual ~CustomDecoder();
  virtual std::vector<std::string> apply(std::vector<std::string> tokens) const = 0;
};

namespace decoders {

/// `suffix` becomes a space, at the last token nothing.
struct BPEDecoder {
  std::string suffix = "</w>";
};
/// Printable characters become bytes; invalid UTF-8 becomes U+FFFD. The flags are kept for files only.
struct ByteLevel {
  bool add_prefix_space = true;
  bool trim_offsets = true;
  bool use_regex = true;
};
/// Runs of `<0xHH>` become text; an invalid run one U+FFFD per token.
struct ByteFallback {};
/// Output of connectionist temporal classification: repeats collapse, padding goes, delimiters become spaces.
struct CTC {
  std::string pad_token = "<pad>";
  std::string word_delimiter_token = "|";
  bool cleanup = true;
};
/// Joins all tokens into one.
struct Fuse {};
/// `replacement` becomes a space; in the first token it is dropped unless the scheme is never.
struct Metaspace {
  char32_t replacement = U'\u2581';
  PrependScheme prepend_scheme = PrependScheme::always;
  bool split = true;
};
/// Replaces matches in each token.
struct Replace {
  Pattern pattern;
  std::string content;
};
/// Strips up to `start` leading and `stop` trailing `content` from each token.
struct Strip {
  char32_t content = U' ';
  size_t start = 0;
  size_t stop = 0;
};
/// Tokens after the first lose the prefix or gain a space.
struct WordPiece {
  std::string prefix = "##";
  bool cleanup = true;
};
/// One after the other.
struct Sequence {
  std::vector<Decoder> decoders;
  Sequence() = default;
  Sequence(std::initializer_list<Decoder> list);
  explicit Sequence(std::vector<Decoder> list);
};
/// SentencePiece's own decoding: ▁ becomes a space, the first of the text nothing; runs of byte pieces become
/// characters, each byte that is part of none U+FFFD. In the compiled form only.
struct RAVEN_API Spm {
  std::set<std::string, std::less<>> controls = {};  ///< pieces that are invisible
  std::string unk_piece = {};                        ///< becomes unk_surface; empty when there is none
  std::string unk_surface = {};
  bool bytes = false;       ///< pieces `<0xHH>` are bytes
  bool strip_first = true;  ///< one ▁ at the start of the text goes …
  bool strip_all = true;    ///< … and that of every piece up to the first one that leaves text
  /// Applied to the whole text; a stream then gives all of it at its end.
  std::optional<normalizers::SpmCharsMap> denormalizer = {};

  /// The value of a byte piece, or -1.
  int byte_of(std::string_view piece) const noexcept;
  /// What a piece that is no byte becomes; `first`: no text is before it.
  std::string text_of(std::string_view piece, bool first) const;
  /// Whether a piece leaves the text where it begins, given its two forms of text_of.
  bool stays_first(std::string_view first_text, std::string_view text) const noexcept {
    return first_text.empty() && (strip_all || text.empty());
  }
};
struct Custom {
  std::shared_ptr<const CustomDecoder> implementation;
};

/// The value of a `<0xHH>` token, or -1.
RAVEN_API int byte_of_token(std::string_view token) noexcept;
/// Moves the characters that begin `bytes` to `text`, each byte that is part of none as U+FFFD; unless they are the
/// `last` ones, bytes of a character that may yet become complete stay.
RAVEN_API void take_bytes(std::string& bytes, bool last, std::string& text);

}  // namespace decoders

/// Any decoder. @throws brot::Error when a text in it is no valid UTF-8, or a user-defined part is null
class RAVEN_API Decoder {
 public:
  using Kind = std::variant<decoders::BPEDecoder, decoders::ByteLevel, decoders::ByteFallback, decoders::CTC, decoders::Fuse,
                            decoders::Metaspace, decoders::Replace, decoders::Strip, decoders::WordPiece, decoders::Sequence,
                            decoders::Spm, decoders::Custom>;
  template <class T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, Decoder>)
  Decoder(T kind) : kind_(checked(std::move(kind))) {}

  const Kind& kind() const noexcept { return *kind_; }
  std::vector<std::string> apply(std::vector<std::string> tokens) const;
  /// The chain's result as one text.
  std::string decode(std::vector<std::string> tokens) const;
  /// The same decoder, its patterns by the versions of a profile. @throws RegexError
  Decoder with_profile(UnicodeProfile profile) const;

 private:
  static std::shared_ptr<const Kind> checked(Kind kind);
  std::shared_ptr<const Kind> kind_;
};

}  // namespace brot
