#pragma once
// Machine code on disk, one file a kernel. A file holds the exact text it was made from, which is compared; whatever is
// wrong with a file or the directory is a miss, never an error.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "raven/base/export.hpp"
#include "raven/tolk/code/internal/backend.hpp"

namespace tolk {

class RAVEN_API DiskCache {
 public:
  /// In `directory`; empty: no cache. A directory that another user could write to is not used.
  explicit DiskCache(std::string directory);
  /// As the environment says: TOLK_CACHE=0, TOLK_CACHE=<dir> (made when missing; warns once when it cannot be used),
  /// else raven::cache_dir("tolk").
  static DiskCache from_environment();

  /// `key`: everything the code depends on.
  std::optional<Image> find(std::string_view key) const;
  void put(std::string_view key, const Image& image) const;
  /// Removes the files that were used longest ago until `limit` bytes are left.
  void trim(uint64_t limit) const;
  std::string path_of(std::string_view key) const;
  bool enabled() const noexcept { return !directory_.empty(); }

  static constexpr uint64_t default_limit = uint64_t{2} << 30;

 private:
  std::string directory_;
};

}  // namespace tolk
