#include "raven/brot/models/merge_table.hpp"

#include <algorithm>
#include <bit>

#include "raven/brot/files/tables.hpp"

namespace brot {

void HashFilter::write(TableWriter& out, std::string_view name) const { out.add(name, words_); }

HashFilter HashFilter::read(const TableReader& in, std::string_view name) {
  HashFilter filter;
  filter.words_ = in.get<uint64_t>(name);
  in.expect(std::has_single_bit(filter.words_.size()), name);
  filter.shift_ = 64 - std::countr_zero(filter.words_.size() * 64);
  return filter;
}

void MergeTable::build(std::span<const Merge> merges) {
  const size_t capacity = std::bit_ceil(std::max<size_t>(16, merges.size() * 5 / 3));
  TableVector<Merge> slots(capacity);
  mask_ = capacity - 1;
  shift_ = 64 - std::countr_zero(capacity);
  count_ = 0;
  constexpr size_t ahead = 16;  // the table exceeds the caches
  for (size_t i = 0; i < merges.size(); ++i) {
    if (i + ahead < merges.size())
      __builtin_prefetch(&slots[place(merges[i + ahead].left, merges[i + ahead].right)], 1);
    const Merge& merge = merges[i];
    for (size_t slot = place(merge.left, merge.right);; slot = (slot + 1) & mask_) {
      Merge& present = slots[slot];
      if (present.rank != none && !(present.left == merge.left && present.right == merge.right)) continue;
      count_ += present.rank == none;
      present = merge;
      break;
    }
  }
  slots_ = std::move(slots);
}

void MergeTable::make_filter() {
  filter_.build(count_,
                [&](auto&& add) { for_each([&](const Merge& merge) { add(hash_of(merge.left, merge.right)); }); });
}

void MergeTable::write(TableWriter& out) const {
  out.add("merges", slots_);
  filter_.write(out, "merges.filter");
}

MergeTable MergeTable::read(const TableReader& in, size_t tokens) {
  MergeTable table;
  table.slots_ = in.get<Merge>("merges");
  table.filter_ = HashFilter::read(in, "merges.filter");
  // The pairs are only compared; what they make is used as an id.
  size_t used = 0, wrong = 0;
  for (const Merge& merge : table.slots_) {
    used += merge.rank != none;
    wrong += size_t(merge.rank != none) & size_t(merge.id >= tokens);
  }
  table.count_ = used;
  in.expect(wrong == 0 && std::has_single_bit(table.slots_.size()) && table.slots_.size() >= 16, "merges");
  in.expect(table.count_ < table.slots_.size(), "merges");
  table.mask_ = table.slots_.size() - 1;
  table.shift_ = 64 - std::countr_zero(table.slots_.size());
  return table;
}

std::vector<MergeTable::Merge> MergeTable::sorted() const {
  std::vector<Merge> merges;
  // Ranks mostly are the places in a list: then every merge goes to its own place.
  uint32_t last = 0;
  for (const Merge& merge : slots_)
    if (merge.rank != none) last = std::max(last, merge.rank);
  if (last < 2 * count_) {
    merges.resize(size_t{last} + 1);
    size_t placed = 0;
    for (const Merge& merge : slots_) {
      if (merge.rank == none) continue;
      if (merges[merge.rank].rank != none) break;  // shared by two merges
      merges[merge.rank] = merge;
      ++placed;
    }
    if (placed == count_) {
      std::erase_if(merges, [](const Merge& merge) { return merge.rank == none; });
      return merges;
    }
    merges.clear();
  }
  merges.reserve(count_);
  for (const Merge& merge : slots_)
    if (merge.rank != none) merges.push_back(merge);
  std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) { return a.rank < b.rank; });
  return merges;
}

// ------------------------------------------------------------------------------------------------- effective merges

void EffectiveMerges::build(const MergeTable& table, const std::vector<bool>& symbols, uint32_t max_id) {
  table_ = &table;
  const auto tokens = std::make_shared<std::vector<Token>>(size_t{max_id} + 1);
  tokens_ = Table<Token>(tokens);
  for (uint32_t id = 0; id < tokens->size(); ++id)
    if (id < symbols.size() && symbols[id]) (*tokens)[id].level = 0;
  const std::vector<MergeTable::Merge> merges = table.sorted();
  // A merge whose part is not known yet waits for it.
  constexpr uint32_t end = ~uint32_t{0};
  std::vector<uint32_t> first_waiting, next_waiting, ready;
  const auto wait_for = [&](uint32_t part, uint32_t merge) {
    if (first_waiting.empty()) {
      first_waiting.assign(tokens_.size(), end);
      next_waiting.assign(merges.size(), end);
    }
    next_waiting[merge] = first_waiting[part];
    first_waiting[part] = merge;
  };
  for (uint32_t i = 0; i < merges.size(); ++i) {
    ready.assign(1, i);
    while (!ready.empty()) {
      const uint32_t index = ready.back();
      const MergeTable::Merge& merge = merges[index];
      ready.pop_back();
      if (!reproduces(merge.left) || !reproduces(merge.right)) {
        wait_for(reproduces(merge.left) ? merge.right : merge.left, index);
        continue;
      }
      // Of the merges that make one text, one is done when that text stands alone.
      if (reproduces(merge.id) || !seam_survives(merge.left, merge.right)) continue;
      const uint32_t parts = std::max(tokens_[merge.left].level, tokens_[merge.right].level);
      (*tokens)[merge.id] = {std::max(merge.rank + 1, parts), merge.rank + 1, merge.left, merge.right};
      if (first_waiting.empty()) continue;
      for (uint32_t waiting = first_waiting[merge.id]; waiting != end; waiting = next_waiting[waiting])
        ready.push_back(waiting);
      first_waiting[merge.id] = end;
    }
  }
}

