#include "raven/nx/io/safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <tuple>

#include "raven/base/allocator.hpp"
#include "raven/base/error.hpp"
#include "raven/base/file.hpp"
#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/json.hpp"
#include "raven/nx/internal/safetensors.hpp"

namespace nx::io {

namespace {

using namespace format;

const FormatDType* find_dtype(std::string_view name) {
  for (const FormatDType& d : dtypes)
    if (d.name == name) return &d;
  return nullptr;
}

/// The bytes of a whole file, mapped or copied.
struct Source {
  raven::MappedFile file;
  std::byte* copied = nullptr;
  std::span<const std::byte> bytes;

  explicit Source(raven::MappedFile mapped) : file(std::move(mapped)), bytes(file.bytes()) {}
  explicit Source(std::span<const std::byte> given) {
    copied = static_cast<std::byte*>(raven::Allocator::allocate(std::max<size_t>(given.size(), 1)));
    if (!given.empty()) std::memcpy(copied, given.data(), given.size());
    bytes = {copied, given.size()};
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() {
    if (copied) raven::Allocator::deallocate(copied, std::max<size_t>(bytes.size(), 1));
  }
};

struct Entry {
  std::string name, dtype_name;
  const FormatDType* dtype = nullptr;  // null: one that this version of the format does not know
  Shape shape;
  uint64_t begin = 0, end = 0;  // relative to the first byte after the header
  uint64_t header_offset = 0;   // of the name, for messages
  size_t file = 0;              // of Contents::files
};

}  // namespace

struct SafeTensors::Contents {
  struct File {
    std::shared_ptr<const Source> source;
    uint64_t data_start = 0;
  };
  std::vector<File> files;      // one, or those of an index
  std::string path;
  std::vector<Entry> entries;   // in the order of the header
  std::vector<size_t> by_name;  // sorted
  Metadata metadata;

