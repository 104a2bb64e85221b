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
      for (int rank = 0; rank < rank_classes; ++rank)
        if (is_reachable({op, dtype, rank})) reachable_.push_back({op, dtype, rank});
  for (auto& counts : counts_)
    for (const Cell& cell : reachable_) counts[cell] = 0;
}

Cell Coverage::least(size_t transformation, Dice& dice) const {
  const auto& counts = counts_[transformation];
  // The first of the least, from a random place on: not always the same op for a fresh run.
  const auto size = static_cast<int64_t>(reachable_.size());
  const int64_t start = dice.in(0, size - 1);
  Cell best = reachable_[static_cast<size_t>(start)];
  for (int64_t i = 1; i < size; ++i) {
    const Cell& cell = reachable_[static_cast<size_t>((start + i) % size)];
    if (counts.at(cell) < counts.at(best)) best = cell;
  }
  return best;
}

void Coverage::add(size_t transformation, const nx::Program& program) {
  for (const Cell& cell : cells_of(program)) {
    const auto found = counts_[transformation].find(cell);
    if (found != counts_[transformation].end()) ++found->second;
  }
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

std::string unsupported_cells() {
  std::string text;
  for (const nx::Op op : tested_ops()) {
    // Dtypes with the same ranks share a line.
    std::vector<std::pair<std::string, std::string>> lines;  // ranks, dtypes
    for (const nx::DType dtype : dtypes()) {
      std::string ranks;
      for (int rank = 0; rank < rank_classes; ++rank)
        if (!is_reachable({op, dtype, rank})) ranks += " " + std::to_string(rank);
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

}  // namespace tolk_test
