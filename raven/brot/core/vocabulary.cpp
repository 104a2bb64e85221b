#include "raven/brot/core/vocabulary.hpp"

#include <algorithm>

#include "raven/brot/core/error.hpp"

namespace brot {

Vocabulary Vocabulary::build(const std::vector<Entry>& entries) {
  Vocabulary vocabulary;
  size_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.first.size();
  if (bytes > none || entries.size() >= none / 4)
    throw Error(ErrorCode::limit, "brot.Vocabulary", "the vocabulary is larger than 4 GiB");
  vocabulary.arena_.reserve(bytes + 16);
  vocabulary.texts_.reserve(entries.size());
  size_t capacity = 16;
  while (capacity < entries.size() * 2) capacity *= 2;
  vocabulary.mask_ = capacity - 1;
  vocabulary.slots_.assign(capacity, Slot{0, none});
  bool ascending = true;
  for (const auto& [text, id] : entries) {
    const uint64_t hash = hash_bytes(text);
    const uint32_t tag = uint32_t(hash >> 32);
    for (size_t slot = hash & vocabulary.mask_;; slot = (slot + 1) & vocabulary.mask_) {
      Slot& place = vocabulary.slots_[slot];
      if (place.index == none) {
        place = {tag, uint32_t(vocabulary.texts_.size())};
        if (!vocabulary.texts_.empty() && vocabulary.texts_.back().id >= id) ascending = false;
        vocabulary.texts_.push_back({uint32_t(vocabulary.arena_.size()), uint32_t(text.size()), id});
        vocabulary.arena_.append(text);
        break;
      }
      if (place.tag == tag && vocabulary.text_at(place.index) == text) {
        if (vocabulary.texts_[place.index].id != id) ascending = false;
        vocabulary.texts_[place.index].id = id;
        break;
      }
    }
  }
  if (!ascending) {
    std::vector<uint32_t> order(vocabulary.texts_.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      const uint32_t left = vocabulary.texts_[a].id, right = vocabulary.texts_[b].id;
      return left != right ? left < right : a < b;
    });
    std::vector<uint32_t> rank(order.size());
    std::vector<Text> sorted(order.size());
    for (uint32_t i = 0; i < order.size(); ++i) {
      rank[order[i]] = i;
      sorted[i] = vocabulary.texts_[order[i]];
    }
    vocabulary.texts_ = std::move(sorted);
    for (Slot& slot : vocabulary.slots_)
      if (slot.index != none) slot.index = rank[slot.index];
  }
  vocabulary.max_id_ = vocabulary.texts_.empty() ? 0 : vocabulary.texts_.back().id;
  if (uint64_t{vocabulary.max_id_} < 8 * uint64_t{vocabulary.texts_.size()} + 1024) {
    vocabulary.dense_.assign(size_t{vocabulary.max_id_} + 1, none);
    for (uint32_t i = 0; i < vocabulary.texts_.size(); ++i) vocabulary.dense_[vocabulary.texts_[i].id] = i;
  }
  vocabulary.arena_.append(16, '\0');  // wide loads may run past the last text
  return vocabulary;
}

uint32_t Vocabulary::index_of(uint32_t id) const noexcept {
  if (!dense_.empty()) return id < dense_.size() ? dense_[id] : none;
  auto place = std::upper_bound(texts_.begin(), texts_.end(), id, [](uint32_t key, const Text& text) { return key < text.id; });
  if (place == texts_.begin() || (--place)->id != id) return none;
  return uint32_t(place - texts_.begin());
}

std::vector<Vocabulary::Entry> Vocabulary::entries() const {
  std::vector<Entry> all;
  all.reserve(texts_.size());
  for (uint32_t i = 0; i < texts_.size(); ++i) all.emplace_back(text_at(i), texts_[i].id);
  return all;
}

}  // namespace brot