  const Entry* find(std::string_view name) const {
    const auto at = std::lower_bound(by_name.begin(), by_name.end(), name,
                                     [&](size_t i, std::string_view key) { return entries[i].name < key; });
    return at != by_name.end() && entries[*at].name == name ? &entries[*at] : nullptr;
  }
  void sort_names() {
    by_name.resize(entries.size());
    std::iota(by_name.begin(), by_name.end(), size_t{0});
    std::sort(by_name.begin(), by_name.end(),
              [&](size_t a, size_t b) { return std::tie(entries[a].name, a) < std::tie(entries[b].name, b); });
  }
  std::span<const std::byte> bytes_of(const Entry& e) const {
    const File& file = files[e.file];
    return file.source->bytes.subspan(file.data_start + e.begin, e.end - e.begin);
  }
  /// The tensor for the function `what`. Throws ValueError when there is none.
  const Entry& get(const char* what, std::string_view name) const {
    if (const Entry* entry = find(name)) return *entry;
    throw ValueError(what, raven::Message("no tensor ") << quoted(name) << " in " << quoted(path) << ", which holds "
                                                        << entries.size() << "; names() lists them");
  }
};

namespace {

// ---- reading
// ---------------------------------------------------------------------------------------------------------

using detail::JsonReader;

void read_shape(JsonReader& json, Entry& entry) {
  json.array([&] {
    json.skip_space();
    const uint64_t at = json.offset();
    const uint64_t extent = json.whole_number();
    if (extent > static_cast<uint64_t>(INT64_MAX))
      json.fail(at, raven::Message("found an extent of ") << extent << ", expected at most " << INT64_MAX);
    if (entry.shape.size() == Dims::max_size)
      json.fail(at, raven::Message("found a rank above ") << Dims::max_size << ", expected at most that");
    entry.shape.push_back(static_cast<int64_t>(extent));
  });
}

void read_offsets(JsonReader& json, Entry& entry) {
  json.skip_space();
  const uint64_t at = json.offset();
  int count = 0;
  json.array([&] {
    const uint64_t value = json.whole_number();
    if (count < 2) (count == 0 ? entry.begin : entry.end) = value;
    ++count;
  });
  if (count != 2) json.fail(at, raven::Message("found ") << count << " data_offsets, expected begin and end");
}

/// Bytes that the shape needs.
uint64_t needed_bytes(const JsonReader& json, const Entry& entry) {
  uint64_t elements = 1, bits = 0;
  bool overflow = false, empty = false;
  for (const int64_t extent : entry.shape) {
    if (extent == 0)
      empty = true;
    else
      overflow = overflow || __builtin_mul_overflow(elements, static_cast<uint64_t>(extent), &elements);
  }
  overflow = overflow || __builtin_mul_overflow(elements, uint64_t{entry.dtype->bits}, &bits) ||
             bits / 8 > static_cast<uint64_t>(INT64_MAX);
  if (overflow)
    json.fail(entry.header_offset, raven::Message("found shape ")
                                       << entry.shape << " of tensor " << quoted(entry.name)
                                       << ", whose size overflows, expected at most 2^63 bytes");
  if (empty) return 0;
  if (bits % 8 != 0)
    json.fail(entry.header_offset, raven::Message("found ")
                                       << bits << " bits in tensor " << quoted(entry.name) << ", expected whole bytes");
  return bits / 8;
}

Entry read_entry(JsonReader& json, const std::string& name, uint64_t name_offset) {
  Entry entry;
  entry.name = name;
  entry.header_offset = name_offset;
  bool has_dtype = false, has_shape = false, has_offsets = false;
  const auto once = [&](bool& seen, const char* key, uint64_t at) {
    if (seen)
      json.fail(at, raven::Message("found key \"")
                        << key << "\" twice in tensor " << quoted(name) << ", expected it once");
    seen = true;
  };
  json.object([&](const std::string& key, uint64_t at) {
    if (key == "dtype") {
      once(has_dtype, "dtype", at);
      entry.dtype_name = json.string();
      entry.dtype = find_dtype(entry.dtype_name);
    } else if (key == "shape") {
      once(has_shape, "shape", at);
      read_shape(json, entry);
    } else if (key == "data_offsets") {
      once(has_offsets, "data_offsets", at);
      read_offsets(json, entry);
    } else {
      json.skip();
    }
  });
  const char* missing = !has_dtype ? "dtype" : !has_shape ? "shape" : !has_offsets ? "data_offsets" : nullptr;
  if (missing)
    json.fail(name_offset, raven::Message("found tensor ") << quoted(name) << " without \"" << missing
                                                           << "\", expected dtype, shape and data_offsets");
  return entry;
}

Metadata read_metadata(JsonReader& json) {
  Metadata metadata;
  std::vector<uint64_t> offsets;
  json.object([&](const std::string& key, uint64_t at) {
    offsets.push_back(at);
    metadata.emplace_back(key, json.string());
  });
  std::vector<size_t> order(metadata.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return std::tie(metadata[a].first, a) < std::tie(metadata[b].first, b); });
  for (size_t i = 1; i < order.size(); ++i)
    if (metadata[order[i]].first == metadata[order[i - 1]].first)
      json.fail(offsets[order[i]], raven::Message("found metadata key ")
                                       << quoted(metadata[order[i]].first) << " twice, expected it once");
  return metadata;
}

/// Names once, sizes as shapes say, and the tensors cover the data without gaps or overlaps.
void check_entries(const JsonReader& json, SafeTensors::Contents& contents) {
  std::vector<Entry>& entries = contents.entries;
  contents.sort_names();
  std::vector<size_t> by_offset = contents.by_name;
  for (size_t i = 1; i < entries.size(); ++i) {
    const Entry &a = entries[contents.by_name[i - 1]], &b = entries[contents.by_name[i]];
    if (a.name == b.name)
      json.fail(b.header_offset, raven::Message("found tensor ") << quoted(b.name) << " twice, expected it once");
  }
  const uint64_t available = contents.files[0].source->bytes.size() - contents.files[0].data_start;
  for (const Entry& e : entries) {
    if (e.begin > e.end || e.end > available)
      json.fail(e.header_offset, raven::Message("found data_offsets [")
                                     << e.begin << ", " << e.end << "] of tensor " << quoted(e.name)
                                     << ", expected begin ≤ end ≤ " << available << ", the bytes after the header");
    if (!e.dtype) continue;  // its size is not known
    const uint64_t needed = needed_bytes(json, e);
    if (e.end - e.begin != needed)
      json.fail(e.header_offset, raven::Message("found ")
                                     << e.end - e.begin << " bytes for tensor " << quoted(e.name) << ", expected "
                                     << needed << " for " << e.dtype->name << " " << e.shape);
  }
  std::sort(by_offset.begin(), by_offset.end(), [&](size_t a, size_t b) {
    return std::tie(entries[a].begin, entries[a].end, a) < std::tie(entries[b].begin, entries[b].end, b);
  });
  uint64_t covered = 0;
  for (const size_t i : by_offset) {
    const Entry& e = entries[i];
    if (e.begin != covered)
      json.fail(e.header_offset, raven::Message("found tensor ")
                                     << quoted(e.name) << " at data offset " << e.begin << ", expected " << covered
                                     << ": tensors leave no " << (e.begin > covered ? "holes" : "overlaps"));
    covered = e.end;
  }
  if (covered != available)
    json.fail(contents.files[0].data_start + covered, raven::Message("found ")
                                                 << available - covered
                                                 << " bytes after the last tensor, expected the end of the file");
}

std::shared_ptr<SafeTensors::Contents> read(std::shared_ptr<const Source> source, std::string path) {
  auto contents = std::make_shared<SafeTensors::Contents>();
  const std::span<const std::byte> bytes = source->bytes;
  contents->files.push_back({std::move(source)});
  contents->path = std::move(path);
  const auto fail = [&](uint64_t offset, std::string_view message) {
    throw raven::FormatError(load_name, contents->path, offset, message);
  };
  if (bytes.size() < prefix)
    fail(0, raven::Message("found ") << bytes.size() << " bytes, expected at least the 8 of the header's length");
  uint64_t header = 0;
  for (size_t i = prefix; i-- > 0;) header = header << 8 | static_cast<uint64_t>(bytes[i]);
  if (header > max_header || header > bytes.size() - prefix)
    fail(0, raven::Message("found a header length of ")
                << header << ", expected at most " << std::min(max_header, bytes.size() - prefix)
                << (bytes.size() - prefix > max_header ? " (100 MB)" : ", the rest of the file"));
  contents->files[0].data_start = prefix + header;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + prefix, header);
  if (!text.starts_with('{')) fail(prefix, "found a header that does not start with '{', expected a JSON object");

