// Any pattern on any text: typed errors or matches in order, and both engines agree.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "raven/brot/regex/regex.hpp"
#include "raven/brot/unicode/unicode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = bytes.size() * (data[0] & 127) / 127;
  const brot::RegexDialect dialect = data[0] & 128 ? brot::RegexDialect::tiktoken : brot::RegexDialect::oniguruma;
  const std::string pattern(bytes.substr(0, cut)), text = brot::unicode::replace_invalid(bytes.substr(cut));
  std::vector<std::vector<size_t>> found;
  for (const auto engine : {brot::Regex::Engine::scanner, brot::Regex::Engine::backtracking}) {
    std::vector<size_t> ends;
    try {
      const brot::Regex regex(pattern, dialect, engine);
      size_t last = 0;
      regex.for_each_match(text, [&](size_t begin, size_t end) {
        if (begin < last || end < begin || end > text.size()) std::abort();
        last = end;
        ends.push_back(begin);
        ends.push_back(end);
      });
    } catch (const brot::RegexError&) {
      return 0;
    }
    found.push_back(std::move(ends));
  }
  if (found[0] != found[1]) std::abort();
  return 0;
}
