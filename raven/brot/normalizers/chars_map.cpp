#include "raven/brot/normalizers/chars_map.hpp"

#include <cstring>

#include "raven/brot/core/error.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

// Darts-clone's units: bit 8 says that a value hangs below; bits 10–30 are the offset, shifted by 8 more when bit 9 is
// set; the label is the low byte with bit 31.
namespace {
constexpr uint32_t label_bits = 0x800000FFu, value_bit = 0x80000000u;
bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }
size_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
}  // namespace

CharsMap::CharsMap(std::string bytes) : bytes_(std::move(bytes)) {
  if (bytes_.empty()) return;
  const auto fail = [](std::string_view what) { throw Error(ErrorCode::format, "brot.CharsMap", what); };
  if (bytes_.size() < 4) fail("precompiled_charsmap: got fewer than 4 bytes, expected the trie's size");
  uint32_t size;
  std::memcpy(&size, bytes_.data(), 4);
  if (size % 4 != 0 || size > bytes_.size() - 4)
    fail(raven::Message() << "precompiled_charsmap: got a trie of " << size << " bytes in " << bytes_.size());
  if (size == 0) return;
  units_.resize(size / 4);
  std::memcpy(units_.data(), bytes_.data() + 4, size);
  strings_ = 4 + size;
  if (const size_t invalid = unicode::find_invalid(std::string_view(bytes_).substr(strings_));
      invalid != bytes_.size() - strings_)
    fail(raven::Message() << "precompiled_charsmap: the replacements are no valid UTF-8 at byte "
                          << strings_ + invalid);
  for (size_t node = 0; node < units_.size(); ++node) {
    const uint32_t unit = units_[node];
    if ((unit & value_bit) || !(unit >> 8 & 1)) continue;  // a value itself, or nothing hangs below
    const size_t below = node ^ offset_of(unit);
    const size_t place = below < units_.size() ? strings_ + (units_[below] & ~value_bit) : bytes_.size();
    if (place < bytes_.size() && is_continuation(bytes_[place]))
      fail(raven::Message() << "precompiled_charsmap: a replacement begins inside the character at byte " << place);
  }
  const size_t root = offset_of(units_[0]);
  for (unsigned byte = 1; byte < 128; ++byte) {
    const size_t node = root ^ byte;
    if (node >= units_.size() || (units_[node] & label_bits) != byte) continue;
    const size_t below = node ^ offset_of(units_[node]);
    keeps_[byte] = !(units_[node] >> 8 & 1);
    for (unsigned next = 1; next < 128 && keeps_[byte]; ++next)
      keeps_[byte] = (below ^ next) >= units_.size() || (units_[below ^ next] & label_bits) != next;
  }
}

std::optional<CharsMap::Match> CharsMap::find(std::string_view text, bool first) const noexcept {
  std::optional<Match> found;
  if (units_.empty()) return found;
  size_t node = offset_of(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = static_cast<unsigned char>(text[i]);
    if (byte == 0) break;
    node ^= byte;
    if (node >= units_.size()) break;
    const uint32_t unit = units_[node];
    if ((unit & label_bits) != byte) break;
    node ^= offset_of(unit);
    if (node >= units_.size()) break;
    if ((unit >> 8 & 1) && (i + 1 == text.size() || !is_continuation(text[i + 1]))) {
      const size_t place = strings_ + (units_[node] & ~value_bit);
      if (place >= bytes_.size()) break;
      const char* const start = bytes_.data() + place;
      const size_t length = strnlen(start, bytes_.size() - place);
      found = Match{i + 1, std::string_view(start, length)};
      if (first) return found;
    }
  }
  return found;
}

KeptTexts::KeptTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
  TableVector<std::pair<std::string_view, uint32_t>> keys;
  for (const std::string& text : texts_) {
    if (text.empty()) continue;
    keys.emplace_back(text, uint32_t(text.size()));
    begins_[static_cast<unsigned char>(text[0])] = true;
  }
  if (!keys.empty()) trie_.build(std::move(keys));
}

}  // namespace brot
