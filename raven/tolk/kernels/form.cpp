// Which values get bytes of their own, and which kernel computes them.
//
//   roots     results, operands of calls, reductions, values that are too dear to compute twice: what may get bytes
//   place     each root in program order: into a group whose loops it fits, or into one of its own. What a group
//             computes at the same index is read where it is computed
//   merge     kernels over the same rows of which one reads what the other has in the cache, and sums down those rows
//   stored    of the roots, those that something outside of their group reads
//   order     groups and calls, each as soon as the program came to it and its operands are there
#include <algorithm>
#include <queue>

#include "raven/base/message.hpp"
#include "raven/nx/internal/views.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/kernels/emission.hpp"
#include "raven/tolk/kernels/kinds.hpp"
#include "raven/tolk/kernels/recompute.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

namespace kernels {
namespace {

using Equation = Program::Equation;

constexpr int recompute_cost = 8;      // additions: above it two readers share bytes
constexpr size_t recompute_reads = 2;  // the same for arrays of its size that it reads
constexpr size_t most_candidates = 8, most_makers = 2;

/// A kernel in the making, or a call.
struct Unit {
  std::unique_ptr<Graph> graph;  ///< null for calls
  uint32_t equation = 0;         ///< calls; groups: the last member's
  std::vector<uint32_t> needs;   ///< units whose results it reads
  std::vector<Id> loads;
  int level = 0;      ///< above all that it needs
  bool read = false;  ///< another unit needs it
  bool gone = false;  ///< merged into another one
};

class Former {
 public:
  Former(const Program& program, const ScheduleTarget& target)
      : program_(program),
        limits_(target.limits),
        values_(program, limits_, target.runs("layout")),
        context_{values_, target, std::vector<bool>(program.values())},
        reason_(program.values(), nullptr),
        maker_(program.values(), none),
        last_reader_(program.values(), none),
        size_(program.values()),
        shows_(shown_values(values_)) {}

  Schedule run() {
    find_calls();
    find_roots();
    const auto equations = program_.equations();
    for (uint32_t k = 0; k < equations.size(); ++k) {
      if (is_call_[k]) {
        add_call(k);
      } else if (reason_[equations[k].first_result]) {
        place(equations[k].first_result);
      }
    }
    merge_rows();
    find_stored();
    return make_schedule();
  }

 private:
  // ---- views as the plan sees them

  bool is_view(Op op) const { return nx::has_flag(op, nx::op_flag::view); }
  bool is_empty(Id id) const { return count_of(program_.aval(id)) == 0; }
  bool is_number(Id id) const { return values_.made_by(id) && values_.made_by(id)->op == Op::Full; }

  // ---- what nx's kernels compute

  void find_calls() {
    const auto equations = program_.equations();
    is_call_.resize(equations.size());
    std::vector<int> readers(program_.values());
    for (const Equation& e : equations)
      for (const Id id : e.operands) ++readers[id];
    for (const Id id : program_.outputs()) ++readers[id];
    for (size_t k = 0; k < equations.size(); ++k) {
      const Equation& e = equations[k];
      is_call_[k] = !generated(e);
      if (e.op == Op::SliceUpdate && !is_number(shows_[e.operands[0]].root)) {
        // A small part of what nobody else reads is written where it lies.
        const int64_t part = count_of(program_.aval(e.operands[1])), all = count_of(program_.aval(e.first_result));
        is_call_[k] = is_call_[k] || (4 * part <= all && readers[e.operands[0]] == 1);
      }
      // Elements that a reshape brings out of order, when neighbours come from far apart: nx transposes in registers.
      if (e.op == Op::Reshape && shows_[e.first_result].root == e.first_result) {
        const Shown& x = shows_[e.operands[0]];
        is_call_[k] = count_of(program_.aval(e.first_result)) >= limits_.transposed_elements && x.strides.back() != 1;
      }
      for (Id id = e.first_result; id < e.first_result + e.results; ++id)
        if (is_call_[k] || is_empty(id)) values_.group[id] = Values::written;
    }
  }

