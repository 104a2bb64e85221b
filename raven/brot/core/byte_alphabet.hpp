#pragma once
// The printable stand-ins of bytes in byte-level tokenizers: 21–7E, A1–AC and AE–FF stand for themselves, the 68
// others, in increasing order, for U+0100 to U+0143 (space is Ġ, newline is Ċ).
#include <cstdint>
#include <string>
#include <string_view>

#include "raven/base/export.hpp"

namespace brot::byte_alphabet {

/// The character of a byte as UTF-8.
RAVEN_API std::string_view text_of(uint8_t byte) noexcept;
/// The byte of a character, or -1.
RAVEN_API int byte_of(char32_t scalar) noexcept;
/// Appends the bytes of `text` (valid UTF-8); false, with `out` in any state, when a character is not in the alphabet.
RAVEN_API bool append_bytes(std::string_view text, std::string& out);
/// Writes the characters of `bytes` to `out`, which has room for two bytes each, and returns their end.
RAVEN_API char* write_text(std::string_view bytes, char* out) noexcept;
/// Appends the characters of `bytes`.
RAVEN_API void append_text(std::string_view bytes, std::string& out);

}  // namespace brot::byte_alphabet
