#include "raven/brot/files/tables.hpp"

#include <algorithm>
#include <cstring>

#include "raven/base/thread_pool.hpp"
#include "raven/brot/core/error.hpp"
#include "raven/brot/core/hash.hpp"

namespace brot {

namespace {

/// Raised whenever an array changes its meaning.
constexpr uint32_t format_version = 3;
constexpr uint32_t byte_order = 0x01020304;
constexpr size_t alignment = 64;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t order;
  uint64_t size;      // of the file
  uint64_t checksum;  // of all that follows the header
  uint64_t arrays;
};
struct Place {
  char name[40];  // zero-terminated
  uint64_t element, begin, size;
};
constexpr char magic[8] = {'B', 'R', 'O', 'T', '\r', '\n', '\x1A', '\n'};

size_t aligned(size_t offset) { return (offset + alignment - 1) / alignment * alignment; }

// Four lanes side by side: as fast as memory.
uint64_t checksum_of_block(std::span<const std::byte> bytes) {
  const char* at = reinterpret_cast<const char*>(bytes.data());
  size_t left = bytes.size();
  uint64_t lanes[4] = {0x9E3779B97F4A7C15u, 0xD6E8FEB86659FD93u, 0xA0761D6478BD642Fu, 0xE7037ED1A0B428DBu};
  for (; left >= 64; at += 64, left -= 64)
    for (int lane = 0; lane < 4; ++lane)
      lanes[lane] =
          fold_multiply(lanes[lane] ^ load_u64(at + 16 * lane), 0x8EBC6AF09C88C6E3u ^ load_u64(at + 16 * lane + 8));
  uint64_t sum = hash_bytes(at, left) ^ bytes.size();
  for (const uint64_t lane : lanes) sum = fold_multiply(sum ^ lane, 0x589965CC75374CC3u);
  return sum;
}

}  // namespace

// The sums of blocks, in their order.
uint64_t checksum_of_tables(std::span<const std::byte> bytes) {
  constexpr size_t block = 1 << 20;
  std::vector<uint64_t> sums(bytes.size() / block + 1);
  raven::parallel_for(int64_t(sums.size()), 1, [&](int64_t begin, int64_t end) {
    for (size_t i = size_t(begin); i < size_t(end); ++i)
      sums[i] = checksum_of_block(bytes.subspan(i * block, std::min(block, bytes.size() - i * block)));
  });
  uint64_t sum = bytes.size();
  for (const uint64_t one : sums) sum = fold_multiply(sum ^ one, 0x589965CC75374CC3u);
  return sum;
}

void TableWriter::save(const std::string& path) const {
  std::vector<Place> places;
  size_t end = aligned(sizeof(Header) + arrays_.size() * sizeof(Place));
  for (const Array& array : arrays_) {
    Place place{};
    std::memcpy(place.name, array.name.data(), std::min(array.name.size(), sizeof place.name - 1));
    place.element = array.element;
    place.begin = end;
    place.size = array.bytes.size();
    places.push_back(place);
    end = aligned(end + array.bytes.size());
  }
  std::string file(end, '\0');
  std::memcpy(file.data() + sizeof(Header), places.data(), places.size() * sizeof(Place));
  for (size_t i = 0; i < arrays_.size(); ++i)
    if (!arrays_[i].bytes.empty())
      std::memcpy(file.data() + places[i].begin, arrays_[i].bytes.data(), arrays_[i].bytes.size());
  Header header{};
  std::memcpy(header.magic, magic, sizeof magic);
  header.version = format_version;
  header.order = byte_order;
  header.size = file.size();
  header.checksum = checksum_of_tables(std::as_bytes(std::span(file)).subspan(sizeof(Header)));
  header.arrays = arrays_.size();
  std::memcpy(file.data(), &header, sizeof header);
  raven::write_atomic(path, file, "brot.Tokenizer.save_compiled");
}

TableReader::TableReader(const std::string& path) : file_(path) {
  auto file = std::make_shared<raven::MappedFile>(path, "brot.Tokenizer.from_compiled");
  const std::span<const std::byte> bytes = file->bytes();
  owner_ = std::move(file);
  open(bytes);
}

TableReader::TableReader(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string name)
    : owner_(std::move(owner)), file_(std::move(name)) {
  open(bytes);
}

void TableReader::open(std::span<const std::byte> bytes) {
  Header header;
  if (bytes.size() < sizeof header) fail("not a compiled tokenizer");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, magic, sizeof magic) != 0) fail("not a compiled tokenizer");
  if (header.order != byte_order) fail("made on a machine with another order of bytes; compile it again");
  if (header.version != format_version)
    fail(raven::Message() << "got version " << header.version << ", expected " << format_version
                          << "; compile it again");
  if (header.size != bytes.size()) fail("cut off");
  if (header.arrays > (bytes.size() - sizeof header) / sizeof(Place)) fail("damaged");
  if (header.checksum != checksum_of_tables(bytes.subspan(sizeof header))) fail("damaged: the checksum differs");
  for (size_t i = 0; i < header.arrays; ++i) {
    const auto* place = reinterpret_cast<const Place*>(bytes.data() + sizeof header + i * sizeof(Place));
    if (place->name[sizeof place->name - 1] != '\0' || place->begin % alignment != 0 || place->begin > bytes.size() ||
        place->size > bytes.size() - place->begin || place->element == 0 || place->size % place->element != 0)
      fail("damaged: an array lies outside");
    arrays_.push_back({place->name, place->element, bytes.subspan(place->begin, place->size)});
  }
}

void TableReader::fail(std::string_view message) const {
  throw Error(ErrorCode::format, "brot.Tokenizer.from_compiled", raven::Message() << file_ << ": " << message);
}

void TableReader::expect(bool good, std::string_view array) const {
  if (!good) fail(raven::Message() << "damaged: the array `" << array << "` contradicts itself");
}

bool TableReader::has(std::string_view name) const {
  return std::any_of(arrays_.begin(), arrays_.end(), [&](const Array& array) { return array.name == name; });
}

std::span<const std::byte> TableReader::find(std::string_view name, size_t element) const {
  for (const Array& array : arrays_)
    if (array.name == name) {
      if (array.element != element) break;
      return array.bytes;
    }
  fail(raven::Message() << "the array `" << name << "` is missing");
}

}  // namespace brot
