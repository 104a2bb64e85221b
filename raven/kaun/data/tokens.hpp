#pragma once
// Text as tokens, and batches of windows for language models.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "raven/nx/array.hpp"

namespace kaun::data {

using nx::Array;

/// One token per distinct byte, in byte order.
class RAVEN_API CharVocabulary {
 public:
  CharVocabulary() = default;
  /// The distinct bytes of `text`.
  static CharVocabulary of(std::string_view text);
  /// From the bytes themselves, ascending. Throws nx::ValueError when they are not.
  explicit CharVocabulary(std::string bytes);
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  const std::string& bytes() const { return bytes_; }
  /// Token ids. Throws nx::ValueError naming a byte outside the vocabulary and its position.
  std::vector<int32_t> encode(std::string_view text) const;
  std::string decode(const std::vector<int32_t>& ids) const;

 private:
  std::string bytes_;
};

/// Windows over a token stream: inputs are `context` tokens, targets the same shifted by one.
class RAVEN_API TokenDataset {
 public:
  struct Batch {
    Array inputs, targets;  ///< i32 [rows, context]
  };
  /// Throws nx::ValueError when there are fewer than context + 2 tokens (one window needs context + 1).
  TokenDataset(std::vector<int32_t> tokens, int64_t context);
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  int64_t context() const { return context_; }
  /// Windows starting at the given tokens. Throws nx::IndexError.
  Batch windows(const std::vector<int64_t>& starts) const;
  /// `rows` windows at uniformly random starts, a function of the key.
  Batch random_windows(const Array& key, int64_t rows) const;
  /// Number of non-overlapping windows: ⌊(size − 1) / context⌋.
  int64_t window_count() const { return (size() - 1) / context_; }
  /// Non-overlapping windows [first, first + rows).
  Batch consecutive_windows(int64_t first, int64_t rows) const;

 private:
  std::vector<int32_t> tokens_;
  int64_t context_;
};

}  // namespace kaun::data
