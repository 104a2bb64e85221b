// Any bytes as a SentencePiece model: parses or throws; what parses encodes.
#include <cstdint>
#include <string_view>

#include "raven/brot.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto model = brot::SentencePieceModel::parse({reinterpret_cast<const char*>(data), size});
    model.native().encode("a b\xC3\xA9  c");
    model.convert().encode("a b\xC3\xA9  c");
  } catch (const raven::Error&) {
  }
  return 0;
}
