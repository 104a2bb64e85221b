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

bool append_base64(std::string_view text, std::string& bytes) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  const size_t begin = bytes.size();
  bytes.resize(begin + text.size() * 3 / 4);
  char* out = bytes.data() + begin;
  uint32_t bits = 0;
  int count = 0, wrong = 0;
  for (const char c : text) {
    const int value = values[static_cast<unsigned char>(c)];
    wrong |= value;  // negative ones stay
    bits = bits << 6 | (uint32_t(value) & 63);
    count += 6;
    if (count >= 8) {
      count -= 8;
      *out++ = char(bits >> count & 0xFF);
    }
  }
  return wrong >= 0 && count < 6;  // not a lone character at the end
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  if (!append_base64(text, bytes)) return std::nullopt;
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
