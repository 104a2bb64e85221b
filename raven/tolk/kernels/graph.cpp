#include "raven/tolk/kernels/graph.hpp"

#include <algorithm>
#include <bit>

#include "raven/nx/internal/hash.hpp"
#include "raven/nx/internal/views.hpp"

namespace tolk::kernels {

using loop::Code;
using loop::Type;
using nx::detail::mix;

namespace {
// Kernels stay small enough for a compiler whose time grows faster than its text.
constexpr size_t most_weight = 1200, most_loads = 56, most_atoms = 48;
}  // namespace

Values::Values(const Program& of, const Limits& within, bool layouts_by_reader)
    : program(of),
      limits(within),
      equation(of.values(), none),
      group(of.values(), none),
      layouts(layouts_by_reader ? layouts_of(of) : std::vector<nx::Dims>(of.values())) {
  for (size_t k = 0; k < of.equations().size(); ++k) {
    const Program::Equation& e = of.equations()[k];
    for (uint32_t i = 0; i < e.results; ++i) equation[e.first_result + i] = static_cast<uint32_t>(k);
  }
  for (Id id = 0; id < of.values(); ++id)
    if (equation[id] == none) group[id] = written;
}

Affine Values::position(Id id, std::span<const Affine> index) const {
  const nx::Shape& shape = program.aval(id).shape;
  if (in_order(id)) return flatten(index, shape.span());
  Affine at;
  for (int i = 0; i < shape.size(); ++i)
    if (shape[i] != 1) at = at + index[static_cast<size_t>(i)] * layouts[id][i];
  return at;
}

std::vector<Shown> shown_values(const Values& values) {
  const Program& program = values.program;
  std::vector<Shown> shown(program.values());
  for (Id id = 0; id < program.values(); ++id) {
    const Program::Equation* e = values.made_by(id);
    if (e && nx::has_flag(e->op, nx::op_flag::view)) {
      const Shown& x = shown[e->operands[0]];
      nx::detail::ViewPlace at;
      if (nx::detail::place_view(e->op, program.aval(e->operands[0]), x.strides.span(), e->attrs.get(),
                                 program.aval(id), at)) {
        shown[id] = {x.root, at.strides};
        continue;
      }
    }
    shown[id] = {id, values.strides(id)};
  }
  return shown;
}

int equation_cost(const Program::Equation& e) {
  if (nx::has_flag(e.op, nx::op_flag::view) || e.op == Op::Full) return 0;
  switch (e.op) {
    case Op::RandomBits: return 120;
    case Op::Gather:
    case Op::GatherAxis:
    case Op::Embedding: return 6;
    case Op::Pad:
    case Op::Concat:
    case Op::SliceUpdate: return 3;
    case Op::Gelu:
    case Op::GeluGrad:
    case Op::Pow:
    case Op::ErfInv: return 32;
    case Op::Exp:
    case Op::Exp2:
    case Op::Expm1:
    case Op::Log:
    case Op::Log2:
    case Op::Log10:
    case Op::Log1p:
    case Op::Sin:
    case Op::Cos:
    case Op::Tanh:
    case Op::Logistic:
    case Op::Erf: return 16;
    case Op::Rem:
    case Op::IDiv: return 24;
    case Op::Div:
    case Op::Sqrt:
    case Op::Rsqrt: return 4;
    default: return 1;
  }
}

size_t Graph::Hasher::operator()(const Node& n) const {
  uint64_t h = mix(mix(static_cast<uint64_t>(n.kind), static_cast<uint64_t>(n.code)), static_cast<uint64_t>(n.type));
  for (const uint32_t o : n.operand) h = mix(h, o);
  return mix(mix(h, n.bits), n.affine);
}
size_t Graph::Hasher::operator()(const Request& r) const { return mix(mix(r.value, r.access), r.guard); }
size_t Graph::Hasher::operator()(const Affine& a) const {
  uint64_t h = static_cast<uint64_t>(a.constant);
  for (const Term& t : a.terms) h = mix(mix(h, t.atom), static_cast<uint64_t>(t.factor));
  return h;
}
size_t Graph::Hasher::operator()(const std::vector<uint32_t>& v) const {
  uint64_t h = v.size();
  for (const uint32_t x : v) h = mix(h, x);
  return h;
}

Graph::Graph(const Values& values, uint32_t index, const Space& space)
    : values_(&values), index_(index), space_(space) {
  const int64_t extents[3] = {space.outer, space.reduced, space.inner};
  for (size_t role = 0; role < 3; ++role)
    if (extents[role] != 1) extents_[role].push_back(extents[role]);
  start();
}

/// Empty, over the loops as they are cut.
void Graph::start() {
  atoms_.clear(), affines_.clear(), accesses_.clear(), nodes_.clear(), levels_.clear(), loaded_.clear();
  affine_at_.clear(), access_at_.clear(), node_at_.clear(), memo_.clear(), dynamic_at_.clear();
  weight_ = 0;
  for (size_t role = 0; role < 3; ++role) {
    order_[role].clear();
    for (const int64_t extent : extents_[role]) {
      order_[role].push_back(static_cast<uint16_t>(atoms_.size()));
      atoms_.push_back({extent, none});
    }
  }
  for (const Extent extent : {Extent::full, Extent::kept, Extent::column}) {
    Affine& position = index_of_extent_[static_cast<size_t>(extent)];
    position = {};
    int64_t factor = 1;
    for (size_t a = atoms_.size(); a-- > 0;) {
      const auto atom = static_cast<uint16_t>(a);
      const bool reduced = std::find(order_[1].begin(), order_[1].end(), atom) != order_[1].end();
      if (extent != Extent::full && reduced != (extent == Extent::column)) continue;
      position = position + Affine{0, {{atom, factor}}};
      factor *= atoms_[a].extent;
    }
  }
}

uint32_t Graph::intern(const Affine& affine) {
  const auto [at, is_new] = affine_at_.try_emplace(affine, static_cast<uint32_t>(affines_.size()));
  if (is_new) affines_.push_back(affine);
  return at->second;
}
uint32_t Graph::access_of(std::span<const Affine> index) {
  std::vector<uint32_t> ids;
  ids.reserve(index.size());
  for (const Affine& a : index) ids.push_back(intern(a));
  const auto [at, is_new] = access_at_.try_emplace(ids, static_cast<uint32_t>(accesses_.size()));
  if (is_new) accesses_.push_back(std::move(ids));
  return at->second;
}
std::vector<Affine> Graph::index_of(uint32_t access) const {
  std::vector<Affine> index;
  for (const uint32_t a : accesses_[access]) index.push_back(affines_[a]);
  return index;
}

uint32_t Graph::add_node(const Node& node) {
  const auto [at, is_new] = node_at_.try_emplace(node, static_cast<uint32_t>(nodes_.size()));
  if (!is_new) return at->second;
  nodes_.push_back(node);
  int level = 0;
  for (const uint32_t o : node.operand)
    if (o != none) level = std::max(level, levels_[o]);
  if (node.affine != none && node.kind != Node::Kind::check)
    for (const Term& t : affines_[node.affine].terms)
      if (!atoms_[t.atom].is_loop()) level = std::max(level, levels_[atoms_[t.atom].node]);
  levels_.push_back(level + (node.kind == Node::Kind::reduce ? 1 : 0));
  if (node.kind != Node::Kind::constant && node.kind != Node::Kind::load)
    weight_ += static_cast<size_t>(weight_of(cost_of(node.code)));
  return at->second;
}
uint32_t Graph::apply(Code code, Type type, uint32_t a, uint32_t b, uint32_t c) {
  return add_node({Node::Kind::apply, code, type, {a, b, c}, 0, none});
}
uint32_t Graph::integer(Type type, int64_t value) {
  const int bits = 8 * loop::size_of(type);
  return constant(
      type, bits == 64 ? static_cast<uint64_t>(value) : static_cast<uint64_t>(value) & ((uint64_t{1} << bits) - 1));
}
uint32_t Graph::index(const Affine& affine) {
  if (affine.is_constant()) return integer(Type::i64, affine.constant);
  return add_node({Node::Kind::index, Code::constant, Type::i64, {none, none, none}, 0, intern(affine)});
}
uint32_t Graph::inside(const Affine& a, int64_t low, int64_t high) {
  const Range range = range_of(a, atoms_);
  if (low >= high) return never;
  if (range.low >= low && range.high < high) return always;
  if (range.high < low || range.low >= high) return never;
  uint32_t condition = always;
  if (range.low < low) condition = apply(Code::le, Type::b1, integer(Type::i64, low), index(a));
  if (range.high >= high) condition = both(condition, apply(Code::lt, Type::b1, index(a), integer(Type::i64, high)));
  return condition;
}
uint32_t Graph::both(uint32_t guard, uint32_t condition) {
  if (guard == always) return condition;
  if (condition == always || condition == guard) return guard;
  return apply(Code::bit_and, Type::b1, guard, condition);
}
Affine Graph::dynamic(uint32_t node, int64_t extent) {
  if (extent == 1) return constant_index(0);
  const auto [at, is_new] = dynamic_at_.try_emplace(node, static_cast<uint16_t>(atoms_.size()));
  if (is_new) atoms_.push_back({extent, node});
  return {0, {{at->second, 1}}};
}

uint32_t Graph::load(Id value, const Affine& position, uint32_t guard) {
  if (std::find(loaded_.begin(), loaded_.end(), value) == loaded_.end()) loaded_.push_back(value);
  return add_node(
      {Node::Kind::load, Code::load, type_of(aval(value).dtype), {guard, none, none}, value, intern(position)});
}

uint32_t Graph::operand(Id value, uint32_t access, uint32_t guard) {
  if (const auto at = memo_.find({value, access, guard}); at != memo_.end()) return at->second;
  missing_.push_back({value, access, guard});
  return pending;
}
uint32_t Graph::fail(const Failure& failure) {
  if (failure_.kind == Failure::Kind::nothing) failure_ = failure;
  return pending;
}
uint32_t Graph::fail(const Cut& cut, Id value, const char* reason) {
  if (cut.inner > 0 && atoms_.size() < most_atoms) return fail({Failure::Kind::cut, cut, value, reason});
  return fail({Failure::Kind::materialise, {}, value, reason});
}

bool Graph::identity(const nx::Shape& shape, Extent extent, uint32_t& access, Failure& failure) {
  std::vector<Affine> index;
  Cut cut;
  if (!unflatten(index_of_extent_[static_cast<size_t>(extent)], shape.span(), atoms_, index, cut)) {
    failure = {cut.inner > 0 && atoms_.size() < most_atoms ? Failure::Kind::cut : Failure::Kind::apart, cut, 0,
               "shape-mismatch"};
    return false;
  }
  access = access_of(index);
  return true;
}

const Graph::Member* Graph::member(Id value) const {
  for (const Member& m : members_)
    if (m.value == value) return &m;
  return nullptr;
}
void Graph::remove(Id value) {
  std::erase_if(members_, [&](const Member& m) { return m.value == value; });
}

/// Operand of a reduction over all indices that the request's ones stand for.
uint32_t Graph::reduce(const Request& request, Extent extent) {
  const Program::Equation& e = *values_->made_by(request.value);
  const auto& attrs = e.attrs.as<nx::ReduceAttrs>();
  uint32_t access;
  Failure failure;
  if (!identity(aval(e.operands[0]).shape, Extent::full, access, failure)) return fail(failure);
  uint32_t x = operand(e.operands[0], access, always);
  if (x == pending) return pending;
  const Type type = type_of(attrs.dtype);
  if (nodes_[x].type != type) x = apply(Code::cast, type, x);
  constexpr Code codes[] = {Code::add, Code::mul, Code::maximum, Code::minimum};
  const uint64_t down = extent == Extent::column ? 1 : 0;
  return add_node({Node::Kind::reduce, codes[static_cast<int>(attrs.kind)], type, {x, none, none}, down, none});
}

uint32_t Graph::visit(const Request& request) {
  const Id value = request.value;
  const bool adding = value == adding_;
  const uint32_t group = values_->group[value];
  if (!adding && group != none && group != index_)
    return load(value, values_->position(value, index_of(request.access)), request.guard);
  const Program::Equation& e = *values_->made_by(value);
  if (adding || group == index_) {
    // Its bytes are not there while this kernel runs: it can be read only where it is computed.
    Extent extent;
    if (adding) {
      extent = adding_extent_;
    } else {
      const Member* m = member(value);
      if (!m) return fail({Failure::Kind::apart, {}, value, "reduction-barrier"});
      extent = m->extent;
    }
    uint32_t here;
    Failure failure;
    if (!identity(aval(value).shape, extent, here, failure)) return fail(failure);
    if (here != request.access || request.guard != always)
      return fail({Failure::Kind::apart, {}, value, "shape-mismatch"});
    if (e.op == Op::Reduce) return reduce(request, extent);
  } else if (e.op == Op::Reduce) {
    return fail({Failure::Kind::materialise, {}, value, "reduction-barrier"});
  }
  Rule* const rule = rule_of(e.op);
  if (!rule) return fail({Failure::Kind::materialise, {}, value, "extern"});
  return rule(*this, request, e);
}

Failure Graph::build(const Request& request, uint32_t& node) {
  std::vector<Request> stack = {request};
  failure_ = {};
  while (!stack.empty()) {
    const Request current = stack.back();
    if (memo_.contains(current)) {
      stack.pop_back();
      continue;
    }
    missing_.clear();
    const uint32_t made = visit(current);
    if (failure_.kind != Failure::Kind::nothing) return failure_;
    if (weight_ > most_weight || loaded_.size() > most_loads)
      return {Failure::Kind::apart, {}, current.value, loaded_.size() > most_loads ? "input-limit" : "code-size"};
    if (made == pending) {
      stack.insert(stack.end(), missing_.rbegin(), missing_.rend());
    } else {
      memo_.emplace(current, made);
      stack.pop_back();
    }
  }
  node = memo_.at(request);
  return {};
}

Failure Graph::try_add(Id value, Extent extent) {
  uint32_t access, node;
  Failure failure;
  if (!identity(aval(value).shape, extent, access, failure)) return failure;
  adding_ = value, adding_extent_ = extent;
  failure = build({value, access, always}, node);
  adding_ = none;
  if (failure.kind == Failure::Kind::nothing) members_.push_back({value, extent, node, access});
  return failure;
}

Failure Graph::add(Id value, Extent extent) {
  Failure failure = try_add(value, extent);
  if (failure.kind != Failure::Kind::cut) return failure;
  Graph next(*values_, index_, space_);
  for (size_t role = 0; role < 3; ++role) next.extents_[role] = extents_[role];
  next.start();
  while (failure.kind == Failure::Kind::cut) {
    next.cut(failure.cut);
    failure = {};
    for (const Member& m : members_) {
      failure = next.try_add(m.value, m.extent);
      if (failure.kind == Failure::Kind::nothing) continue;
      if (failure.kind == Failure::Kind::materialise) failure.kind = Failure::Kind::apart;
      break;
    }
    if (failure.kind == Failure::Kind::nothing) failure = next.try_add(value, extent);
  }
  if (failure.kind == Failure::Kind::nothing) *this = std::move(next);
  return failure;
}

/// Empty again, with one loop more.
void Graph::cut(const Cut& cut) {
  for (size_t role = 0; role < 3; ++role)
    for (size_t i = 0; i < order_[role].size(); ++i)
      if (order_[role][i] == cut.atom) {
        extents_[role][i] /= cut.inner;
        extents_[role].insert(extents_[role].begin() + static_cast<std::ptrdiff_t>(i) + 1, cut.inner);
        members_.clear();
        return start();
      }
}

std::optional<Graph> Graph::over(const Space& space) const {
  Graph next(*values_, index_, space);
  for (const Member& m : members_)
    if (next.add(m.value, m.extent).kind != Failure::Kind::nothing) return std::nullopt;
  return next;
}

std::vector<Id> Graph::loads_of(uint32_t node, std::vector<bool>& seen) const {
  std::vector<Id> loads;
  std::vector<uint32_t> stack = {node};
  seen.resize(nodes_.size());
  while (!stack.empty()) {
    const uint32_t at = stack.back();
    stack.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    const Node& n = nodes_[at];
    if (n.kind == Node::Kind::load) loads.push_back(static_cast<Id>(n.bits));
    for (const uint32_t o : n.operand)
      if (o != none) stack.push_back(o);
    if (n.affine != none && n.kind != Node::Kind::check)
      for (const Term& t : affines_[n.affine].terms)
        if (!atoms_[t.atom].is_loop()) stack.push_back(atoms_[t.atom].node);
  }
  return loads;
}

}  // namespace tolk::kernels
