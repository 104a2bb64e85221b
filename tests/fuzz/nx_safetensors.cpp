// Any bytes as a safetensors file: a FormatError, or a file whose every array can be read, written and read again, and
// the bytes of every tensor seen. The same bytes as an index: a FormatError, or names of files without a path.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

#include "raven/base/error.hpp"
#include "raven/nx.hpp"
#include "raven/nx/internal/safetensors.hpp"
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

void check_index(std::string_view text) {
  try {
    for (const nx::io::format::IndexEntry& entry : nx::io::format::parse_index(text, "index"))
      if (entry.file.empty() || entry.file.find('/') != std::string::npos || entry.offset >= text.size()) std::abort();
  } catch (const raven::FormatError&) {
  }
}

volatile uint8_t last = 0;  // the elements are read

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  check_index({reinterpret_cast<const char*>(data), size});
  const auto bytes = std::as_bytes(std::span(data, size));
  int64_t total = 0;
  std::vector<nx::io::NamedArray> arrays;
  nx::io::Metadata metadata;
  try {
    const nx::io::SafeTensors file = nx::io::load_safetensors(bytes);
    metadata = file.metadata();
    for (const std::string& name : file.names()) {
      if (!file.contains(name)) std::abort();
      const nx::Array raw = file.bytes(name);
      if (raw.dtype() != nx::u8 || raw.ndim() != 1 || file.dtype(name).size() > size) std::abort();
      total += raw.size();
      if (raw.size() > 0) last = raw(-1).item<uint8_t>();
      try {
        arrays.emplace_back(name, file.at(name));
        if (arrays.back().second.nbytes() != raw.size() || arrays.back().second.shape() != file.shape(name)) std::abort();
      } catch (const nx::DTypeError&) {  // F16, BF16 …: in the format, not in arrays
      }
    }
    if (total > static_cast<int64_t>(size)) std::abort();
  } catch (const raven::FormatError&) {
    return 0;
  }
  const nx::io::SafeTensors again = nx::io::load_safetensors(nx::io::safetensors_bytes(arrays, metadata));
  if (again.metadata() != metadata || again.names().size() != arrays.size()) std::abort();
  for (const auto& [name, array] : arrays)
    if (!same_bytes(again.at(name), array)) std::abort();
  return 0;
}
