#pragma once
// Base64 of the tokenizer files (standard alphabet, padded).
#include <optional>
#include <string>
#include <string_view>

#include "raven/base/export.hpp"

namespace brot::files {

/// Room that write_base64 needs.
constexpr size_t most_bytes_of_base64(std::string_view text) { return (text.size() + 3) / 4 * 3; }
/// Writes the bytes of `text` to `out` and returns how many; nothing, with anything written, when it is not base64.
RAVEN_API std::optional<size_t> write_base64(std::string_view text, char* out);
/// Nothing when `text` is not base64.
RAVEN_API std::optional<std::string> decode_base64(std::string_view text);
RAVEN_API std::string encode_base64(std::string_view bytes);

}  // namespace brot::files
