#pragma once
// A model turns one piece of normalized text into tokens.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/brot/core/aligned_text.hpp"
#include "raven/brot/core/error.hpp"
#include "raven/brot/core/vocabulary.hpp"

namespace brot {

/// Where models put their tokens. Spans are bytes of the whole normalized text.
struct TokenSink {
  std::vector<uint32_t> ids;
  std::vector<Span> spans;                                 ///< filled when `want_spans`
  std::vector<std::pair<uint32_t, std::string>> surfaces;  ///< token index → text that differs from the vocabulary's
  bool want_spans = true;
  bool valid_text = false;  ///< the caller has seen to it that pieces are valid UTF-8, and models need not look

  /// What models that draw random numbers have drawn for: they take those of their seed and this count, and add one for
  /// each piece. A tokenizer sets it for every text.
  uint64_t draws = 0;

  void clear() {
    ids.clear();
    spans.clear();
    surfaces.clear();
  }
  void add(uint32_t id, uint32_t begin, uint32_t end) {
    ids.push_back(id);
    if (want_spans) spans.push_back({begin, end});
  }
};

enum class ModelType : uint8_t { bpe, word_piece, word_level, unigram, bytes, custom };

/// Base of all models, and of user-defined ones. Immutable: `tokenize` runs on many threads at once.
class RAVEN_API Model {
 public:
  virtual ~Model();
  virtual ModelType type() const noexcept = 0;
  /// Appends the tokens of `piece`, which begins at byte `base` of the normalized text.
  /// @throws brot::Error (unknown_token) when the piece needs an unknown token that the model lacks, (invalid_text)
  /// when the model works on characters and the piece is no valid UTF-8
  virtual void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const = 0;

  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

 protected:
  Vocabulary vocabulary_;
};

/// For models that step from character to character, where they begin to.
inline void expect_valid(const TokenSink& sink, std::string_view operation, std::string_view piece) {
  if (!sink.valid_text) expect_utf8(operation, "piece", piece);
}

using ModelPtr = std::shared_ptr<const Model>;

}  // namespace brot
