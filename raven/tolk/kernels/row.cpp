// Reductions over rows that one task reads whole, and what is made of them: softmax, norms, losses, sums and extremes
// of the last axis. A row is run over as often as statistics wait for each other; a last time for what is stored of
// each element. Between the runs only what is dear is kept.
#include <algorithm>

#include "raven/tolk/kernels/kinds.hpp"
#include "raven/tolk/kernels/reduction.hpp"

namespace tolk::kernels {

namespace {

using loop::Id;

constexpr int64_t most_kept_bytes = 256 << 10;  // of rows between two runs, per thread
constexpr int keep_cost = 16, reread_cost = 3;  // additions and loads, above which an element is kept, or read back

/// What one run over the row does.
struct Run {
  std::vector<uint32_t> reduces;
  std::vector<Body::Store> stores;
  std::vector<uint32_t> nodes;  ///< to be emitted
  std::vector<uint32_t> given;  ///< kept by an earlier run
  std::vector<uint32_t> keeps;  ///< in a row of its own
};

/// What a later run loads instead of computing it again.
struct Kept {
  Id row = loop::no_id;                ///< a local row, or
  const Body::Store* store = nullptr;  ///< what an earlier run stored
};

struct Rows {
  const Body& body;
  std::vector<Run> runs;
  std::vector<bool> reread;  ///< by store
  std::vector<uint32_t> kept_rows;
  std::vector<const Body::Store*> kept_store;  ///< by node
  uint64_t varying;

  explicit Rows(const Body& of)
      : body(of), reread(of.stores.size()), kept_store(of.nodes.size()), varying(of.mask(Role::reduced)) {
    const Parts parts(of);
    int last = 0;
    for (const uint32_t r : parts.reduces) last = std::max(last, of.levels[of.nodes[r].operand[0]]);
    for (const Body::Store& s : parts.full) last = std::max(last, of.levels[s.node]);
    runs.resize(static_cast<size_t>(last) + 1);
    for (const uint32_t r : parts.reduces)
      runs[static_cast<size_t>(of.levels[of.nodes[r].operand[0]])].reduces.push_back(r);
    for (const Body::Store& s : parts.full) runs[static_cast<size_t>(of.levels[s.node])].stores.push_back(s);
    int64_t bytes = 0;
    std::vector<int> computed_in(of.nodes.size(), -1);  // the first run that computes a node
    std::vector<bool> in_row(of.nodes.size());
    for (size_t k = 0; k < runs.size(); ++k) {
      Run& run = runs[k];
      std::vector<uint32_t> targets;
      for (const uint32_t r : run.reduces) targets.push_back(of.nodes[r].operand[0]);
      for (const Body::Store& s : run.stores) targets.push_back(s.node);
      std::vector<bool> given(of.nodes.size());
      // From the targets down: the first node that an earlier run computed and that is worth it is kept.
      for (const uint32_t id : backwards(targets)) {
        if (computed_in[id] < 0 || (of.atoms_of[id] & varying) == 0 || !reached(id, targets, given)) continue;
        const int cost = cost_of_element(id);
        const Body::Store* store = stored_before(id, k);
        if (in_row[id]) {
          given[id] = true;
        } else if (store && cost > reread_cost) {
          given[id] = true;
          kept_store[id] = store;
          for (size_t i = 0; i < of.stores.size(); ++i)
            if (of.stores[i].value == store->value) reread[i] = true;
        } else if (cost >= keep_cost) {
          const int64_t own = of.extent(of.loops(Role::reduced)[0]) * loop::size_of(of.nodes[id].type);
          if (bytes + own > most_kept_bytes) continue;
          bytes += own;
          given[id] = in_row[id] = true;
          runs[static_cast<size_t>(computed_in[id])].keeps.push_back(id);
          kept_rows.push_back(id);
        }
        if (given[id]) run.given.push_back(id);
      }
      run.nodes = closure(of, targets, given);
      for (const uint32_t id : run.nodes)
        if (computed_in[id] < 0) computed_in[id] = static_cast<int>(k);
    }
  }

