#pragma once
// Files: mapped reading, atomic writing, the cache directory.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "raven/base/export.hpp"

namespace raven {

/// A whole regular file mapped read-only (an empty one has no bytes). Movable; the mapping lives as long as the object.
class RAVEN_API MappedFile {
 public:
  MappedFile() = default;
  /// Throws IoError naming the path when the file cannot be opened, is a directory or cannot be mapped.
  explicit MappedFile(std::string path, std::string_view operation = "raven.MappedFile");
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// The whole regular file as a string. Throws IoError.
RAVEN_API std::string read_file(const std::string& path, std::string_view operation = "raven.read_file");

/// A file that appears whole or not at all: written to a temporary sibling, synced and renamed by commit(); removed by
/// the destructor when commit() did not run. Every failure (disk full included) throws IoError and leaves the old file.
class RAVEN_API AtomicFile {
 public:
  /// A link is followed; an existing file's permissions are kept.
  explicit AtomicFile(std::string path, std::string_view operation = "raven.AtomicFile");
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// Syncs the bytes to the disk and puts the file in its place. Nothing may follow.
  void commit();

 private:
  void write_through(const char* data, size_t size);

  std::string path_, target_, temporary_, operation_;
  std::string buffer_;  // small writes are gathered
  int descriptor_ = -1;
};

/// Writes `text` to `path` through an AtomicFile.
RAVEN_API void write_atomic(const std::string& path, std::string_view text,
                            std::string_view operation = "raven.write_atomic");

/// `$XDG_CACHE_HOME/raven/<library>` (else `~/.cache/raven/<library>`), made when missing.
/// Throws IoError when it cannot be made, Error for a library name that is not a plain file name.
RAVEN_API std::string cache_dir(std::string_view library);

}  // namespace raven
