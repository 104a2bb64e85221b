#pragma once
// SentencePiece's BPE with unused pieces: they take part in merging, and what is left of them at the end is taken apart
// again.
#include <optional>
#include <vector>

#include "raven/brot/files/sentencepiece.hpp"

namespace brot {

/// See the head of this file. Time n log n in the length of a text.
class UnusedPiecesBpe final : public Model {
 public:
  /// `ranks[id]`: the order of merging, none for pieces that cannot be merged to.
  UnusedPiecesBpe(const SentencePieceModel& model, std::vector<uint32_t> ranks);
  ModelType type() const noexcept override { return ModelType::custom; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override;

 private:
  std::vector<uint32_t> ranks_;
  std::vector<uint8_t> unused_;
  uint32_t byte_tokens_[256];
  bool byte_fallback_;
  std::optional<uint32_t> unknown_;
};

}  // namespace brot
