#include "raven/tolk/code/internal/disk_cache.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <vector>

#include "raven/base/env.hpp"
#include "raven/base/error.hpp"
#include "raven/base/file.hpp"
#include "raven/base/message.hpp"

namespace tolk {
namespace {

constexpr char magic[8] = {'R', 'V', 'T', 'O', 'L', 'K', '0', '1'};
constexpr uint64_t largest_file = uint64_t{256} << 20;
constexpr std::string_view suffix = ".code";

using Digest = std::array<uint64_t, 2>;

uint64_t mix(uint64_t x) {
  x ^= x >> 32, x *= 0xd6e8feb86659fd93;
  x ^= x >> 32, x *= 0xd6e8feb86659fd93;
  return x ^ x >> 32;
}
/// 128 bits over bytes: names files and finds damage. Nothing depends on its strength against intent: texts are
/// compared, and only files of the user himself are read.
Digest digest(std::string_view bytes, Digest state = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f}) {
  for (size_t at = 0; at < bytes.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min<size_t>(8, bytes.size() - at));
    state[0] = mix(state[0] ^ word);
    state[1] = mix(state[1] + word) ^ state[0];
  }
  state[0] = mix(state[0] ^ bytes.size());
  state[1] = mix(state[1] + state[0]);
  return state;
}

/// Followed by the key and the code.
struct Header {
  char magic[8];
  uint64_t key_size, code_size, entry;
  Digest checksum;  ///< of the rest of the header, the key and the code
};

Digest checksum_of(const Header& header, std::string_view key, std::string_view code) {
  const uint64_t sizes[] = {header.key_size, header.code_size, header.entry};
  return digest(code, digest(key, digest({reinterpret_cast<const char*>(sizes), sizeof sizes})));
}

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

/// Of the user, and nobody else may write it.
bool is_private(const struct stat& status) { return status.st_uid == ::geteuid() && (status.st_mode & 022) == 0; }

bool read_all(int file, char* to, size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(file, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got, size -= static_cast<size_t>(got);
  }
  return true;
}
bool write_all(int file, const char* from, size_t size) {
  while (size > 0) {
    const ssize_t put = ::write(file, from, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    from += put, size -= static_cast<size_t>(put);
  }
  return true;
}

}  // namespace

DiskCache::DiskCache(std::string directory) : directory_(std::move(directory)) {
  struct stat status;
  if (!directory_.empty() &&
      (::stat(directory_.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || !is_private(status)))
    directory_.clear();
}

DiskCache DiskCache::from_environment() {
  if (const auto place = raven::env::get("TOLK_CACHE")) {
    if (*place == "0") return DiskCache("");
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(*place).parent_path(), ignored);
    (void)::mkdir(place->c_str(), 0700);
    DiskCache cache(*place);
    static constinit std::atomic<bool> warned{false};
    if (!cache.enabled() && !warned.exchange(true))
      raven::warn(raven::Message("tolk.compile: TOLK_CACHE: \"")
                  << *place
                  << "\" is no directory that belongs to this user and that nobody else may write; machine "
                     "code is not kept");
    return cache;
  }
  try {
    return DiskCache(raven::cache_dir("tolk"));
  } catch (const raven::Error&) {  // no home directory, or one that cannot be written
    return DiskCache("");
  }
}

std::string DiskCache::path_of(std::string_view key) const {
  const Digest name = digest(key);
  char hex[33];
  std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>(name[0]),
                static_cast<unsigned long long>(name[1]));
  return directory_ + "/" + hex + std::string(suffix);
}

std::optional<Image> DiskCache::find(std::string_view key) const {
  if (!enabled()) return std::nullopt;
  const Descriptor file{::open(path_of(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat status;
  if (file.number < 0 || ::fstat(file.number, &status) != 0 || !S_ISREG(status.st_mode) || !is_private(status))
    return std::nullopt;
  Header header;
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size < sizeof header || size > largest_file ||
      !read_all(file.number, reinterpret_cast<char*>(&header), sizeof header))
    return std::nullopt;
  const uint64_t rest = size - sizeof header;
  if (std::memcmp(header.magic, magic, sizeof magic) != 0 || header.key_size != key.size() || header.key_size > rest ||
      header.code_size != rest - header.key_size || header.entry >= header.code_size)
    return std::nullopt;
  std::string stored(header.key_size, '\0');
  Image image;
  image.bytes.resize(header.code_size);
  image.entry = header.entry;
  char* code = reinterpret_cast<char*>(image.bytes.data());
  if (!read_all(file.number, stored.data(), stored.size()) || !read_all(file.number, code, image.bytes.size()))
    return std::nullopt;
  if (stored != key || checksum_of(header, stored, {code, image.bytes.size()}) != header.checksum) return std::nullopt;
  // The time of the last use, to the hour, decides what is removed first.
  if (::time(nullptr) - status.st_mtim.tv_sec > 3600) (void)::futimens(file.number, nullptr);
  return image;
}

// Not synced to the disk: a file that a crash leaves torn is found out and made again.
void DiskCache::put(std::string_view key, const Image& image) const {
  if (!enabled()) return;
  static constinit std::atomic<uint32_t> counter{0};
  const uint32_t number = counter.fetch_add(1, std::memory_order_relaxed);
  const std::string path = path_of(key);
  Header header{};
  std::memcpy(header.magic, magic, sizeof magic);
  header.key_size = key.size(), header.code_size = image.bytes.size(), header.entry = image.entry;
  const std::string_view code(reinterpret_cast<const char*>(image.bytes.data()), image.bytes.size());
  header.checksum = checksum_of(header, key, code);
  {
    std::string temporary;
    const auto create = [&](uint32_t n) {
      temporary = raven::Message() << path << ".tmp-" << ::getpid() << "-" << n;
      return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    };
    int descriptor = create(number);
    // EEXIST: left by a killed process that had our number.
    for (int i = 0; descriptor < 0 && errno == EEXIST && i < 100; ++i)
      descriptor = create(counter.fetch_add(1, std::memory_order_relaxed));
    const Descriptor file{descriptor};
    if (file.number < 0) return;
    const bool whole = write_all(file.number, reinterpret_cast<const char*>(&header), sizeof header) &&
                       write_all(file.number, key.data(), key.size()) &&
                       write_all(file.number, code.data(), code.size());
    if (!whole || ::rename(temporary.c_str(), path.c_str()) != 0) {
      (void)::unlink(temporary.c_str());
      return;
    }
  }
  if (number % 256 == 0) trim(default_limit);
}

void DiskCache::trim(uint64_t limit) const {
  if (!enabled()) return;
  DIR* directory = ::opendir(directory_.c_str());
  if (directory == nullptr) return;
  struct Entry {
    int64_t used;
    uint64_t size;
    std::string path;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  const int64_t now = ::time(nullptr);
  while (const dirent* item = ::readdir(directory)) {
    const std::string_view name = item->d_name;
    const std::string path = directory_ + "/" + item->d_name;
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (name.find(".code.tmp-") != name.npos && now - status.st_mtim.tv_sec > 3600) (void)::unlink(path.c_str());
    if (!name.ends_with(suffix)) continue;
    entries.push_back({status.st_mtim.tv_sec, static_cast<uint64_t>(status.st_size), path});
    total += entries.back().size;
  }
  ::closedir(directory);
  if (total <= limit) return;
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (total <= limit) break;
    if (::unlink(entry.path.c_str()) == 0 || errno == ENOENT) total -= entry.size;
  }
}

}  // namespace tolk
