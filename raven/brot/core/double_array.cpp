#include "raven/brot/core/double_array.hpp"

#include <algorithm>

#include "raven/brot/files/tables.hpp"

namespace brot {

namespace {

/// Places nodes into cells. Cells come in blocks of 256, so that base ^ byte stays inside the block of base. Only the
/// last few blocks are searched for room: earlier ones are nearly full.
class Placer {
 public:
  explicit Placer(std::vector<DoubleArray::Cell>& cells) : cells_(cells) { grow(); }

  uint32_t find_base(const std::vector<unsigned char>& bytes) {
    const size_t blocks = cells_.size() / 256;
    for (size_t block = blocks > open_blocks ? blocks - open_blocks : 0; block < blocks; ++block) {
      if (static_cast<size_t>(256 - used_[block]) < bytes.size()) continue;
      const uint32_t start = uint32_t(block * 256);
      while (first_free_[block] < 256 && taken(start + first_free_[block])) ++first_free_[block];
      for (uint32_t low = first_free_[block]; low < 256; ++low) {
        if (taken(start + low)) continue;  // the place of the first byte
        const uint32_t base = (start + low) ^ bytes[0];
        bool room = true;
        for (const unsigned char byte : bytes) room = room && !taken(base ^ byte);
        if (room) return base;
      }
    }
    const uint32_t start = uint32_t(cells_.size());
    grow();
    return start;
  }
  void take(uint32_t cell, uint32_t parent) {
    cells_[cell].parent = parent;
    ++used_[cell / 256];
  }

 private:
  static constexpr size_t open_blocks = 16;
  bool taken(uint32_t cell) const { return cells_[cell].parent != DoubleArray::none; }
  void grow() {
    cells_.resize(cells_.size() + 256);
    used_.push_back(0);
    first_free_.push_back(0);
    if (cells_.size() == 256) take(0, DoubleArray::none - 1);  // the root: taken, and nobody's child
  }
  std::vector<DoubleArray::Cell>& cells_;
  std::vector<uint16_t> used_;        // by block
  std::vector<uint16_t> first_free_;  // by block: all cells below are taken
};

}  // namespace

void DoubleArray::build(TableVector<std::pair<std::string_view, uint32_t>> keys) {
  std::vector<Cell> cells;
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i].first.empty()) keys[i--] = keys.back(), keys.pop_back();
  std::sort(keys.begin(), keys.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first < b.first : a.second < b.second; });
  Placer placer(cells);
  struct Range {
    size_t begin, end, depth;
    uint32_t node;
  };
  std::vector<Range> open{{0, keys.size(), 0, 0}};
  std::vector<unsigned char> bytes;
  std::vector<Range> children;
  while (!open.empty()) {
    Range range = open.back();
    open.pop_back();
    while (range.begin < range.end && keys[range.begin].first.size() == range.depth)
      cells[range.node].value = keys[range.begin++].second;
    if (range.begin == range.end) continue;  // a leaf: its base 0 leads to cells of other parents only
    bytes.clear();
    children.clear();
    for (size_t i = range.begin; i < range.end;) {
      const unsigned char byte = static_cast<unsigned char>(keys[i].first[range.depth]);
      size_t end = i + 1;
      while (end < range.end && static_cast<unsigned char>(keys[end].first[range.depth]) == byte) ++end;
      bytes.push_back(byte);
      children.push_back({i, end, range.depth + 1, 0});
      i = end;
    }
    const uint32_t base = placer.find_base(bytes);
    cells[range.node].base = base;
    for (size_t i = 0; i < bytes.size(); ++i) {
      children[i].node = base ^ bytes[i];
      placer.take(children[i].node, range.node);
    }
    for (size_t i = children.size(); i-- > 0;) open.push_back(children[i]);
  }
  cells_ = std::move(cells);
}

void DoubleArray::write(TableWriter& out, std::string_view name) const { out.add(name, cells_); }

DoubleArray DoubleArray::read(const TableReader& in, std::string_view name) {
  DoubleArray array;
  array.cells_ = in.get<Cell>(name);
  bool good = array.cells_.size() >= 256 && array.cells_[0].parent >= array.cells_.size();  // the root is nobody's child
  for (const Cell& cell : array.cells_) good &= size_t{cell.base | 255} < array.cells_.size();
  in.expect(good, name);
  return array;
}

}  // namespace brot
