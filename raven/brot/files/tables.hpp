#pragma once
// The compiled form as a container of named arrays. Internal to brot.
//
// A header, a directory of names and places, then the arrays, each at a multiple of 64 bytes, so that they can be used
// where the file is mapped. Numbers are in the order of this machine's bytes, which the header tells.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "raven/base/file.hpp"
#include "raven/brot/core/table.hpp"

namespace brot {

/// What the header says of the bytes behind it.
uint64_t checksum_of_tables(std::span<const std::byte> bytes);

class TableWriter {
 public:
  /// The elements must live until `save`.
  template <class T>
  void add(std::string_view name, const Table<T>& table) {
    static_assert(std::is_trivially_copyable_v<T>);
    arrays_.push_back({std::string(name), sizeof(T), std::as_bytes(std::span(table.data(), table.size()))});
  }
  /// As add; the elements are kept.
  template <class T>
  void add_copy(std::string_view name, std::vector<T> elements) {
    const Table<T> table(std::move(elements));
    kept_.push_back(table.owner());
    add(name, table);
  }
  /// Writes the file, whole or not at all.
  void save(const std::string& path) const;

 private:
  struct Array {
    std::string name;
    size_t element;
    std::span<const std::byte> bytes;
  };
  std::vector<Array> arrays_;
  std::vector<std::shared_ptr<const void>> kept_;
};

class TableReader {
 public:
  /// @throws raven::IoError; brot::Error (format) for files of another kind, version or byte order, and damaged ones
  explicit TableReader(const std::string& path);
  /// As above, from bytes at a multiple of 64.
  TableReader(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string name);

  /// @throws brot::Error (format) when there is none or its elements have another size
  template <class T>
  Table<T> get(std::string_view name) const {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64);
    const std::span<const std::byte> bytes = find(name, sizeof(T));
    return Table<T>(std::span(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)), owner_);
  }
  bool has(std::string_view name) const;
  /// @throws brot::Error (format) naming the array unless `good`
  void expect(bool good, std::string_view array) const;

 private:
  struct Array {
    std::string_view name;
    size_t element;
    std::span<const std::byte> bytes;
  };
  void open(std::span<const std::byte> bytes);
  [[noreturn]] void fail(std::string_view message) const;
  std::span<const std::byte> find(std::string_view name, size_t element) const;
  std::shared_ptr<const void> owner_;
  std::string file_;
  std::vector<Array> arrays_;
};

}  // namespace brot
