#pragma once
// Byte-pair encoding: pieces start as characters (or bytes) and the adjacent pair with the lowest rank is merged until
// none is left.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/brot/models/merge_table.hpp"
#include "raven/brot/models/model.hpp"

namespace brot {

/// Options of BPE; defaults as in HuggingFace.
struct BpeOptions {
  std::optional<float> dropout = {};          ///< probability in [0, 1] of skipping a merge
  std::optional<std::string> unk_token = {};  ///< without it characters outside the vocabulary are dropped
  std::optional<std::string> continuing_subword_prefix = {};
  std::optional<std::string> end_of_word_suffix = {};
  bool fuse_unk = false;          ///< one unknown token for a run of unknown characters
  bool byte_fallback = false;     ///< unknown characters become `<0xHH>` tokens when those exist
  bool ignore_merges = false;     ///< a whole piece that is in the vocabulary is one token
  size_t cache_capacity = 10000;  ///< 0 turns the cache of pieces off
  uint64_t seed = 0;              ///< of the dropout's random numbers: the same texts in the same order give the same
};

/// See the head of this file.
class RAVEN_API BPE final : public Model {
 public:
  using Merge = std::pair<std::string, std::string>;
  using MergeView = std::pair<std::string_view, std::string_view>;

  /// Collects the parts of a model: `BPE::Builder().vocab(v).merges(m).unk_token("<unk>").build()`.
  class RAVEN_API Builder {
   public:
    Builder& vocab(std::vector<std::pair<std::string, uint32_t>> vocab);
    Builder& merges(std::vector<Merge> merges);
    Builder& options(BpeOptions options);
    Builder& unk_token(std::string token);
    Builder& dropout(float probability);
    Builder& continuing_subword_prefix(std::string prefix);
    Builder& end_of_word_suffix(std::string suffix);
    Builder& fuse_unk(bool value);
    Builder& byte_fallback(bool value);
    Builder& ignore_merges(bool value);
    Builder& cache_capacity(size_t pieces);
    /// @throws brot::Error (vocabulary) when a merge names a token that the vocabulary lacks
    std::shared_ptr<const BPE> build() const;

   private:
    std::vector<std::pair<std::string, uint32_t>> vocab_;
    std::vector<Merge> merges_;
    BpeOptions options_;
  };
  /// Views are copied. @throws as Builder::build
  static std::shared_ptr<const BPE> make(std::span<const Vocabulary::Entry> vocab, std::span<const MergeView> merges,
                                         BpeOptions options);
  /// A merge by ids, `id` being the token of both texts together; merges of equal rank are done from the left
  /// (SentencePiece).
  using RankedMerge = MergeTable::Merge;
  static std::shared_ptr<const BPE> make_ranked(std::span<const Vocabulary::Entry> vocab,
                                                std::span<const RankedMerge> merges, BpeOptions options);
  /// Every way to write a token as two others, with the rank `ranks[id]`, or the id itself without `ranks`; for
  /// vocabularies without merges. The parts are whole characters unless texts are `bytes`.
  static std::vector<RankedMerge> derive_merges(const Vocabulary& vocabulary, const std::vector<uint32_t>* ranks,
                                                bool bytes = false);
  /// tiktoken's rule: any two neighbours whose bytes together are one of `tokens` (bytes) are merged, that with the
  /// smallest id first. `others` (text) belong to the vocabulary and come about in no other way.
  static std::shared_ptr<const BPE> make_by_text(Vocabulary::Source tokens, std::span<const Vocabulary::Entry> others,
                                                 BpeOptions options);
  /// The same model, which skips merges with this probability. @throws brot::Error (argument) when it is not in [0, 1]
  std::shared_ptr<const BPE> with_dropout(float probability, uint64_t seed) const;
  ~BPE() override;

  ModelType type() const noexcept override { return ModelType::bpe; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override;

  const BpeOptions& options() const noexcept { return options_; }
  /// (left id, right id) in the order of ranks.
  std::vector<std::pair<uint32_t, uint32_t>> merges() const;

  /// True when every byte's printable character (ByteLevel) is a token, so that pieces may be encoded as raw bytes.
  bool byte_level() const noexcept;
  /// Encodes raw bytes: the same ids as `tokenize` of their printable characters. Spans count raw bytes. `readable_end`
  /// ends the memory that may be loaded. Requires byte_level().
  void tokenize_bytes(std::string_view piece, uint32_t base, const char* readable_end, TokenSink& sink) const;
  /// True when text may be cut before each `▁` that follows a byte for which `cut_before_metaspace()[byte]` holds.
  const bool* cut_before_metaspace() const;
  /// As tokenize, for text whose pieces are cut at those places first.
  void tokenize_metaspace(std::string_view text, uint32_t base, TokenSink& sink) const;

  /// The tables of the compiled form; everything that is put off otherwise is built first.
  void write(TableWriter& out) const;
  /// @throws brot::Error (format) when the tables contradict each other
  static std::shared_ptr<const BPE> read(const TableReader& in, BpeOptions options);

  struct Impl;

 private:
  BPE();
  void look_up_symbols();
  static std::shared_ptr<const BPE> finish(std::shared_ptr<BPE> model, std::span<const RankedMerge> merges);
  std::unique_ptr<Impl> impl_;
  BpeOptions options_;
};

}  // namespace brot
