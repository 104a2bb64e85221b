#pragma once
// Decoders turn token texts back into text. Each is a plain aggregate; Decoder holds any of them. The list of tokens passes through
// the chain and is joined at the end.
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "raven/brot/core/pattern.hpp"
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
struct Custom {
  std::shared_ptr<const CustomDecoder> implementation;
};

/// English spacing as WordPiece's and CTC's `cleanup` mend it, e.g. ` .` to `.`.
RAVEN_API std::string clean_up(std::string text);
/// The value of a `<0xHH>` token, or -1.
RAVEN_API int byte_of_token(std::string_view token) noexcept;

}  // namespace decoders

/// Any decoder. @throws brot::Error when a text in it is no valid UTF-8, or a user-defined part is null
class RAVEN_API Decoder {
 public:
  using Kind = std::variant<decoders::BPEDecoder, decoders::ByteLevel, decoders::ByteFallback, decoders::CTC, decoders::Fuse,
                            decoders::Metaspace, decoders::Replace, decoders::Strip, decoders::WordPiece, decoders::Sequence,
                            decoders::Custom>;
  template <class T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, Decoder>)
  Decoder(T kind) : kind_(checked(std::move(kind))) {}

  const Kind& kind() const noexcept { return *kind_; }
  std::vector<std::string> apply(std::vector<std::string> tokens) const;
  /// The chain's result as one text.
  std::string decode(std::vector<std::string> tokens) const;

 private:
  static std::shared_ptr<const Kind> checked(Kind kind);
  std::shared_ptr<const Kind> kind_;
};

}  // namespace brot