  /// A scatter of its own kernel: index and updates are whole values in C order.
  bool is_scatter(uint32_t k) const {
    const Equation& e = program_.equations()[k];
    if (!scatters_rows(values_, e)) return false;
    for (const Id id : {e.operands[1], e.operands[2]}) {
      const Id root = shows_[id].root;
      if (is_number(root) || count_of(program_.aval(root)) != count_of(program_.aval(id)) ||
          shows_[id].strides != nx::contiguous_strides(program_.aval(id).shape.span()))
        return false;
    }
    return true;
  }

  // ---- roots

  void make_root(Id id, const char* reason) {
    if (values_.group[id] == none && !reason_[id]) reason_[id] = reason;
  }
  /// The value behind views that are computed where they are used.
  Id behind_views(Id id) const {
    while (values_.group[id] == none && !reason_[id] && is_view(values_.made_by(id)->op))
      id = values_.made_by(id)->operands[0];
    return id;
  }

  void find_roots() {
    const auto equations = program_.equations();
    for (size_t k = 0; k < equations.size(); ++k)
      if (is_call_[k])
        for (const Id id : equations[k].operands)
          if (const Id root = shows_[id].root; !is_number(root)) make_root(root, "extern");
    for (const Id id : program_.outputs()) make_root(shows_[id].root, "output");
    for (size_t k = 0; k < equations.size(); ++k)
      if (!is_call_[k] && equations[k].op == Op::Reduce) make_root(equations[k].first_result, "reduction-barrier");

    // Equations that read a value at last, through views.
    std::vector<int> readers(program_.values());
    for (size_t k = equations.size(); k-- > 0;) {
      const Equation& e = equations[k];
      if (is_view(e.op) && !reason_[e.first_result]) {
        readers[e.operands[0]] += readers[e.first_result];
        continue;
      }
      for (size_t i = 0; i < e.operands.size(); ++i)
        if (std::find(e.operands.begin(), e.operands.begin() + static_cast<std::ptrdiff_t>(i), e.operands[i]) ==
            e.operands.begin() + static_cast<std::ptrdiff_t>(i))
          ++readers[e.operands[i]];
    }
    std::vector<int> cost(program_.values()), loads(program_.values(), 1);
    std::vector<std::vector<Id>> reads(program_.values());  // values of its size, until there are too many
    for (size_t k = 0; k < equations.size(); ++k) {
      const Equation& e = equations[k];
      const Id v = e.first_result;
      if (values_.group[v] != none) continue;
      loads[v] = 0;
      cost[v] = equation_cost(e);
      size_[v] = e.op == Op::RandomBits ? 90 : weight_of(equation_cost(e));
      for (size_t i = 0; i < e.operands.size(); ++i) {
        const Id x = e.operands[i];
        dear_operand(e, i, cost);
        if (std::find(e.operands.begin(), e.operands.begin() + static_cast<std::ptrdiff_t>(i), x) !=
            e.operands.begin() + static_cast<std::ptrdiff_t>(i))
          continue;
        const bool inlined = values_.group[x] == none && !reason_[x];
        cost[v] = std::min(1 << 20, cost[v] + (inlined ? cost[x] : 0));
        size_[v] = std::min(1 << 20, size_[v] + (inlined ? size_[x] : 1));
        loads[v] = std::min(1 << 20, loads[v] + (inlined ? loads[x] : 1));
        if (count_of(program_.aval(x)) >= count_of(program_.aval(v)) && !is_number(x)) add_reads(reads, v, x, inlined);
      }
      if (e.op == Op::Full || is_view(e.op)) continue;
      if (readers[v] > 1 && (cost[v] > recompute_cost || reads[v].size() > recompute_reads))
        make_root(v, cost[v] >= 16 ? "transcendental-recompute" : "multi-consumer-recompute");
      // A slope that share_slopes put beside its function.
      if (e.op == Op::GeluGrad && is_number(e.operands[1])) make_root(v, "transcendental-recompute");
      if (size_[v] > limits_.expression_nodes) make_root(v, "code-size");
      if (loads[v] > limits_.expression_loads) make_root(v, "input-limit");
    }
  }

