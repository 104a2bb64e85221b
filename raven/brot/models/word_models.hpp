#pragma once
// Models that look words up: WordPiece (greedy longest match), WordLevel (whole words) and Bytes (one token per byte).
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "raven/brot/core/double_array.hpp"
#include "raven/brot/models/model.hpp"

namespace brot {

using VocabList = std::vector<std::pair<std::string, uint32_t>>;

/// Greedy longest match from the left; pieces after the first carry a prefix. A word that does not come out even, or is
/// longer than `max_input_chars_per_word` code points, is one unknown token.
class RAVEN_API WordPiece final : public Model {
 public:
  struct Options {
    std::string unk_token = "[UNK]";
    std::string continuing_subword_prefix = "##";
    size_t max_input_chars_per_word = 100;
  };
  static std::shared_ptr<const WordPiece> make(std::span<const Vocabulary::Entry> vocab, Options options);
  static std::shared_ptr<const WordPiece> make(const VocabList& vocab, Options options);
  ModelType type() const noexcept override { return ModelType::word_piece; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override;
  const Options& options() const noexcept { return options_; }

 private:
  class Failures;
  /// As the greedy search, in time proportional to the word; false when it does not come out even.
  bool match_long(std::string_view piece, uint32_t base, TokenSink& sink) const;

  Options options_;
  DoubleArray first_, following_;  // pieces that start a word, and those that continue one (without the prefix)
  uint64_t generation_ = 0;
  mutable std::once_flag failures_once_;
  mutable std::shared_ptr<const Failures> failures_;  // made for the first long word
};

/// Whole pieces only.
class RAVEN_API WordLevel final : public Model {
 public:
  struct Options {
    std::string unk_token = "<unk>";
  };
  static std::shared_ptr<const WordLevel> make(std::span<const Vocabulary::Entry> vocab, Options options);
  static std::shared_ptr<const WordLevel> make(const VocabList& vocab, Options options);
  ModelType type() const noexcept override { return ModelType::word_level; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override;
  const Options& options() const noexcept { return options_; }

 private:
  Options options_;
};

/// One token per byte, id = byte + offset (ByT5: offset 3 behind pad, eos, unk). Token texts are `<0xHH>`; texts before
/// the offset are `specials`.
class RAVEN_API ByteModel final : public Model {
 public:
  static std::shared_ptr<const ByteModel> make(uint32_t offset, const std::vector<std::string>& specials);
  ModelType type() const noexcept override { return ModelType::bytes; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override;
  uint32_t offset() const noexcept { return offset_; }
  const std::vector<std::string>& specials() const noexcept { return specials_; }

 private:
  uint32_t offset_ = 0;
  std::vector<std::string> specials_;
};

}  // namespace brot
