#pragma once
// Merges of byte-pair encoding: the table from a pair to its merge, and what follows from it about whole tokens.
#include <cstdint>
#include <string_view>
#include <vector>

#include "raven/brot/core/double_array.hpp"
#include "raven/brot/core/vocabulary.hpp"

namespace brot {

/// Pair of token ids → (rank, merged id). Open addressing, at most half full.
class MergeTable {
 public:
  static constexpr uint32_t none = ~uint32_t{0};
  struct Merge {
    uint32_t left = none, right = none, rank = none, id = none;
  };

  /// Takes merges in the order of their ranks; of a pair that occurs twice the last counts, as in HuggingFace.
  void build(const std::vector<Merge>& merges);
  size_t size() const noexcept { return count_; }
  const Merge* find(uint32_t left, uint32_t right) const noexcept {
    if (slots_.empty()) return nullptr;
    for (size_t slot = place(left, right);; slot = (slot + 1) & mask_) {
      const Merge& merge = slots_[slot];
      if (merge.left == left && merge.right == right) return &merge;
      if (merge.rank == none) return nullptr;
    }
  }
  /// All merges, ascending by rank.
  std::vector<Merge> sorted() const;

 private:
  size_t place(uint32_t left, uint32_t right) const noexcept {
    return ((uint64_t(left) << 32 | right) * 0x9E3779B97F4A7C15u) >> shift_;
  }
  std::vector<Merge> slots_;
  size_t mask_ = 0, count_ = 0;
  int shift_ = 63;
};

/// How each token comes about when its own text is encoded, and whether two tokens can be neighbours in an encoding.
///
/// Source: the method of the Rust crate `bpe`. When the merge that makes a token always has a
/// larger rank than those that made its parts ("proper"), a sequence of tokens is the encoding of its text exactly when
/// every token encodes to itself and every two neighbours encode to themselves. Two neighbours are checked by undoing
/// their last merges in reverse order of rank: a merge across the seam with a smaller rank than the merge just undone
/// would have come first.
class EffectiveMerges {
 public:
  /// `symbols[id]` is true for tokens that start as one symbol.
  void build(const MergeTable& table, const std::vector<bool>& symbols, uint32_t max_id);
  /// False when some merge is not proper: then only step-by-step merging is exact.
  bool proper() const noexcept { return proper_; }
  /// True when the token's text encodes to this one token.
  bool reproduces(uint32_t id) const noexcept { return id < order_.size() && order_[id] != unreachable; }
  bool compatible(uint32_t left, uint32_t right) const noexcept;

 private:
  static constexpr uint32_t unreachable = ~uint32_t{0};
  bool seam_survives(uint32_t left, uint32_t right, uint32_t limit) const noexcept;
  const MergeTable* table_ = nullptr;
  std::vector<uint32_t> order_;  // 0 for symbols, 1 + rank of the merge that makes the token, or unreachable
  std::vector<uint32_t> left_, right_;
  bool proper_ = true;
};

/// Tokens by prefix: for long pieces, which are encoded in linear time by backtracking over longest matches.
class TokenTrie {
 public:
  static constexpr uint32_t none = ~uint32_t{0};
  void build(const std::vector<Vocabulary::Entry>& tokens, uint32_t max_id);
  /// The longest token that is a prefix of [at, end), or none.
  uint32_t longest_prefix(const char* at, const char* end) const noexcept { return nodes_.longest_prefix(at, end); }
  /// The longest token that is a proper prefix of `token`, or none.
  uint32_t shorter(uint32_t token) const noexcept { return shorter_[token]; }
  uint32_t length(uint32_t token) const noexcept { return length_[token]; }

 private:
  DoubleArray nodes_;
  std::vector<uint32_t> shorter_, length_;
};

/// Encodes `text` by backtracking; `dead` is scratch. False when the text has no encoding by these tokens.
bool encode_backtracking(std::string_view text, const TokenTrie& trie, const EffectiveMerges& merges,
                         std::vector<uint64_t>& dead, std::vector<uint32_t>& out);

}  // namespace brot
