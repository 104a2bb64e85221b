#include "raven/brot/core/byte_alphabet.hpp"

#include <array>
#include <cstring>

#include "raven/brot/unicode/unicode.hpp"

namespace brot::byte_alphabet {

namespace {

constexpr bool stands_for_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Tables {
  char text[256][2] = {};
  uint8_t size[256] = {};
  int16_t bytes[0x144] = {};
};

constexpr Tables make_tables() {
  Tables tables;
  for (auto& byte : tables.bytes) byte = -1;
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const int scalar = stands_for_itself(byte) ? byte : next++;
    tables.bytes[scalar] = int16_t(byte);
    if (scalar < 0x80) {
      tables.text[byte][0] = char(scalar);
      tables.size[byte] = 1;
    } else {
      tables.text[byte][0] = char(0xC0 | scalar >> 6);
      tables.text[byte][1] = char(0x80 | (scalar & 0x3F));
      tables.size[byte] = 2;
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

}  // namespace

std::string_view text_of(uint8_t byte) noexcept { return {tables.text[byte], tables.size[byte]}; }
int byte_of(char32_t scalar) noexcept { return scalar < 0x144 ? tables.bytes[scalar] : -1; }

bool append_bytes(std::string_view text, std::string& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const int byte = byte_of(unicode::next_scalar(at));
    if (byte < 0) return false;
    out.push_back(char(byte));
  }
  return true;
}

char* write_text(std::string_view bytes, char* out) noexcept {
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    std::memcpy(out, tables.text[value], 2);
    out += tables.size[value];
  }
  return out;
}

void append_text(std::string_view bytes, std::string& out) {
  const size_t begin = out.size();
  out.resize(begin + 2 * bytes.size());
  out.resize(size_t(write_text(bytes, out.data() + begin) - out.data()));
}

}  // namespace brot::byte_alphabet
