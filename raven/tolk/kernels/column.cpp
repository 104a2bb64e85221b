// Reductions that one task cannot read whole, or that go down columns. The first launch reduces segments; where there
// are several a second one combines them. What is made of the results, one element per column or run, is stored by the
// last.
#include <algorithm>

#include "raven/tolk/kernels/kinds.hpp"
#include "raven/tolk/kernels/segments.hpp"

namespace tolk::kernels {

namespace {

using loop::Code;
using loop::Id;

/// Rows whose elements one pass over the columns of a tile adds: that many streams of memory, in whole cache lines.
constexpr int64_t rows_at_once = 4;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

bool serves_any_run(const Body& body, const Context& context) {
  if (body.space.outer != 1 || body.space.inner != 1 || body.loops(Role::reduced).size() != 1) return false;
  constexpr int heavy = 16;  // rows have a shape of their own for it
  for (const Node& n : body.nodes)
    if (n.kind == Node::Kind::apply && cost_of(n.code) >= heavy) return false;
  for (const Body::Store& s : body.stores)
    if (body.levels[s.node] > (s.extent == Extent::full ? 0 : 1)) return false;
  for (uint32_t id = 0; id < body.nodes.size(); ++id)
    if (body.nodes[id].kind == Node::Kind::reduce && body.levels[id] > 1) return false;
  return goes_by_elements(body, context, body.loops(Role::reduced)[0]);
}

void make_long_runs(const Body& body, const Context& context, Schedule& schedule) {
  const Parts parts(body);
  const uint16_t atom = body.loops(Role::reduced)[0];
  const int64_t run_segment = context.values.limits.run_segment;
  const int64_t n = body.extent(atom), count = ceil_div(n, run_segment);
  const bool symbolic = serves_any_run(body, context);
  const Segments segments = make_segments(
      body, {.reduces = parts.reduces, .outer = body.space.outer, .count = count, .symbolic = symbolic}, schedule);
  const std::vector<uint32_t> nodes = closure(body, merged(parts.operands(), nodes_of(parts.full)));
  // One segment is the whole run: nothing is left to combine.
  const bool whole = count == 1;
  const std::vector<uint32_t> last = whole ? closure(body, nodes_of(parts.kept)) : std::vector<uint32_t>();
  const std::vector<uint32_t> all = merged(nodes, last);
  Emission e(body, context, "run", all, symbolic);
  loop::Builder& b = e.b();
  for (const Body::Store& s : parts.full) e.declare_output(s.value);
  if (whole)
    for (const Body::Store& s : parts.kept) e.declare_output(s.value);
  else
    segments.declare(e, loop::Access::write);
  std::vector<Tree> trees;
  for (const uint32_t r : parts.reduces)
    trees.emplace_back(b, body.nodes[r].code, body.nodes[r].type, run_segment / run_block);
  std::vector<Body::Store> followed = parts.full;
  if (whole) followed.insert(followed.end(), parts.kept.begin(), parts.kept.end());
  e.follow(all, followed);
  e.enter();
  e.emit(all);
  const Id t = b.loop(b.task_begin(), b.task_end());
  e.enter();
  const Id length = symbolic ? b.dim(0) : b.index(n);
  Id o = b.index(0), s = t;
  if (!symbolic) o = b.binary(Code::idiv, t, b.index(count)), s = b.binary(Code::rem, t, b.index(count));
  e.bind_all(body.loops(Role::outer), o);
  e.emit(all);
  const Id from = b.mul(s, b.index(run_segment));
  const Id to = b.binary(Code::minimum, b.add(from, b.index(run_segment)), length);
  const std::vector<Id> results = reduce_run(
      e, parts.reduces, from, to, {run_segment, !symbolic && n % run_block == 0}, trees, [](Id, Id) {},
      [&](Id i, Id) {
        e.bind(atom, i);
        e.emit(nodes);
        for (const Body::Store& store : parts.full) e.store(store);
      });
  if (whole) {
    for (size_t k = 0; k < results.size(); ++k) e.give(parts.reduces[k], results[k]);
    e.emit(last);
    for (const Body::Store& store : parts.kept) e.store(store);
  } else {
    segments.store(e, o, s, b.index(0), results);
  }
  e.leave();
  b.end();
  e.leave();
  Launch launch = e.finish();
  if (symbolic) launch.dims = whole ? std::vector<int64_t>{n} : std::vector<int64_t>{n, count};
  estimate(launch, body, context, body.space.outer * count);
  schedule.launches.push_back(std::move(launch));
  if (!whole) schedule.launches.push_back(combine(body, context, segments, parts.kept));
}

void make_columns(const Body& body, const Context& context, Schedule& schedule) {
  const Parts parts(body);
  const uint16_t column = body.loops(Role::inner)[0];
  const int64_t n = body.space.reduced, width = body.space.inner, outer = body.space.outer;
  // Enough columns for all threads are not cut into segments: nothing needs combining then.
  const Limits& limits = context.values.limits;
  int64_t tile = std::min(limits.column_tile, width), segment = limits.column_segment;
  const bool is_long = n > segment && outer * ceil_div(width, tile) < 64,
             is_large = outer * n * width >= limits.column_elements;
  // Too few tasks: shorter segments first, since whole rows of a tile follow each other in memory.
  while (is_large && segment > limits.least_column_segment &&
         outer * ceil_div(n, segment) * ceil_div(width, tile) < limits.column_tasks)
    segment /= 2;
  const int64_t count = is_long || segment < limits.column_segment ? ceil_div(n, segment) : 1;
  while (tile > limits.least_column_tile && outer * count * ceil_div(width, tile) < limits.column_tasks) tile /= 2;
  const int64_t cuts = ceil_div(width, tile);
  const int64_t rows = count > 1 ? segment : n, blocks = ceil_div(rows, column_block);
  const Segments segments = make_segments(
      body, {.reduces = parts.reduces, .outer = outer, .count = count, .width = width, .column = column}, schedule);
  const std::vector<uint32_t> nodes = closure(body, merged(parts.operands(), nodes_of(parts.full)));
  const std::vector<uint32_t> last = count > 1 ? std::vector<uint32_t>() : closure(body, nodes_of(parts.kept));
  const std::vector<uint32_t> all = merged(nodes, last);

  Emission e(body, context, "column", all);
  loop::Builder& b = e.b();
  for (const Body::Store& s : parts.full) e.declare_output(s.value);
  if (count == 1)
    for (const Body::Store& s : parts.kept) e.declare_output(s.value);
  else
    segments.declare(e, loop::Access::write);
  std::vector<Tree> trees;
  std::vector<Id> partials;  // of the block that is being added, by column
  if (blocks > 1)
    for (const uint32_t r : parts.reduces) {
      trees.emplace_back(b, body.nodes[r].code, body.nodes[r].type, blocks, tile);
      partials.push_back(b.local(body.nodes[r].type, tile));
    }
  std::vector<Body::Store> followed = parts.full;
  followed.insert(followed.end(), parts.kept.begin(), parts.kept.end());
  e.follow(all, followed);
  e.enter();
  e.emit(all);
  const Id t = b.loop(b.task_begin(), b.task_end());
  e.enter();
  const Id cut = b.binary(Code::rem, t, b.index(cuts)), rest = b.binary(Code::idiv, t, b.index(cuts));
  const Id s = b.binary(Code::rem, rest, b.index(count)), o = b.binary(Code::idiv, rest, b.index(count));
  const Id left = b.mul(cut, b.index(tile));
  const Id right = width % tile == 0 ? b.add(left, b.index(tile))
                                     : b.binary(Code::minimum, b.add(left, b.index(tile)), b.index(width));
  const Id top = b.mul(s, b.index(segment));
  const Id bottom = count == 1 ? b.index(n) : b.binary(Code::minimum, b.add(top, b.index(segment)), b.index(n));
  e.bind_all(body.loops(Role::outer), o);
  e.emit(all);
  const int64_t lanes = e.width(nodes, ~uint64_t{0});

  // Rows from the first to before `end` of this lane's column, added to `start`.
  const auto add_rows = [&](Id first, Id end, std::span<const Id> start) {
    std::vector<Id> sums;
    for (size_t k = 0; k < start.size(); ++k) sums.push_back(b.reg(body.nodes[parts.reduces[k]].type, 1, start[k]));
    const Id row = b.loop(first, end);
    e.enter();
    e.bind_all(body.loops(Role::reduced), row);
    e.emit(nodes);
    for (size_t k = 0; k < sums.size(); ++k) {
      const Node& n = body.nodes[parts.reduces[k]];
      b.set(sums[k], b.binary(n.code, b.get(sums[k]), e.value(n.operand[0])));
    }
    for (const Body::Store& store : parts.full) e.store(store);
    e.leave();
    b.end();
    std::vector<Id> values;
    for (const Id sum : sums) values.push_back(b.get(sum));
    return values;
  };
  std::vector<Id> nothing;
  for (const uint32_t r : parts.reduces) nothing.push_back(neutral(b, body.nodes[r].code, body.nodes[r].type));
  const auto finish = [&](Id j, std::span<const Id> values) {
    for (size_t k = 0; k < values.size(); ++k) e.give(parts.reduces[k], values[k]);
    if (count > 1) {
      segments.store(e, o, s, j, values);
    } else {
      e.emit(last);
      for (const Body::Store& store : parts.kept) e.store(store);
    }
  };
  const auto open = [&] {
    const Id j = b.lanes(left, right, lanes);
    e.enter();
    e.bind(column, j);
    e.emit(nodes);
    return j;
  };
  const auto close = [&] {
    e.leave();
    b.end();
  };
  if (blocks == 1) {
    const Id j = open();
    finish(j, add_rows(b.index(0), b.index(n), nothing));
    close();
  } else {
    const Id first = b.loop(top, bottom, column_block);
    e.enter();
    Id end = b.add(first, b.index(column_block));
    if (n % column_block != 0) end = b.binary(Code::minimum, end, bottom);
    const Id number = b.binary(Code::idiv, b.sub(first, top), b.index(column_block));
    const Id group = b.loop(first, end, rows_at_once);
    e.enter();
    Id stop = b.add(group, b.index(rows_at_once));
    if (n % rows_at_once != 0) stop = b.binary(Code::minimum, stop, end);
    Id j = open();
    const Id column_in_tile = b.sub(j, left), later = b.binary(Code::ne, group, first);
    std::vector<Id> start;
    for (size_t k = 0; k < partials.size(); ++k)
      start.push_back(b.load_if(partials[k], column_in_tile, later, nothing[k]));
    const std::vector<Id> sums = add_rows(group, stop, start);
    for (size_t k = 0; k < partials.size(); ++k) b.store(partials[k], column_in_tile, sums[k]);
    close();
    e.leave();
    b.end();
    j = open();
    for (size_t k = 0; k < trees.size(); ++k)
      trees[k].push(number, b.load(partials[k], b.sub(j, left)), b.sub(j, left));
    close();
    e.leave();
    b.end();
    const Id pushed = b.binary(Code::idiv, b.add(b.sub(bottom, top), b.index(column_block - 1)), b.index(column_block));
    j = open();
    std::vector<Id> results;
    for (Tree& tree : trees) results.push_back(tree.value(pushed, b.sub(j, left)));
    finish(j, results);
    close();
  }
  e.leave();
  b.end();
  e.leave();
  Launch launch = e.finish();
  estimate(launch, body, context, outer * count * cuts);
  schedule.launches.push_back(std::move(launch));
  if (count > 1) schedule.launches.push_back(combine(body, context, segments, parts.kept));
}

}  // namespace tolk::kernels
