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

namespace nx::io {

namespace {

constexpr const char* save_name = "nx.io.save_safetensors";
constexpr const char* load_name = "nx.io.load_safetensors";
constexpr std::string_view metadata_key = "__metadata__";
constexpr uint64_t max_header = 100'000'000;
constexpr uint64_t prefix = 8;  // bytes of the header's length

/// The dtypes of the format; `supported` ones have an nx::DType.
struct FormatDType {
  std::string_view name;
  uint8_t bits;
  bool supported;
  DType dtype;
};
constexpr FormatDType format_dtypes[] = {
    {"BOOL", 8, true, DType::b1},      {"U8", 8, true, DType::u8},        {"U32", 32, true, DType::u32},
    {"U64", 64, true, DType::u64},     {"I32", 32, true, DType::i32},     {"I64", 64, true, DType::i64},
    {"F32", 32, true, DType::f32},     {"F64", 64, true, DType::f64},     {"I8", 8, false, DType::f64},
    {"I16", 16, false, DType::f64},    {"U16", 16, false, DType::f64},    {"F16", 16, false, DType::f64},
    {"BF16", 16, false, DType::f64},   {"F8_E4M3", 8, false, DType::f64}, {"F8_E5M2", 8, false, DType::f64},
    {"F8_E8M0", 8, false, DType::f64}, {"F6_E2M3", 6, false, DType::f64}, {"F6_E3M2", 6, false, DType::f64},
    {"F4", 4, false, DType::f64},      {"C64", 64, false, DType::f64},
};
const FormatDType* find_dtype(std::string_view name) {
  for (const FormatDType& d : format_dtypes)
    if (d.name == name) return &d;
  return nullptr;
}
std::string_view format_name(DType dtype) {
  for (const FormatDType& d : format_dtypes)
    if (d.supported && d.dtype == dtype) return d.name;
  return {};
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
  std::string name;
  const FormatDType* dtype = nullptr;
  Shape shape;
  uint64_t begin = 0, end = 0;  // relative to the first byte after the header
  uint64_t header_offset = 0;   // of the name, for messages
};

}  // namespace

struct SafeTensors::Contents {
  std::shared_ptr<const Source> source;
  std::string path;
  uint64_t data_start = 0;
  std::vector<Entry> entries;   // in the order of the header
  std::vector<size_t> by_name;  // sorted
  Metadata metadata;

