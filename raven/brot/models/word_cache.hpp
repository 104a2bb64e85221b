#pragma once
// A fixed-size cache from short pieces to their tokens: two ways of one cache line each, no allocation after start.
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "raven/brot/core/hash.hpp"

namespace brot {

/// One per thread and model. Keys of 1 to 32 bytes, values of up to 6 ids.
class WordCache {
 public:
  static constexpr size_t max_key = 32, max_ids = 6;

  struct alignas(64) Entry {
    uint64_t key[4];
    uint32_t ids[max_ids];
    float limit;       // up to which the entry holds, where the model needs one
    uint8_t key_size;  // and the kind of key
    uint8_t count;
  };
  static_assert(sizeof(Entry) == 64);
  struct Key {
    uint64_t words[4];
    uint64_t hash;
  };

  explicit WordCache(size_t entries = 1 << 14) : entries_(entries), mask_((entries - 1) & ~size_t{1}) { clear(); }
  void clear() {
    for (Entry& entry : entries_) entry.key_size = 0;
  }

  /// The key of [data, data + size), size in 1..32; `end` is the end of readable memory.
  static Key key_of(const char* data, size_t size, const char* end) {
    Key key;
    if (size_t(end - data) >= max_key) {
      std::memcpy(key.words, data, max_key);
    } else {
      std::memset(key.words, 0, max_key);
      std::memcpy(key.words, data, size);
    }
    // Clears the bytes from `size` on.
    const auto keep = [&](size_t word) {
      const size_t from = word * 8;
      return size >= from + 8 ? ~uint64_t{0} : size <= from ? 0 : (uint64_t{1} << (8 * (size - from))) - 1;
    };
    key.words[0] &= keep(0);
    key.words[1] &= keep(1);
    if (size <= 16) {
      key.words[2] = key.words[3] = 0;
      key.hash = fold_multiply(key.words[0] ^ 0x9E3779B97F4A7C15u, key.words[1] ^ 0xD6E8FEB86659FD93u);
    } else {
      key.words[2] &= keep(2);
      key.words[3] &= keep(3);
      key.hash = fold_multiply(key.words[0] ^ 0x9E3779B97F4A7C15u, key.words[1] ^ 0xD6E8FEB86659FD93u) ^
                 fold_multiply(key.words[2] ^ 0xA0761D6478BD642Fu, key.words[3] ^ 0xE7037ED1A0B428DBu);
    }
    return key;
  }

  /// Kinds of keys, which do not meet: pieces, and parts of them.
  static constexpr uint8_t piece = 0, part = 64;

  const Entry* find(const Key& key, size_t size, uint8_t kind = piece) const {
    const Entry* set = &entries_[key.hash & mask_];
    for (int way = 0; way < 2; ++way) {
      const Entry& entry = set[way];
      if (entry.key_size == size + kind && entry.key[0] == key.words[0] && entry.key[1] == key.words[1] &&
          entry.key[2] == key.words[2] && entry.key[3] == key.words[3])
        return &entry;
    }
    return nullptr;
  }
  void insert(const Key& key, size_t size, const uint32_t* ids, size_t count, uint8_t kind = piece, float limit = 0) {
    Entry* set = &entries_[key.hash & mask_];
    if (set[0].key_size != 0) set[1] = set[0];
    Entry& entry = set[0];
    std::memcpy(entry.key, key.words, sizeof entry.key);
    std::memcpy(entry.ids, ids, count * sizeof *ids);
    entry.key_size = uint8_t(size + kind);
    entry.count = uint8_t(count);
    entry.limit = limit;
  }

 private:
  std::vector<Entry> entries_;
  size_t mask_;
};

}  // namespace brot
