#include "raven/base/file.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "raven/base/env.hpp"
#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace raven {
namespace {

constexpr size_t buffer_bytes = 64 << 10;

// An open descriptor, closed on every way out.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

// Opens a regular file for reading. O_NONBLOCK: a FIFO without a writer must be refused, not waited for.
int open_regular(const std::string& path, std::string_view operation, struct stat& status) {
  if (path.find('\0') != std::string::npos) throw IoError(operation, path, "the path holds a zero byte");
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) throw IoError(operation, path, errno);
  if (::fstat(file.number, &status) != 0) throw IoError(operation, path, errno);
  if (S_ISDIR(status.st_mode)) throw IoError(operation, path, EISDIR);
  if (!S_ISREG(status.st_mode)) throw IoError(operation, path, "got a device, pipe or socket, expected a regular file");
  return std::exchange(file.number, -1);
}

std::string parent_directory(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The file that a write to `path` changes: links are followed, so that a link keeps being one.
std::string resolve_links(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string result = real;
  std::free(real);
  return result;
}

void make_directories(const std::string& path, std::string_view operation) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      const int reason = errno;
      struct stat status;  // a read-only parent that exists answers EROFS or EACCES, not EEXIST
      if (::stat(part.c_str(), &status) != 0) throw IoError(operation, part, reason);
    }
    if (end == std::string::npos) break;
  }
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) throw IoError(operation, path, errno);
  if (!S_ISDIR(status.st_mode)) throw IoError(operation, path, ENOTDIR);
}

std::string home_directory() {
  if (auto home = env::get("HOME")) return *home;
  const passwd* entry = ::getpwuid(::getuid());
  return entry != nullptr && entry->pw_dir != nullptr ? entry->pw_dir : "";
}

}  // namespace

MappedFile::MappedFile(std::string path, std::string_view operation) : path_(std::move(path)) {
  struct stat status;
  const Descriptor file{open_regular(path_, operation, status)};
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;  // mmap refuses an empty range
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (address == MAP_FAILED) throw IoError(operation, path_, errno);
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this == &other) return *this;
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::string read_file(const std::string& path, std::string_view operation) {
  struct stat status;
  const Descriptor file{open_regular(path, operation, status)};
  // The size is a hint: files of /proc say 0, and a file may grow while it is read.
  std::string text;
  size_t size = 0;
  for (;;) {
    const size_t expected = static_cast<size_t>(status.st_size);
    if (size == text.size()) text.resize(size < expected ? expected + 1 : size + std::max(buffer_bytes, size / 2));
    const ssize_t got = ::read(file.number, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(operation, path, errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  text.resize(size);
  return text;
}

AtomicFile::AtomicFile(std::string path, std::string_view operation) : path_(std::move(path)), operation_(operation) {
  if (path_.empty()) throw IoError(operation_, path_, ENOENT);
  if (path_.find('\0') != std::string::npos) throw IoError(operation_, path_, "the path holds a zero byte");
  target_ = resolve_links(path_);
  struct stat status;
  const bool exists = ::stat(target_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) throw IoError(operation_, path_, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    throw IoError(operation_, path_, "got a device, pipe or socket, expected a regular file or a new name");
  }
  static constinit std::atomic<uint32_t> counter{0};
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    temporary_ = Message(target_) << ".tmp-" << ::getpid() << "-" << counter.fetch_add(1, std::memory_order_relaxed);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    // EEXIST: left by a killed process that had our number.
    if (descriptor_ < 0 && (errno != EEXIST || attempt == 100)) throw IoError(operation_, path_, errno);
  }
  if (exists) (void)!::fchmod(descriptor_, status.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write_through(const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor_, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw IoError(operation_, path_, errno);
    data += written;
    size -= static_cast<size_t>(written);
  }
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void AtomicFile::write(std::string_view text) {
  if (descriptor_ < 0) throw Error(operation_, "write after commit");
  if (buffer_.size() + text.size() > buffer_bytes) {
    write_through(buffer_.data(), buffer_.size());
    buffer_.clear();
  }
  if (text.size() > buffer_bytes) return write_through(text.data(), text.size());
  buffer_.append(text);
}

void AtomicFile::commit() {
  if (descriptor_ < 0) throw Error(operation_, "commit after commit");
  write_through(buffer_.data(), buffer_.size());
  buffer_.clear();
  if (::fsync(descriptor_) != 0 && errno != EINVAL) throw IoError(operation_, path_, errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) throw IoError(operation_, path_, errno);
  const int written = std::exchange(descriptor_, -1);
  if (::close(written) != 0 && errno != EINTR) throw IoError(operation_, path_, errno);
  // The name itself is durable once its directory is synced; a file system that cannot do so loses nothing else.
  const Descriptor directory{::open(parent_directory(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (directory.number >= 0) (void)::fsync(directory.number);
}

void write_atomic(const std::string& path, std::string_view text, std::string_view operation) {
  AtomicFile file(path, operation);
  file.write(text);
  file.commit();
}

std::string cache_dir(std::string_view library) {
  constexpr std::string_view operation = "raven.cache_dir";
  if (library.empty() || library.front() == '.' || library.find_first_of(std::string_view("/\0", 2)) != library.npos) {
    throw Error(operation, Message() << "got library name \"" << library << "\", expected a plain file name");
  }
  std::string base = env::get("XDG_CACHE_HOME").value_or("");
  if (base.empty() || base.front() != '/') {  // the XDG specification ignores relative paths
    const std::string home = home_directory();
    if (home.empty()) throw Error(operation, "no home directory; set XDG_CACHE_HOME to a directory for caches");
    base = home + "/.cache";
  }
  std::string path = base + "/raven/" + std::string(library);
  make_directories(path, operation);
  return path;
}

}  // namespace raven
