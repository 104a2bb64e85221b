#include "raven/tolk/llvm/backend.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include <raven_tolk_llvm_build_id.h>
#include "raven/tolk/llvm/internal/codegen.hpp"
#include "raven/tolk/llvm/internal/emitter.hpp"
#include "raven/tolk/llvm/internal/link.hpp"
#include "raven/tolk/loop/loop.hpp"

namespace {

using namespace tolk;

backend::Image compile(std::string_view text, std::string_view level_name) {
  backend::Image failure;
  backend::Level level;
  if (level_name == "portable")
    level = backend::Level::portable;
  else if (level_name == "v3")
    level = backend::Level::v3;
  else if (level_name == "v4")
    level = backend::Level::v4;
  else
    return failure.error = "no level " + std::string(level_name), failure;
  const loop::ParseResult parsed = loop::parse(text);
  if (!parsed.error.empty()) return failure.error = "parse: " + parsed.error, failure;
  if (std::string fault = loop::verify(parsed.kernel); !fault.empty())
    return failure.error = "verify: " + fault, failure;
  const backend::Object object = backend::generate(parsed.kernel, level);
  if (!object.error.empty()) return failure.error = "generate: " + object.error, failure;
  return backend::link(object.bytes, backend::entry_name);
}

void* copy(const void* data, size_t size) {
  void* bytes = std::malloc(size);
  if (bytes != nullptr) std::memcpy(bytes, data, size);
  return bytes;
}

void compile_kernel(const char* text, size_t size, const char* level, raven_tolk_code* result) {
  *result = {};
  std::string error;
  try {
    const backend::Image image = compile({text, size}, level);
    error = image.error;
    if (error.empty()) {
      result->bytes = static_cast<unsigned char*>(copy(image.bytes.data(), image.bytes.size()));
      result->size = image.bytes.size(), result->entry = image.entry;
      if (result->bytes == nullptr) error = "out of memory";
    }
  } catch (const std::exception& fault) {
    error = fault.what();
  }
  if (!error.empty()) result->error = static_cast<char*>(copy(error.c_str(), error.size() + 1));
}

void release_code(raven_tolk_code* result) {
  std::free(result->bytes);
  std::free(result->error);
  *result = {};
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const raven_tolk_backend* raven_tolk_backend_v1() {
  static constexpr raven_tolk_backend table = {RAVEN_TOLK_BACKEND_ABI, RAVEN_TOLK_LLVM_BUILD_ID, compile_kernel,
                                               release_code};
  return &table;
}
