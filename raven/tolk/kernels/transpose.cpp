// Maps that read some operand across the direction they write in: tiles of both directions, into which such an operand
// is first turned, a square of one cache line by as many rows at a time, so that every line of memory is fetched once.
// A tile is one line wide and many rows high: reading and writing alternate often enough for memory to do both at once.
#include <algorithm>

#include "raven/tolk/kernels/kinds.hpp"

namespace tolk::kernels {

namespace {

using loop::Code;
using loop::Id;

constexpr int64_t width = loop::turn_rows, height = 32;
constexpr int64_t least_extent = 16;
constexpr size_t most_across = 4;

}  // namespace

Across find_across(const Body& body, uint16_t lanes_atom) {
  Across across;
  if (body.extent(lanes_atom) < least_extent) return across;
  for (uint32_t id = 0; id < body.nodes.size(); ++id) {
    const Node& n = body.nodes[id];
    if (n.kind != Node::Kind::load || n.operand[0] != none) continue;
    const Affine& at = body.affines[n.affine];
    const int64_t factor = at.factor(lanes_atom);
    if (factor == 0 || factor == 1) continue;
    for (const Term& t : at.terms) {
      if (!body.atoms[t.atom].is_loop()) {
        across.loads.clear();
        return across;
      }
      if (t.factor != 1 || body.extent(t.atom) < least_extent) continue;
      if (!across.loads.empty() && across.atom != t.atom) continue;
      if (across.loads.size() == most_across) continue;
      across.atom = t.atom;
      across.loads.push_back(id);
    }
  }
  return across;
}

Launch make_transposing(const Body& body, const Context& context, uint16_t lanes_atom, const Across& across) {
  std::vector<uint16_t> rest = body.loops(Role::outer);
  std::erase_if(rest, [&](uint16_t a) { return a == lanes_atom || a == across.atom; });
  int64_t tasks = 1;
  for (const uint16_t a : rest) tasks *= body.extent(a);
  const int64_t own = body.extent(across.atom), other = body.extent(lanes_atom);
  const int64_t own_tiles = (own + width - 1) / width, other_tiles = (other + height - 1) / height;

  std::vector<uint32_t> targets;
  for (const Body::Store& s : body.stores) targets.push_back(s.node);
  std::vector<bool> given(body.nodes.size());
  for (const uint32_t id : across.loads) given[id] = true;
  const std::vector<uint32_t> all = closure(body, targets), nodes = closure(body, targets, given);

  Emission e(body, context, "map", all);
  loop::Builder& b = e.b();
  for (const Body::Store& s : body.stores) e.declare_output(s.value);
  std::vector<Id> copies;
  for (const uint32_t id : across.loads) copies.push_back(b.local(body.nodes[id].type, width * height));
  e.follow(all, body.stores);
  e.enter();
  e.emit(nodes);
  const Id t = b.loop(b.task_begin(), b.task_end());
  e.enter();
  const auto ends = [&](Id from, int64_t length, int64_t extent) {
    const Id to = b.add(from, b.index(length));
    return extent % length == 0 ? to : b.binary(Code::minimum, to, b.index(extent));
  };
  // Neighbouring tasks go on along the rows of what is turned.
  const Id own_from = b.mul(b.binary(Code::rem, t, b.index(own_tiles)), b.index(width));
  const Id own_to = ends(own_from, width, own);
  Id position = b.binary(Code::idiv, t, b.index(own_tiles));
  const Id other_from = b.mul(b.binary(Code::rem, position, b.index(other_tiles)), b.index(height));
  const Id other_to = ends(other_from, height, other);
  position = b.binary(Code::idiv, position, b.index(other_tiles));
  e.bind_all(rest, position);
  e.emit(nodes);
  const auto place = [&](Id i, Id j) {
    const Id row = b.mul(b.sub(i, own_from), b.index(height));
    return b.add(row, b.sub(j, other_from));
  };
  // Whole squares, then what is left at the ends of either direction, element by element.
  Id whole = other_to;
  if (other % width != 0) {
    const Id rest = b.binary(Code::rem, b.sub(other_to, other_from), b.index(width));
    whole = b.sub(other_to, rest);
  }
  if (own % width != 0) {
    const Id wide = b.binary(Code::eq, b.sub(own_to, own_from), b.index(width));
    whole = b.select(wide, whole, other_from);
  }
  {
    const Id j = b.loop(other_from, whole, width);
    e.enter();
    e.bind(lanes_atom, j);
    e.bind(across.atom, own_from);
    for (size_t k = 0; k < copies.size(); ++k) {
      const Node& load = body.nodes[across.loads[k]];
      const int64_t side = loop::turn_side(load.type), stride = body.affines[load.affine].factor(lanes_atom);
      const Id storage = e.output(static_cast<uint32_t>(load.bits)), from = e.address(load.affine);
      const Id to = place(own_from, j);
      for (int64_t r = 0; r < width; r += side)
        for (int64_t c = 0; c < width; c += side) {
          const Id source = b.add(from, b.index(r * stride + c));
          b.turn(storage, source, stride, copies[k], b.add(to, b.index(c * height + r)));
        }
    }
    e.leave();
    b.end();
  }
  if (own % width != 0 || other % width != 0) {
    const Id j = b.loop(whole, other_to);
    e.enter();
    e.bind(lanes_atom, j);
    const Id i = b.lanes(own_from, own_to, e.width(across.loads, ~uint64_t{0}));
    e.enter();
    e.bind(across.atom, i);
    e.emit(across.loads);
    for (size_t k = 0; k < copies.size(); ++k) b.store(copies[k], place(i, j), e.value(across.loads[k]));
    e.leave();
    b.end();
    e.leave();
    b.end();
  }
  const Id i = b.loop(own_from, own_to);
  e.enter();
  e.bind(across.atom, i);
  e.emit(nodes);
  const Id j = b.lanes(other_from, other_to, e.width(all, uint64_t{1} << lanes_atom));
  e.enter();
  e.bind(lanes_atom, j);
  for (size_t k = 0; k < copies.size(); ++k) e.give(across.loads[k], b.load(copies[k], place(i, j)));
  e.emit(nodes);
  for (const Body::Store& s : body.stores) e.store(s);
  e.leave();
  b.end();
  e.leave();
  b.end();
  e.leave();
  b.end();
  e.leave();
  Launch launch = e.finish();
  estimate(launch, body, context, tasks * own_tiles * other_tiles);
  return launch;
}

}  // namespace tolk::kernels
