#pragma once
// How often each reachable cell has been tested, by transformation.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tolk/programs/check.hpp"

namespace tolk_test {

class Coverage {
 public:
  Coverage();
  const std::vector<Cell>& reachable() const { return reachable_; }
  /// The reachable cells that this transformation has tested least, in any order.
  std::vector<Cell> least(size_t transformation, size_t count, Dice& dice) const;
  /// Counts the cells of a program that was compared: equations that the passes leave, and those that are nothing to be
  /// done where the function has them.
  void add(size_t transformation, const nx::Program& function);
  /// The smallest count of all reachable cells and transformations.
  int64_t minimum() const;
  /// A table op × dtype: per transformation the counts by rank class; then the cells below `wanted`.
  std::string print(int64_t wanted) const;

 private:
  std::vector<Cell> reachable_;
  std::set<Cell> never_run_;
  std::vector<std::map<Cell, int64_t>> counts_;  ///< by transformation
};

/// The cells that infer refuses, as lines `Op dtype,dtype: ranks`.
std::string unsupported_cells();
/// The reachable cells whose equations the passes always remove.
std::string cells_never_run();

}  // namespace tolk_test
