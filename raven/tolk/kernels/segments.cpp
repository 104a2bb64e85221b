#include "raven/tolk/kernels/segments.hpp"

#include <algorithm>

namespace tolk::kernels {

using loop::Code;

namespace {
/// Bounds the levels of a tree over the segments of a run of any length.
constexpr int64_t most_segments = int64_t{1} << 32;

nx::DType dtype_of(loop::Type type) { return static_cast<nx::DType>(static_cast<int>(type) - 1); }
}  // namespace

void Segments::declare(Emission& e, loop::Access access) const {
  const loop::Id elements = symbolic ? number(e.b()) : e.b().index(outer * count * width);
  for (size_t k = 0; k < reduces.size(); ++k)
    e.declare_temporary(first + static_cast<uint32_t>(k), e.body().nodes[reduces[k]].type, elements, access);
}

loop::Id Segments::at(loop::Builder& b, loop::Id o, loop::Id s, loop::Id j) const {
  const loop::Id row = outer == 1 ? s : b.add(b.mul(o, b.index(count)), s);
  return width == 1 ? row : b.add(b.mul(row, b.index(width)), j);
}

void Segments::store(Emission& e, loop::Id o, loop::Id s, loop::Id j, std::span<const loop::Id> values) const {
  for (size_t k = 0; k < values.size(); ++k) {
    const loop::Id place = at(e.b(), o, s, j);
    e.b().store(e.temporary(first + static_cast<uint32_t>(k)), place, values[k]);
  }
}

Segments make_segments(const Body& body, Segments segments, Schedule& schedule) {
  segments.first = static_cast<uint32_t>(schedule.temporaries.size());
  if (segments.count > 1)
    for (const uint32_t r : segments.reduces)
      schedule.temporaries.push_back(
          {dtype_of(body.nodes[r].type), nx::Shape{segments.outer, segments.count, segments.width}});
  return segments;
}

Launch combine(const Body& body, const Context& context, const Segments& segments,
               std::span<const Body::Store> stores) {
  const std::vector<uint32_t> made = closure(body, nodes_of(stores));
  Emission e(body, context, "combine", made);
  loop::Builder& b = e.b();
  for (const Body::Store& s : stores) e.declare_output(s.value);
  segments.declare(e, loop::Access::read);
  const bool columns = segments.width > 1;
  const int64_t tile = std::min(context.values.limits.combined_columns, segments.width),
                cuts = (segments.width + tile - 1) / tile;
  std::vector<Tree> trees;
  for (const uint32_t r : segments.reduces)
    trees.emplace_back(b, body.nodes[r].code, body.nodes[r].type, segments.symbolic ? most_segments : segments.count,
                       tile);
  e.follow(made, stores);
  e.enter();
  e.emit(made);
  const loop::Id t = b.loop(b.task_begin(), b.task_end());
  e.enter();
  loop::Id o = t, from = b.index(0);
  if (cuts > 1) {
    o = b.binary(Code::idiv, t, b.index(cuts));
    from = b.mul(b.binary(Code::rem, t, b.index(cuts)), b.index(tile));
  }
  if (segments.outer > 1) e.bind_all(body.loops(Role::outer), o);
  e.emit(made);
  loop::Id j = b.index(0);
  if (columns) {
    const loop::Id to = b.binary(Code::minimum, b.add(from, b.index(tile)), b.index(segments.width));
    j = b.lanes(from, to, e.width(segments.reduces, ~uint64_t{0}));
  }
  e.enter();
  if (columns) e.bind(segments.column, j);
  const loop::Id lane = b.sub(j, from);
  const loop::Id s = b.loop(b.index(0), segments.number(b));
  for (size_t k = 0; k < trees.size(); ++k) {
    const loop::Id place = segments.at(b, o, s, j);
    trees[k].push(s, b.load(e.temporary(segments.first + static_cast<uint32_t>(k)), place), lane);
  }
  b.end();
  for (size_t k = 0; k < trees.size(); ++k) e.give(segments.reduces[k], trees[k].value(segments.number(b), lane));
  e.emit(made);
  for (const Body::Store& store : stores) e.store(store);
  e.leave();
  if (columns) b.end();
  e.leave();
  b.end();
  e.leave();
  Launch launch = e.finish();
  if (segments.symbolic) launch.dims = {body.space.reduced, segments.count};
  estimate(launch, body, context, segments.outer * cuts);
  return launch;
}

}  // namespace tolk::kernels
