// The builder: value numbering, constant folding and the identities of integers while a kernel is written down.
#include <bit>
#include <stdexcept>
#include <unordered_map>

#include "raven/tolk/loop/internal/evaluate.hpp"
#include "raven/tolk/loop/internal/rules.hpp"

namespace tolk::loop {
namespace {

struct NodeHash {
  size_t operator()(const Node& node) const {
    uint64_t hash = static_cast<uint64_t>(node.code) << 8 | static_cast<uint64_t>(node.type);
    const auto mix = [&hash](uint64_t x) { hash = (hash ^ x) * 0x9e3779b97f4a7c15, hash ^= hash >> 29; };
    for (const Id operand : node.operand) mix(operand);
    mix(static_cast<uint64_t>(node.immediate));
    return static_cast<size_t>(hash);
  }
};

enum class Given : uint8_t { zero, one, ones };
enum class Gives : uint8_t { other, constant };
/// x ∘ c where c is `given`. Integers and booleans only: no rule holds for −0 and NaN too.
struct Identity {
  Code code;
  Given given;
  Gives gives;
  bool commutes;  ///< c ∘ x as well
};
constexpr Identity identities[] = {
    {Code::add, Given::zero, Gives::other, true},        {Code::mul, Given::one, Gives::other, true},
    {Code::mul, Given::zero, Gives::constant, true},     {Code::sub, Given::zero, Gives::other, false},
    {Code::idiv, Given::one, Gives::other, false},       {Code::shl, Given::zero, Gives::other, false},
    {Code::shr, Given::zero, Gives::other, false},       {Code::bit_and, Given::ones, Gives::other, true},
    {Code::bit_and, Given::zero, Gives::constant, true}, {Code::bit_or, Given::zero, Gives::other, true},
    {Code::bit_or, Given::ones, Gives::constant, true},  {Code::bit_xor, Given::zero, Gives::other, true},
};

uint64_t bits_of(Given given, Type type) {
  return given == Given::zero ? 0 : given == Given::one ? 1 : detail::mask_of(type);
}

}  // namespace

struct Builder::Impl {
  Kernel kernel;
  std::unordered_map<Node, Id, NodeHash> known;  ///< values of the open scopes
  std::vector<Node> made;                        ///< the keys of `known`, scope by scope
  std::vector<size_t> scopes;                    ///< where each open scope starts in `made`

  Id append(Node node) {
    kernel.nodes.push_back(node);
    return static_cast<Id>(kernel.nodes.size() - 1);
  }
  /// A value that depends on its operands alone: the one there is, or a new one.
  Id value(const Node& node) {
    const auto [at, is_new] = known.try_emplace(node, static_cast<Id>(kernel.nodes.size()));
    if (!is_new) return at->second;
    made.push_back(node);
    return append(node);
  }
  void open(const Node& node) {
    scopes.push_back(made.size());
    append(node);
  }
  void close() {
    if (!scopes.empty()) {  // an `end` too many is for the verifier to report
      for (; made.size() > scopes.back(); made.pop_back()) known.erase(made.back());
      scopes.pop_back();
    }
    append({Code::end});
  }

  Type type_of(Id id) const { return id < kernel.nodes.size() ? kernel.nodes[id].type : Type::none; }
  bool is_constant(Id id) const { return id < kernel.nodes.size() && kernel.nodes[id].code == Code::constant; }
  bool is_constant(Id id, uint64_t bits) const {
    return is_constant(id) && static_cast<uint64_t>(kernel.nodes[id].immediate) == bits;
  }
  bool is_truth(Id id, bool truth) const { return type_of(id) == Type::b1 && is_constant(id, truth); }
  Id constant(Type type, uint64_t bits) {
    return value({Code::constant, type, {no_id, no_id, no_id, no_id}, static_cast<int64_t>(bits)});
  }

  /// The value as a constant if all its operands are, else no_id.
  Id folded(const Node& node) {
    const int count = info(node.code).operands;
    uint64_t bits[3] = {};
    for (int i = 0; i < count; ++i) {  // operands of different types are for the verifier to report
      if (!is_constant(node.operand[i]) || type_of(node.operand[i]) != type_of(node.operand[0])) return no_id;
      bits[i] = static_cast<uint64_t>(kernel.nodes[node.operand[i]].immediate);
    }
    const detail::Function function = detail::function_of(node.code, type_of(node.operand[0]), node.type);
    return function ? constant(node.type, function(bits[0], bits[1], bits[2])) : no_id;
  }
  Id pure(const Node& node) {
    const Id constant = folded(node);
    return constant != no_id ? constant : value(node);
  }

  /// What an identity makes of a ∘ b, or no_id.
  Id identity(Code code, Type type, Id a, Id b) const {
    if (is_real(type) || type_of(a) != type_of(b)) return no_id;
    for (const Identity& rule : identities) {
      if (rule.code != code) continue;
      const uint64_t bits = bits_of(rule.given, type);
      if (is_constant(b, bits)) return rule.gives == Gives::other ? a : b;
      if (rule.commutes && is_constant(a, bits)) return rule.gives == Gives::other ? b : a;
    }
    return no_id;
  }

