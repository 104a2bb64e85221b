#pragma once
// What one kernel computes: a graph without what nobody needs, over as few loops as its accesses allow. Not installed.
#include "raven/tolk/kernels/graph.hpp"

namespace tolk::kernels {

struct Body {
  struct Store {
    Id value;
    Extent extent;
    uint32_t node;
    uint32_t affine;
  };
  Space space;
  std::vector<Node> nodes;         ///< operands first
  std::vector<int> levels;         ///< by node, see Graph::level
  std::vector<uint64_t> atoms_of;  ///< by node: the loops it changes with, one bit per atom
  std::vector<Affine> affines;
  std::vector<Atom> atoms;
  std::vector<uint16_t> order[3];  ///< by role: loops from the outermost in
  std::vector<Store> stores;

  const std::vector<uint16_t>& loops(Role role) const { return order[static_cast<size_t>(role)]; }
  int64_t extent(uint16_t atom) const { return atoms[atom].extent; }
  /// The bits of a role's loops.
  uint64_t mask(Role role) const;
};

/// The graph's members among `stored`, in bytes of their own.
Body make_body(const Graph& graph, const std::vector<bool>& stored);

}  // namespace tolk::kernels