  /// What an operand reads is read by the value that it is computed for.
  void add_reads(std::vector<std::vector<Id>>& reads, Id v, Id x, bool inlined) const {
    const auto add = [&](Id id) {
      if (reads[v].size() <= recompute_reads && std::find(reads[v].begin(), reads[v].end(), id) == reads[v].end())
        reads[v].push_back(id);
    };
    if (!inlined) return add(values_.group[x] == none ? x : values_.holder(x));
    for (const Id id : reads[x]) add(id);
  }

  /// Operands that would be computed many times over, or at places that cannot be known.
  void dear_operand(const Equation& e, size_t i, const std::vector<int>& cost) {
    const Id x = e.operands[i], source = behind_views(x);
    if (values_.group[source] != none || reason_[source]) return;
    const int64_t here = count_of(program_.aval(e.first_result)), there = count_of(program_.aval(x));
    switch (e.op) {
      case Op::Expand:
        if (cost[x] > recompute_cost && here > there && there > 1) make_root(source, "transcendental-recompute");
        return;
      case Op::Gather:
      case Op::GatherAxis:
      case Op::Embedding:
        if (i == 0 && !is_number(source)) make_root(source, "forced-contiguous");
        return;
      case Op::Pad:
      case Op::Concat:
      case Op::SliceUpdate:
        if (cost[x] > recompute_cost && here >= 2 * there && there > 1) make_root(source, "transcendental-recompute");
        return;
      default: return;
    }
  }

  // ---- groups

  void need(Unit& unit, Id loaded) {
    const uint32_t maker = maker_[values_.holder(loaded)];
    if (maker == none || std::find(unit.needs.begin(), unit.needs.end(), maker) != unit.needs.end()) return;
    unit.needs.push_back(maker);
    units_[maker].read = true;
    unit.level = std::max(unit.level, units_[maker].level + 1);
  }

  void add_call(uint32_t k) {
    const Equation& e = program_.equations()[k];
    Unit unit;
    unit.equation = k;
    for (const Id id : e.operands) {
      const Id root = shows_[id].root;
      if (is_number(root) && values_.group[root] == none) continue;
      unit.loads.push_back(root);
      need(unit, root);
    }
    for (Id id = e.first_result; id < e.first_result + e.results; ++id)
      maker_[id] = static_cast<uint32_t>(units_.size());
    units_.push_back(std::move(unit));
  }

  void place(Id root) {
    std::vector<Id> stack = {root};
    while (!stack.empty()) {
      const Id v = stack.back();
      if (values_.group[v] != none) {
        stack.pop_back();
        continue;
      }
      const Failure failure = place_one(v);
      if (failure.kind == Failure::Kind::nothing) {
        stack.pop_back();
        continue;
      }
      if (failure.value == v || values_.group[failure.value] != none || stack.size() > program_.values())
        throw Error("tolk.compile", raven::Message("no kernel can be formed for ")
                                        << nx::op_info(values_.made_by(v)->op).name << " → " << program_.aval(v) << ": "
                                        << failure.reason);
      if (!reason_[failure.value]) reason_[failure.value] = failure.reason;
      stack.push_back(failure.value);
    }
  }

  Space space_of(Id v) const {
    const Equation& e = *values_.made_by(v);
    if (e.op != Op::Reduce) return {count_of(program_.aval(v)), 1, 1};
    const nx::Shape& shape = program_.aval(e.operands[0]).shape;
    const nx::Dims& axes = e.attrs.as<nx::ReduceAttrs>().axes;
    Space space;
    for (int i = 0; i < shape.size(); ++i)
      (axes.contains(i) ? space.reduced : i < axes[0] ? space.outer : space.inner) *= shape[i];
    return space;
  }

