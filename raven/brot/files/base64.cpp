#include "raven/brot/files/base64.hpp"

#include <array>
#include <cstdint>

namespace brot::files {

namespace {
constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::array<int8_t, 256> values = [] {
  std::array<int8_t, 256> table{};
  for (auto& value : table) value = -1;
  for (int i = 0; i < 64; ++i) table[static_cast<unsigned char>(alphabet[i])] = int8_t(i);
  return table;
}();
}  // namespace

std::optional<size_t> write_base64(std::string_view text, char* out) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  int wrong = 0;  // negative once a character was not in the alphabet
  const auto value = [&](size_t at) {
    const int found = values[static_cast<unsigned char>(text[at])];
    wrong |= found;
    return uint32_t(found) & 63;
  };
  const char* const begin = out;
  size_t at = 0;
  for (; at + 4 <= text.size(); at += 4, out += 3) {
    const uint32_t bits = value(at) << 18 | value(at + 1) << 12 | value(at + 2) << 6 | value(at + 3);
    out[0] = char(bits >> 16 & 0xFF);
    out[1] = char(bits >> 8 & 0xFF);
    out[2] = char(bits & 0xFF);
  }
  if (text.size() - at == 1) return std::nullopt;  // a lone character
  if (text.size() - at >= 2) {
    const uint32_t bits = value(at) << 18 | value(at + 1) << 12 | (text.size() - at == 3 ? value(at + 2) << 6 : 0);
    *out++ = char(bits >> 16 & 0xFF);
    if (text.size() - at == 3) *out++ = char(bits >> 8 & 0xFF);
  }
  if (wrong < 0) return std::nullopt;
  return size_t(out - begin);
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes(most_bytes_of_base64(text), '\0');
  const auto size = write_base64(text, bytes.data());
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) text.push_back(k <= bytes.size() - i ? alphabet[bits >> (18 - 6 * k) & 63] : '=');
  }
  return text;
}

}  // namespace brot::files
