#include <bit>
#include <cstring>

#include "raven/brot/unicode/unicode.hpp"

namespace brot::unicode {

namespace {

constexpr uint64_t high_bits = 0x8080808080808080u;

uint64_t load_word(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

}  // namespace

Decoded decode(std::string_view text, size_t position) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data()) + position;
  const size_t left = text.size() - position;
  const uint32_t lead = p[0];
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xC2 || lead > 0xF4) return {replacement_character, 1, false};
  const uint32_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte has its own limits: no overlong forms, no surrogates, nothing above U+10FFFF.
  const uint32_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint32_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (left < 2 || p[1] < low || p[1] > high) return {replacement_character, 1, false};
  uint32_t scalar = (lead & (0xFFu >> (length + 1))) << 6 | (p[1] & 0x3Fu);
  for (uint32_t i = 2; i < length; ++i) {
    if (i >= left || (p[i] & 0xC0) != 0x80) return {replacement_character, i, false};
    scalar = scalar << 6 | (p[i] & 0x3Fu);
  }
  return {scalar, length, true};
}

uint32_t encode(char32_t scalar, char* out) noexcept {
  if (scalar < 0x80) {
    out[0] = char(scalar);
    return 1;
  }
  if (scalar < 0x800) {
    out[0] = char(0xC0 | scalar >> 6);
    out[1] = char(0x80 | (scalar & 0x3F));
    return 2;
  }
  if ((scalar >= 0xD800 && scalar < 0xE000) || scalar > 0x10FFFF) scalar = replacement_character;
  if (scalar < 0x10000) {
    out[0] = char(0xE0 | scalar >> 12);
    out[1] = char(0x80 | (scalar >> 6 & 0x3F));
    out[2] = char(0x80 | (scalar & 0x3F));
    return 3;
  }
  out[0] = char(0xF0 | scalar >> 18);
  out[1] = char(0x80 | (scalar >> 12 & 0x3F));
  out[2] = char(0x80 | (scalar >> 6 & 0x3F));
  out[3] = char(0x80 | (scalar & 0x3F));
  return 4;
}

void append(std::string& text, char32_t scalar) {
  char bytes[4];
  text.append(bytes, encode(scalar, bytes));
}

size_t ascii_prefix(std::string_view text) noexcept {
  const char* begin = text.data();
  const char* end = begin + text.size();
  const char* p = begin;
  for (; end - p >= 32; p += 32) {
    if ((load_word(p) | load_word(p + 8) | load_word(p + 16) | load_word(p + 24)) & high_bits) break;
  }
  for (; end - p >= 8; p += 8) {
    if (load_word(p) & high_bits) break;
  }
  while (p != end && static_cast<unsigned char>(*p) < 0x80) ++p;
  return size_t(p - begin);
}

size_t find_invalid(std::string_view text) noexcept {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* p = begin;
  // Eight bytes at a time: ASCII, then one character whose second byte has no limits of its own.
  while (end - p >= 8) {
    const uint64_t word = load_word(p);
    const uint64_t high = word & high_bits;
    if (high == 0) {
      p += 8;
      continue;
    }
    const int skipped = std::countr_zero(high) & ~7;
    const uint32_t next = uint32_t(word >> skipped);  // at least the lead byte
    p += skipped / 8;
    if (skipped > 32) continue;  // its bytes are not all here
    const uint32_t lead = next & 0xFF;
    if ((next & 0xC0E0) == 0x80C0 && lead >= 0xC2) {
      p += 2;
    } else if ((next & 0xC0C0F0) == 0x8080E0 && lead != 0xE0 && lead != 0xED) {
      p += 3;
    } else {
      const Decoded decoded = decode(text, size_t(p - begin));
      if (!decoded.valid) return size_t(p - begin);
      p += decoded.length;
    }
  }
  while (p != end) {
    const Decoded decoded = decode(text, size_t(p - begin));
    if (!decoded.valid) return size_t(p - begin);
    p += decoded.length;
  }
  return text.size();
}

std::string replace_invalid(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t good = find_invalid(text);
    out.append(text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty()) break;
    out.append("\xEF\xBF\xBD");
    text.remove_prefix(decode(text, 0).length);
  }
  return out;
}

size_t count_scalars(std::string_view text) noexcept {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

}  // namespace brot::unicode
