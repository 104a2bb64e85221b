#pragma once
// Places between two characters that no token crosses: byte-level text may be cut there, since no merge ever does.
// Internal to brot.
//
// Vocabularies join few of the pairs of characters that a large alphabet has, so that a long run of Han characters
// falls into parts of one to three, which come again and again.
#include <cstdint>
#include <string_view>

#include "raven/brot/core/vocabulary.hpp"
#include "raven/brot/models/merge_table.hpp"

namespace brot {

class Seams {
 public:
  /// `tokens` are bytes.
  void build(const Vocabulary& tokens);
  bool empty() const noexcept { return pairs_.empty(); }

  /// Calls `visit(begin, end)` for the parts of `text`, from left to right. ASCII is not cut.
  template <class Visit>
  void for_each_part(std::string_view text, Visit&& visit) const {
    size_t begin = 0;
    uint32_t left = 0;
    for (size_t at = 0; at < text.size();) {
      const uint32_t size = size_at(text, at);
      const uint32_t right = size > 0 ? packed(text.data() + at, size) : 0;
      if (left != 0 && right != 0 && (left | right) >= 0x80 && !crossed(left, right)) {
        visit(begin, at);
        begin = at;
      }
      left = right;
      at += size > 0 ? size : 1;
    }
    visit(begin, text.size());
  }

 private:
  /// Bytes of the well-formed character at `at`, or 0.
  static uint32_t size_at(std::string_view text, size_t at) noexcept {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) return 1;
    const uint32_t size = lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (text.size() - at < size) return 0;
    for (uint32_t i = 1; i < size; ++i)
      if (!continues(text[at + i])) return 0;
    return size;
  }
  static bool continues(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }
  static uint32_t packed(const char* at, uint32_t size) noexcept {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < size; ++i) bytes = bytes << 8 | static_cast<unsigned char>(at[i]);
    return bytes;
  }
  static uint64_t hash_of(uint32_t left, uint32_t right) noexcept {
    return (uint64_t{left} << 32 | right) * 0x9E3779B97F4A7C15u;
  }
  bool crossed(uint32_t left, uint32_t right) const noexcept {
    const uint32_t lead = right >> (right < 0x100 ? 0 : right < 0x10000 ? 8 : right < 0x1000000 ? 16 : 24);
    return pairs_.may_have(hash_of(left, right)) || torn_.may_have(hash_of(left, 0)) ||
           torn_.may_have(hash_of(0, right)) || (both_torn_[left & 63] >> (lead & 63) & 1);
  }

  HashFilter pairs_;             // neighbours inside tokens
  HashFilter torn_;              // (left, 0): before the beginning of some character; (0, right): behind the end of one
  uint64_t both_torn_[64] = {};  // the end of a character before the beginning of one: by its last and its first byte
};

}  // namespace brot
