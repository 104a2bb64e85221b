#pragma once
// A trie over byte strings in two arrays: the child of `node` by `byte` is node.base ^ byte when that cell's parent is
// `node`.
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/base/export.hpp"
#include "raven/brot/core/table.hpp"

namespace brot {

class TableReader;
class TableWriter;

/// Immutable after `build`. Node 0 is the root.
class RAVEN_API DoubleArray {
 public:
  static constexpr uint32_t none = ~uint32_t{0};
  struct Cell {
    uint32_t base = 0;
    uint32_t parent = none;  // none: the cell is free
    uint32_t value = none;
  };

  /// Keys need not be sorted; of equal keys the last counts. Empty keys are left out.
  void build(TableVector<std::pair<std::string_view, uint32_t>> keys);
  bool empty() const noexcept { return cells_.empty(); }

  /// The child, or none.
  uint32_t child(uint32_t node, unsigned char byte) const noexcept {
    const uint32_t next = cells_[node].base ^ byte;
    return cells_[next].parent == node ? next : none;
  }
  /// The value of the key that ends at `node`, or none.
  uint32_t value(uint32_t node) const noexcept { return cells_[node].value; }

  /// Calls `visit(value)` for every value.
  template <class Visit>
  void for_each_value(Visit&& visit) const {
    for (const Cell& cell : cells_)
      if (cell.value != none) visit(cell.value);
  }

  size_t size() const noexcept { return cells_.size(); }
  /// Calls `visit(parent, byte, child)` for every node but the root, parents first.
  template <class Visit>
  void for_each_edge(Visit&& visit) const {
    std::vector<uint32_t> first(cells_.size() + 1), children;
    for (const Cell& cell : cells_)
      if (cell.parent < cells_.size()) ++first[cell.parent + 1];
    for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
    children.resize(first.back());
    std::vector<uint32_t> place(first.begin(), first.end() - 1);
    for (uint32_t node = 0; node < cells_.size(); ++node)
      if (cells_[node].parent < cells_.size()) children[place[cells_[node].parent]++] = node;
    std::vector<uint32_t> open(1, 0);
    for (size_t i = 0; i < open.size(); ++i) {
      const uint32_t parent = open[i];
      for (uint32_t at = first[parent]; at < first[parent + 1]; ++at) {
        visit(parent, static_cast<unsigned char>(children[at] ^ cells_[parent].base), children[at]);
        open.push_back(children[at]);
      }
    }
  }

  void write(TableWriter& out, std::string_view name) const;
  /// @throws brot::Error (format)
  static DoubleArray read(const TableReader& in, std::string_view name);

  /// The value of the longest key that is a prefix of [at, end), or none.
  uint32_t longest_prefix(const char* at, const char* end) const noexcept {
    uint32_t node = 0, found = none;
    for (; at != end; ++at) {
      node = child(node, static_cast<unsigned char>(*at));
      if (node == none) break;
      if (const uint32_t value = cells_[node].value; value != none) found = value;
    }
    return found;
  }

 private:
  Table<Cell> cells_;
};

}  // namespace brot
