#include "raven/tolk/kernels/kinds.hpp"

#include <algorithm>

#include "raven/tolk/kernels/reduction.hpp"

namespace tolk::kernels {

namespace {
/// Whether rows are read along memory: else a line is fetched for every element, and a transposed copy pays off.
bool reads_along(const Body& body, const Values& values) {
  const uint16_t row = body.loops(Role::reduced)[0];
  for (const Node& n : body.nodes) {
    if (n.kind != Node::Kind::load) continue;
    const int64_t factor = body.affines[n.affine].factor(row);
    if ((factor > 1 || factor < -1) &&
        bytes_of(values.program.aval(static_cast<Id>(n.bits))) > values.limits.cached_bytes)
      return false;
  }
  return true;
}
}  // namespace

KernelKind kind_of(const Space& space, const Limits& limits) {
  if (space.reduced == 1) return KernelKind::map;
  if (space.inner > 1) return KernelKind::columns;
  const bool is_long = space.reduced > limits.run_segment && space.outer < limits.run_rows;
  return is_long ? KernelKind::long_run : KernelKind::rows;
}

bool fits(const Graph& graph) {
  const KernelKind kind = kind_of(graph.space(), graph.values().limits);
  if (kind == KernelKind::map) return true;
  if (kind != KernelKind::rows) {
    // Tasks see parts of a reduction: nothing but what is kept may wait for it.
    for (const Graph::Member& m : graph.members())
      if (graph.level(m.node) > (m.extent == Extent::full ? 0 : 1)) return false;
  }
  std::vector<bool> all(graph.values().program.values());
  for (const Graph::Member& m : graph.members()) all[m.value] = true;
  const Body body = make_body(graph, all);
  if (kind == KernelKind::columns) return body.loops(Role::inner).size() == 1;
  if (body.loops(Role::reduced).size() != 1 || !reads_along(body, graph.values())) return false;
  const bool down = std::any_of(body.nodes.begin(), body.nodes.end(), [](const Node& n) { return n.reduces_down(); });
  return !down || (kind == KernelKind::rows && sums_down_fit(body, graph.values().limits));
}

void make_launches(const Body& body, const Context& context, Schedule& schedule) {
  const size_t first = schedule.launches.size();
  // Without a reduction the loops are those of a map, whoever reads the elements besides.
  const bool reduces =
      std::any_of(body.nodes.begin(), body.nodes.end(), [](const Node& n) { return n.kind == Node::Kind::reduce; });
  switch (reduces ? kind_of(body.space, context.values.limits) : KernelKind::map) {
    case KernelKind::map: schedule.launches.push_back(make_map(body, context)); break;
    case KernelKind::rows:
      if (serves_any_run(body, context))
        make_long_runs(body, context, schedule);
      else
        make_rows(body, context, schedule);
      break;
    case KernelKind::long_run: make_long_runs(body, context, schedule); break;
    case KernelKind::columns: make_columns(body, context, schedule); break;
  }
  for (size_t i = first; i < schedule.launches.size(); ++i) find_in_place(schedule.launches[i], body, context);
}

}  // namespace tolk::kernels
