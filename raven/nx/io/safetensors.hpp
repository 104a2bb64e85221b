#pragma once
// Arrays by name in a safetensors file: eight bytes with the header's length, a JSON header, the elements. Nothing in
// it can execute, and reading maps the file instead of copying it.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/nx/api/options.hpp"
#include "raven/nx/array.hpp"

namespace nx::io {

/// A name, e.g. `transformer.h.0.attn.c_attn.weight`, and its array.
using NamedArray = std::pair<std::string, Array>;
/// Free text beside the arrays (`__metadata__`), in the order of the file.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Writes the arrays by descending item size, then name, each in C order; the file appears whole or not at all. Of a
/// traced array the primal is written. Python: safetensors.numpy.save_file.
/// Throws ValueError for a name that is used twice, is not UTF-8 or is `__metadata__`, and for an empty handle;
/// TracerError for a value that has no number yet; IoError (disk full …), which leaves the old file.
RAVEN_API void save_safetensors(const std::string& path, std::span<const NamedArray> arrays,
                                const Metadata& metadata = {});
struct ShardOpts {
  detail::Named _named{};
  int64_t max_shard_bytes = 5'000'000'000;  ///< of the arrays in one file; one larger array has a file of its own
  Metadata metadata{};                      ///< of every file
};
/// Writes the arrays, in the order given, into `model-00001-of-0000N.safetensors` … of a folder that exists and, when all
/// are there, `model.safetensors.index.json`, which load_safetensors reads. An older model of the folder stays until all
/// files are written; stopped while they are put in their places, the folder has no index. Python: save_pretrained.
/// Throws as save_safetensors, and ValueError for max_shard_bytes below 1.
RAVEN_API void save_safetensors_sharded(const std::string& folder, std::span<const NamedArray> arrays,
                                        const ShardOpts& options = {});
/// The bytes of the file that save_safetensors writes.
RAVEN_API std::vector<std::byte> safetensors_bytes(std::span<const NamedArray> arrays, const Metadata& metadata = {});

/// An opened file: its directory is verified, its elements are read when used.
class RAVEN_API SafeTensors {
 public:
  /// All names in the order of the header (or index), those of dtypes that arrays do not have (F16, BF16 …) included.
  std::vector<std::string> names() const;
  bool contains(std::string_view name) const;
  /// The array, sharing the mapped file (the first write copies); a copy when its elements lie misaligned in the file,
  /// or when BOOL bytes are other than 0 and 1. O(1) otherwise. Outlives this object. Throws ValueError when there is
  /// no such name, DTypeError naming a dtype that arrays do not have.
  Array at(std::string_view name) const;
  /// The dtype as the file names it (`F32`, `BF16`, or one newer than this reader), and the shape. Throws ValueError when
  /// there is no such name.
  const std::string& dtype(std::string_view name) const;
  const Shape& shape(std::string_view name) const;
  /// The bytes of a tensor of any dtype as u8[n], sharing the mapped file. Throws ValueError when there is no such name.
  Array bytes(std::string_view name) const;
  /// Of an index: the metadata of its first file.
  const Metadata& metadata() const;

  struct Contents;
  explicit SafeTensors(std::shared_ptr<const Contents> contents) : contents_(std::move(contents)) {}

 private:
  std::shared_ptr<const Contents> contents_;
};

/// Maps a file and verifies its header: sizes (of the dtypes that it knows), offsets without gaps or overlaps, every name
/// once. The file must not be shortened while arrays of it live. A path that ends in `.index.json` names the index of a
/// model in several files (`model.safetensors.index.json`): the tensors that it lists, each from its file, which must lie
/// beside the index. Python: safetensors.safe_open.
/// Throws IoError, or FormatError with path, byte, what was found and what was expected.
RAVEN_API SafeTensors load_safetensors(const std::string& path);
/// The same for bytes in memory, which are copied once.
RAVEN_API SafeTensors load_safetensors(std::span<const std::byte> bytes);

}  // namespace nx::io
