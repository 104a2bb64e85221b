// Any bytes as a checkpoint's flat JSON object, and bytes there and back through its strings.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "raven/base/error.hpp"
#include "raven/kaun/io/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto object = kaun::io::parse_flat_object(text, "fuzz");
    for (const char* key : {"context", "layers", "vocabulary", ""}) {
      try {
        object.number(key);
      } catch (const raven::FormatError&) {
      }
      try {
        object.text(key);
      } catch (const raven::FormatError&) {
      }
    }
  } catch (const raven::FormatError&) {
  }
  try {
    kaun::io::unquote_bytes(text, "fuzz");
  } catch (const raven::FormatError&) {
  }
  const std::string quoted = kaun::io::quote_bytes(text);
  if (kaun::io::unquote_bytes(quoted, "fuzz") != text) std::abort();
  return 0;
}
