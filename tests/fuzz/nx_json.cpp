// Any bytes through the pull reader of JSON headers: a FormatError inside the text, or strings that are UTF-8 and come
// back through the writer.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "raven/base/error.hpp"
#include "raven/nx/internal/json.hpp"

namespace {

constexpr uint64_t first_byte = 8;

template <class Read>
void read(std::string_view text, Read&& value) {
  nx::detail::JsonReader json(text, first_byte, "fuzz", "text");
  try {
    value(json);
    json.expect_end();
  } catch (const raven::FormatError&) {
    if (json.offset() < first_byte || json.offset() > first_byte + text.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read(text, [](nx::detail::JsonReader& json) { json.skip(); });
  read(text, [](nx::detail::JsonReader& json) { json.whole_number(); });
  read(text, [](nx::detail::JsonReader& json) {
    const std::string value = json.string();
    if (!nx::detail::is_utf8(value)) std::abort();
    std::string written;
    nx::detail::append_json_string(written, value);
    nx::detail::JsonReader again(written, 0, "fuzz", "text");
    if (again.string() != value) std::abort();
    again.expect_end();
  });
  return 0;
}
