#include "raven/brot/core/vocabulary.hpp"

#include <algorithm>
#include <bit>

#include "raven/brot/core/error.hpp"
#include "raven/brot/files/tables.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

Vocabulary::Source Vocabulary::Source::copy_of(std::span<const Entry> entries) {
  size_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.first.size();
  Source source;
  source.arena.reserve(bytes + arena_padding);
  source.texts.reserve(entries.size());
  for (const auto& [text, id] : entries) {
    source.texts.push_back({uint32_t(source.arena.size()), uint32_t(text.size()), id});
    source.arena.insert(source.arena.end(), text.begin(), text.end());
  }
  return source;
}

Vocabulary Vocabulary::build(std::span<const Entry> entries) { return build(Source::copy_of(entries)); }

Vocabulary Vocabulary::build(Source source) {
  auto& [arena, texts] = source;
  if (arena.size() > none || texts.size() >= none / 4)
    throw Error(ErrorCode::limit, "brot.Vocabulary", "the vocabulary is larger than 4 GiB");
  arena.insert(arena.end(), arena_padding, '\0');
  Vocabulary vocabulary;
  size_t capacity = 16;
  while (capacity < texts.size() * 2) capacity *= 2;
  vocabulary.mask_ = capacity - 1;
  TableVector<Slot> slots(capacity, Slot{0, none});
  // The slots exceed the caches: hashes are worked out some texts ahead, so that the slots are on their way.
  constexpr size_t ahead = 32;
  uint64_t hashes[ahead];
  const auto announce = [&](size_t index) {
    hashes[index % ahead] = hash_bytes(source.text(index));
    __builtin_prefetch(&slots[hashes[index % ahead] & vocabulary.mask_], 1);
  };
  for (size_t index = 0; index < std::min(ahead, texts.size()); ++index) announce(index);
  bool ascending = true;
  size_t kept = 0;  // distinct ones, moved to the front
  for (size_t index = 0; index < texts.size(); ++index) {
    const Text text = texts[index];
    const uint64_t hash = hashes[index % ahead];
    if (index + ahead < texts.size()) announce(index + ahead);
    const uint32_t tag = uint32_t(hash >> 32);
    for (size_t slot = hash & vocabulary.mask_;; slot = (slot + 1) & vocabulary.mask_) {
      Slot& place = slots[slot];
      if (place.index == none) {
        place = {tag, uint32_t(kept)};
        if (kept > 0 && texts[kept - 1].id >= text.id) ascending = false;
        texts[kept++] = text;
        break;
      }
      if (place.tag == tag && source.text(place.index) == std::string_view(arena.data() + text.offset, text.size)) {
        if (texts[place.index].id != text.id) ascending = false;
        texts[place.index].id = text.id;
        break;
      }
    }
  }
  texts.resize(kept);
  if (!ascending) {
    std::vector<uint32_t> order(texts.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      const uint32_t left = texts[a].id, right = texts[b].id;
      return left != right ? left < right : a < b;
    });
    std::vector<uint32_t> rank(order.size());
    TableVector<Text> sorted(order.size());
    for (uint32_t i = 0; i < order.size(); ++i) {
      rank[order[i]] = i;
      sorted[i] = texts[order[i]];
    }
    texts = std::move(sorted);
    for (Slot& slot : slots)
      if (slot.index != none) slot.index = rank[slot.index];
  }
  vocabulary.max_id_ = texts.empty() ? 0 : texts.back().id;
  if (vocabulary.max_id_ == none)
    throw Error(ErrorCode::vocabulary, "brot.Vocabulary",
                raven::Message() << "token `" << source.text(kept - 1) << "`: got the id " << none
                                 << ", expected at most " << none - 1);
  if (uint64_t{vocabulary.max_id_} < 8 * uint64_t{texts.size()} + 1024) {
    TableVector<uint32_t> dense(size_t{vocabulary.max_id_} + 1, none);
    for (uint32_t i = 0; i < texts.size(); ++i) dense[texts[i].id] = i;
    vocabulary.dense_ = std::move(dense);
  }
  vocabulary.arena_ = std::move(arena);
  vocabulary.texts_ = std::move(texts);
  vocabulary.slots_ = std::move(slots);
  return vocabulary;
}

// The texts lie one after the other: all are whole characters when all bytes together are and each text begins with
// one.
void Vocabulary::expect_utf8(std::string_view operation) const {
  bool good = unicode::is_valid({arena_.data(), arena_.size()});
  for (const Text& text : texts_) good &= text.size == 0 || (arena_[text.offset] & 0xC0) != 0x80;
  if (good) return;
  for_each([&](std::string_view text, uint32_t id) {
    brot::expect_utf8(operation, raven::Message() << "token " << id, text);
  });
}

void Vocabulary::write(TableWriter& out, std::string_view prefix) const {
  const std::string name(prefix);
  out.add(name + ".arena", arena_);
  out.add(name + ".texts", texts_);
  out.add(name + ".slots", slots_);
  out.add(name + ".dense", dense_);
}

Vocabulary Vocabulary::read(const TableReader& in, std::string_view prefix) {
  const std::string name(prefix);
  Vocabulary vocabulary;
  vocabulary.arena_ = in.get<char>(name + ".arena");
  vocabulary.texts_ = in.get<Text>(name + ".texts");
  vocabulary.slots_ = in.get<Slot>(name + ".slots");
  vocabulary.dense_ = in.get<uint32_t>(name + ".dense");
  const size_t count = vocabulary.texts_.size();
  // Every place that a lookup may reach lies inside, and every lookup ends at a free slot.
  in.expect(vocabulary.arena_.size() >= arena_padding, prefix);
  const size_t bytes = vocabulary.arena_.size() - arena_padding;
  bool good = true;
  uint32_t last = 0;
  for (const Text& text : vocabulary.texts_) {
    good &= uint64_t{text.offset} + text.size <= bytes && text.id >= last && text.id != none;
    last = text.id;
  }
  size_t free = 0;
  for (const Slot& slot : vocabulary.slots_) {
    good &= slot.index < count || slot.index == none;
    free += slot.index == none;
  }
  for (const uint32_t index : vocabulary.dense_) good &= index < count || index == none;
  in.expect(good && std::has_single_bit(vocabulary.slots_.size()) && free > 0, prefix);
  in.expect(vocabulary.dense_.empty() || vocabulary.dense_.size() == size_t{last} + 1, prefix);
  vocabulary.mask_ = vocabulary.slots_.size() - 1;
  vocabulary.max_id_ = last;
  return vocabulary;
}

uint32_t Vocabulary::index_of(uint32_t id) const noexcept {
  if (!dense_.empty()) return id < dense_.size() ? dense_[id] : none;
  auto place =
      std::upper_bound(texts_.begin(), texts_.end(), id, [](uint32_t key, const Text& text) { return key < text.id; });
  if (place == texts_.begin() || (--place)->id != id) return none;
  return uint32_t(place - texts_.begin());
}

TableVector<Vocabulary::Entry> Vocabulary::entries() const {
  TableVector<Entry> all;
  all.reserve(texts_.size());
  for_each([&](std::string_view text, uint32_t id) { all.emplace_back(text, id); });
  return all;
}

}  // namespace brot