  /// What must have bytes first, when a value's expression is too large for one kernel: its largest part.
  Id largest_part(Id v) const {
    Id best = v;
    for (const Id x : values_.made_by(v)->operands) {
      const Id source = behind_views(x);
      if (values_.group[source] == none && !is_number(source) && (best == v || size_[source] > size_[best]))
        best = source;
    }
    return best;
  }

  Failure place_one(Id v) {
    const Extent extent = values_.made_by(v)->op == Op::Reduce ? Extent::kept : Extent::full;
    const Space space = space_of(v);
    auto graph = std::make_unique<Graph>(values_, static_cast<uint32_t>(units_.size()), space);
    Failure failure = graph->add(v, extent);
    if (failure.kind == Failure::Kind::apart) return {Failure::Kind::materialise, {}, largest_part(v), failure.reason};
    if (failure.kind != Failure::Kind::nothing) return failure;
    // Rows in the order of memory, in one loop: a copy of what is reduced has them.
    if (!fits(*graph)) return {Failure::Kind::materialise, {}, values_.made_by(v)->operands[0], "layout-conflict"};
    std::vector<bool> seen;
    const std::vector<Id> loads = graph->loads_of(graph->members().back().node, seen);
    if (join(v, extent, space, loads)) return {};
    const auto index = static_cast<uint32_t>(units_.size());
    units_.emplace_back();
    units_[index].graph = std::move(graph);
    joined(index, v, loads);
    return {};
  }

  void joined(uint32_t index, Id v, std::span<const Id> loads) {
    Unit& unit = units_[index];
    values_.group[v] = index;
    maker_[v] = index;
    unit.equation = values_.equation[v];
    for (const Id id : loads) {
      if (maker_[values_.holder(id)] == index) continue;
      need(unit, id);
      unit.loads.push_back(id);
      last_reader_[id] = index;
    }
  }

  /// Into a group that has what it reads, or reads the same.
  bool join(Id v, Extent extent, const Space& space, std::span<const Id> loads) {
    std::vector<uint32_t> candidates;
    const auto propose = [&](uint32_t unit) {
      if (unit != none && units_[unit].graph &&
          std::find(candidates.begin(), candidates.end(), unit) == candidates.end())
        candidates.push_back(unit);
    };
    // Numbers that all leaves of an optimizer read bring none of them together, nor does the number that is made of one
    // of each leaf: equal kernels run as one anyway.
    std::vector<uint32_t> makers;
    for (const Id id : loads)
      if (const uint32_t m = maker_[values_.holder(id)]; m != none) makers.push_back(m);
    std::sort(makers.begin(), makers.end());
    makers.erase(std::unique(makers.begin(), makers.end()), makers.end());
    const bool is_one = count_of(program_.aval(v)) == 1, is_of_many = is_one && makers.size() > most_makers;
    for (const Id id : loads) {
      const bool number = count_of(program_.aval(id)) == 1;
      if (!number || (is_one && !is_of_many)) propose(maker_[values_.holder(id)]);
      if (!number) propose(last_reader_[id]);
    }
    std::sort(candidates.rbegin(), candidates.rend());
    if (candidates.size() > most_candidates) candidates.resize(most_candidates);
    for (const uint32_t index : candidates) {
      Unit& unit = units_[index];
      if (unit.graph->members().size() >= limits_.members ||
          unit.loads.size() + unit.graph->members().size() + loads.size() > limits_.buffers)
        continue;
      // No cycle: what it needs besides comes before the group, or the group may still move back.
      bool before = true;
      for (const Id id : loads) {
        const uint32_t maker = maker_[values_.holder(id)];
        before &= maker == none || maker == index || units_[maker].level < unit.level || !unit.read;
        if (maker != none && maker != index && !unit.read) before &= !reaches(maker, index);
      }
      if (!before) continue;
      const Space& own = unit.graph->space();
      Extent here = extent;
      if (extent == Extent::kept) {
        if (own.reduced == 1 && own.full() == space.full()) {
          // A map becomes the elements of a reduction.
          std::optional<Graph> next = unit.graph->over(space);
          if (!next || next->add(v, extent).kind != Failure::Kind::nothing || !fits(*next)) continue;
          *unit.graph = std::move(*next);
          joined(index, v, loads);
          return true;
        }
        if (own != space) continue;
      } else if (own.full() != space.full()) {
        if (own.reduced == 1 || own.kept() != space.full()) continue;
        here = Extent::kept;
      }
      if (unit.graph->add(v, here).kind != Failure::Kind::nothing) continue;
      if (!fits(*unit.graph)) {
        unit.graph->remove(v);
        continue;
      }
      joined(index, v, loads);
      return true;
    }
    return false;
  }

