#pragma once
// How often each reachable cell has been tested, by transformation.
#include <map>
#include <string>
#include <vector>

#include "tolk/programs/check.hpp"

namespace tolk_test {

class Coverage {
 public:
  Coverage();
  const std::vector<Cell>& reachable() const { return reachable_; }
  /// A reachable cell that this transformation has tested least.
  Cell least(size_t transformation, Dice& dice) const;
  /// Counts the cells of a program that was tested.
  void add(size_t transformation, const nx::Program& program);
  /// The smallest count of all reachable cells and transformations.
  int64_t minimum() const;
  /// A table op × dtype: per transformation the counts by rank class; then the cells below `wanted`.
  std::string print(int64_t wanted) const;

 private:
  std::vector<Cell> reachable_;
  std::vector<std::map<Cell, int64_t>> counts_;  ///< by transformation
};

/// The cells that infer refuses, as lines `Op dtype,dtype: ranks`.
std::string unsupported_cells();

}  // namespace tolk_test
