#pragma once
// Unigram: the segmentation with the largest sum of piece scores (log-probabilities), found by the Viterbi algorithm.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raven/brot/core/double_array.hpp"
#include "raven/brot/models/model.hpp"

namespace brot {

/// A piece and its score.
using ScoredPiece = std::pair<std::string, double>;

class RAVEN_API Unigram final : public Model {
 public:
  struct Options {
    std::optional<size_t> unk_id;  ///< index of the unknown piece
    bool byte_fallback = false;    ///< unknown text becomes `<0xHH>` pieces when all are present
    bool fuse_unk = true;          ///< a run of unknown characters is one token
    double alpha = 0;              ///< temperature of sampling; 0 takes the best segmentation
    size_t nbest_size = 0;         ///< sample among this many best ones; 0 samples from all
    uint64_t seed = 0;             ///< of sampling: the same texts in the same order give the same
    /// SentencePiece's own ways: scores add up in single precision, and only these pieces can occur in text.
    std::optional<std::vector<uint8_t>> native_matchable = {};
  };
  /// @throws brot::Error (vocabulary) when unk_id is out of range
  static std::shared_ptr<const Unigram> make(std::vector<ScoredPiece> pieces, Options options);
  ModelType type() const noexcept override { return ModelType::unigram; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override;

  const Options& options() const noexcept { return options_; }
  const std::vector<ScoredPiece>& pieces() const noexcept { return pieces_; }

  /// A segmentation as byte ranges of the text, best first, with its score.
  struct Segmentation {
    std::vector<Span> pieces;
    double score = 0;
  };
  /// The `count` best segmentations of `text`; of long texts, whose search would take more than a million steps, those
  /// that it finds in these, at least the best one. @throws brot::Error (invalid_text)
  std::vector<Segmentation> nbest(std::string_view text, size_t count) const;
  /// A segmentation drawn with probability proportional to exp(alpha · score), by forward filtering and backward
  /// sampling.
  Segmentation sample(std::string_view text, double alpha, uint64_t seed) const;
  /// Appends the tokens of a segmentation of `text` that `nbest` or `sample` gave, unknown characters fused.
  void tokenize_as(const Segmentation& segmentation, std::string_view text, uint32_t base, TokenSink& sink) const;
  /// The same model, which draws its segmentations. @throws brot::Error (argument) when alpha is not positive
  std::shared_ptr<const Unigram> with_sampling(double alpha, size_t nbest_size, uint64_t seed) const;
  /// All pieces that the text could be made of, unknown characters included, by where they end.
  struct Edge {
    Span span;
    double score = 0;
    double marginal = 0;  ///< probability that a segmentation drawn by exp(alpha · score) has this piece
  };
  std::vector<Edge> lattice(std::string_view text, double alpha = 1) const;
  /// Score that an unknown character gets: the smallest score less 10.
  double unknown_score() const noexcept { return min_score_ - 10; }
  double min_score() const noexcept { return min_score_; }
  const DoubleArray& trie() const noexcept { return trie_; }

 private:
  /// A part of a segmentation; `id` is none for text that was put together from unknown characters.
  struct Segment {
    Span span;
    uint32_t id = ~uint32_t{0};
  };
  void emit(std::string_view text, std::string_view whole, uint32_t base, TokenSink& sink) const;
  template <class Real>
  void viterbi(std::string_view text, Real& total, std::vector<Segment>& out) const;
  void tokenize_native(std::string_view text, uint32_t base, TokenSink& sink) const;
  void tokenize_word(std::string_view word, const char* readable_end, uint32_t base, float& total,
                     TokenSink& sink) const;
  bool best_of_word(std::string_view word, std::vector<Segment>& out, float& limit) const;
  void add(const std::vector<Segment>& segments, std::string_view text, uint32_t base, TokenSink& sink) const;
  void add_spans(const std::vector<Span>& spans, std::string_view text, std::vector<Segment>& out) const;
  uint32_t id_of(std::string_view text) const;
  template <class Node>
  void trace_back(const Node* nodes, size_t window, size_t end, std::vector<Segment>& out) const;

  Options options_;
  std::vector<ScoredPiece> pieces_;
  std::vector<double> scores_;
  std::vector<float> single_scores_;
  std::vector<uint32_t> lengths_;  // bytes of each piece
  DoubleArray trie_;
  uint32_t byte_tokens_[256];
  double min_score_ = 0;
  double largest_score_ = 0;             // without its sign
  bool cut_before_metaspace_[256] = {};  // native: by the byte before
  uint64_t generation_ = 0;
};

}  // namespace brot