  JsonReader json(text, prefix, load_name, contents->path);
  bool has_metadata = false;
  json.object([&](const std::string& key, uint64_t at) {
    if (key != metadata_key) {
      contents->entries.push_back(read_entry(json, key, at));
      return;
    }
    if (has_metadata) json.fail(at, "found __metadata__ twice, expected it once");
    has_metadata = true;
    contents->metadata = read_metadata(json);
  });
  json.expect_end();
  check_entries(json, *contents);
  return contents;
}

/// The tensors that an index names, each from its file.
std::shared_ptr<SafeTensors::Contents> read_index(const std::string& path) {
  const raven::MappedFile index(path, load_name);
  std::vector<IndexEntry> named = parse_index(index.text(), path);
  const std::string folder = path.substr(0, path.find_last_of('/') + 1);
  auto contents = std::make_shared<SafeTensors::Contents>();
  contents->path = path;
  std::vector<std::shared_ptr<SafeTensors::Contents>> shards;  // as contents->files
  std::vector<std::pair<std::string, size_t>> opened;          // sorted
  for (IndexEntry& e : named) {
    auto at = std::lower_bound(opened.begin(), opened.end(), e.file,
                               [](const auto& known, const std::string& file) { return known.first < file; });
    if (at == opened.end() || at->first != e.file) {
      const std::string file = folder + e.file;
      shards.push_back(read(std::make_shared<const Source>(raven::MappedFile(file, load_name)), file));
      contents->files.push_back(shards.back()->files[0]);
      at = opened.insert(at, {e.file, shards.size() - 1});
    }
    const Entry* found = shards[at->second]->find(e.name);
    if (!found)
      throw raven::FormatError(load_name, path, e.offset, raven::Message("found tensor ")
                                   << quoted(e.name) << " in the index, expected it in " << quoted(e.file) << " too");
    contents->entries.push_back(*found);
    contents->entries.back().file = at->second;
  }
  if (!shards.empty()) contents->metadata = shards[0]->metadata;
  contents->sort_names();
  return contents;
}

}  // namespace

