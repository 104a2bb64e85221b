#include "raven/tolk/kernels/emission.hpp"

#include <algorithm>

namespace tolk::kernels {

using loop::Access;
using loop::Code;
using loop::no_id;
using loop::Type;

namespace {

/// What the kernel does, from its costliest codes: the same for equal kernels.
std::string name_of(const Body& body, const char* kind) {
  std::vector<std::pair<int, std::string_view>> codes;
  for (const Node& n : body.nodes)
    if (n.kind == Node::Kind::apply || n.kind == Node::Kind::reduce) {
      const std::string_view text = loop::info(n.code).text;
      const auto same = std::find_if(codes.begin(), codes.end(), [&](const auto& c) { return c.second == text; });
      if (same == codes.end())
        codes.push_back({cost_of(n.code), text});
      else
        same->first += cost_of(n.code);
    }
  std::sort(codes.begin(), codes.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::string name = kind;
  for (size_t i = 0; i < codes.size() && i < 3; ++i) name.append("_").append(codes[i].second);
  return name;
}

}  // namespace

std::vector<uint32_t> closure(const Body& body, std::span<const uint32_t> targets, const std::vector<bool>& given) {
  std::vector<bool> marked(body.nodes.size());
  std::vector<uint32_t> stack(targets.begin(), targets.end()), list;
  while (!stack.empty()) {
    const uint32_t at = stack.back();
    stack.pop_back();
    const Node& n = body.nodes[at];
    if (marked[at] || n.kind == Node::Kind::reduce || (!given.empty() && given[at])) continue;
    marked[at] = true;
    for (const uint32_t o : n.operand)
      if (o != none) stack.push_back(o);
    if (n.affine != none && n.kind != Node::Kind::check)
      for (const Term& t : body.affines[n.affine].terms)
        if (!body.atoms[t.atom].is_loop()) stack.push_back(body.atoms[t.atom].node);
  }
  for (uint32_t id = 0; id < marked.size(); ++id)
    if (marked[id]) list.push_back(id);
  return list;
}

Emission::Emission(const Body& body, const Context& context, const char* kind, std::span<const uint32_t> nodes,
                   bool symbolic)
    : body_(body),
      context_(context),
      builder_(name_of(body, kind)),
      symbolic_(symbolic),
      ids_(body.nodes.size(), no_id),
      partial_(body.affines.size(), no_id),
      followed_(body.affines.size()),
      site_of_(body.nodes.size(), none) {
  std::vector<bool> declared(context.values.program.values());
  for (const uint32_t i : nodes) {
    const Node& n = body.nodes[i];
    if (n.kind == Node::Kind::check) {
      site_of_[i] = static_cast<uint32_t>(sites_.size());
      const auto equation = static_cast<Id>(n.bits);
      const Program::Equation& e = context.values.program.equations()[equation];
      sites_.push_back({equation, static_cast<int64_t>(n.affine),
                        context.values.program.aval(e.operands[0]).shape[static_cast<int>(n.affine)]});
    }
    if (n.kind != Node::Kind::load || declared[n.bits]) continue;
    declared[n.bits] = true;
    declare_value(static_cast<Id>(n.bits), n.type, Access::read);
  }
  if (!sites_.empty())
    declare({LaunchBuffer::Kind::status, 0, Access::both}, Type::i64,
            builder_.index(2 * static_cast<int64_t>(sites_.size())));
}

void Emission::declare(const LaunchBuffer& buffer, Type type, loop::Id count) {
  params_.push_back(builder_.param(type, buffer.access, count));
  buffers_.push_back(buffer);
}
void Emission::declare_value(Id value, Type type, Access access) {
  const int64_t count = count_of(context_.values.program.aval(value));
  const loop::Id elements = symbolic_ && count != 1 ? builder_.dim(0) : builder_.index(count);
  declare({LaunchBuffer::Kind::value, value, access}, type, elements);
}
void Emission::declare_output(Id value, bool reread) {
  declare_value(value, type_of(context_.values.program.aval(value).dtype), reread ? Access::both : Access::write);
}
void Emission::declare_temporary(uint32_t index, Type type, loop::Id count, Access access) {
  declare({LaunchBuffer::Kind::temporary, index, access}, type, count);
}
loop::Id Emission::output(Id value) const {
  for (size_t i = buffers_.size(); i-- > 0;)
    if (buffers_[i].kind == LaunchBuffer::Kind::value && buffers_[i].index == value) return params_[i];
  return no_id;
}
loop::Id Emission::temporary(uint32_t index) const {
  for (size_t i = 0; i < buffers_.size(); ++i)
    if (buffers_[i].kind == LaunchBuffer::Kind::temporary && buffers_[i].index == index) return params_[i];
  return no_id;
}

void Emission::enter() { undo_.push_back({Undo::Kind::scope, 0, no_id}); }
void Emission::leave() {
  while (true) {
    const Undo u = undo_.back();
    undo_.pop_back();
    switch (u.kind) {
      case Undo::Kind::scope: return;
      case Undo::Kind::node: ids_[u.index] = u.before; break;
      case Undo::Kind::partial: partial_[u.index] = u.before; break;
      case Undo::Kind::atom: open_ &= ~(uint64_t{1} << u.index); break;
    }
  }
}

void Emission::follow(std::span<const uint32_t> nodes, std::span<const Body::Store> stores) {
  std::fill(followed_.begin(), followed_.end(), false);
  for (const uint32_t id : nodes) {
    const Node& n = body_.nodes[id];
    if (n.affine != none && n.kind != Node::Kind::check) followed_[n.affine] = true;
  }
  for (const Body::Store& s : stores) followed_[s.affine] = true;
}

/// One term more of an address.
void Emission::move(uint32_t affine, loop::Id by) {
  undo_.push_back({Undo::Kind::partial, affine, partial_[affine]});
  const int64_t start = body_.affines[affine].constant;
  partial_[affine] = partial_[affine] != no_id ? builder_.add(partial_[affine], by)
                     : start != 0              ? builder_.add(by, builder_.index(start))
                                               : by;
}

void Emission::bind(uint16_t atom, loop::Id id) {
  open_ |= uint64_t{1} << atom;
  undo_.push_back({Undo::Kind::atom, atom, no_id});
  for (uint32_t a = 0; a < body_.affines.size(); ++a)
    if (const int64_t factor = body_.affines[a].factor(atom); followed_[a] && factor != 0)
      move(a, builder_.mul(id, builder_.index(factor)));
}

void Emission::bind_joined(std::span<const uint16_t> loops, loop::Id position) {
  if (loops.size() == 1) return bind(loops[0], position);
  std::vector<loop::Id> index(loops.size(), no_id);
  int64_t count = 1;
  for (const uint16_t atom : loops) {
    count *= body_.extent(atom);
    open_ |= uint64_t{1} << atom;
    undo_.push_back({Undo::Kind::atom, atom, no_id});
  }
  // Quotients of 32 bits, where they suffice: vectors have no wider ones.
  const Type type = count <= INT32_MAX ? Type::u32 : Type::i64;
  const auto take_apart = [&] {
    loop::Id rest = builder_.cast(type, position);
    for (size_t i = loops.size(); i-- > 0;) {
      const loop::Id extent = builder_.constant(type, static_cast<uint64_t>(body_.extent(loops[i])));
      index[i] = builder_.cast(Type::i64, i == 0 ? rest : builder_.binary(Code::rem, rest, extent));
      if (i > 0) rest = builder_.binary(Code::idiv, rest, extent);
    }
  };
  for (uint32_t a = 0; a < body_.affines.size(); ++a) {
    if (!followed_[a]) continue;
    const Affine& affine = body_.affines[a];
    bool moves = false, as_one = true;
    for (size_t i = 0; i < loops.size(); ++i) {
      moves |= affine.factor(loops[i]) != 0;
      as_one &= i == 0 || affine.factor(loops[i - 1]) == affine.factor(loops[i]) * body_.extent(loops[i]);
    }
    if (!moves) continue;
    if (as_one) {
      move(a, builder_.mul(position, builder_.index(affine.factor(loops.back()))));
      continue;
    }
    if (index[0] == no_id) take_apart();
    for (size_t i = 0; i < loops.size(); ++i)
      if (const int64_t factor = affine.factor(loops[i]); factor != 0)
        move(a, builder_.mul(index[i], builder_.index(factor)));
  }
}

void Emission::bind_all(std::span<const uint16_t> loops, loop::Id position) {
  for (size_t i = loops.size(); i-- > 0;) {
    const uint16_t atom = loops[i];
    if (i == 0) {
      bind(atom, position);
    } else {
      const loop::Id extent = builder_.index(body_.extent(atom));
      bind(atom, builder_.binary(Code::rem, position, extent));
      position = builder_.binary(Code::idiv, position, extent);
    }
  }
}

loop::Id Emission::address(uint32_t affine) {
  const Affine& a = body_.affines[affine];
  loop::Id at = partial_[affine] != no_id ? partial_[affine] : builder_.index(a.constant);
  for (const Term& t : a.terms)
    if (!body_.atoms[t.atom].is_loop())
      at = builder_.add(at, builder_.mul(ids_[body_.atoms[t.atom].node], builder_.index(t.factor)));
  return at;
}

void Emission::give(uint32_t node, loop::Id id) {
  undo_.push_back({Undo::Kind::node, node, ids_[node]});
  ids_[node] = id;
}

void Emission::emit(std::span<const uint32_t> nodes, bool checked) {
  const auto there = [&](uint32_t node) { return node == none || has(node); };
  for (const uint32_t id : nodes) {
    const Node& n = body_.nodes[id];
    if (has(id) || n.kind == Node::Kind::reduce || (body_.atoms_of[id] & ~open_) != 0) continue;
    bool ready = there(n.operand[0]) && there(n.operand[1]) && there(n.operand[2]);
    if (n.affine != none && n.kind != Node::Kind::check)
      for (const Term& t : body_.affines[n.affine].terms)
        ready &= body_.atoms[t.atom].is_loop() || has(body_.atoms[t.atom].node);
    if (!ready) continue;
    const auto in = [&](int i) { return ids_[n.operand[i]]; };
    switch (n.kind) {
      case Node::Kind::constant: give(id, builder_.constant(n.type, n.bits)); break;
      case Node::Kind::index: give(id, address(n.affine)); break;
      case Node::Kind::load: {
        const loop::Id from = output(static_cast<Id>(n.bits)), at = address(n.affine);
        give(id, n.operand[0] == none ? builder_.load(from, at)
                                      : builder_.load_if(from, at, in(0), builder_.constant(n.type, 0)));
        break;
      }
      case Node::Kind::check: {
        loop::Id status = no_id;
        for (size_t i = 0; i < buffers_.size(); ++i)
          if (buffers_[i].kind == LaunchBuffer::Kind::status) status = params_[i];
        if (checked) builder_.check(in(0), in(1), status, site_of_[id]);
        give(id, in(2));
        break;
      }
      case Node::Kind::apply:
        if (n.code == Code::cast)
          give(id, builder_.cast(n.type, in(0)));
        else if (n.code == Code::bitcast)
          give(id, builder_.bitcast(n.type, in(0)));
        else if (n.code == Code::select)
          give(id, builder_.select(in(0), in(1), in(2)));
        else if (n.operand[1] == none)
          give(id, builder_.unary(n.code, in(0)));
        else
          give(id, builder_.binary(n.code, in(0), in(1)));
        break;
      case Node::Kind::reduce: break;
    }
  }
}

/// Whether it may lie where an input that was given up lies: its lines are in the cache by then.
bool Emission::takes_input(const Body::Store& store) const {
  const std::vector<bool>& donated = context_.target.donated;
  return std::any_of(body_.nodes.begin(), body_.nodes.end(), [&](const Node& n) {
    return n.kind == Node::Kind::load && n.bits < donated.size() && donated[n.bits] &&
           body_.affines[n.affine] == body_.affines[store.affine] &&
           bytes_of(context_.values.program.aval(static_cast<Id>(n.bits))) ==
               bytes_of(context_.values.program.aval(store.value));
  });
}

void Emission::store(const Body::Store& store, bool reread) {
  // Past the caches where the bytes would push out what is used sooner.
  const bool stream = !reread &&
                      bytes_of(context_.values.program.aval(store.value)) >= context_.values.limits.streamed_bytes &&
                      !context_.read_later[store.value] && !takes_input(store);
  builder_.store(output(store.value), address(store.affine), ids_[store.node], stream);
}

int64_t Emission::width(std::span<const uint32_t> nodes, uint64_t varying) const {
  int widest = 1;
  for (const uint32_t id : nodes)
    // Indices as numbers are rare guests beside the elements; their vectors may be several.
    if ((body_.atoms_of[id] & varying) != 0 && body_.nodes[id].kind != Node::Kind::index)
      widest = std::max(widest, loop::size_of(body_.nodes[id].type));
  return context_.target.vector_bytes / widest;
}

Launch Emission::finish() {
  Launch launch;
  launch.kernel = builder_.finish();
  launch.buffers = std::move(buffers_);
  launch.sites = std::move(sites_);
  return launch;
}

bool goes_by_elements(const Body& body, const Context& context, uint16_t atom) {
  const int64_t n = body.extent(atom);
  for (const Node& node : body.nodes) {
    if (node.kind == Node::Kind::index) return false;
    if (node.kind != Node::Kind::load) continue;
    const Affine& at = body.affines[node.affine];
    const int64_t count = count_of(context.values.program.aval(static_cast<Id>(node.bits)));
    const bool element = at.constant == 0 && at.terms.size() == 1 && at.terms[0] == Term{atom, 1} && count == n;
    const bool number = at.constant == 0 && at.is_constant() && count == 1;
    if (!element && !number) return false;
  }
  return true;
}

void estimate(Launch& launch, const Body& body, const Context& context, int64_t tasks) {
  double nanoseconds = 0;
  const auto elements = [&](uint64_t atoms) {
    double n = 1;
    for (const std::vector<uint16_t>& order : body.order)
      for (const uint16_t a : order)
        if (atoms >> a & 1) n *= static_cast<double>(body.extent(a));
    return n;
  };
  double flops = 0;
  for (uint32_t i = 0; i < body.nodes.size(); ++i) {
    const Node& n = body.nodes[i];
    if (n.kind != Node::Kind::apply && n.kind != Node::Kind::reduce) continue;
    const uint64_t atoms = n.kind == Node::Kind::reduce ? body.atoms_of[n.operand[0]] : body.atoms_of[i];
    flops += elements(atoms);
    nanoseconds += elements(atoms) * cost_of(n.code) / 32;
  }
  int64_t bytes = 0;
  for (const LaunchBuffer& buffer : launch.buffers)
    if (buffer.kind == LaunchBuffer::Kind::value) bytes += bytes_of(context.values.program.aval(buffer.index));
  launch.flops = static_cast<int64_t>(flops);
  launch.bytes = bytes;
  nanoseconds += static_cast<double>(bytes) / 20;
  launch.tasks = tasks;
  const double of_task = nanoseconds / static_cast<double>(std::max<int64_t>(tasks, 1));
  // Also more tasks than there are: small launches of a batch share a thread.
  launch.grain =
      std::max<int64_t>(1, static_cast<int64_t>(context.values.limits.task_nanoseconds / std::max(of_task, 1e-6)));
  launch.grain = (launch.grain + launch.task_align - 1) / launch.task_align * launch.task_align;
}

void find_in_place(Launch& launch, const Body& body, const Context& context) {
  const auto is_value = [&](const LaunchBuffer& buffer) { return buffer.kind == LaunchBuffer::Kind::value; };
  for (size_t o = 0; o < launch.buffers.size(); ++o) {
    const LaunchBuffer& out = launch.buffers[o];
    if (!is_value(out) || out.access == Access::read) continue;
    const auto store = std::find_if(body.stores.begin(), body.stores.end(),
                                    [&](const Body::Store& s) { return s.value == out.index; });
    if (store == body.stores.end()) continue;
    const int written_at = store->extent == Extent::full ? body.levels[store->node] : INT32_MAX;
    for (size_t i = 0; i < launch.buffers.size(); ++i) {
      const LaunchBuffer& in = launch.buffers[i];
      if (!is_value(in) || in.access != Access::read) continue;
      const Aval &a = context.values.program.aval(in.index), &b = context.values.program.aval(out.index);
      if (count_of(a) != count_of(b) || nx::item_size(a.dtype) != nx::item_size(b.dtype)) continue;
      bool fits = true;
      for (size_t other = 0; other < launch.buffers.size(); ++other)
        fits &= other == i || !is_value(launch.buffers[other]) ||
                context.values.holder(launch.buffers[other].index) != context.values.holder(in.index);
      for (uint32_t id = 0; id < body.nodes.size(); ++id) {
        const Node& n = body.nodes[id];
        if (n.kind == Node::Kind::load && n.bits == in.index)
          fits &= body.affines[n.affine] == body.affines[store->affine];
      }
      if (!fits) continue;
      // The loops in which the value is used: up to the level of whatever is made of it.
      int read_at = 0;
      std::vector<bool> of_it(body.nodes.size());
      for (uint32_t id = 0; id < body.nodes.size(); ++id) {
        const Node& n = body.nodes[id];
        of_it[id] = n.kind == Node::Kind::load && n.bits == in.index;
        if (n.affine != none && n.kind == Node::Kind::load)
          for (const Term& t : body.affines[n.affine].terms)
            if (!body.atoms[t.atom].is_loop() && of_it[body.atoms[t.atom].node]) of_it[id] = true;
        if (n.kind != Node::Kind::reduce)
          for (const uint32_t operand : n.operand)
            if (operand != none && of_it[operand]) of_it[id] = true;
        if (n.kind == Node::Kind::reduce && of_it[n.operand[0]]) read_at = std::max(read_at, body.levels[n.operand[0]]);
      }
      for (const Body::Store& s : body.stores)
        if (of_it[s.node]) read_at = std::max(read_at, s.extent == Extent::full ? body.levels[s.node] : INT32_MAX);
      if (read_at <= written_at) launch.in_place.push_back({static_cast<uint16_t>(i), static_cast<uint16_t>(o)});
    }
  }
}

}  // namespace tolk::kernels
