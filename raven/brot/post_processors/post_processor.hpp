#pragma once
// Post-processors add special tokens around encoded sequences and set type ids. Each is a plain aggregate; PostProcessor holds any.
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "raven/brot/core/encoding.hpp"

namespace brot {

class PostProcessor;

/// Base of user-defined post-processors; a tokenizer that holds one cannot be saved.
class RAVEN_API CustomPostProcessor {
 public:
  virtual ~CustomPostProcessor();
  virtual size_t added_tokens(bool is_pair) const = 0;
  virtual std::vector<Encoding> apply(std::vector<Encoding> encodings, bool add_special_tokens) const = 0;
};

namespace post_processors {

/// A special token and its id.
using Special = std::pair<std::string, uint32_t>;

/// `[CLS] A [SEP]`, `[CLS] A [SEP] B [SEP]`.
struct BertProcessing {
  Special sep;
  Special cls;
};
/// `<s> A </s>`, `<s> A </s> </s> B </s>`; all type ids 0.
struct RobertaProcessing {
  Special sep;
  Special cls;
  bool trim_offsets = true;
  bool add_prefix_space = true;
};
/// Trims the offsets of byte-level tokens: leading and trailing spaces are left out.
struct ByteLevel {
  bool add_prefix_space = true;
  bool trim_offsets = true;
  bool use_regex = true;
};
/// A sequence or a special token of a template.
struct TemplatePiece {
  enum class Kind : uint8_t { sequence_a, sequence_b, special } kind;
  std::string special;  ///< name of the special token
  uint32_t type_id = 0;
};
/// What a special token of a template stands for: one or more ids.
struct TemplateSpecial {
  std::string id;
  std::vector<uint32_t> ids;
  std::vector<std::string> tokens;
};
/// Any arrangement, such as `[CLS] $A [SEP]` and `[CLS] $A [SEP] $B:1 [SEP]:1`. What it has no template for cannot be encoded.
struct RAVEN_API TemplateProcessing {
  std::vector<TemplatePiece> single;
  std::vector<TemplatePiece> pair;
  std::vector<TemplateSpecial> special_tokens;  ///< sorted by id
  /// From the written form; an empty one stands for `$A` and `$A:0 $B:1`.
  /// @throws brot::Error when a piece is malformed, the pair lacks a sequence or a special token is undefined
  static TemplateProcessing from_strings(std::string_view single, std::string_view pair, std::vector<TemplateSpecial> specials);
  static std::vector<TemplatePiece> parse(std::string_view text);
  /// @throws as from_strings
  void check();
};
/// One after the other.
struct Sequence {
  std::vector<PostProcessor> processors;
  Sequence() = default;
  Sequence(std::initializer_list<PostProcessor> list);
  explicit Sequence(std::vector<PostProcessor> list);
};
struct Custom {
  std::shared_ptr<const CustomPostProcessor> implementation;
};

}  // namespace post_processors

/// Any post-processor. @throws brot::Error when a user-defined part is null
class RAVEN_API PostProcessor {
 public:
  using Kind = std::variant<post_processors::BertProcessing, post_processors::RobertaProcessing, post_processors::ByteLevel,
                            post_processors::TemplateProcessing, post_processors::Sequence, post_processors::Custom>;
  template <class T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, PostProcessor>)
  PostProcessor(T kind) : kind_(checked(std::move(kind))) {}

  const Kind& kind() const noexcept { return *kind_; }
  /// Tokens that it adds to one sequence or to a pair.
  size_t added_tokens(bool is_pair) const;
  /// Maps one or two encodings to a list that is then merged.
  std::vector<Encoding> apply(std::vector<Encoding> encodings, bool add_special_tokens, EncodeFields fields) const;
  /// The whole step: sequence ids, type ids, `apply`, merge.
  Encoding process(std::vector<Encoding> encodings, bool add_special_tokens, EncodeFields fields) const;

 private:
  static std::shared_ptr<const Kind> checked(Kind kind);
  std::shared_ptr<const Kind> kind_;
};

}  // namespace brot