  /// Whether `from` needs `to`, however far back. Levels bound the way.
  bool reaches(uint32_t from, uint32_t to) const {
    if (from == to) return true;
    if (units_[from].level <= units_[to].level) return false;
    std::vector<uint32_t> stack = {from};
    std::vector<bool> seen(units_.size());
    while (!stack.empty()) {
      const uint32_t at = stack.back();
      stack.pop_back();
      if (at == to) return true;
      if (seen[at] || units_[at].level <= units_[to].level) continue;
      seen[at] = true;
      for (const uint32_t n : units_[at].needs) stack.push_back(n);
    }
    return false;
  }

  // ---- kernels over the same rows

  /// A row stays in the cache: what else is made of its elements is made there, and what goes down the columns of all
  /// rows is added up on the way.
  void merge_rows() {
    std::vector<std::vector<uint32_t>> users(program_.values());  // by value: the groups that have or read its bytes
    const auto use = [&](Id holder, uint32_t unit) {
      if (users[holder].empty() || users[holder].back() != unit) users[holder].push_back(unit);
    };
    for (uint32_t u = 0; u < units_.size(); ++u) {
      if (!units_[u].graph) continue;
      for (const Graph::Member& m : units_[u].graph->members()) use(m.value, u);
      for (const Id id : units_[u].loads) use(values_.holder(id), u);
    }
    for (uint32_t u = 0; u < units_.size(); ++u)
      if (units_[u].graph && kind_of(units_[u].graph->space(), limits_) == KernelKind::rows)
        while (merge_one(u, users)) {
        }
  }
  bool merge_one(uint32_t u, std::span<const std::vector<uint32_t>> users) {
    const Unit& unit = units_[u];
    std::vector<Id> values;
    for (const Graph::Member& m : unit.graph->members()) values.push_back(m.value);
    for (const Id id : unit.loads) values.push_back(values_.holder(id));
    for (const Id value : values) {
      // What is small is in the cache anyway.
      if (count_of(program_.aval(value)) < unit.graph->space().full()) continue;
      for (const uint32_t other : users[value])
        if (other != u && units_[other].graph && merge(u, other)) return true;
    }
    return false;
  }

  /// What a member of a group over `from` is in one over `to`; false where the spaces do not run over the same rows.
  static bool rows_of_both(const Space& to, const Space& from, Extent& extent) {
    if (to == from) return true;
    if (from.outer != 1 || from.reduced != to.outer || from.inner != to.reduced) return false;
    if (extent == Extent::kept) extent = Extent::column;
    return true;
  }

