// Writing safetensors files.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "raven/base/file.hpp"
#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/json.hpp"
#include "raven/nx/internal/named.hpp"
#include "raven/nx/internal/safetensors.hpp"
#include "raven/nx/io/safetensors.hpp"

namespace nx::io {

namespace {

using namespace format;

std::string_view format_name(DType dtype) {
  for (const FormatDType& d : dtypes)
    if (d.supported && d.dtype == dtype) return d.name;
  return {};
}

/// What a file will hold: the header with its length, and the arrays in order.
struct Layout {
  std::string header;
  std::vector<Array> arrays;
};

void check_name(std::string_view what, std::string_view name) {
  if (!detail::is_utf8(name))
    throw ValueError(save_name, raven::Message("the name of a ") << what << " is not UTF-8, which the format demands");
}

void check_arrays(std::span<const NamedArray> arrays) {
  std::vector<std::string_view> names;
  for (const auto& [name, array] : arrays) {
    check_name("tensor", name);
    if (name == metadata_key)
      throw ValueError(save_name, "a tensor cannot be named __metadata__; pass metadata as the last argument");
    if (!array.defined())
      throw ValueError(save_name, raven::Message("tensor ")
                                      << quoted(name) << " is an empty handle (Array{}), which holds no array");
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    throw ValueError(save_name, raven::Message("two tensors are named ") << quoted(*twice) << ", expected one");
}

void append_metadata(std::string& header, const Metadata& metadata) {
  std::vector<std::string_view> keys;
  header += "\"__metadata__\":{";
  for (const auto& [key, value] : metadata) {
    check_name("metadata entry", key);
    if (!detail::is_utf8(value))
      throw ValueError(save_name, raven::Message("metadata ")
                                      << quoted(key) << " is not UTF-8, which the format demands");
    if (!keys.empty()) header += ',';
    keys.push_back(key);
    detail::append_json_string(header, key);
    header += ':';
    detail::append_json_string(header, value);
  }
  header += '}';
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice != keys.end())
    throw ValueError(save_name, raven::Message("two metadata entries are named ")
                                    << quoted(*twice) << ", expected one");
}

Layout lay_out(std::span<const NamedArray> arrays, const Metadata& metadata) {
  check_arrays(arrays);
  std::vector<const NamedArray*> order;
  for (const NamedArray& a : arrays) order.push_back(&a);
  // Descending item sizes keep every tensor aligned without gaps.
  std::sort(order.begin(), order.end(), [](const NamedArray* a, const NamedArray* b) {
    const int64_t size_a = item_size(a->second.dtype()), size_b = item_size(b->second.dtype());
    return size_a != size_b ? size_a > size_b : a->first < b->first;
  });
  Layout layout;
  std::string& header = layout.header;
  header.assign(prefix, '\0');
  header += '{';
  if (!metadata.empty()) append_metadata(header, metadata);
  int64_t offset = 0;
  for (const NamedArray* a : order) {
    layout.arrays.push_back(concrete(a->second, "io.save_safetensors"));
    if (header.size() > prefix + 1) header += ',';
    detail::append_json_string(header, a->first);
    raven::Message entry(":{\"dtype\":\"");
    entry << format_name(a->second.dtype()) << "\",\"shape\":[";
    const Shape shape = a->second.shape();
    for (int i = 0; i < shape.size(); ++i) entry << (i > 0 ? "," : "") << shape[i];
    entry << "],\"data_offsets\":[" << offset << "," << offset + a->second.nbytes() << "]}";
    header += entry.str();
    offset += a->second.nbytes();
  }
  header += '}';
  while (header.size() % 8 != 0) header += ' ';
  uint64_t length = header.size() - prefix;
  if (length > max_header)
    throw ValueError(save_name, raven::Message("the header has ") << length << " bytes, expected at most " << max_header
                                                                  << "; shorten the metadata or split the file");
  for (size_t i = 0; i < prefix; ++i, length >>= 8) header[i] = static_cast<char>(length & 0xff);
  return layout;
}

std::span<const std::byte> bytes_of(const Array& contiguous) {
  return {detail::impl_of(contiguous)->data, static_cast<size_t>(contiguous.nbytes())};
}

/// Written, not yet in its place.
std::unique_ptr<raven::AtomicFile> written(const std::string& path, std::span<const NamedArray> arrays, const Metadata& metadata) {
  const Layout layout = lay_out(arrays, metadata);
  auto file = std::make_unique<raven::AtomicFile>(path, save_name);
  file->write(std::string_view(layout.header));
  for (const Array& array : layout.arrays) file->write(bytes_of(detail::contiguous_array(array)));
  return file;
}

}  // namespace

void save_safetensors(const std::string& path, std::span<const NamedArray> arrays, const Metadata& metadata) {
  written(path, arrays, metadata)->commit();
}

std::vector<std::byte> safetensors_bytes(std::span<const NamedArray> arrays, const Metadata& metadata) {
  const Layout layout = lay_out(arrays, metadata);
  const auto* header = reinterpret_cast<const std::byte*>(layout.header.data());
  std::vector<std::byte> out(header, header + layout.header.size());
  for (const Array& array : layout.arrays) {
    const Array elements = detail::contiguous_array(array);
    const std::span<const std::byte> bytes = bytes_of(elements);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

namespace {
constexpr const char* sharded_name = "nx.io.save_safetensors_sharded";

/// `model-00002-of-00007.safetensors`
std::string shard_file(size_t number, size_t count) {
  const auto digits = [](size_t n) {
    std::string text = std::to_string(n);
    return std::string(text.size() < 5 ? 5 - text.size() : 0, '0') + text;
  };
  return "model-" + digits(number) + "-of-" + digits(count) + ".safetensors";
}
}  // namespace

void save_safetensors_sharded(const std::string& folder, std::span<const NamedArray> arrays, const ShardOpts& options) {
  if (options.max_shard_bytes < 1)
    throw ValueError(sharded_name, raven::Message("max_shard_bytes is ") << options.max_shard_bytes << ", expected at least 1");
  detail::named(sharded_name, [&] { check_arrays(arrays); });
  std::vector<size_t> ends;  // of the shards, in arrays
  int64_t bytes = 0, total = 0;
  for (size_t i = 0; i < arrays.size(); ++i) {
    const int64_t size = arrays[i].second.nbytes();
    if (bytes > 0 && size > options.max_shard_bytes - bytes) {
      ends.push_back(i);
      bytes = 0;
    }
    bytes += size, total += size;
  }
  ends.push_back(arrays.size());

  std::vector<std::unique_ptr<raven::AtomicFile>> files;
  raven::Message index("{\"metadata\":{\"total_size\":");
  index << total << "},\"weight_map\":{";
  for (size_t shard = 0, begin = 0; shard < ends.size(); begin = ends[shard++]) {
    const std::string file = shard_file(shard + 1, ends.size());
    const auto part = arrays.subspan(begin, ends[shard] - begin);
    detail::named(sharded_name, [&] { files.push_back(written(folder + "/" + file, part, options.metadata)); });
    for (size_t i = 0; i < part.size(); ++i) {
      std::string key;
      detail::append_json_string(key, part[i].first);
      index << (begin + i > 0 ? "," : "") << key << ":\"" << file << "\"";
    }
  }
  index << "}}\n";
  // The index of an older model must never name files of this one.
  const std::string index_path = folder + "/model.safetensors" + std::string(index_suffix);
  (void)std::remove(index_path.c_str());  // there may be none
  for (const auto& file : files) file->commit();
  raven::write_atomic(index_path, index.str(), sharded_name);
}

}  // namespace nx::io
