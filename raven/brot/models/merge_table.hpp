#pragma once
// Merges of byte-pair encoding: the table from a pair to its merge, and what follows from it about whole tokens.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "raven/brot/core/double_array.hpp"
#include "raven/brot/core/vocabulary.hpp"

namespace brot {

/// A bit for every value of some bits of a hash: most lookups of what is not there end here, in the near caches.
class HashFilter {
 public:
  /// `for_each_hash(add)` calls add(hash) at most `count` times.
  template <class ForEachHash>
  void build(size_t count, ForEachHash&& for_each_hash) {
    TableVector<uint64_t> words(std::bit_ceil(std::max<size_t>(64, count * 4)) / 64, 0);
    shift_ = 64 - std::countr_zero(words.size() * 64);
    for_each_hash([&](uint64_t hash) { words[hash >> shift_ >> 6] |= uint64_t{1} << (hash >> shift_ & 63); });
    words_ = std::move(words);
  }
  bool may_have(uint64_t hash) const noexcept { return words_[hash >> shift_ >> 6] >> (hash >> shift_ & 63) & 1; }
  bool empty() const noexcept { return words_.empty(); }
  void write(TableWriter& out, std::string_view name) const;
  /// @throws brot::Error (format)
  static HashFilter read(const TableReader& in, std::string_view name);

 private:
  Table<uint64_t> words_;
  int shift_ = 63;
};

/// Pair of token ids → (rank, merged id). Open addressing, at most 0.6 full.
class MergeTable {
 public:
  static constexpr uint32_t none = ~uint32_t{0};
  struct Merge {
    uint32_t left = none, right = none, rank = none, id = none;
  };

  /// Takes merges in the order of their ranks; of a pair that occurs twice the last counts, as in HuggingFace.
  void build(std::span<const Merge> merges);
  size_t size() const noexcept { return count_; }
  /// Makes lookups that find nothing faster; to be called before others look up.
  void make_filter();
  const Merge* find(uint32_t left, uint32_t right) const noexcept {
    if (slots_.empty()) return nullptr;
    const uint64_t hash = hash_of(left, right);
    if (!filter_.empty() && !filter_.may_have(hash)) return nullptr;
    for (size_t slot = hash >> shift_;; slot = (slot + 1) & mask_) {
      const Merge& merge = slots_[slot];
      if (merge.left == left && merge.right == right) return &merge;
      if (merge.rank == none) return nullptr;
    }
  }
  /// Calls `visit(merge)` for every merge, in no order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Merge& merge : slots_)
      if (merge.rank != none) visit(merge);
  }
  /// All merges, ascending by rank.
  std::vector<Merge> sorted() const;
  void write(TableWriter& out) const;
  /// `tokens`: number of ids. @throws brot::Error (format)
  static MergeTable read(const TableReader& in, size_t tokens);

 private:
  static uint64_t hash_of(uint32_t left, uint32_t right) noexcept {
    return (uint64_t(left) << 32 | right) * 0x9E3779B97F4A7C15u;
  }
  size_t place(uint32_t left, uint32_t right) const noexcept { return hash_of(left, right) >> shift_; }
  Table<Merge> slots_;
  HashFilter filter_;
  size_t mask_ = 0, count_ = 0;
  int shift_ = 63;
};

/// How each token comes about when its own text is encoded, and whether two tokens can be neighbours in an encoding.
///
/// Source: the method of the Rust crate `bpe`, here for merges in any order. A sequence of tokens is the encoding of
/// its text exactly when every token encodes to itself and every two neighbours encode to themselves. Two neighbours
/// are checked by undoing their merges from the last one backwards: a merge across the seam that was possible before
/// the merge just undone, and of smaller rank, would have come first.
///
/// When is that? Parts of a text do not notice each other, and the smallest rank goes first; so a token appears when
/// all ranks up to the largest one among its merges, its level, are done. Of equal levels the left one comes first.
/// (Where a merge is listed before one that makes its parts, as some files do, its level is larger than its rank: it
/// follows at once.)
class EffectiveMerges {
 public:
  /// `symbols[id]` is true for tokens that start as one symbol.
  void build(const MergeTable& table, const std::vector<bool>& symbols, uint32_t max_id);
  /// True when the token's text encodes to this one token.
  bool reproduces(uint32_t id) const noexcept { return id < tokens_.size() && tokens_[id].level != unreachable; }
  bool compatible(uint32_t left, uint32_t right) const noexcept;
  void write(TableWriter& out) const;
  /// `lengths`: bytes of each token. @throws brot::Error (format)
  static EffectiveMerges read(const TableReader& in, const MergeTable& merges, const Table<uint32_t>& lengths);

 private:
  static constexpr uint32_t unreachable = ~uint32_t{0};
  struct Token {
    uint32_t level = unreachable;  // 0 for symbols, else 1 + the largest rank of the merges that make it
    uint32_t rank = 0;             // 1 + rank of the last of them …
    uint32_t left = 0, right = 0;  // … and what it merges
  };
  bool seam_survives(uint32_t left, uint32_t right) const noexcept;
  const MergeTable* table_ = nullptr;
  Table<Token> tokens_;
};

/// Tokens by prefix: for long pieces, which are encoded in linear time by backtracking over longest matches.
class TokenTrie {
 public:
  static constexpr uint32_t none = ~uint32_t{0};
  void build(std::span<const Vocabulary::Entry> tokens, uint32_t max_id);
  /// The longest token that is a prefix of [at, end), or none.
  uint32_t longest_prefix(const char* at, const char* end) const noexcept { return nodes_.longest_prefix(at, end); }
  /// The longest token that is a proper prefix of `token`, or none.
  uint32_t shorter(uint32_t token) const noexcept { return shorter_[token]; }
  uint32_t length(uint32_t token) const noexcept { return length_[token]; }
  void write(TableWriter& out) const;
  /// `merges` and number of ids. @throws brot::Error (format)
  static TokenTrie read(const TableReader& in, const EffectiveMerges& merges, size_t tokens);

 private:
  DoubleArray nodes_;
  Table<uint32_t> shorter_, length_;
};

/// Encodes `text` by backtracking; `dead` is scratch. False when the text has no encoding by these tokens.
bool encode_backtracking(std::string_view text, const TokenTrie& trie, const EffectiveMerges& merges,
                         std::vector<uint64_t>& dead, std::vector<uint32_t>& out);

}  // namespace brot
