// What each op computes at an index, as nodes over its operands at theirs. One rule per op; a rule that waits for an
// operand returns `pending` and is called again.
#include <cstring>

#include "raven/nx/internal/elementwise.hpp"
#include "raven/tolk/kernels/graph.hpp"

namespace tolk::kernels {

using loop::Code;
using loop::Type;
using Request = Graph::Request;
using Equation = Program::Equation;

namespace {

constexpr uint32_t pending = Graph::pending, always = Graph::always, never = Graph::never;
constexpr int most_parts = 4;  // of a concatenation computed where it is used

// ---- elementwise

template <Code code>
uint32_t map(Graph& g, const Request& r, const Equation& e) {
  uint32_t in[3] = {none, none, none};
  bool waits = false;
  for (size_t i = 0; i < e.operands.size(); ++i)
    waits |= (in[i] = g.operand(e.operands[i], r.access, r.guard)) == pending;
  return waits ? pending : g.apply(code, type_of(g.aval(r.value).dtype), in[0], in[1], in[2]);
}
uint32_t round(Graph& g, const Request& r, const Equation& e) {
  const uint32_t x = g.operand(e.operands[0], r.access, r.guard);
  if (x == pending || !loop::is_real(g.type(x))) return x;
  constexpr Code codes[] = {Code::floor, Code::ceil, Code::trunc, Code::round_even};
  return g.apply(codes[static_cast<int>(e.attrs.as<nx::RoundAttrs>().mode)], g.type(x), x);
}
uint32_t bitwise(Graph& g, const Request& r, const Equation& e) {
  switch (e.attrs.as<nx::BitwiseAttrs>().kind) {
    case nx::BitwiseKind::bit_and: return map<Code::bit_and>(g, r, e);
    case nx::BitwiseKind::bit_or: return map<Code::bit_or>(g, r, e);
    case nx::BitwiseKind::bit_xor: return map<Code::bit_xor>(g, r, e);
  }
  return pending;
}
bool by_tanh(const Equation& e) { return e.attrs.as<nx::GeluAttrs>().approximate == nx::GeluApproximate::tanh; }
uint32_t gelu(Graph& g, const Request& r, const Equation& e) {
  return by_tanh(e) ? map<Code::gelu_tanh>(g, r, e) : map<Code::gelu>(g, r, e);
}
uint32_t gelu_grad(Graph& g, const Request& r, const Equation& e) {
  const uint32_t x = g.operand(e.operands[0], r.access, r.guard), dy = g.operand(e.operands[1], r.access, r.guard);
  if (x == pending || dy == pending) return pending;
  const Type type = g.type(x);
  const uint32_t slope = g.apply(by_tanh(e) ? Code::gelu_tanh_gradient : Code::gelu_gradient, type, x);
  const Node& factor = g.nodes()[dy];
  const bool is_one =
      factor.kind == Node::Kind::constant && factor.bits == (type == Type::f32 ? 0x3F800000u : 0x3FF0000000000000u);
  return is_one ? slope : g.apply(Code::mul, type, slope, dy);
}
uint32_t cast(Graph& g, const Request& r, const Equation& e) {
  const uint32_t x = g.operand(e.operands[0], r.access, r.guard);
  const Type type = type_of(g.aval(r.value).dtype);
  return x == pending || g.type(x) == type ? x : g.apply(Code::cast, type, x);
}

// ---- creation

uint32_t full(Graph& g, const Request&, const Equation& e) {
  const auto& a = e.attrs.as<nx::FullAttrs>();
  std::byte bytes[8] = {};
  nx::detail::write_scalar("tolk.compile", a.value, a.dtype, bytes);
  uint64_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  return g.constant(type_of(a.dtype), bits);
}
uint32_t iota(Graph& g, const Request& r, const Equation& e) {
  const auto& a = e.attrs.as<nx::IotaAttrs>();
  const uint32_t at = g.index(g.index_of(r.access)[static_cast<size_t>(a.axis)]);
  return a.dtype == nx::DType::i64 ? at : g.apply(Code::cast, type_of(a.dtype), at);
}

/// Threefry-2x32-20 of (hi, lo) under the key.
void threefry(Graph& g, uint32_t k0, uint32_t k1, uint32_t& x0, uint32_t& x1) {
  constexpr Type u32 = Type::u32;
  const auto add = [&](uint32_t a, uint32_t b) { return g.apply(Code::add, u32, a, b); };
  const auto number = [&](int64_t v) { return g.integer(u32, v); };
  const uint32_t k2 = g.apply(Code::bit_xor, u32, g.apply(Code::bit_xor, u32, k0, k1), number(0x1BD11BDA));
  const uint32_t key[3] = {k0, k1, k2};
  constexpr int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  x0 = add(x0, k0), x1 = add(x1, k1);
  for (int group = 0; group < 5; ++group) {
    for (const int rotation : rotations[group % 2]) {
      x0 = add(x0, x1);
      const uint32_t turned = g.apply(Code::bit_or, u32, g.apply(Code::shl, u32, x1, number(rotation)),
                                      g.apply(Code::shr, u32, x1, number(32 - rotation)));
      x1 = g.apply(Code::bit_xor, u32, turned, x0);
    }
    x0 = add(x0, key[(group + 1) % 3]);
    x1 = add(x1, add(key[(group + 2) % 3], number(group + 1)));
  }
}
/// Keys u32[…, 2] and a start counter: element i of each key is made of the block of counter start + i.
uint32_t random_bits(Graph& g, const Request& r, const Equation& e) {
  const auto& a = e.attrs.as<nx::RandomBitsAttrs>();
  const bool pair = a.kind == nx::RandomBitsKind::pair;
  std::vector<Affine> index = g.index_of(r.access);
  const Affine last = pair ? index.back() : Affine{};
  if (pair) index.pop_back();
  const size_t lead = index.size() - static_cast<size_t>(a.shape.size());
  std::vector<Affine> of_key(index.begin(), index.begin() + static_cast<std::ptrdiff_t>(lead));
  uint32_t k[2];
  for (int word = 0; word < 2; ++word) {
    of_key.push_back(constant_index(word));
    k[word] = g.operand(e.operands[0], g.access_of(of_key), r.guard);
    of_key.pop_back();
  }
  const uint32_t start = g.operand(e.operands[1], g.access_of({}), r.guard);
  if (k[0] == pending || k[1] == pending || start == pending) return pending;
  const Affine position = flatten(std::span(index).subspan(lead), a.shape.span());
  const uint32_t half = g.integer(Type::u64, 32);
  uint32_t hi = none, lo = none;
  const Node first = g.nodes()[start];
  const uint64_t blocks = static_cast<uint64_t>(nx::element_count(a.shape.span())), words = uint64_t{1} << 32;
  if (first.kind == Node::Kind::constant && first.bits < words && blocks <= words - first.bits) {
    // The high word of every counter is 0.
    hi = g.integer(Type::u32, 0);
    lo = g.apply(Code::cast, Type::u32, g.index(position + constant_index(static_cast<int64_t>(first.bits))));
  } else {
    const uint32_t counter = g.apply(Code::add, Type::u64, start, g.apply(Code::cast, Type::u64, g.index(position)));
    hi = g.apply(Code::cast, Type::u32, g.apply(Code::shr, Type::u64, counter, half));
    lo = g.apply(Code::cast, Type::u32, counter);
  }
  threefry(g, k[0], k[1], hi, lo);
  if (a.kind == nx::RandomBitsKind::u32) return g.apply(Code::bit_xor, Type::u32, hi, lo);
  if (pair) {
    if (last.is_constant()) return last.constant == 0 ? hi : lo;
    return g.apply(Code::select, Type::u32, g.apply(Code::eq, Type::b1, g.index(last), g.integer(Type::i64, 0)), hi,
                   lo);
  }
  return g.apply(Code::bit_or, Type::u64, g.apply(Code::shl, Type::u64, g.apply(Code::cast, Type::u64, hi), half),
                 g.apply(Code::cast, Type::u64, lo));
}

// ---- views

uint32_t same(Graph& g, const Request& r, const Equation& e) { return g.operand(e.operands[0], r.access, r.guard); }
uint32_t reshape(Graph& g, const Request& r, const Equation& e) {
  // In bytes nothing moves.
  if (g.apart(e.operands[0]))
    return g.load(e.operands[0], flatten(g.index_of(r.access), g.aval(r.value).shape.span()), r.guard);
  std::vector<Affine> index;
  Cut cut;
  if (!reshape_index(g.index_of(r.access), g.aval(r.value).shape.span(), g.aval(e.operands[0]).shape.span(), g.atoms(),
                     index, cut))
    return g.fail(cut, e.operands[0], "shape-mismatch");
  return g.operand(e.operands[0], g.access_of(index), r.guard);
}
uint32_t permute(Graph& g, const Request& r, const Equation& e) {
  const nx::Dims& p = e.attrs.as<nx::PermuteAttrs>().permutation;
  const std::vector<Affine> at = g.index_of(r.access);
  std::vector<Affine> index(at.size());
  for (int i = 0; i < p.size(); ++i) index[static_cast<size_t>(p[i])] = at[static_cast<size_t>(i)];
  return g.operand(e.operands[0], g.access_of(index), r.guard);
}
uint32_t expand(Graph& g, const Request& r, const Equation& e) {
  const auto& a = e.attrs.as<nx::ExpandAttrs>();
  const std::vector<Affine> at = g.index_of(r.access);
  const nx::Shape& shape = g.aval(e.operands[0]).shape;
  std::vector<Affine> index;
  for (int i = 0; i < shape.size(); ++i) index.push_back(shape[i] == 1 ? Affine{} : at[static_cast<size_t>(a.axes[i])]);
  return g.operand(e.operands[0], g.access_of(index), r.guard);
}
uint32_t slice(Graph& g, const Request& r, const Equation& e) {
  const auto& a = e.attrs.as<nx::SliceAttrs>();
  std::vector<Affine> index = g.index_of(r.access);
  for (int i = 0; i < a.starts.size(); ++i) {
    Affine& at = index[static_cast<size_t>(i)];
    at = at * a.steps[i] + constant_index(a.starts[i]);
  }
  return g.operand(e.operands[0], g.access_of(index), r.guard);
}
uint32_t flip(Graph& g, const Request& r, const Equation& e) {
  std::vector<Affine> index = g.index_of(r.access);
  for (const int64_t axis : e.attrs.as<nx::AxesAttrs>().axes) {
    Affine& at = index[static_cast<size_t>(axis)];
    at = at * -1 + constant_index(g.aval(r.value).shape[static_cast<int>(axis)] - 1);
  }
  return g.operand(e.operands[0], g.access_of(index), r.guard);
}
uint32_t bitcast(Graph& g, const Request& r, const Equation& e) {
  const Id from = e.operands[0];
  const nx::DType own = g.aval(r.value).dtype, other = g.aval(from).dtype;
  if (own == other) return same(g, r, e);
  if (nx::item_size(own) == nx::item_size(other) && !nx::is_bool(other)) return map<Code::bitcast>(g, r, e);
  // Elements of another size, or the byte of a bool: read from where the operand lies.
  if (!g.apart(from)) return g.fail({Failure::Kind::materialise, {}, from, "forced-contiguous"});
  return g.load(r.value, flatten(g.index_of(r.access), g.aval(r.value).shape.span()), r.guard);
}

// ---- parts put together

/// `inner` where the condition holds, which may be `never`; else `outer`.
uint32_t choose(Graph& g, uint32_t condition, uint32_t inner, uint32_t outer) {
  if (condition == always) return inner;
  if (condition == never) return outer;
  return g.apply(Code::select, g.type(inner), condition, inner, outer);
}

uint32_t pad(Graph& g, const Request& r, const Equation& e) {
  const auto& a = e.attrs.as<nx::PadAttrs>();
  std::vector<Affine> index = g.index_of(r.access);
  const nx::Shape& shape = g.aval(e.operands[0]).shape;
  uint32_t here = always;
  for (int i = 0; i < a.low.size(); ++i) {
    Affine& at = index[static_cast<size_t>(i)];
    at = at + constant_index(-a.low[i]);
    const uint32_t condition = g.inside(at, 0, shape[i]);
    here = condition == never || here == never ? never : g.both(here, condition);
  }
  const uint32_t number = g.operand(e.operands[1], g.access_of({}), r.guard);
  if (here == never) return number;
  const uint32_t x = g.operand(e.operands[0], g.access_of(index), g.both(r.guard, here));
  return number == pending || x == pending ? pending : choose(g, here, x, number);
}

uint32_t concat(Graph& g, const Request& r, const Equation& e) {
  const auto axis = static_cast<size_t>(e.attrs.as<nx::AxisAttrs>().axis);
  const std::vector<Affine> index = g.index_of(r.access);
  const auto extent = [&](Id id) { return g.aval(id).shape[static_cast<int>(axis)]; };
  // From the last part: each one covers what begins before its end.
  int64_t end = extent(r.value);
  uint32_t result = none;
  bool waits = false;
  for (size_t i = e.operands.size(); i-- > 0;) {
    const int64_t begin = end - extent(e.operands[i]);
    const uint32_t here = begin == end ? never : g.inside(index[axis], begin, end);
    if (here != never) {
      std::vector<Affine> own = index;
      own[axis] = own[axis] + constant_index(-begin);
      const uint32_t x = g.operand(e.operands[i], g.access_of(own), g.both(r.guard, here));
      if (x == pending)
        waits = true;
      else if (!waits)
        result = result == none ? x : choose(g, g.inside(index[axis], INT64_MIN / 2, end), x, result);
    }
    end = begin;
  }
  return waits ? pending : result;
}

uint32_t slice_update(Graph& g, const Request& r, const Equation& e) {
  const auto& a = e.attrs.as<nx::SliceUpdateAttrs>();
  const nx::Shape& shape = g.aval(e.operands[1]).shape;
  std::vector<Affine> index = g.index_of(r.access);
  uint32_t here = always;
  for (int i = 0; i < a.starts.size(); ++i) {
    Affine& at = index[static_cast<size_t>(i)];
    at = at + constant_index(-a.starts[i]);
    const uint32_t condition = g.inside(at, 0, shape[i]);
    here = condition == never || here == never ? never : g.both(here, condition);
  }
  const bool set = a.kind == nx::UpdateKind::set;
  const uint32_t x = here == always && set ? none : g.operand(e.operands[0], r.access, r.guard);
  if (here == never) return x;
  const uint32_t update = g.operand(e.operands[1], g.access_of(index), g.both(r.guard, here));
  if (x == pending || update == pending) return pending;
  const uint32_t inner = set ? update : g.apply(Code::add, g.type(x), x, update);
  return here == always ? inner : choose(g, here, inner, x);
}

// ---- indexing

/// An element of an index array as a place in [0, room): one more atom, and a condition where nothing may be there.
struct Place {
  Affine at;
  uint32_t valid = always;
  uint32_t checked = none;  ///< the check that the place waits for
};
struct Resolve {
  nx::IndexMode mode;
  bool wrap_negative;
  int64_t extent, room;
  uint32_t equation, axis;
};
Place resolve(Graph& g, uint32_t element, uint32_t guard, const Resolve& how) {
  constexpr Type i64 = Type::i64;
  const auto number = [&](int64_t v) { return g.integer(i64, v); };
  if (how.room <= 0 && how.mode != nx::IndexMode::raise) return {{}, never};
  uint32_t v = element;
  if (g.type(v) == Type::u64)  // beyond i64: the greatest
    v = g.apply(Code::minimum, Type::u64, v, g.integer(Type::u64, INT64_MAX));
  if (g.type(v) != i64) v = g.apply(Code::cast, i64, v);
  uint32_t w = v;
  if (how.wrap_negative)
    w = g.apply(Code::select, i64, g.apply(Code::lt, Type::b1, v, number(0)),
                g.apply(Code::add, i64, v, number(how.extent)), v);
  const auto valid = [&] {
    return g.apply(Code::bit_and, Type::b1, g.apply(Code::le, Type::b1, number(0), w),
                   g.apply(Code::lt, Type::b1, w, number(how.room)));
  };
  Place place;
  switch (how.mode) {
    case nx::IndexMode::raise: {
      uint32_t holds = valid();
      // Where the guard does not hold nothing is read, so nothing is wrong.
      if (guard != always) holds = g.apply(Code::bit_or, Type::b1, holds, g.apply(Code::bit_not, Type::b1, guard));
      // A place that is known anyway is read if the check holds, or the check would be lost with the index.
      const bool known = how.room <= 1;
      const uint32_t checked = g.add_node({Node::Kind::check,
                                           Code::check,
                                           known ? Type::b1 : i64,
                                           {holds, v, known ? holds : w},
                                           how.equation,
                                           how.axis});
      if (known) return {{}, checked};
      w = place.checked = checked;
      break;
    }
    case nx::IndexMode::clip:
      w = g.apply(Code::maximum, i64, number(0), g.apply(Code::minimum, i64, w, number(how.room - 1)));
      break;
    case nx::IndexMode::wrap: {
      const uint32_t room = number(how.room);
      w = g.apply(Code::rem, i64, g.apply(Code::add, i64, g.apply(Code::rem, i64, w, room), room), room);
      break;
    }
    case nx::IndexMode::drop:
      place.valid = valid();
      w = g.apply(Code::select, i64, place.valid, w, number(0));
      break;
  }
  place.at = g.dynamic(w, how.room);
  return place;
}

uint32_t zero_of(Graph& g, Id value) { return g.constant(type_of(g.aval(value).dtype), 0); }

/// Whether `node` is computed from `from`, or read at a place made of it.
bool depends_on(const Graph& g, uint32_t node, uint32_t from) {
  std::vector<uint32_t> stack = {node};
  std::vector<bool> seen(g.nodes().size());
  while (!stack.empty()) {
    const uint32_t at = stack.back();
    stack.pop_back();
    if (at == from) return true;
    if (seen[at]) continue;
    seen[at] = true;
    const Node& n = g.nodes()[at];
    for (const uint32_t o : n.operand)
      if (o != none) stack.push_back(o);
    if (n.affine == none || n.kind == Node::Kind::check) continue;
    for (const Term& t : g.affines()[n.affine].terms)
      if (!g.atoms()[t.atom].is_loop()) stack.push_back(g.atoms()[t.atom].node);
  }
  return false;
}

/// The element of x at `index`, 0 where `valid` does not hold.
uint32_t read_gathered(Graph& g, const Request& r, Id x, std::span<const Affine> index, uint32_t valid,
                       std::span<const uint32_t> checks) {
  if (valid == never) return zero_of(g, r.value);
  const uint32_t element = g.operand(x, g.access_of(index), g.both(r.guard, valid));
  if (element == pending) return pending;
  // Along a broadcast axis every place holds the same: the element is read if the check holds, or it would be lost.
  for (const uint32_t check : checks) {
    if (check == none || depends_on(g, element, check)) continue;
    Node condition = g.nodes()[check];
    condition.type = Type::b1;
    condition.operand[2] = condition.operand[0];
    valid = g.both(valid, g.add_node(condition));
  }
  return choose(g, valid, element, zero_of(g, r.value));
}

uint32_t gather(Graph& g, const Request& r, const Equation& e) {
  const auto& a = e.attrs.as<nx::GatherAttrs>();
  const Id x = e.operands[0];
  const std::vector<Affine> at = g.index_of(r.access);
  const auto lead = static_cast<size_t>(g.aval(e.operands[1]).shape.size());
  const uint32_t lead_access = g.access_of(std::span(at).first(lead));
  std::vector<Affine> index(at.begin() + static_cast<std::ptrdiff_t>(lead), at.end());
  uint32_t valid = always;
  std::vector<uint32_t> checks;
  bool waits = false;
  for (int k = 0; k < a.axes.size(); ++k) {
    const uint32_t element = g.operand(e.operands[static_cast<size_t>(k) + 1], lead_access, r.guard);
    if (element == pending) waits = true;
    if (waits) continue;
    const auto axis = static_cast<int>(a.axes[k]);
    const int64_t extent = g.aval(x).shape[axis];
    const Place place = resolve(g, element, r.guard,
                                {a.mode, a.wrap_negative, extent, extent - a.slice_sizes[axis] + 1,
                                 g.values().equation[r.value], static_cast<uint32_t>(axis)});
    index[static_cast<size_t>(axis)] = index[static_cast<size_t>(axis)] + place.at;
    valid = valid == never || place.valid == never ? never : g.both(valid, place.valid);
    checks.push_back(place.checked);
  }
  return waits ? pending : read_gathered(g, r, x, index, valid, checks);
}
uint32_t gather_axis(Graph& g, const Request& r, const Equation& e) {
  const auto& a = e.attrs.as<nx::GatherAxisAttrs>();
  const uint32_t element = g.operand(e.operands[1], r.access, r.guard);
  if (element == pending) return pending;
  const int64_t extent = g.aval(e.operands[0]).shape[static_cast<int>(a.axis)];
  const Place place =
      resolve(g, element, r.guard,
              {a.mode, a.wrap_negative, extent, extent, g.values().equation[r.value], static_cast<uint32_t>(a.axis)});
  std::vector<Affine> index = g.index_of(r.access);
  index[static_cast<size_t>(a.axis)] = place.at;
  return read_gathered(g, r, e.operands[0], index, place.valid, std::span(&place.checked, 1));
}
uint32_t embedding(Graph& g, const Request& r, const Equation& e) {
  const std::vector<Affine> at = g.index_of(r.access);
  const uint32_t id = g.operand(e.operands[1], g.access_of(std::span(at).first(at.size() - 1)), r.guard);
  if (id == pending) return pending;
  const int64_t rows = g.aval(e.operands[0]).shape[0];
  const Place place =
      resolve(g, id, r.guard, {nx::IndexMode::raise, false, rows, rows, g.values().equation[r.value], 0});
  const Affine index[] = {place.at, at.back()};
  return read_gathered(g, r, e.operands[0], index, place.valid, std::span(&place.checked, 1));
}

struct Row {
  Op op;
  Rule* rule;
};
constexpr Row rows[] = {
    {Op::Full, full},
    {Op::Iota, iota},
    {Op::RandomBits, random_bits},
    {Op::Cast, cast},
    {Op::Neg, map<Code::neg>},
    {Op::Abs, map<Code::abs>},
    {Op::Sign, map<Code::sign>},
    {Op::Not, map<Code::bit_not>},
    {Op::Sqrt, map<Code::sqrt>},
    {Op::Rsqrt, map<Code::rsqrt>},
    {Op::Exp, map<Code::exp>},
    {Op::Exp2, map<Code::exp2>},
    {Op::Expm1, map<Code::expm1>},
    {Op::Log, map<Code::log>},
    {Op::Log2, map<Code::log2>},
    {Op::Log10, map<Code::log10>},
    {Op::Log1p, map<Code::log1p>},
    {Op::Sin, map<Code::sin>},
    {Op::Cos, map<Code::cos>},
    {Op::Tanh, map<Code::tanh>},
    {Op::Logistic, map<Code::sigmoid>},
    {Op::Erf, map<Code::erf>},
    {Op::ErfInv, map<Code::erfinv>},
    {Op::Round, round},
    {Op::Bitcast, bitcast},
    {Op::StopGradient, same},
    {Op::Add, map<Code::add>},
    {Op::Sub, map<Code::sub>},
    {Op::Mul, map<Code::mul>},
    {Op::Div, map<Code::div>},
    {Op::IDiv, map<Code::idiv>},
    {Op::Rem, map<Code::rem>},
    {Op::Pow, map<Code::pow>},
    {Op::Maximum, map<Code::maximum>},
    {Op::Minimum, map<Code::minimum>},
    {Op::Bitwise, bitwise},
    {Op::Shl, map<Code::shl>},
    {Op::Shr, map<Code::shr>},
    {Op::Eq, map<Code::eq>},
    {Op::Ne, map<Code::ne>},
    {Op::Lt, map<Code::lt>},
    {Op::Le, map<Code::le>},
    {Op::Select, map<Code::select>},
    {Op::Reshape, reshape},
    {Op::Permute, permute},
    {Op::Expand, expand},
    {Op::Slice, slice},
    {Op::Flip, flip},
    {Op::Pad, pad},
    {Op::Concat, concat},
    {Op::SliceUpdate, slice_update},
    {Op::Gather, gather},
    {Op::GatherAxis, gather_axis},
    {Op::Gelu, gelu},
    {Op::GeluGrad, gelu_grad},
    {Op::Embedding, embedding},
};

struct Table {
  Rule* row[nx::op_table_size] = {};
  constexpr Table() {
    for (const Row& r : rows) row[static_cast<int>(r.op)] = r.rule;
  }
};
constexpr Table table;

}  // namespace

Rule* rule_of(Op op) { return table.row[static_cast<int>(op)]; }

bool generated(const Equation& e) {
  switch (e.op) {
    case Op::Reduce: return true;
    case Op::Pad:
      for (const int64_t interior : e.attrs.as<nx::PadAttrs>().interior)
        if (interior != 0) return false;
      return true;
    case Op::Concat: return e.operands.size() <= most_parts;
    case Op::SliceUpdate:
      for (const int64_t step : e.attrs.as<nx::SliceUpdateAttrs>().steps)
        if (step != 1) return false;
      return true;
    default: return rule_of(e.op) != nullptr;
  }
}

int cost_of(Code code) {
  switch (code) {
    case Code::exp:
    case Code::exp2:
    case Code::expm1:
    case Code::log:
    case Code::log2:
    case Code::log10:
    case Code::log1p:
    case Code::sin:
    case Code::cos:
    case Code::tanh:
    case Code::sigmoid:
    case Code::erf: return 16;
    case Code::erfinv:
    case Code::gelu:
    case Code::gelu_tanh:
    case Code::gelu_gradient:
    case Code::gelu_tanh_gradient:
    case Code::pow: return 32;
    case Code::rem:
    case Code::idiv: return 24;
    case Code::div:
    case Code::sqrt:
    case Code::rsqrt: return 4;
    default: return 1;
  }
}

}  // namespace tolk::kernels
