#pragma once
// Random well-typed programs over the op families, from a seed: what passes and plans are tested with.
#include <cstdint>
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

struct RandomProgram {
  nx::Program program;
  std::vector<nx::Array> inputs;
  std::vector<bool> donated;
};
/// Up to 40 equations, 1 to 4 inputs, 1 to 5 outputs. Inputs hold signs of zero, infinities and NaN; some are strided.
RandomProgram random_program(uint64_t seed);

}  // namespace tolk_test
