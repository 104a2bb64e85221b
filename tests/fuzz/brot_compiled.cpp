// Any bytes as a compiled tokenizer, with the header's size and checksum made good: opens or throws; what opens encodes
// and decodes.
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include "raven/brot.hpp"
#include "raven/brot/files/compiled.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t header = 40;
  raven::on_warning(nullptr);
  const std::shared_ptr<std::byte[]> bytes(new (std::align_val_t(64)) std::byte[size + 1],
                                           [](std::byte* at) { ::operator delete[](at, std::align_val_t(64)); });
  std::memcpy(bytes.get(), data, size);
  if (size >= header) {
    const uint64_t length = size, sum = brot::checksum_of_tables({bytes.get() + header, size - header});
    std::memcpy(bytes.get() + 16, &length, 8);
    std::memcpy(bytes.get() + 24, &sum, 8);
  }
  try {
    const brot::TableReader tables({bytes.get(), size}, bytes, "input");
    const brot::Tokenizer tokenizer = brot::files::read_compiled(tables, "input");
    const std::string text =
        "Hello w\xC3\xB6rld "
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "thetheth \xF0\x9F\x98\x80  12\n";
    const brot::Encoding encoding = tokenizer.encode(text);
    tokenizer.decode(encoding.ids());
    tokenizer.encode_ids(text.substr(14, 20));
  } catch (const raven::Error&) {
  }
  return 0;
}
