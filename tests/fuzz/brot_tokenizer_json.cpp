// Any bytes as tokenizer.json: loads or throws; what loads encodes, decodes and saves.
#include <cstdint>
#include <string_view>

#include "raven/brot.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  raven::on_warning(nullptr);
  try {
    const auto tokenizer = brot::Tokenizer::from_json({reinterpret_cast<const char*>(data), size});
    const brot::Encoding encoding = tokenizer.encode("Hello <s> w\xC3\xB6rld \xF0\x9F\x98\x80  12", "\xE2\x96\x81 b\xFF");
    tokenizer.decode(encoding.ids());
    const std::string saved = tokenizer.to_json();
    // A Unigram's scores are read as HuggingFace reads them, which is not exact: they may change once more.
    const bool exact = tokenizer.model().type() != brot::ModelType::unigram;
    if (brot::Tokenizer::from_json(saved).to_json() != saved && exact) __builtin_trap();
  } catch (const raven::Error&) {
  }
  return 0;
}