  std::vector<uint32_t> backwards(std::span<const uint32_t> targets) const {
    std::vector<uint32_t> list = closure(body, targets);
    std::reverse(list.begin(), list.end());
    return list;
  }
  bool reached(uint32_t id, std::span<const uint32_t> targets, const std::vector<bool>& given) const {
    const std::vector<uint32_t> list = closure(body, targets, given);
    return std::binary_search(list.begin(), list.end(), id);
  }
  const Body::Store* stored_before(uint32_t id, size_t run) const {
    for (size_t k = 0; k < run; ++k)
      for (const Body::Store& s : runs[k].stores)
        if (s.node == id) return &s;
    return nullptr;
  }
  /// Whether computing an element takes so many registers that 64 partial results beside it would not stay in theirs.
  bool is_heavy(const Run& run, int vector_bytes) const {
    if (run.reduces.empty()) return false;
    int widest = 1, costly = 0;
    for (const uint32_t id : run.nodes)
      if ((body.atoms_of[id] & varying) != 0 && body.nodes[id].kind == Node::Kind::apply) {
        widest = std::max(widest, loop::size_of(body.nodes[id].type));
        costly = std::max(costly, cost_of(body.nodes[id].code));
      }
    return costly >= keep_cost && run_partials * widest > 4 * vector_bytes;
  }
  /// Of one element: what changes along the row.
  int cost_of_element(uint32_t id) const {
    int cost = 0;
    const uint32_t targets[] = {id};
    for (const uint32_t n : closure(body, targets))
      if ((body.atoms_of[n] & varying) != 0)
        cost += body.nodes[n].kind == Node::Kind::apply ? cost_of(body.nodes[n].code) : 1;
    return cost;
  }
};

}  // namespace

Launch make_rows(const Body& body, const Context& context) {
  const Rows rows(body);
  const Parts parts(body);
  const uint16_t atom = body.loops(Role::reduced)[0];
  const int64_t n = body.extent(atom);

  std::vector<uint32_t> all, kept_targets;
  for (const Body::Store& s : parts.kept) kept_targets.push_back(s.node);
  const std::vector<uint32_t> last = closure(body, kept_targets);
  all = last;
  for (const Run& run : rows.runs) all.insert(all.end(), run.nodes.begin(), run.nodes.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());

  Emission e(body, context, "row", all);
  loop::Builder& b = e.b();
  for (size_t i = 0; i < body.stores.size(); ++i) e.declare_output(body.stores[i].value, rows.reread[i]);
  std::vector<Id> local(body.nodes.size(), loop::no_id);
  for (const uint32_t id : rows.kept_rows) local[id] = b.local(body.nodes[id].type, n);
  std::vector<std::vector<Tree>> trees(rows.runs.size());
  if (n > run_block)
    for (size_t k = 0; k < rows.runs.size(); ++k)
      for (const uint32_t r : rows.runs[k].reduces)
        trees[k].emplace_back(b, body.nodes[r].code, body.nodes[r].type, (n + run_block - 1) / run_block);

  // Operands of the reductions of a heavy run, one block of each.
  std::vector<std::vector<Id>> blocks(rows.runs.size());
  for (size_t k = 0; k < rows.runs.size(); ++k)
    if (rows.is_heavy(rows.runs[k], context.target.vector_bytes))
      for (const uint32_t r : rows.runs[k].reduces)
        blocks[k].push_back(b.local(body.nodes[body.nodes[r].operand[0]].type, std::min(n, run_block)));

  e.follow(all, body.stores);
  e.enter();
  e.emit(all);
  const Id t = b.loop(b.task_begin(), b.task_end());
  e.enter();
  e.bind_all(body.loops(Role::outer), t);
  for (size_t k = 0; k < rows.runs.size(); ++k) {
    const Run& run = rows.runs[k];
    e.emit(run.nodes);
    const auto each = [&](Id i) {
      e.bind(atom, i);
      for (const uint32_t id : run.given)
        e.give(id, local[id] != loop::no_id
                       ? b.load(local[id], i)
                       : b.load(e.output(rows.kept_store[id]->value), e.address(rows.kept_store[id]->affine)));
      e.emit(run.nodes);
      for (const uint32_t id : run.keeps) b.store(local[id], i, e.value(id));
      for (const Body::Store& s : run.stores) {
        size_t at = 0;
        while (body.stores[at].value != s.value) ++at;
        e.store(s, rows.reread[at]);
      }
    };
    if (run.reduces.empty()) {
      if (run.stores.empty()) continue;
      const Id i = b.lanes(b.index(0), b.index(n), e.width(run.nodes, rows.varying));
      e.enter();
      each(i);
      e.leave();
      b.end();
      continue;
    }
    // What needs many registers for each vector is computed a vector at a time, and the partial sums read it back.
    const bool apart = !blocks[k].empty();
    const std::vector<Id> results = reduce_run(
        e, run.reduces, b.index(0), b.index(n), {n, n % run_block == 0}, trees[k],
        [&](Id begin, Id end) {
          if (!apart) return;
          const Id i = b.lanes(begin, end, e.width(run.nodes, rows.varying));
          e.enter();
          each(i);
          for (size_t r = 0; r < run.reduces.size(); ++r)
            b.store(blocks[k][r], b.sub(i, begin), e.value(body.nodes[run.reduces[r]].operand[0]));
          e.leave();
          b.end();
        },
        [&](Id i, Id begin) {
          if (!apart) return each(i);
          for (size_t r = 0; r < run.reduces.size(); ++r)
            e.give(body.nodes[run.reduces[r]].operand[0], b.load(blocks[k][r], b.sub(i, begin)));
        });
    for (size_t i = 0; i < results.size(); ++i) e.give(run.reduces[i], results[i]);
  }
  e.emit(last);
  for (const Body::Store& s : parts.kept) e.store(s);
  e.leave();
  b.end();
  e.leave();
  Launch launch = e.finish();
  estimate(launch, body, context, body.space.outer);
  return launch;
}

}  // namespace tolk::kernels