  bool merge(uint32_t into, uint32_t other) {
    Unit &a = units_[into], &b = units_[other];
    Extent ignored = Extent::full;
    if (!rows_of_both(a.graph->space(), b.graph->space(), ignored) ||
        a.graph->members().size() + b.graph->members().size() > limits_.members ||
        a.loads.size() + b.loads.size() + a.graph->members().size() + b.graph->members().size() > limits_.buffers)
      return false;
    // Nothing between them: that would wait for the one and be waited for by the other.
    for (const auto& [from, to] : {std::pair(into, other), std::pair(other, into)})
      for (const uint32_t n : units_[from].needs)
        if (n != to && reaches(n, to)) return false;
    std::vector<Graph::Member> members = a.graph->members();
    for (Graph::Member m : b.graph->members()) {
      rows_of_both(a.graph->space(), b.graph->space(), m.extent);
      members.push_back(m);
    }
    std::sort(members.begin(), members.end(), [&](const Graph::Member& x, const Graph::Member& y) {
      return values_.equation[x.value] < values_.equation[y.value];
    });
    for (const Graph::Member& m : b.graph->members()) values_.group[m.value] = into;
    Graph next(values_, into, a.graph->space());
    const bool added = std::all_of(members.begin(), members.end(), [&](const Graph::Member& m) {
      return next.add(m.value, m.extent).kind == Failure::Kind::nothing;
    });
    if (!added || !fits(next)) {
      for (const Graph::Member& m : b.graph->members()) values_.group[m.value] = other;
      return false;
    }
    for (const Graph::Member& m : b.graph->members()) maker_[m.value] = into;
    *a.graph = std::move(next);
    a.equation = std::max(a.equation, b.equation);
    a.needs.insert(a.needs.end(), b.needs.begin(), b.needs.end());
    a.loads.insert(a.loads.end(), b.loads.begin(), b.loads.end());
    std::erase_if(a.loads, [&](Id id) { return maker_[values_.holder(id)] == into; });
    b = {};
    b.gone = true;
    rename_needs(other, into);
    return true;
  }

  /// Who needed one unit needs another one now. Levels follow.
  void rename_needs(uint32_t from, uint32_t to) {
    for (uint32_t u = 0; u < units_.size(); ++u) {
      std::vector<uint32_t>& needs = units_[u].needs;
      std::replace(needs.begin(), needs.end(), from, to);
      std::sort(needs.begin(), needs.end());
      needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
      if (u == to) std::erase(needs, to);
    }
    std::vector<uint32_t> stack = {to};
    std::vector<std::vector<uint32_t>> readers(units_.size());
    for (uint32_t u = 0; u < units_.size(); ++u)
      for (const uint32_t n : units_[u].needs) readers[n].push_back(u);
    for (const uint32_t n : units_[to].needs) units_[to].level = std::max(units_[to].level, units_[n].level + 1);
    while (!stack.empty()) {
      const uint32_t at = stack.back();
      stack.pop_back();
      for (const uint32_t r : readers[at])
        if (units_[r].level <= units_[at].level) {
          units_[r].level = units_[at].level + 1;
          stack.push_back(r);
        }
    }
  }

  // ---- the schedule

  void find_stored() {
    stored_.assign(program_.values(), false);
    std::vector<Id> stack;
    std::vector<std::vector<bool>> reached(units_.size());
    const auto want = [&](Id id) {
      const Id holder = values_.holder(id);
      if (maker_[holder] == none || !units_[maker_[holder]].graph || stored_[holder]) return;
      stored_[holder] = true;
      stack.push_back(holder);
    };
    for (const Id id : program_.outputs())
      if (values_.group[shows_[id].root] != none) want(shows_[id].root);
    for (const Unit& unit : units_)
      if (!unit.graph && !unit.gone)
        for (const Id id : unit.loads) {
          want(id);
          context_.read_later[id] = true;
        }
    while (!stack.empty()) {
      const Id v = stack.back();
      stack.pop_back();
      const Graph& graph = *units_[maker_[v]].graph;
      std::vector<bool>& seen = reached[maker_[v]];
      for (const Id id : graph.loads_of(graph.member(v)->node, seen)) {
        want(id);
        context_.read_later[values_.holder(id)] = true;
      }
    }
  }

