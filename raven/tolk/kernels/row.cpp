// Reductions over rows that one task reads whole, and what is made of them: softmax, norms, losses, sums and extremes
// of the last axis. A row is run over as often as statistics wait for each other; a last time for what is stored of
// each element. Between the runs only what is dear is kept. Sums down the columns of the same rows go along: a task
// takes some blocks of 16 rows and adds the elements to a row of sums as it comes to them.
#include <algorithm>
#include <bit>

#include "raven/tolk/kernels/kinds.hpp"
#include "raven/tolk/kernels/segments.hpp"

namespace tolk::kernels {

namespace {

using loop::Id;

constexpr int keep_cost = 16, reread_cost = 3;  // additions and loads, above which an element is kept, or read back

/// What one run over the row does.
struct Run {
  std::vector<uint32_t> reduces;
  std::vector<uint32_t> down;  ///< reductions over rows that take their operands here
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

  Rows(const Body& of, const Limits& limits)
      : body(of), reread(of.stores.size()), kept_store(of.nodes.size()), varying(of.mask(Role::reduced)) {
    const Parts parts(of);
    int last = 0;
    for (const uint32_t r : parts.reduces) last = std::max(last, of.levels[of.nodes[r].operand[0]]);
    for (const uint32_t r : parts.down) last = std::max(last, of.levels[of.nodes[r].operand[0]]);
    for (const Body::Store& s : parts.full) last = std::max(last, of.levels[s.node]);
    runs.resize(static_cast<size_t>(last) + 1);
    for (const uint32_t r : parts.reduces)
      runs[static_cast<size_t>(of.levels[of.nodes[r].operand[0]])].reduces.push_back(r);
    for (const uint32_t r : parts.down) runs[static_cast<size_t>(of.levels[of.nodes[r].operand[0]])].down.push_back(r);
    for (const Body::Store& s : parts.full) runs[static_cast<size_t>(of.levels[s.node])].stores.push_back(s);
    int64_t bytes = 0;
    std::vector<int> computed_in(of.nodes.size(), -1);  // the first run that computes a node
    std::vector<bool> in_row(of.nodes.size());
    for (size_t k = 0; k < runs.size(); ++k) {
      Run& run = runs[k];
      std::vector<uint32_t> targets;
      for (const uint32_t r : run.reduces) targets.push_back(of.nodes[r].operand[0]);
      for (const uint32_t r : run.down) targets.push_back(of.nodes[r].operand[0]);
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
          if (bytes + own > limits.kept_row_bytes) continue;
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

/// Rows that a task takes where it sums down their columns: whole powers of two of blocks.
int64_t rows_of_task(int64_t rows, const Limits& limits) {
  int64_t taken = limits.column_segment;
  while (taken > column_block && rows < taken * limits.down_tasks) taken /= 2;
  return taken;
}
constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Reductions over rows: elements are added to a row of sums, block by block of 16 rows in order; the sums of blocks
/// go to a tree per column.
class Down {
 public:
  /// Outside of loops.
  Down(Emission& e, std::span<const uint32_t> reduces, const Limits& limits) : e_(e), reduces_(reduces) {
    if (reduces.empty()) return;
    const Body& body = e.body();
    rows_ = body.space.outer, width_ = body.space.reduced, taken_ = rows_of_task(rows_, limits);
    loop::Builder& b = e.b();
    for (const uint32_t r : reduces) {
      const Node& n = body.nodes[r];
      sums_.push_back(b.local(n.type, width_));
      if (blocks() > 1) trees_.emplace_back(b, n.code, n.type, blocks(), width_);
    }
  }
  /// Opens the loops over a task's rows.
  Id open(Id task) {
    loop::Builder& b = e_.b();
    top_ = b.mul(task, b.index(taken_));
    const Id end = b.add(top_, b.index(taken_));
    bottom_ = rows_ % taken_ == 0 ? end : b.binary(loop::Code::minimum, end, b.index(rows_));
    first_ = b.loop(top_, bottom_, column_block);
    e_.enter();
    Id stop = b.add(first_, b.index(column_block));
    if (rows_ % column_block != 0) stop = b.binary(loop::Code::minimum, stop, bottom_);
    const Id row = b.loop(first_, stop);
    e_.enter();
    later_ = b.binary(loop::Code::ne, row, first_);
    return row;
  }
  /// Adds element i of the row, inside lanes, to those of `reduces` whose operand is there.
  void add(std::span<const uint32_t> reduces, Id i) {
    loop::Builder& b = e_.b();
    for (const uint32_t r : reduces) {
      const Node& n = e_.body().nodes[r];
      const Id sums = sums_[static_cast<size_t>(std::find(reduces_.begin(), reduces_.end(), r) - reduces_.begin())];
      const Id before = b.load_if(sums, i, later_, neutral(b, n.code, n.type));
      b.store(sums, i, b.binary(n.code, before, e_.value(n.operand[0])));
    }
  }
  /// Closes the loops; `result(column, values)` then takes what the task has of each column.
  template <class Result>
  void close(Result&& result) {
    loop::Builder& b = e_.b();
    e_.leave();
    b.end();
    const auto each = [&](auto&& f) {
      const Id j = b.lanes(b.index(0), b.index(width_), e_.width(reduces_, ~uint64_t{0}));
      e_.enter();
      f(j);
      e_.leave();
      b.end();
    };
    if (!trees_.empty())
      each([&](Id j) {
        const Id number = b.binary(loop::Code::idiv, b.sub(first_, top_), b.index(column_block));
        for (size_t k = 0; k < trees_.size(); ++k) trees_[k].push(number, b.load(sums_[k], j), j);
      });
    e_.leave();
    b.end();
    each([&](Id j) {
      const Id rows = b.add(b.sub(bottom_, top_), b.index(column_block - 1));
      std::vector<Id> values;
      for (size_t k = 0; k < sums_.size(); ++k)
        values.push_back(trees_.empty() ? b.load(sums_[k], j)
                                        : trees_[k].value(b.binary(loop::Code::idiv, rows, b.index(column_block)), j));
      result(j, values);
    });
  }

 private:
  int64_t blocks() const { return std::min(taken_, rows_ + column_block - 1) / column_block; }
  Emission& e_;
  std::span<const uint32_t> reduces_;
  int64_t rows_ = 0, width_ = 0, taken_ = 1;
  std::vector<Id> sums_;
  std::vector<Tree> trees_;
  Id top_ = loop::no_id, bottom_ = loop::no_id, first_ = loop::no_id, later_ = loop::no_id;
};

}  // namespace

bool sums_down_fit(const Body& body, const Limits& limits) {
  // What goes along the rows must not wait for sums of all of them.
  std::vector<bool> waits(body.nodes.size());
  int64_t bytes = 0, taken = rows_of_task(body.space.outer, limits);
  for (uint32_t id = 0; id < body.nodes.size(); ++id) {
    const Node& n = body.nodes[id];
    for (const uint32_t o : n.operand) waits[id] = waits[id] || (o != none && waits[o]);
    if (n.affine != none && n.kind != Node::Kind::check)
      for (const Term& t : body.affines[n.affine].terms)
        waits[id] = waits[id] || (!body.atoms[t.atom].is_loop() && waits[body.atoms[t.atom].node]);
    if (n.kind != Node::Kind::reduce) continue;
    if (waits[id]) return false;
    waits[id] = n.reduces_down();
    const auto levels = static_cast<int64_t>(std::bit_width(static_cast<uint64_t>(taken / column_block)));
    if (n.reduces_down()) bytes += body.space.reduced * loop::size_of(n.type) * (levels + 2);
  }
  for (const Body::Store& s : body.stores)
    if (waits[s.node] && s.extent != Extent::column) return false;
  return bytes <= limits.kept_row_bytes;
}

void make_rows(const Body& body, const Context& context, Schedule& schedule) {
  const Limits& limits = context.values.limits;
  const Rows rows(body, limits);
  const Parts parts(body);
  const uint16_t atom = body.loops(Role::reduced)[0];
  const int64_t n = body.extent(atom);

  const std::vector<uint32_t> last = closure(body, nodes_of(parts.kept));
  std::vector<uint32_t> all = last;
  for (const Run& run : rows.runs) all.insert(all.end(), run.nodes.begin(), run.nodes.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());

  const int64_t segment_count =
      parts.down.empty() ? 0 : ceil_div(body.space.outer, rows_of_task(body.space.outer, limits));
  const Segments segments =
      make_segments(body, {.reduces = parts.down, .count = segment_count, .width = n, .column = atom}, schedule);
  // One task has the whole sums.
  const std::vector<uint32_t> of_columns =
      segments.count == 1 ? closure(body, nodes_of(parts.column)) : std::vector<uint32_t>();
  all = merged(std::move(all), of_columns);

  Emission e(body, context, "row", all);
  loop::Builder& b = e.b();
  for (size_t i = 0; i < body.stores.size(); ++i)
    if (body.stores[i].extent != Extent::column || segments.count == 1)
      e.declare_output(body.stores[i].value, rows.reread[i]);
  if (segments.count > 1) segments.declare(e, loop::Access::write);
  std::vector<Id> local(body.nodes.size(), loop::no_id);
  for (const uint32_t id : rows.kept_rows) local[id] = b.local(body.nodes[id].type, n);
  std::vector<std::vector<Tree>> trees(rows.runs.size());
  if (n > run_block)
    for (size_t k = 0; k < rows.runs.size(); ++k)
      for (const uint32_t r : rows.runs[k].reduces)
        trees[k].emplace_back(b, body.nodes[r].code, body.nodes[r].type, (n + run_block - 1) / run_block);

  // Operands of the reductions of a heavy run: the row that is kept of them anyway, or one block.
  struct Operand {
    Id row, block;
  };
  std::vector<std::vector<Operand>> operands(rows.runs.size());
  for (size_t k = 0; k < rows.runs.size(); ++k)
    if (rows.is_heavy(rows.runs[k], context.target.vector_bytes))
      for (const uint32_t r : rows.runs[k].reduces) {
        const uint32_t id = body.nodes[r].operand[0];
        const std::vector<uint32_t>& keeps = rows.runs[k].keeps;
        const bool kept = std::find(keeps.begin(), keeps.end(), id) != keeps.end();
        operands[k].push_back({kept ? local[id] : loop::no_id,
                               kept ? loop::no_id : b.local(body.nodes[id].type, std::min(n, run_block))});
      }

  Down down(e, parts.down, limits);

  e.follow(all, body.stores);
  e.enter();
  e.emit(all);
  const Id t = b.loop(b.task_begin(), b.task_end());
  e.enter();
  e.bind_all(body.loops(Role::outer), parts.down.empty() ? t : down.open(t));
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
      down.add(run.down, i);
      for (const Body::Store& s : run.stores) {
        size_t at = 0;
        while (body.stores[at].value != s.value) ++at;
        e.store(s, rows.reread[at]);
      }
    };
    if (run.reduces.empty()) {
      if (run.stores.empty() && run.down.empty()) continue;
      const Id i = b.lanes(b.index(0), b.index(n), e.width(run.nodes, rows.varying));
      e.enter();
      each(i);
      e.leave();
      b.end();
      continue;
    }
    // What needs many registers for each vector is computed a vector at a time, and the partial sums read it back.
    const bool apart = !operands[k].empty();
    const std::vector<Id> results = reduce_run(
        e, run.reduces, b.index(0), b.index(n), {n, n % run_block == 0}, trees[k],
        [&](Id begin, Id end) {
          if (!apart) return;
          const Id i = b.lanes(begin, end, e.width(run.nodes, rows.varying));
          e.enter();
          each(i);
          for (size_t r = 0; r < run.reduces.size(); ++r)
            if (const Id block = operands[k][r].block; block != loop::no_id)
              b.store(block, b.sub(i, begin), e.value(body.nodes[run.reduces[r]].operand[0]));
          e.leave();
          b.end();
        },
        [&](Id i, Id begin) {
          if (!apart) return each(i);
          for (size_t r = 0; r < run.reduces.size(); ++r) {
            const auto [row, block] = operands[k][r];
            e.give(body.nodes[run.reduces[r]].operand[0],
                   block == loop::no_id ? b.load(row, i) : b.load(block, b.sub(i, begin)));
          }
        });
    for (size_t i = 0; i < results.size(); ++i) e.give(run.reduces[i], results[i]);
  }
  e.emit(last);
  for (const Body::Store& s : parts.kept) e.store(s);
  if (!parts.down.empty())
    down.close([&](Id j, std::span<const Id> values) {
      if (segments.count > 1) return segments.store(e, b.index(0), t, j, values);
      for (size_t k = 0; k < values.size(); ++k) e.give(parts.down[k], values[k]);
      e.bind(atom, j);
      e.emit(of_columns);
      for (const Body::Store& s : parts.column) e.store(s);
    });
  e.leave();
  b.end();
  e.leave();
  Launch launch = e.finish();
  estimate(launch, body, context, parts.down.empty() ? body.space.outer : segments.count);
  schedule.launches.push_back(std::move(launch));
  if (segments.count > 1) schedule.launches.push_back(combine(body, context, segments, parts.column));
}

}  // namespace tolk::kernels
