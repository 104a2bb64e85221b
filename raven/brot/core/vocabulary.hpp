#pragma once
// Tokens and their ids: one arena of bytes, an open-addressing table from text to id, and the way back.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/base/export.hpp"
#include "raven/brot/core/hash.hpp"
#include "raven/brot/core/table.hpp"

namespace brot {

class TableReader;
class TableWriter;

/// Immutable after `build`. Ids may have holes and may exceed the number of tokens.
class RAVEN_API Vocabulary {
 public:
  static constexpr uint32_t none = ~uint32_t{0};
  static constexpr size_t arena_padding = 16;  ///< bytes behind the last text, which wide loads may read
  using Entry = std::pair<std::string_view, uint32_t>;

  Vocabulary() = default;
  /// Copies the texts. A text that occurs twice keeps its last id; of two texts with one id, `text(id)` gives the last.
  /// @throws brot::Error (vocabulary) for the id 2^32 - 1, which stands for none
  static Vocabulary build(std::span<const Entry> entries);

  /// A text, by its place in an arena.
  struct Text {
    uint32_t offset, size, id;
  };
  /// Texts one after the other, and where each lies; best with room for `arena_padding` more bytes.
  struct Source {
    TableVector<char> arena;
    TableVector<Text> texts;
    static Source copy_of(std::span<const Entry> entries);
    std::string_view text(size_t index) const { return {arena.data() + texts[index].offset, texts[index].size}; }
  };
  /// The same of texts that need not be copied. @throws brot::Error (limit) beyond 4 GiB
  static Vocabulary build(Source source);

  /// Number of distinct texts.
  size_t size() const noexcept { return texts_.size(); }
  bool empty() const noexcept { return texts_.empty(); }
  /// Largest id, 0 when empty.
  uint32_t max_id() const noexcept { return max_id_; }

  /// The id of `text`, or `none`.
  uint32_t find(std::string_view text) const noexcept { return find(text, hash_bytes(text)); }
  uint32_t find(std::string_view text, uint64_t hash) const noexcept {
    if (slots_.empty()) return none;
    const uint32_t tag = uint32_t(hash >> 32);
    for (size_t slot = hash & mask_;; slot = (slot + 1) & mask_) {
      const Slot& entry = slots_[slot];
      if (entry.index == none) return none;
      if (entry.tag == tag && equal_bytes(text_at(entry.index), text)) return texts_[entry.index].id;
    }
  }
  /// Ask for the memory that `find` will read one after the other, for lookups whose hashes are known some steps ahead.
  void prefetch_slot(uint64_t hash) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & mask_]);
  }
  void prefetch_place(uint64_t hash) const noexcept {
    if (const uint32_t index = first_index(hash); index != none) __builtin_prefetch(&texts_[index]);
  }
  void prefetch_text(uint64_t hash) const noexcept {
    if (const uint32_t index = first_index(hash); index != none)
      __builtin_prefetch(arena_.data() + texts_[index].offset);
  }
  /// The text of `id`; null data when there is none.
  std::string_view text(uint32_t id) const noexcept {
    const uint32_t index = index_of(id);
    return index == none ? std::string_view() : text_at(index);
  }
  bool contains(uint32_t id) const noexcept { return index_of(id) != none; }

  /// For vocabularies that do not come from JSON. @throws brot::Error (invalid_text) when a text is no valid UTF-8
  void expect_utf8(std::string_view operation) const;

  /// Calls `visit(text, id)` for all, ascending by id.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (uint32_t i = 0; i < texts_.size(); ++i) visit(text_at(i), texts_[i].id);
  }
  /// All (text, id), ascending by id.
  TableVector<Entry> entries() const;

  /// The tables of the compiled form, with names that begin with `prefix`.
  void write(TableWriter& out, std::string_view prefix) const;
  /// @throws brot::Error (format) when they contradict each other
  static Vocabulary read(const TableReader& in, std::string_view prefix);

 private:
  struct Slot {
    uint32_t tag, index;
  };
  std::string_view text_at(uint32_t index) const noexcept {
    return {arena_.data() + texts_[index].offset, texts_[index].size};
  }
  uint32_t first_index(uint64_t hash) const noexcept { return slots_.empty() ? none : slots_[hash & mask_].index; }
  uint32_t index_of(uint32_t id) const noexcept;

  Table<char> arena_;
  Table<Text> texts_;  // ascending by id
  Table<Slot> slots_;
  Table<uint32_t> dense_;  // id → index when ids are not sparse
  uint64_t mask_ = 0;
  uint32_t max_id_ = 0;
};

}  // namespace brot