  bool is_read_only(Id storage) const {
    return storage < kernel.nodes.size() && kernel.nodes[storage].code == Code::param &&
           static_cast<Access>(kernel.nodes[storage].immediate) == Access::read;
  }
  Id read(const Node& node) { return is_read_only(node.operand[0]) ? value(node) : append(node); }
};

Builder::Builder(std::string name) : impl_(std::make_unique<Impl>()) { impl_->kernel.name = std::move(name); }
Builder::~Builder() = default;

// ---- storage

Id Builder::param(Type type, Access access, Id count) {
  return impl_->append({Code::param, type, {count, no_id, no_id, no_id}, static_cast<int64_t>(access)});
}
Id Builder::local(Type type, int64_t count) {
  return impl_->append({Code::local, type, {no_id, no_id, no_id, no_id}, count});
}
Id Builder::reg(Type type, int64_t width, Id first) {
  return impl_->append({Code::reg, type, {first, no_id, no_id, no_id}, width});
}

// ---- values

Id Builder::constant(Type type, uint64_t bits) { return impl_->constant(type, bits); }
Id Builder::index(int64_t value) { return impl_->constant(Type::i64, static_cast<uint64_t>(value)); }
Id Builder::real(Type type, double value) {
  if (type == Type::f64) return impl_->constant(type, std::bit_cast<uint64_t>(value));
  return impl_->constant(type, std::bit_cast<uint32_t>(static_cast<float>(value)));
}
Id Builder::truth(bool value) { return impl_->constant(Type::b1, value ? 1 : 0); }
Id Builder::dim(int which) { return impl_->value({Code::dim, Type::i64, {no_id, no_id, no_id, no_id}, which}); }
Id Builder::task_begin() { return impl_->value({Code::task_begin, Type::i64}); }
Id Builder::task_end() { return impl_->value({Code::task_end, Type::i64}); }

Id Builder::unary(Code code, Id a) { return impl_->pure({code, type_of(a), {a, no_id, no_id, no_id}}); }

Id Builder::binary(Code code, Id a, Id b) {
  const Type operands = type_of(a), type = info(code).predicate ? Type::b1 : operands;
  const Id simpler = impl_->identity(code, operands, a, b);
  return simpler != no_id ? simpler : impl_->pure({code, type, {a, b, no_id, no_id}});
}

Id Builder::select(Id mask, Id a, Id b) {
  if (a == b) return a;
  if (impl_->is_truth(mask, true)) return a;
  if (impl_->is_truth(mask, false)) return b;
  return impl_->value({Code::select, type_of(a), {mask, a, b, no_id}});
}
Id Builder::cast(Type type, Id a) {
  return type == type_of(a) ? a : impl_->pure({Code::cast, type, {a, no_id, no_id, no_id}});
}
Id Builder::bitcast(Type type, Id a) {
  return type == type_of(a) ? a : impl_->pure({Code::bitcast, type, {a, no_id, no_id, no_id}});
}

// ---- reads

Id Builder::load(Id storage, Id index) {
  return impl_->read({Code::load, type_of(storage), {storage, index, no_id, no_id}});
}
Id Builder::load_if(Id storage, Id index, Id mask, Id otherwise) {
  if (impl_->is_truth(mask, true)) return load(storage, index);
  if (impl_->is_truth(mask, false)) return otherwise;
  return impl_->read({Code::load_if, type_of(storage), {storage, index, mask, otherwise}});
}
Id Builder::get(Id reg) { return impl_->append({Code::get, type_of(reg), {reg, no_id, no_id, no_id}}); }
Id Builder::halve(Code code, Id reg) { return impl_->append({code, type_of(reg), {reg, no_id, no_id, no_id}}); }

// ---- statements

void Builder::store(Id storage, Id index, Id value, bool stream) {
  impl_->append({Code::store, Type::none, {storage, index, value, no_id}, stream});
}
void Builder::store_if(Id storage, Id index, Id value, Id mask, bool stream) {
  if (impl_->is_truth(mask, false)) return;
  if (impl_->is_truth(mask, true)) return store(storage, index, value, stream);
  impl_->append({Code::store_if, Type::none, {storage, index, value, mask}, stream});
}
void Builder::set(Id reg, Id value) { impl_->append({Code::set, Type::none, {reg, value, no_id, no_id}}); }
void Builder::check(Id mask, Id value, Id status, int64_t site) {
  if (impl_->is_truth(mask, true)) return;
  impl_->append({Code::check, Type::none, {mask, value, status, no_id}, site});
}
void Builder::fetch(Id storage, Id index) { impl_->append({Code::fetch, Type::none, {storage, index, no_id, no_id}}); }
void Builder::turn(Id from, Id from_index, int64_t stride, Id to, Id to_index) {
  impl_->append({Code::turn, Type::none, {from, from_index, to, to_index}, stride});
}

// ---- blocks

Id Builder::loop(Id from, Id to, int64_t step) {
  impl_->open({Code::loop, Type::i64, {from, to, no_id, no_id}, step});
  return static_cast<Id>(impl_->kernel.nodes.size() - 1);
}
Id Builder::lanes(Id from, Id to, int64_t width) {
  impl_->open({Code::lanes, Type::i64, {from, to, no_id, no_id}, width});
  return static_cast<Id>(impl_->kernel.nodes.size() - 1);
}
void Builder::when(Id condition) { impl_->open({Code::when, Type::none, {condition, no_id, no_id, no_id}}); }
void Builder::end() { impl_->close(); }

Type Builder::type_of(Id id) const { return impl_->type_of(id); }
bool Builder::is_index(Id id, int64_t& value) const {
  if (!impl_->is_constant(id) || type_of(id) != Type::i64) return false;
  value = impl_->kernel.nodes[id].immediate;
  return true;
}

Kernel Builder::finish() {
  if (const std::string fault = verify(impl_->kernel); !fault.empty()) throw std::logic_error("loop.Builder: " + fault);
  return std::move(impl_->kernel);
}

}  // namespace tolk::loop
