// Any bytes as a file of the code cache: a miss, or exactly the file that putting the same code writes.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "raven/base/file.hpp"
#include "raven/tolk/code/internal/disk_cache.hpp"

namespace {

/// A directory that goes with the process.
struct Directory {
  std::string path;
  Directory() {
    char name[] = "/tmp/raven_fuzz_cache_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Directory() {
    ::unlink(tolk::DiskCache(path).path_of("key").c_str());
    ::rmdir(path.c_str());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Directory directory;
  const tolk::DiskCache cache(directory.path);
  const std::string path = cache.path_of("key");
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ::unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  ::close(file);
  if (const auto image = cache.find("key")) {
    if (image->entry >= image->bytes.size() || image->bytes.size() > size) std::abort();
    cache.put("key", *image);
    if (raven::read_file(path) != bytes) std::abort();
  }
  return 0;
}
