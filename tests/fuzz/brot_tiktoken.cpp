// Any bytes as a tekken.json (the first byte is odd) or as lines of ranks: reads or throws; what reads encodes and
// gives the bytes back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "raven/brot.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  raven::on_warning(nullptr);
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string text =
      "Hello <s> w\xC3\xB6rld the\n\n  12 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xF0\x9F\x98\x80";
  try {
    if (data[0] & 1) {
      const brot::Tokenizer tokenizer = brot::read_tekken(bytes);
      const brot::Encoding encoding = tokenizer.encode(text);
      tokenizer.decode(encoding.ids());
    } else {
      const char* names[] = {"gpt2", "cl100k_base", "o200k_base"};
      const auto tiktoken = brot::Tiktoken::from_text(bytes, brot::Tiktoken::definition(names[(data[0] >> 1) % 3]));
      const auto ids = tiktoken.encode_ordinary(text);
      // Bytes without a rank are left out.
      if (tiktoken.decode_bytes(ids).size() > text.size()) std::abort();
      tiktoken.encode_with_special(text);
      tiktoken.encode_with_unstable("the wo", {"<|endoftext|>"});
      const std::string lines = tiktoken.to_text();
      const auto again = brot::Tiktoken::from_text(lines, brot::Tiktoken::definition(names[(data[0] >> 1) % 3]));
      if (again.encode_ordinary(text) != ids) std::abort();
      tiktoken.to_tokenizer().to_json();
    }
  } catch (const raven::Error&) {
  }
  return 0;
}