  Schedule make_schedule() {
    Schedule schedule;
    schedule.program = program_;
    schedule.layouts = values_.layouts;
    // Units in the order of the program, each after what it needs.
    struct Waiting {
      uint32_t equation, unit;
      bool operator<(const Waiting& other) const {
        return equation != other.equation ? equation > other.equation : unit > other.unit;
      }
    };
    std::priority_queue<Waiting> ready;
    std::vector<uint32_t> missing(units_.size());
    std::vector<std::vector<uint32_t>> readers(units_.size());
    for (uint32_t u = 0; u < units_.size(); ++u) {
      missing[u] = static_cast<uint32_t>(units_[u].needs.size());
      for (const uint32_t n : units_[u].needs) readers[n].push_back(u);
      if (missing[u] == 0) ready.push({units_[u].equation, u});
    }
    size_t done = 0;
    while (!ready.empty()) {
      const uint32_t u = ready.top().unit;
      ready.pop();
      ++done;
      emit(schedule, units_[u]);
      for (const uint32_t r : readers[u])
        if (--missing[r] == 0) ready.push({units_[r].equation, r});
    }
    if (done != units_.size()) throw VerifyError("tolk.compile", "kernels need each other in a circle");
    return schedule;
  }

  void emit(Schedule& schedule, const Unit& unit) {
    if (unit.gone) return;
    if (!unit.graph && is_scatter(unit.equation)) {
      schedule.steps.push_back({true, static_cast<uint32_t>(schedule.launches.size())});
      const Id result = program_.equations()[unit.equation].first_result;
      schedule.launches.push_back(make_scatter(values_, unit.equation, context_.read_later[result]));
      return;
    }
    if (!unit.graph) {
      schedule.steps.push_back({false, unit.equation});
      schedule.explain.push_back(std::string("extern: ") +
                                 std::string(nx::op_info(program_.equations()[unit.equation].op).name));
      return;
    }
    const Body body = make_body(*unit.graph, stored_);
    if (body.stores.empty()) return;
    const size_t first = schedule.launches.size();
    make_launches(body, context_, schedule);
    for (size_t i = first; i < schedule.launches.size(); ++i) {
      Launch& launch = schedule.launches[i];
      for (const Graph::Member& m : unit.graph->members()) launch.equations.push_back(values_.equation[m.value]);
      schedule.steps.push_back({true, static_cast<uint32_t>(i)});
    }
    for (const Body::Store& s : body.stores) {
      raven::Message line;
      line << reason_[s.value] << ": %" << s.value << " " << program_.aval(s.value) << " in "
           << schedule.launches.back().kernel.name;
      schedule.explain.push_back(line.str());
    }
  }

  const Program& program_;
  const Limits& limits_;
  Values values_;
  Context context_;
  std::vector<const char*> reason_;    // by value: why it may get bytes; null: computed where it is used
  std::vector<uint32_t> maker_;        // by value: the unit that writes it
  std::vector<uint32_t> last_reader_;  // by value: the last group that loads it
  std::vector<int> size_;              // by value: nodes of its expression as a tree
  std::vector<Shown> shows_;
  std::vector<bool> is_call_, stored_;
  std::vector<Unit> units_;
};

}  // namespace
}  // namespace kernels

bool ScheduleTarget::runs(std::string_view pass) const {
  return std::find(passes_off.begin(), passes_off.end(), pass) == passes_off.end();
}

Schedule form_kernels(const nx::Program& program, const ScheduleTarget& target) {
  for (const nx::Program::Equation& e : program.equations())
    if (nx::is_higher_order(e.op)) throw Error("tolk.compile", "a call is left after inlining");
  nx::Program formed = decompose(program);
  if (target.runs("simplify")) formed = simplify(formed, target.rules_off);
  if (target.runs("fold")) formed = fold_constants(formed);
  if (target.runs("dead")) formed = drop_dead(formed);
  Schedule schedule = kernels::Former(formed, target).run();
  const std::optional<nx::Program> again =
      target.runs("recompute") ? kernels::recompute(schedule, target.limits) : std::nullopt;
  const auto with_slopes = [&](const nx::Program& p) { return target.runs("slopes") ? share_slopes(p) : p; };
  const nx::Program shared = with_slopes(again ? *again : formed);
  if (!again && shared.equations().size() == formed.equations().size()) return schedule;
  Schedule better = kernels::Former(shared, target).run();
  if (again && kernels::most_alive(better) >= kernels::most_alive(schedule))
    return kernels::Former(with_slopes(formed), target).run();
  return better;
}

}  // namespace tolk
