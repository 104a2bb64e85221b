#pragma once
// Models that only SentencePiece's files give. Internal to brot; the compiled form keeps them, tokenizer.json cannot.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "raven/brot/core/added_tokens.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/model.hpp"

namespace brot {

/// A model around user-defined symbols, which stay whole.
class SpmSymbols final : public Model {
 public:
  /// Symbols that are no tokens of `inner` are left out.
  SpmSymbols(ModelPtr inner, std::vector<std::string> symbols);
  ModelType type() const noexcept override { return ModelType::custom; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override;
  const Model& inner() const noexcept { return *inner_; }
  const std::vector<std::string>& symbols() const noexcept { return symbols_; }

 private:
  void tokenize_gap(std::string_view piece, uint32_t base, TokenSink& sink) const;
  ModelPtr inner_;
  const BPE* bpe_;  // `inner_`, when it is one
  std::vector<std::string> symbols_;
  TokenMatcher matcher_;
};

/// Whole words, each with the ▁ before it; unknown neighbours are one token.
class SpmWords final : public Model {
 public:
  SpmWords(std::span<const Vocabulary::Entry> words, std::optional<uint32_t> unknown);
  ModelType type() const noexcept override { return ModelType::custom; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override;
  std::optional<uint32_t> unknown() const noexcept { return unknown_; }

 private:
  std::optional<uint32_t> unknown_;
};

/// BPE with unused pieces: they take part in merging, and what is left of them at the end is taken apart again. Time
/// n log n in the length of a text.
class SpmUnusedBpe final : public Model {
 public:
  struct Piece {
    std::string text;
    uint32_t rank;  ///< the order of merging; none for pieces that cannot be merged to
    bool unused;
  };
  SpmUnusedBpe(std::vector<Piece> pieces, bool byte_fallback, std::optional<uint32_t> unknown);
  ModelType type() const noexcept override { return ModelType::custom; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override;
  const std::vector<Piece>& pieces() const noexcept { return pieces_; }
  bool byte_fallback() const noexcept { return byte_fallback_; }
  std::optional<uint32_t> unknown() const noexcept { return unknown_; }

 private:
  std::vector<Piece> pieces_;
  uint32_t byte_tokens_[256];
  bool byte_fallback_;
  std::optional<uint32_t> unknown_;
};

}  // namespace brot
