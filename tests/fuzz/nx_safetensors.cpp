// Any bytes as a safetensors file: a FormatError, or a file whose every array can be read, written and read again.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "raven/base/error.hpp"
#include "raven/nx.hpp"
#include "raven/nx/io/safetensors.hpp"

namespace {

bool same_bytes(const nx::Array& a, const nx::Array& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.size() == 0) return true;
  if (a.dtype() == nx::b1) return nx::all(nx::equal(a, b)).item<bool>();
  const nx::Array x = nx::bitcast(nx::reshape(a, {a.size()}), nx::u8),
                  y = nx::bitcast(nx::reshape(b, {b.size()}), nx::u8);
  return nx::all(nx::equal(x, y)).item<bool>();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  std::vector<nx::io::NamedArray> arrays;
  nx::io::Metadata metadata;
  try {
    const nx::io::SafeTensors file = nx::io::load_safetensors(bytes);
    metadata = file.metadata();
    for (const std::string& name : file.names()) {
      if (!file.contains(name)) std::abort();
      try {
        arrays.emplace_back(name, file.at(name));
      } catch (const nx::DTypeError&) {  // F16, BF16 …: in the format, not in arrays
      }
    }
  } catch (const raven::FormatError&) {
    return 0;
  }
  const nx::io::SafeTensors again = nx::io::load_safetensors(nx::io::safetensors_bytes(arrays, metadata));
  if (again.metadata() != metadata || again.names().size() != arrays.size()) std::abort();
  for (const auto& [name, array] : arrays)
    if (!same_bytes(again.at(name), array)) std::abort();
  return 0;
}
