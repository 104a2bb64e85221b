#pragma once
// Base64 of the tokenizer files (standard alphabet, padded).
#include <optional>
#include <string>
#include <string_view>

#include "raven/base/export.hpp"

namespace brot::files {

/// Appends the bytes of `text`; false, with any bytes appended, when it is not base64.
RAVEN_API bool append_base64(std::string_view text, std::string& bytes);
/// Nothing when `text` is not base64.
RAVEN_API std::optional<std::string> decode_base64(std::string_view text);
RAVEN_API std::string encode_base64(std::string_view bytes);

}  // namespace brot::files
