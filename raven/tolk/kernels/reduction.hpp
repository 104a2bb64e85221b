#pragma once
// The one order of sums (raven/nx/cpu/kernels/reduce.cpp) in LoopIR. Not installed.
#include "raven/tolk/kernels/emission.hpp"

namespace tolk::kernels {

inline constexpr int64_t run_block = 1024,
                         run_partials = 64;  ///< a run: blocks of 1,024, element i to partial i mod 64
inline constexpr int64_t column_block = 16;  ///< columns: blocks of 16 rows, added in order
// What one task takes of a long reduction (Limits) are whole powers of two of blocks, so the tree over segments is the
// tree over blocks.

/// e with e ∘ x = x for every x.
loop::Id neutral(loop::Builder& b, loop::Code code, loop::Type type);

/// Values pushed one by one combine in a binary tree by index: equal neighbours at once, the rest from the right. One
/// tree per lane.
class Tree {
 public:
  /// At most `count` values; outside of loops.
  Tree(loop::Builder& b, loop::Code code, loop::Type type, int64_t count, int64_t lanes = 1);
  /// Value number `index`.
  void push(loop::Id index, loop::Id value, loop::Id lane);
  /// The value of the tree over `count` values.
  loop::Id value(loop::Id count, loop::Id lane);

 private:
  loop::Id at(loop::Id level, loop::Id lane);
  loop::Builder& b_;
  loop::Code code_;
  int64_t lanes_;
  loop::Id stack_;
};

std::vector<uint32_t> nodes_of(std::span<const Body::Store> stores);
/// What is in either list, ascending.
std::vector<uint32_t> merged(std::vector<uint32_t> a, std::span<const uint32_t> b);

/// The reductions of a body, and what it writes where.
struct Parts {
  explicit Parts(const Body& body);
  std::vector<uint32_t> reduces, down;  ///< nodes; down: over the outer indices
  std::vector<Body::Store> full, kept, column;
  std::vector<uint32_t> operands() const;  ///< of `reduces`
  const Body& body;
};

/// One block of a run, cut in two: open() gives the index inside lanes; the caller emits the operands of `reduces`;
/// close() gives their values over the block.
class RunBlock {
 public:
  RunBlock(Emission& e, std::span<const uint32_t> reduces, int64_t most);
  loop::Id open(loop::Id from, loop::Id to);
  std::vector<loop::Id> close();

 private:
  Emission& e_;
  std::span<const uint32_t> reduces_;
  int64_t lanes_;
  std::vector<loop::Id> partials_;
};

/// How long a run is at most, and whether its blocks are all whole.
struct RunLength {
  int64_t most;
  bool whole_blocks;
};

/// The elements from … to − 1 of a run. `before(begin, end)` runs before each block; `element(index,
/// begin)` inside lanes of the block that starts at begin, where it emits the operands of `reduces`; the results come
/// back in their order. `trees`: one each where there may be several blocks.
template <class Before, class Element>
std::vector<loop::Id> reduce_run(Emission& e, std::span<const uint32_t> reduces, loop::Id from, loop::Id to,
                                 RunLength length, std::span<Tree> trees, Before&& before, Element&& element) {
  loop::Builder& b = e.b();
  RunBlock block(e, reduces, length.most);
  if (length.most <= run_block) {
    before(from, to);
    element(block.open(from, to), from);
    return block.close();
  }
  const loop::Id start = b.loop(from, to, run_block);
  e.enter();
  loop::Id end = b.add(start, b.index(run_block));
  if (!length.whole_blocks) end = b.binary(loop::Code::minimum, end, to);
  before(start, end);
  element(block.open(start, end), start);
  const std::vector<loop::Id> values = block.close();
  const loop::Id number = b.binary(loop::Code::idiv, b.sub(start, from), b.index(run_block));
  for (size_t k = 0; k < trees.size(); ++k) trees[k].push(number, values[k], b.index(0));
  e.leave();
  b.end();
  const loop::Id blocks =
      b.binary(loop::Code::idiv, b.add(b.sub(to, from), b.index(run_block - 1)), b.index(run_block));
  std::vector<loop::Id> results;
  for (Tree& tree : trees) results.push_back(tree.value(blocks, b.index(0)));
  return results;
}

}  // namespace tolk::kernels