SafeTensors load_safetensors(const std::string& path) {
  if (path.ends_with(index_suffix)) return SafeTensors(read_index(path));
  return SafeTensors(read(std::make_shared<const Source>(raven::MappedFile(path, load_name)), path));
}
SafeTensors load_safetensors(std::span<const std::byte> bytes) {
  return SafeTensors(read(std::make_shared<const Source>(bytes), "(memory)"));
}

std::vector<std::string> SafeTensors::names() const {
  std::vector<std::string> out;
  for (const Entry& e : contents_->entries) out.push_back(e.name);
  return out;
}
bool SafeTensors::contains(std::string_view name) const { return contents_->find(name) != nullptr; }
const Metadata& SafeTensors::metadata() const { return contents_->metadata; }
const std::string& SafeTensors::dtype(std::string_view name) const {
  return contents_->get("nx.io.SafeTensors.dtype", name).dtype_name;
}
const Shape& SafeTensors::shape(std::string_view name) const { return contents_->get("nx.io.SafeTensors.shape", name).shape; }

namespace {
/// An array over bytes of a file, which it keeps alive; nobody writes through a read-only storage. A copy when they lie
/// misaligned.
Array over(DType dtype, const Shape& shape, std::span<const std::byte> bytes, const std::shared_ptr<const Source>& source) {
  const bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % static_cast<uintptr_t>(item_size(dtype)) == 0;
  if (bytes.empty() || !aligned) {
    Array copy = detail::empty_array(dtype, shape.span());
    if (!bytes.empty()) std::memcpy(detail::impl_of(copy)->data, bytes.data(), bytes.size());
    return copy;
  }
  auto* owner = new std::shared_ptr<const Source>(source);
  const auto release = [](void* context, void*) noexcept {
    delete static_cast<std::shared_ptr<const Source>*>(context);
  };
  return detail::adopt_data(dtype, shape.span(), const_cast<std::byte*>(bytes.data()), static_cast<int64_t>(bytes.size()),
                            true, release, owner);
}
}  // namespace

Array SafeTensors::at(std::string_view name) const {
  constexpr const char* at_name = "nx.io.SafeTensors.at";
  const Entry& entry = contents_->get(at_name, name);
  if (!entry.dtype || !entry.dtype->supported)
    throw DTypeError(at_name, raven::Message("tensor ")
                                  << quoted(name) << " is "
                                  << (entry.dtype ? entry.dtype_name : quoted(entry.dtype_name))
                                  << ", which arrays do not have; save it as F32 instead, or read its bytes(…)");
  const DType dtype = entry.dtype->dtype;
  const std::span<const std::byte> bytes = contents_->bytes_of(entry);
  if (is_bool(dtype) && std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b > std::byte{1}; })) {
    Array copy = detail::empty_array(dtype, entry.shape.span());
    for (size_t i = 0; i < bytes.size(); ++i)
      detail::impl_of(copy)->data[i] = bytes[i] != std::byte{0} ? std::byte{1} : std::byte{0};
    return copy;
  }
  return over(dtype, entry.shape, bytes, contents_->files[entry.file].source);
}

Array SafeTensors::bytes(std::string_view name) const {
  const Entry& entry = contents_->get("nx.io.SafeTensors.bytes", name);
  const std::span<const std::byte> bytes = contents_->bytes_of(entry);
  return over(DType::u8, {static_cast<int64_t>(bytes.size())}, bytes, contents_->files[entry.file].source);
}

}  // namespace nx::io