  const Entry* find(std::string_view name) const {
    const auto at = std::lower_bound(by_name.begin(), by_name.end(), name,
                                     [&](size_t i, std::string_view key) { return entries[i].name < key; });
    return at != by_name.end() && entries[*at].name == name ? &entries[*at] : nullptr;
  }
};

namespace {

// ---- reading
// ---------------------------------------------------------------------------------------------------------

using detail::JsonReader;

/// Text from outside inside a message: shortened, without control characters.
std::string quoted(std::string_view text) {
  size_t shown = text.size();
  if (shown > 80)
    for (shown = 77; (static_cast<unsigned char>(text[shown]) & 0xc0) == 0x80;) --shown;  // not inside a character
  std::string out;
  detail::append_json_string(out, text.substr(0, shown));
  if (shown < text.size()) out.insert(out.size() - 1, "…");
  return out;
}

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
      json.skip_space();
      const uint64_t value_at = json.offset();
      const std::string dtype = json.string();
      entry.dtype = find_dtype(dtype);
      if (!entry.dtype)
        json.fail(value_at, raven::Message("found dtype ") << quoted(dtype)
                                                           << ", expected one of the format: F32, F64, I32, I64, "
                                                              "BOOL, U8, …");
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
  contents.by_name.resize(entries.size());
  std::iota(contents.by_name.begin(), contents.by_name.end(), size_t{0});
  std::vector<size_t> by_offset = contents.by_name;
  std::sort(contents.by_name.begin(), contents.by_name.end(),
            [&](size_t a, size_t b) { return std::tie(entries[a].name, a) < std::tie(entries[b].name, b); });
  for (size_t i = 1; i < entries.size(); ++i) {
    const Entry &a = entries[contents.by_name[i - 1]], &b = entries[contents.by_name[i]];
    if (a.name == b.name)
      json.fail(b.header_offset, raven::Message("found tensor ") << quoted(b.name) << " twice, expected it once");
  }
  const uint64_t available = contents.source->bytes.size() - contents.data_start;
  for (const Entry& e : entries) {
    if (e.begin > e.end || e.end > available)
      json.fail(e.header_offset, raven::Message("found data_offsets [")
                                     << e.begin << ", " << e.end << "] of tensor " << quoted(e.name)
                                     << ", expected begin ≤ end ≤ " << available << ", the bytes after the header");
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
    json.fail(contents.data_start + covered, raven::Message("found ")
                                                 << available - covered
                                                 << " bytes after the last tensor, expected the end of the file");
}

SafeTensors read(std::shared_ptr<const Source> source, std::string path) {
  auto contents = std::make_shared<SafeTensors::Contents>();
  contents->source = std::move(source);
  contents->path = std::move(path);
  const std::span<const std::byte> bytes = contents->source->bytes;
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
  contents->data_start = prefix + header;
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
  return SafeTensors(std::move(contents));
}

}  // namespace

SafeTensors load_safetensors(const std::string& path) {
  return read(std::make_shared<const Source>(raven::MappedFile(path, load_name)), path);
}
SafeTensors load_safetensors(std::span<const std::byte> bytes) {
  return read(std::make_shared<const Source>(bytes), "(memory)");
}

std::vector<std::string> SafeTensors::names() const {
  std::vector<std::string> out;
  for (const Entry& e : contents_->entries) out.push_back(e.name);
  return out;
}
bool SafeTensors::contains(std::string_view name) const { return contents_->find(name) != nullptr; }
const Metadata& SafeTensors::metadata() const { return contents_->metadata; }

Array SafeTensors::at(std::string_view name) const {
  constexpr const char* at_name = "nx.io.SafeTensors.at";
  const Entry* entry = contents_->find(name);
  if (!entry)
    throw ValueError(at_name, raven::Message("no tensor ")
                                  << quoted(name) << " in " << quoted(contents_->path) << ", which holds "
                                  << contents_->entries.size() << "; names() lists them");
  if (!entry->dtype->supported)
    throw DTypeError(at_name, raven::Message("tensor ") << quoted(name) << " is " << entry->dtype->name
                                                        << ", which arrays do not have; save it as F32 instead");
  const DType dtype = entry->dtype->dtype;
  const std::span<const std::byte> bytes =
      contents_->source->bytes.subspan(contents_->data_start + entry->begin, entry->end - entry->begin);
  const bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % static_cast<uintptr_t>(item_size(dtype)) == 0;
  const bool proper =
      !is_bool(dtype) || std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b <= std::byte{1}; });
  if (bytes.empty() || !aligned || !proper) {
    Array copy = detail::empty_array(dtype, entry->shape.span());
    std::byte* out = detail::impl_of(copy)->data;
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    if (!proper)
      for (size_t i = 0; i < bytes.size(); ++i) out[i] = bytes[i] != std::byte{0} ? std::byte{1} : std::byte{0};
    return copy;
  }
  // The array keeps the whole file alive; nobody writes through a read-only storage.
  auto* owner = new std::shared_ptr<const Source>(contents_->source);
  const auto release = [](void* context, void*) noexcept {
    delete static_cast<std::shared_ptr<const Source>*>(context);
  };
  return detail::adopt_data(dtype, entry->shape.span(), const_cast<std::byte*>(bytes.data()),
                            static_cast<int64_t>(bytes.size()), true, release, owner);
}

// ---- writing
// ---------------------------------------------------------------------------------------------------------

namespace {

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

}  // namespace

void save_safetensors(const std::string& path, std::span<const NamedArray> arrays, const Metadata& metadata) {
  const Layout layout = lay_out(arrays, metadata);
  raven::AtomicFile file(path, save_name);
  file.write(std::string_view(layout.header));
  for (const Array& array : layout.arrays) file.write(bytes_of(detail::contiguous_array(array)));
  file.commit();
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

}  // namespace nx::io
