// The safetensors reader on any bytes: it gives typed errors or a file whose every tensor can be read.
#include <cstdint>
#include <cstdlib>

#include "raven/base/error.hpp"
#include "raven/nx.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/io/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto file = nx::io::load_safetensors(std::as_bytes(std::span(data, size)));
    size_t bytes = 0;
    std::vector<nx::io::NamedArray> arrays;
    for (const std::string& name : file.names()) {
      if (!file.contains(name)) std::abort();
      try {
        nx::Array x = file.at(name);
        bytes += static_cast<size_t>(x.nbytes());
        if (x.size() > 0) (void)nx::sum(x);  // reads every element
        arrays.push_back({name, std::move(x)});
      } catch (const nx::DTypeError&) {
      }
    }
    if (bytes > size) std::abort();
    // What was read can be written and read again.
    const std::vector<std::byte> again = nx::io::safetensors_bytes(arrays, file.metadata());
    if (nx::io::load_safetensors(again).names().size() != arrays.size()) std::abort();
  } catch (const raven::FormatError&) {
  }
  return 0;
}
