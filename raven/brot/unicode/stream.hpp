#pragma once
// Readers of the packed tables (tables.hpp); internal to brot.
#include <algorithm>
#include <vector>

#include "raven/brot/unicode/tables.hpp"

namespace brot::unicode {

/// Takes numbers off a Stream.
class StreamReader {
 public:
  explicit StreamReader(const tables::Stream& stream) : at_(stream.bytes), end_(stream.bytes + stream.size) {}
  bool done() const { return at_ == end_; }
  uint32_t byte() { return *at_++; }
  uint32_t number() {
    uint32_t value = 0;
    for (uint32_t shift = 0;; shift += 7) {
      const uint32_t b = *at_++;
      value |= (b & 127) << shift;
      if (b < 128) return value;
    }
  }
  int32_t signed_number() {
    const uint32_t value = number();
    return value & 1 ? -int32_t((value + 1) / 2) : int32_t(value / 2);
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

/// A partition of the code points into runs of one class, searched by bisection.
class Partition {
 public:
  explicit Partition(const tables::Stream& stream) {
    StreamReader reader(stream);
    for (char32_t begin = 0; !reader.done();) {
      begins_.push_back(begin);
      begin += reader.number();
      classes_.push_back(uint8_t(reader.byte()));
    }
  }
  size_t size() const { return begins_.size(); }
  char32_t begin(size_t run) const { return begins_[run]; }
  char32_t end(size_t run) const { return run + 1 < begins_.size() ? begins_[run + 1] : 0x110000; }
  uint8_t value(size_t run) const { return classes_[run]; }
  uint8_t operator[](char32_t c) const {
    return classes_[size_t(std::upper_bound(begins_.begin(), begins_.end(), c) - begins_.begin()) - 1];
  }

 private:
  std::vector<char32_t> begins_;
  std::vector<uint8_t> classes_;
};

/// A mapping from code points to short scalar sequences, searched by bisection.
class MappingTable {
 public:
  struct Entry {
    char32_t from;
    uint32_t begin;  // into scalars
    uint8_t size;
    uint8_t flags;
  };
  explicit MappingTable(const tables::Stream& stream) {
    StreamReader reader(stream);
    for (char32_t from = 0; !reader.done();) {
      from += reader.number();
      const uint32_t head = reader.byte();
      entries_.push_back({from, uint32_t(scalars_.size()), uint8_t(head >> 2), uint8_t(head & 3)});
      for (uint32_t i = 0; i < head >> 2; ++i) scalars_.push_back(char32_t(int32_t(from) + reader.signed_number()));
    }
  }
  const std::vector<Entry>& entries() const { return entries_; }
  const char32_t* scalars(const Entry& entry) const { return scalars_.data() + entry.begin; }
  const Entry* find(char32_t c) const {
    const auto it = std::lower_bound(entries_.begin(), entries_.end(), c,
                                     [](const Entry& e, char32_t key) { return e.from < key; });
    return it != entries_.end() && it->from == c ? &*it : nullptr;
  }

 private:
  std::vector<Entry> entries_;
  std::vector<char32_t> scalars_;
};

}  // namespace brot::unicode
