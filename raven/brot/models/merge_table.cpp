#include "raven/brot/models/merge_table.hpp"

#include <algorithm>
#include <bit>

namespace brot {

void MergeTable::build(const std::vector<Merge>& merges) {
  size_t capacity = std::bit_ceil(std::max<size_t>(16, merges.size() * 2));
  slots_.assign(capacity, Merge{});
  mask_ = capacity - 1;
  shift_ = 64 - std::countr_zero(capacity);
  count_ = 0;
  for (const Merge& merge : merges) {
    for (size_t slot = place(merge.left, merge.right);; slot = (slot + 1) & mask_) {
      Merge& present = slots_[slot];
      if (present.rank != none && !(present.left == merge.left && present.right == merge.right)) continue;
      if (present.rank == none) ++count_;
      present = merge;
      break;
    }
  }
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
  order_.assign(size_t{max_id} + 1, unreachable);
  left_.assign(order_.size(), 0);
  right_.assign(order_.size(), 0);
  for (uint32_t id = 0; id < order_.size(); ++id)
    if (id < symbols.size() && symbols[id]) order_[id] = 0;
  std::vector<MergeTable::Merge> later;
  for (const MergeTable::Merge& merge : table.sorted()) {
    if (!reproduces(merge.left) || !reproduces(merge.right)) {
      later.push_back(merge);
      continue;
    }
    if (reproduces(merge.id)) continue;  // an earlier merge makes it
    if (!seam_survives(merge.left, merge.right, merge.rank + 1)) continue;
    order_[merge.id] = merge.rank + 1;
    left_[merge.id] = merge.left;
    right_[merge.id] = merge.right;
  }
  // Merges listed before those that make their parts: tiktoken's rule gives many. What happens inside a token's text is
  // what happens when that text stands alone, so only the merge that makes the token there is ever done, and the others
  // do not matter. One that makes a token is out of order: its rank does not tell when it is done.
  for (const MergeTable::Merge& merge : later)
    if (reproduces(merge.left) && reproduces(merge.right) && !reproduces(merge.id) &&
        seam_survives(merge.left, merge.right, ~uint32_t{0}))
      proper_ = false;
}

bool EffectiveMerges::seam_survives(uint32_t left, uint32_t right, uint32_t limit) const noexcept {
  for (;;) {
    if (order_[left] > order_[right]) {
      limit = std::min(limit, order_[left]);
      left = right_[left];
    } else {
      if (order_[right] == 0) return true;  // both are symbols
      limit = std::min(limit, order_[right] + 1);
      right = left_[right];
    }
    if (const MergeTable::Merge* merge = table_->find(left, right); merge && merge->rank + 1 < limit) return false;
  }
}

bool EffectiveMerges::compatible(uint32_t left, uint32_t right) const noexcept {
  if (table_->find(left, right)) return false;
  return seam_survives(left, right, ~uint32_t{0});
}

// -------------------------------------------------------------------------------------------------------------- trie

void TokenTrie::build(const std::vector<Vocabulary::Entry>& tokens, uint32_t max_id) {
  nodes_.build(tokens);
  shorter_.assign(size_t{max_id} + 1, none);
  length_.assign(size_t{max_id} + 1, 0);
  for (const auto& [text, id] : tokens) {
    length_[id] = uint32_t(text.size());
    uint32_t node = 0;
    for (size_t i = 0; i + 1 < text.size(); ++i) {
      node = nodes_.child(node, static_cast<unsigned char>(text[i]));
      if (nodes_.value(node) != none) shorter_[id] = nodes_.value(node);
    }
  }
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
      if (!is_dead(end) && (last == TokenTrie::none || merges.compatible(last, token))) {
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
