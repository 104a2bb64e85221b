#include "raven/tolk/kernels/body.hpp"

#include <algorithm>

namespace tolk::kernels {

namespace {

/// Neighbouring loops over which every access moves as over one become one.
void merge_loops(Body& body, const std::vector<uint32_t>& used) {
  for (std::vector<uint16_t>& order : body.order)
    for (size_t i = order.size(); i-- > 1;) {
      const uint16_t slow = order[i - 1], fast = order[i];
      const int64_t extent = body.atoms[fast].extent;
      const bool merges = std::all_of(used.begin(), used.end(), [&](uint32_t a) {
        return body.affines[a].factor(slow) == body.affines[a].factor(fast) * extent;
      });
      if (!merges) continue;
      body.atoms[fast].extent *= body.atoms[slow].extent;
      body.atoms[slow].extent = 1;
      for (const uint32_t a : used) std::erase_if(body.affines[a].terms, [&](const Term& t) { return t.atom == slow; });
      order.erase(order.begin() + static_cast<std::ptrdiff_t>(i) - 1);
    }
}

}  // namespace

uint64_t Body::mask(Role role) const {
  uint64_t bits = 0;
  for (const uint16_t a : loops(role)) bits |= uint64_t{1} << a;
  return bits;
}

Body make_body(const Graph& graph, const std::vector<bool>& stored) {
  Body body;
  body.space = graph.space();
  body.affines = graph.affines();
  body.atoms = graph.atoms();
  for (const Role role : {Role::outer, Role::reduced, Role::inner})
    body.order[static_cast<size_t>(role)] = graph.order(role);

  // What is needed, operands first: nodes are in that order already.
  std::vector<bool> needed(graph.nodes().size());
  std::vector<uint32_t> stack;
  std::vector<uint32_t> used;
  for (const Graph::Member& m : graph.members()) {
    if (!stored[m.value]) continue;
    stack.push_back(m.node);
    const Affine at = flatten(graph.index_of(m.access), graph.aval(m.value).shape.span());
    body.stores.push_back({m.value, m.extent, m.node, static_cast<uint32_t>(body.affines.size())});
    used.push_back(body.stores.back().affine);
    body.affines.push_back(at);
  }
  std::vector<bool> reached(body.affines.size());
  while (!stack.empty()) {
    const uint32_t at = stack.back();
    stack.pop_back();
    if (needed[at]) continue;
    needed[at] = true;
    const Node& n = graph.nodes()[at];
    for (const uint32_t o : n.operand)
      if (o != none) stack.push_back(o);
    if (n.affine == none || n.kind == Node::Kind::check) continue;
    if (!reached[n.affine]) used.push_back(n.affine);
    reached[n.affine] = true;
    for (const Term& t : body.affines[n.affine].terms)
      if (!body.atoms[t.atom].is_loop()) stack.push_back(body.atoms[t.atom].node);
  }
  const bool reduces = [&] {
    for (uint32_t id = 0; id < needed.size(); ++id)
      if (needed[id] && graph.nodes()[id].kind == Node::Kind::reduce) return true;
    return false;
  }();
  // What is left may be a map, whose loops are all of one role.
  if (!reduces)
    for (const size_t role : {1, 2}) {
      body.order[0].insert(body.order[0].end(), body.order[role].begin(), body.order[role].end());
      body.order[role].clear();
    }
  merge_loops(body, used);

  std::vector<uint32_t> renamed(graph.nodes().size(), none);
  for (uint32_t id = 0; id < graph.nodes().size(); ++id) {
    if (!needed[id]) continue;
    renamed[id] = static_cast<uint32_t>(body.nodes.size());
    Node n = graph.nodes()[id];
    uint64_t atoms = 0;
    for (uint32_t& o : n.operand)
      if (o != none) {
        o = renamed[o];
        atoms |= body.atoms_of[o];
      }
    if (n.affine != none && n.kind != Node::Kind::check)
      for (const Term& t : body.affines[n.affine].terms)
        atoms |= body.atoms[t.atom].is_loop() ? uint64_t{1} << t.atom : body.atoms_of[renamed[body.atoms[t.atom].node]];
    if (n.kind == Node::Kind::reduce) atoms &= ~body.mask(n.reduces_down() ? Role::outer : Role::reduced);
    body.nodes.push_back(n);
    body.levels.push_back(graph.level(id));
    body.atoms_of.push_back(atoms);
  }
  for (Body::Store& s : body.stores) s.node = renamed[s.node];
  for (Atom& a : body.atoms)
    if (!a.is_loop()) a.node = renamed[a.node];
  return body;
}

}  // namespace tolk::kernels
