#include "tolk/programs/coverage.hpp"

#include <algorithm>

namespace tolk_test {
namespace {

std::vector<nx::DType> dtypes() {
  std::vector<nx::DType> list;
  for (int i = 0; i < nx::dtype_count; ++i) list.push_back(static_cast<nx::DType>(i));
  return list;
}

}  // namespace

Coverage::Coverage() : counts_(transformations().size()) {
  for (const nx::Op op : tested_ops())
    for (const nx::DType dtype : dtypes())
      for (int rank = 0; rank < rank_classes; ++rank) {
        const Cell cell{op, dtype, rank};
        if (!is_reachable(cell)) continue;
        reachable_.push_back(cell);
        if (!is_ever_run(cell)) never_run_.insert(cell);
      }
  for (auto& counts : counts_)
    for (const Cell& cell : reachable_) counts[cell] = 0;
}

std::vector<Cell> Coverage::least(size_t transformation, size_t count, Dice& dice) const {
  const auto& counts = counts_[transformation];
  // Equal counts in any order, but for the ranks of an op and dtype: they often share a kernel.
  std::vector<std::pair<int64_t, uint64_t>> order;
  std::map<std::pair<nx::Op, nx::DType>, uint64_t> drawn;
  std::vector<Cell> cells;
  std::vector<size_t> index;
  for (const Cell& cell : reachable_) {
    index.push_back(order.size());
    const auto [of_ranks, is_new] = drawn.try_emplace({cell.op, cell.dtype}, 0);
    if (is_new) of_ranks->second = dice.next();
    order.push_back({counts.at(cell), of_ranks->second});
  }
  count = std::min(count, index.size());
  std::partial_sort(index.begin(), index.begin() + static_cast<std::ptrdiff_t>(count), index.end(),
                    [&](size_t a, size_t b) { return order[a] < order[b]; });
  for (size_t i = 0; i < count; ++i) cells.push_back(reachable_[index[i]]);
  return cells;
}

void Coverage::add(size_t transformation, const nx::Program& function) {
  auto& counts = counts_[transformation];
  for (const Cell& cell : cells_that_run(function))
    if (const auto found = counts.find(cell); found != counts.end() && !never_run_.contains(cell)) ++found->second;
  for (const Cell& cell : cells_of(function))
    if (never_run_.contains(cell)) ++counts.at(cell);
}

int64_t Coverage::minimum() const {
  int64_t least = INT64_MAX;
  for (const auto& counts : counts_)
    for (const auto& [cell, count] : counts) least = std::min(least, count);
  return least;
}

std::string Coverage::print(int64_t wanted) const {
  std::string text;
  for (size_t t = 0; t < counts_.size(); ++t) {
    text += std::string(transformations()[t].name) + ", by rank 0/1/2/3+\n";
    for (const nx::Op op : tested_ops()) {
      std::string line = std::string(nx::op_info(op).name);
      line.resize(std::max<size_t>(line.size(), 18), ' ');
      for (const nx::DType dtype : dtypes()) {
        std::string cells;
        bool any = false;
        for (int rank = 0; rank < rank_classes; ++rank) {
          const auto found = counts_[t].find({op, dtype, rank});
          any = any || found != counts_[t].end();
          cells += (rank > 0 ? "/" : "") + (found == counts_[t].end() ? "-" : std::to_string(found->second));
        }
        if (any) line += " " + std::string(nx::dtype_name(dtype)) + " " + cells;
      }
      text += line + "\n";
    }
  }
  size_t below = 0, cells = 0;
  for (size_t t = 0; t < counts_.size(); ++t)
    for (const auto& [cell, count] : counts_[t]) {
      ++cells;
      if (count >= wanted) continue;
      if (++below <= 20)
        text += "fewer than " + std::to_string(wanted) + ": " + transformations()[t].name + " of " + to_string(cell) +
                ", " + std::to_string(count) + "\n";
    }
  return text + std::to_string(cells) + " cells, " + std::to_string(below) + " of them below " +
         std::to_string(wanted) + ", least " + std::to_string(minimum()) + "\n";
}

namespace {
/// The cells of which `holds` is true, as lines `Op dtype,dtype: ranks`.
template <class Holds>
std::string list_cells(const Holds& holds) {
  std::string text;
  for (const nx::Op op : tested_ops()) {
    // Dtypes with the same ranks share a line.
    std::vector<std::pair<std::string, std::string>> lines;  // ranks, dtypes
    for (const nx::DType dtype : dtypes()) {
      std::string ranks;
      for (int rank = 0; rank < rank_classes; ++rank)
        if (holds(Cell{op, dtype, rank})) ranks += " " + std::to_string(rank);
      if (ranks.empty()) continue;
      const auto same = std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.first == ranks; });
      if (same != lines.end())
        same->second += "," + std::string(nx::dtype_name(dtype));
      else
        lines.push_back({ranks, std::string(nx::dtype_name(dtype))});
    }
    for (const auto& [ranks, names] : lines)
      text += std::string(nx::op_info(op).name) + " " + names + ":" + ranks + "\n";
  }
  return text;
}
}  // namespace

std::string unsupported_cells() {
  return list_cells([](const Cell& cell) { return !is_reachable(cell); });
}
std::string cells_never_run() {
  return list_cells([](const Cell& cell) { return is_reachable(cell) && !is_ever_run(cell); });
}

}  // namespace tolk_test
