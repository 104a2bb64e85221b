#pragma once
// SentencePiece's compiled character maps: a double-array trie (Darts) over the texts to replace, and the replacements.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raven/base/export.hpp"
#include "raven/brot/core/double_array.hpp"

namespace brot {

/// Layout: u32 (little endian) size of the trie in bytes, the trie's u32 units, then NUL-terminated replacements.
class RAVEN_API CharsMap {
 public:
  CharsMap() = default;
  /// @throws brot::Error (format) when sizes contradict each other or a replacement is no valid UTF-8
  explicit CharsMap(std::string bytes);
  const std::string& bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return units_.empty(); }

  struct Match {
    size_t length;  ///< bytes of the matched prefix
    std::string_view replacement;
  };
  /// The replacement of the shortest prefix of `text`, whole characters, in the map (what HuggingFace takes).
  std::optional<Match> shortest(std::string_view text) const noexcept { return find(text, true); }
  /// That of the longest prefix (what SentencePiece takes).
  std::optional<Match> longest(std::string_view text) const noexcept { return find(text, false); }
  /// True when the ASCII byte stays as it is wherever another ASCII byte, or nothing, follows.
  bool keeps(unsigned char byte) const noexcept { return keeps_[byte]; }

 private:
  std::optional<Match> find(std::string_view text, bool first) const noexcept;
  std::string bytes_;
  std::vector<uint32_t> units_;
  size_t strings_ = 0;  // where the replacements begin in bytes_
  std::array<bool, 128> keeps_ = all_kept();
  static constexpr std::array<bool, 128> all_kept() {
    std::array<bool, 128> all{};
    all.fill(true);
    return all;
  }
};

/// Texts that a character map leaves as they are.
class RAVEN_API KeptTexts {
 public:
  KeptTexts() = default;
  explicit KeptTexts(std::vector<std::string> texts);
  const std::vector<std::string>& texts() const noexcept { return texts_; }
  /// Bytes of the longest one that `text` begins with, or 0.
  size_t longest(std::string_view text) const noexcept {
    if (text.empty() || !begins_[static_cast<unsigned char>(text[0])]) return 0;
    const uint32_t length = trie_.longest_prefix(text.data(), text.data() + text.size());
    return length == DoubleArray::none ? 0 : length;
  }
  /// Whether one of them begins with this byte.
  bool begins(unsigned char byte) const noexcept { return begins_[byte]; }

 private:
  std::vector<std::string> texts_;
  DoubleArray trie_;  // the length of each
  std::array<bool, 256> begins_{};
};

}  // namespace brot