void EffectiveMerges::write(TableWriter& out) const { out.add("effective", tokens_); }

EffectiveMerges EffectiveMerges::read(const TableReader& in, const MergeTable& merges, const Table<uint32_t>& lengths) {
  EffectiveMerges effective;
  effective.table_ = &merges;
  effective.tokens_ = in.get<Token>("effective");
  const Table<Token>& tokens = effective.tokens_;
  in.expect(tokens.size() == lengths.size(), "effective");
  // Undoing merges comes to an end: the parts of a token are tokens, and shorter.
  bool good = true;
  const auto is_part = [&](uint32_t part, uint32_t whole) {
    return part < tokens.size() && tokens[part].level != unreachable && lengths[part] < lengths[whole];
  };
  for (uint32_t id = 0; id < tokens.size(); ++id)
    if (tokens[id].level != 0 && tokens[id].level != unreachable)
      good &= is_part(tokens[id].left, id) && is_part(tokens[id].right, id);
  in.expect(good, "effective");
  return effective;
}

bool EffectiveMerges::seam_survives(uint32_t left, uint32_t right) const noexcept {
  for (;;) {
    // Undoes the later of the last merges on both sides. `limit`: a merge across the seam, 1 + rank below it, comes
    // before the undone one: that had to wait for its far part if this appeared after the near one, and for its rank.
    uint32_t limit;
    if (tokens_[left].level > tokens_[right].level) {
      const Token& undone = tokens_[left];
      const uint32_t far = tokens_[undone.left].level, near = tokens_[undone.right].level;
      limit = far > near ? std::max(undone.rank, far) : undone.rank;
      left = undone.right;
    } else {
      const Token& undone = tokens_[right];
      if (undone.level == 0) return true;  // both are symbols
      const uint32_t near = tokens_[undone.left].level, far = tokens_[undone.right].level;
      limit = (far >= near ? std::max(undone.rank, far) : undone.rank) + 1;  // of equal ranks the left one comes first
      right = undone.left;
    }
    if (const MergeTable::Merge* merge = table_->find(left, right); merge && merge->rank + 1 < limit) return false;
  }
}

bool EffectiveMerges::compatible(uint32_t left, uint32_t right) const noexcept {
  if (table_->find(left, right)) return false;
  return seam_survives(left, right);
}

// -------------------------------------------------------------------------------------------------------------- trie

void TokenTrie::build(std::span<const Vocabulary::Entry> tokens, uint32_t max_id) {
  nodes_.build({tokens.begin(), tokens.end()});
  std::vector<uint32_t> shorter(size_t{max_id} + 1, none), lengths(size_t{max_id} + 1, 0);
  for (const auto& [text, id] : tokens) {
    lengths[id] = uint32_t(text.size());
    uint32_t node = 0;
    for (size_t i = 0; i + 1 < text.size(); ++i) {
      node = nodes_.child(node, static_cast<unsigned char>(text[i]));
      if (nodes_.value(node) != none) shorter[id] = nodes_.value(node);
    }
  }
  shorter_ = std::move(shorter);
  length_ = std::move(lengths);
}

void TokenTrie::write(TableWriter& out) const {
  nodes_.write(out, "trie");
  out.add("trie.shorter", shorter_);
  out.add("trie.lengths", length_);
}

TokenTrie TokenTrie::read(const TableReader& in, const EffectiveMerges& merges, size_t tokens) {
  TokenTrie trie;
  trie.nodes_ = DoubleArray::read(in, "trie");
  trie.shorter_ = in.get<uint32_t>("trie.shorter");
  trie.length_ = in.get<uint32_t>("trie.lengths");
  in.expect(trie.shorter_.size() == tokens && trie.length_.size() == tokens, "trie");
  // What is found is a token (the search passes over those of no length), and shorter ones come to an end.
  bool good = true;
  for (uint32_t id = 0; id < tokens; ++id) {
    good &= trie.length_[id] == 0 || merges.reproduces(id);
    if (const uint32_t shorter = trie.shorter_[id]; shorter != none)
      good &= shorter < tokens && trie.length_[shorter] < trie.length_[id];
  }
  size_t wrong = 0;
  trie.nodes_.for_each_value([&](uint32_t id) { wrong += id >= tokens; });
  good &= wrong == 0;
  in.expect(good, "trie");
  return trie;
}

// ------------------------------------------------------------------------------------------------------ backtracking

bool encode_backtracking(std::string_view text, const TokenTrie& trie, const EffectiveMerges& merges,
                         std::vector<uint64_t>& dead, std::vector<uint32_t>& out) {
  const size_t size = text.size();
  dead.assign(size / 64 + 1, 0);
  const auto is_dead = [&](size_t position) { return dead[position >> 6] >> (position & 63) & 1; };
  const size_t first = out.size();
  const char* const data = text.data();
  size_t position = 0;
  uint32_t token = trie.longest_prefix(data, data + size);
  while (position < size) {
    // Invariant: out[first…] encodes text[0, position); `token` is the longest candidate not yet refuted there.
    const uint32_t last = out.size() > first ? out.back() : TokenTrie::none;
    for (;; token = trie.shorter(token)) {
      if (token == TokenTrie::none) {
        if (last == TokenTrie::none) return false;
        dead[position >> 6] |= uint64_t{1} << (position & 63);
        out.pop_back();
        position -= trie.length(last);
        token = last;
        break;
      }
      const size_t end = position + trie.length(token);
      if (end > position && end <= size && !is_dead(end) &&
          (last == TokenTrie::none || merges.compatible(last, token))) {
        out.push_back(token);
        position = end;
        token = position < size ? trie.longest_prefix(data + position, data + size) : TokenTrie::none;
        break;
      }
    }
  }
  return true;
}

}  // namespace brot
