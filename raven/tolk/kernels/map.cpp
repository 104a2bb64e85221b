// Kernels without reductions. Loops over which all accesses move as one are one already: most maps are a single loop,
// whose indices are the tasks. Otherwise the outer loops are tasks, the innermost one is run in lanes.
#include <algorithm>
#include <cstdlib>

#include "raven/tolk/kernels/kinds.hpp"

namespace tolk::kernels {

namespace {

using loop::Id;

constexpr int64_t lanes_align = 64;

std::vector<uint32_t> nodes_of(const Body& body) {
  std::vector<uint32_t> targets;
  for (const Body::Store& s : body.stores) targets.push_back(s.node);
  return closure(body, targets);
}

void store_all(Emission& e) {
  for (const Body::Store& s : e.body().stores) e.store(s);
}

/// One loop: n tasks. Where every access is element i or one number the kernel serves any n.
Launch flat(const Body& body, const Context& context) {
  const uint16_t atom = body.loops(Role::outer)[0];
  const int64_t n = body.extent(atom);
  const bool any_length = goes_by_elements(body, context, atom);
  const std::vector<uint32_t> nodes = nodes_of(body);
  Emission e(body, context, "map", nodes, any_length);
  for (const Body::Store& s : body.stores) e.declare_output(s.value);
  e.follow(nodes, body.stores);
  e.enter();
  e.emit(nodes);
  const Id i = e.b().lanes(e.b().task_begin(), e.b().task_end(), e.width(nodes, ~uint64_t{0}));
  e.enter();
  e.bind(atom, i);
  e.emit(nodes);
  store_all(e);
  e.leave();
  e.b().end();
  e.leave();
  Launch launch = e.finish();
  if (any_length) launch.dims = {n};
  launch.task_align = lanes_align;
  estimate(launch, body, context, n);
  return launch;
}

/// One element.
Launch single(const Body& body, const Context& context) {
  const std::vector<uint32_t> nodes = nodes_of(body);
  Emission e(body, context, "map", nodes);
  for (const Body::Store& s : body.stores) e.declare_output(s.value);
  e.follow(nodes, body.stores);
  e.enter();
  e.emit(nodes);
  store_all(e);
  e.leave();
  Launch launch = e.finish();
  estimate(launch, body, context, 1);
  return launch;
}

/// The loop that is run in lanes: the one along which most accesses go element by element.
size_t choose_lanes(const Body& body) {
  const std::vector<uint16_t>& loops = body.loops(Role::outer);
  size_t best = loops.size() - 1;
  double best_score = -1;
  for (size_t i = loops.size(); i-- > 0;) {
    double score = 0;
    const auto count = [&](uint32_t affine, double weight) {
      const int64_t factor = body.affines[affine].factor(loops[i]);
      score += weight * (factor == 1 ? 1 : factor == 0 ? 0.9 : 0.2);
    };
    for (const Node& n : body.nodes)
      if (n.kind == Node::Kind::load) count(n.affine, 1);
    for (const Body::Store& s : body.stores) count(s.affine, 1.5);
    // Lanes that a short loop leaves empty.
    score *= std::min(1.0, static_cast<double>(body.extent(loops[i])) / 16);
    if (score > best_score) best = i, best_score = score;
  }
  return best;
}

/// Loops in the order in which the largest operand lies: reads that follow each other are fetched ahead, writes are not
/// waited for.
std::vector<uint16_t> in_order_of_reads(const Body& body) {
  std::vector<uint16_t> loops = body.loops(Role::outer);
  for (const Node& n : body.nodes) {
    if (n.kind != Node::Kind::load) continue;
    const Affine& at = body.affines[n.affine];
    const auto stride = [&](uint16_t atom) { return std::abs(at.factor(atom)); };
    if (!std::all_of(loops.begin(), loops.end(), [&](uint16_t a) { return stride(a) > 0; })) continue;
    std::sort(loops.begin(), loops.end(),
              [&](uint16_t a, uint16_t b) { return stride(a) != stride(b) ? stride(a) > stride(b) : a < b; });
    break;
  }
  return loops;
}

/// The loops that are run in lanes as one: those too short for a vector and the next ones out. Results lie along them.
std::vector<uint16_t> short_loops(const Body& body) {
  constexpr int64_t least = 16;
  const std::vector<uint16_t>& loops = body.loops(Role::outer);
  size_t first = loops.size();
  int64_t extent = 1;
  while (first > 0 && extent < least) extent *= body.extent(loops[--first]);
  return {loops.begin() + static_cast<std::ptrdiff_t>(first), loops.end()};
}

/// Loads of long rows of a large table whose places are read at run time: no prefetcher finds the next one.
std::vector<uint32_t> far_rows(const Body& body, const Context& context, uint16_t lanes_atom) {
  const Limits& limits = context.values.limits;
  std::vector<uint32_t> loads;
  for (uint32_t id = 0; id < body.nodes.size(); ++id) {
    const Node& n = body.nodes[id];
    if (n.kind != Node::Kind::load || n.operand[0] != none) continue;
    const Affine& at = body.affines[n.affine];
    bool read = false, fixed = true;
    for (const Term& t : at.terms) {
      if (body.atoms[t.atom].is_loop()) continue;
      read = true;
      fixed &= (body.atoms_of[body.atoms[t.atom].node] >> lanes_atom & 1) == 0;
    }
    if (read && fixed && at.factor(lanes_atom) == 1 &&
        body.extent(lanes_atom) * loop::size_of(n.type) >= limits.far_row_bytes &&
        bytes_of(context.values.program.aval(static_cast<nx::Program::Id>(n.bits))) >= limits.far_table_bytes)
      loads.push_back(id);
  }
  return loads;
}

Launch nested(const Body& body, const Context& context) {
  std::vector<uint16_t> in_lanes = short_loops(body);
  if (in_lanes.size() == 1) {
    in_lanes = {body.loops(Role::outer)[choose_lanes(body)]};
    if (const Across across = find_across(body, in_lanes[0]); !across.loads.empty())
      return make_transposing(body, context, in_lanes[0], across);
  }
  int64_t lanes_extent = 1;
  uint64_t lanes_mask = 0;
  std::vector<uint16_t> rest = in_order_of_reads(body);
  for (const uint16_t a : in_lanes) {
    lanes_extent *= body.extent(a);
    lanes_mask |= uint64_t{1} << a;
    std::erase(rest, a);
  }
  // Loops inside a task, until it is worth being one.
  const int64_t task_elements = context.values.limits.map_elements;
  size_t split = rest.size();
  int64_t inside = lanes_extent;
  while (split > 0 && inside * body.extent(rest[split - 1]) <= task_elements) inside *= body.extent(rest[--split]);
  const std::vector<uint16_t> outer(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(split)),
      inner(rest.begin() + static_cast<std::ptrdiff_t>(split), rest.end());
  int64_t tasks = 1;
  for (const uint16_t a : outer) tasks *= body.extent(a);
  // A long loop in lanes under few tasks is cut.
  const int64_t pieces = inner.empty() && tasks < 64 && lanes_extent >= 2 * task_elements
                             ? (lanes_extent + task_elements - 1) / task_elements
                             : 1;

  const std::vector<uint32_t> nodes = nodes_of(body);
  Emission e(body, context, "map", nodes);
  for (const Body::Store& s : body.stores) e.declare_output(s.value);
  e.follow(nodes, body.stores);
  loop::Builder& b = e.b();
  e.enter();
  e.emit(nodes);
  const Id t = b.loop(b.task_begin(), b.task_end());
  e.enter();
  // Where the far rows begin that the task after next reads.
  std::vector<uint32_t> far;
  std::vector<Id> soon;
  if (in_lanes.size() == 1 && inner.empty() && pieces == 1) far = far_rows(body, context, in_lanes[0]);
  if (!far.empty()) {
    std::vector<uint32_t> places;
    for (const uint32_t id : far)
      for (const Term& term : body.affines[body.nodes[id].affine].terms)
        if (!body.atoms[term.atom].is_loop()) places.push_back(body.atoms[term.atom].node);
    const Id later = b.add(t, b.index(2)), last = b.sub(b.task_end(), b.index(1));
    e.enter();
    e.bind_all(outer, b.binary(loop::Code::minimum, later, last));
    e.emit(closure(body, places), /*checked=*/false);
    for (const uint32_t id : far) soon.push_back(e.address(body.nodes[id].affine));
    e.leave();
  }
  Id from = b.index(0), to = b.index(lanes_extent), position = t;
  if (pieces > 1) {
    const Id count = b.index(pieces), length = b.index(task_elements);
    from = b.mul(b.binary(loop::Code::rem, t, count), length);
    to = b.binary(loop::Code::minimum, b.add(from, length), to);
    position = b.binary(loop::Code::idiv, t, count);
  }
  e.bind_all(outer, position);
  e.emit(nodes);
  for (const uint16_t a : inner) {
    const Id i = b.loop(b.index(0), b.index(body.extent(a)));
    e.enter();
    e.bind(a, i);
    e.emit(nodes);
  }
  const Id j = b.lanes(from, to, e.width(nodes, lanes_mask));
  e.enter();
  for (size_t i = 0; i < far.size(); ++i)
    b.fetch(e.output(static_cast<uint32_t>(body.nodes[far[i]].bits)), b.add(soon[i], j));
  e.bind_joined(in_lanes, j);
  e.emit(nodes);
  store_all(e);
  e.leave();
  b.end();
  for (size_t i = 0; i < inner.size(); ++i) {
    e.leave();
    b.end();
  }
  e.leave();
  b.end();
  e.leave();
  Launch launch = e.finish();
  estimate(launch, body, context, tasks * pieces);
  return launch;
}

}  // namespace

Launch make_map(const Body& body, const Context& context) {
  const size_t loops = body.loops(Role::outer).size();
  return loops == 0 ? single(body, context) : loops == 1 ? flat(body, context) : nested(body, context);
}

}  // namespace tolk::kernels
