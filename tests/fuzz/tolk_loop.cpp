// Any bytes as the text of a kernel: an error that names its line, or a kernel whose own text gives it back. The
// verifier must stand whatever the parser lets through.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "raven/tolk/loop/loop.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tolk::loop;
  const ParseResult result = parse({reinterpret_cast<const char*>(data), size});
  if (!result.error.empty()) {
    if (!result.error.starts_with("line ") || result.error.size() > 200) std::abort();
    return 0;
  }
  const std::string text = print(result.kernel), fault = verify(result.kernel);
  const ParseResult again = parse(text);
  if (!again.error.empty() || print(again.kernel) != text || verify(again.kernel) != fault) std::abort();
  return 0;
}
