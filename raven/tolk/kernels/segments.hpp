#pragma once
// Reductions that tasks compute in parts: each leaves the values of its segment, a second launch combines them. Not
// installed.
#include "raven/tolk/kernels/reduction.hpp"

namespace tolk::kernels {

/// The parts of some reductions: [outer, count, width] elements each, in temporaries.
struct Segments {
  std::vector<uint32_t> reduces;  ///< nodes
  int64_t outer = 1, count = 1, width = 1;
  uint16_t column = 0;    ///< the loop over the width, where that is not 1
  uint32_t first = 0;     ///< temporary of reduction 0
  bool symbolic = false;  ///< of a run of any length: dims[1] is how many there are

  loop::Id number(loop::Builder& b) const { return symbolic ? b.dim(1) : b.index(count); }
  void declare(Emission& e, loop::Access access) const;
  /// Stores the values of segment s: of column j, of outer index o.
  void store(Emission& e, loop::Id o, loop::Id s, loop::Id j, std::span<const loop::Id> values) const;
  loop::Id at(loop::Builder& b, loop::Id o, loop::Id s, loop::Id j) const;
};

/// With temporaries where there are several.
Segments make_segments(const Body& body, Segments segments, Schedule& schedule);

/// The second launch: a tree over segments, then what is made of the results.
Launch combine(const Body& body, const Context& context, const Segments& segments, std::span<const Body::Store> stores);

}  // namespace tolk::kernels
