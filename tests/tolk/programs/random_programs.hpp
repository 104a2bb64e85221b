#pragma once
// Random well-typed programs over all op families, from a seed: what passes, plans and kernels are tested with.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "raven/nx.hpp"

namespace tolk_test {

/// A small generator of its own, the same in every build (splitmix64).
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// In [low, high].
  int64_t in(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1));
  }
  bool chance(int64_t percent) { return in(1, 100) <= percent; }
  template <class T>
  const T& pick(const std::vector<T>& list) {
    return list[static_cast<size_t>(in(0, static_cast<int64_t>(list.size()) - 1))];
  }

 private:
  uint64_t state_;
};

/// What coverage counts: an op on a first operand of a dtype and rank (an op without operands: its result's). Ranks
/// from 3 on are one class.
struct Cell {
  nx::Op op = nx::Op::Add;
  nx::DType dtype = nx::f32;
  int rank = 0;
  friend auto operator<=>(const Cell&, const Cell&) = default;
};
inline constexpr int rank_classes = 4;
std::string to_string(const Cell& cell);
/// Every op of op.def but Call, which is a program.
const std::vector<nx::Op>& tested_ops();
/// The cells of a program's equations, those of called programs too.
std::vector<Cell> cells_of(const nx::Program& program);

struct RandomProgram {
  nx::Program program;
  std::vector<nx::Array> inputs;
  std::vector<bool> donated;
  std::optional<uint64_t> ways{};  ///< the seed of the ways in which it was checked, kept with its text
};
/// Up to 30 equations, some of them calls; what no equation uses are outputs.
RandomProgram random_program(uint64_t seed);
/// An equation of each wish, on values that depend on inputs and mostly have few elements; the results are outputs. A
/// few other equations between them. In six of ten programs each wish has inputs of its own.
RandomProgram random_program(uint64_t seed, std::span<const Cell> wishes, int wrong_indices_percent = 1);
/// Whether infer accepts the op on a first operand of this dtype and rank, with other operands and attributes that fit.
bool is_reachable(const Cell& cell);
/// The cells of what is left of a program after the passes: equations that run, of values that are not known before.
std::vector<Cell> cells_that_run(const nx::Program& program);
/// Whether an equation of the cell is ever left: some, like a permutation of no axes, are nothing to be done.
bool is_ever_run(const Cell& cell);

/// Signs of zero, infinities, NaN, subnormals and the ends of integers among ordinary values.
nx::Array random_array(Dice& dice, const nx::Aval& aval);
/// Extents that end blocks of lanes and segments of sums, mostly small; at most `most` elements.
nx::Shape random_shape(Dice& dice, int rank, int64_t most);

}  // namespace tolk_test
