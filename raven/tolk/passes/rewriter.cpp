#include "raven/tolk/internal/rewriter.hpp"

#include <cstring>

#include "raven/nx/internal/hash.hpp"
#include "raven/nx/internal/impl.hpp"

namespace tolk {

namespace {

using Id = Program::Id;
using nx::detail::mix;

std::span<const std::byte> bytes_of(const nx::Array& contiguous) {
  return {nx::detail::impl_of(contiguous)->data, static_cast<size_t>(contiguous.nbytes())};
}

uint64_t hash_of(const nx::Array& x) {
  uint64_t h = mix(static_cast<uint64_t>(x.dtype()), static_cast<uint64_t>(x.ndim()));
  for (const int64_t extent : nx::detail::shape_span(x)) h = mix(h, static_cast<uint64_t>(extent));
  // The first and last words tell most constants apart; equality reads all bytes.
  const auto bytes = bytes_of(x);
  uint64_t head = 0, tail = 0;
  const size_t n = bytes.size() < sizeof head ? bytes.size() : sizeof head;
  if (n > 0) {
    std::memcpy(&head, bytes.data(), n);
    std::memcpy(&tail, bytes.data() + bytes.size() - n, n);
  }
  return mix(mix(h, head), tail);
}

bool same_bits(const nx::Array& a, const nx::Array& b) {
  return a.header() == b.header() ||
         (nx::aval_of(a) == nx::aval_of(b) &&
          (a.size() == 0 || std::memcmp(bytes_of(a).data(), bytes_of(b).data(), bytes_of(a).size()) == 0));
}

}  // namespace

Rewriter::Rewriter() : node_slots_(64, none), constant_slots_(16, none) {}

void Rewriter::grow(std::vector<uint32_t>& slots, size_t count, bool constants) {
  if (2 * count < slots.size()) return;
  slots.assign(2 * slots.size(), none);
  for (uint32_t i = 0; i < count; ++i) {
    size_t at = (constants ? constants_[i].hash : nodes_[i].hash) & (slots.size() - 1);
    while (slots[at] != none) at = (at + 1) & (slots.size() - 1);
    slots[at] = i;
  }
}

Id Rewriter::input(const Aval& aval) {
  const Id id = builder_.input(aval);
  node_of_.push_back(none);
  constant_index_.push_back(none);
  return id;
}

Id Rewriter::constant(const nx::Array& value) {
  const uint64_t hash = hash_of(value);
  size_t at = hash & (constant_slots_.size() - 1);
  for (; constant_slots_[at] != none; at = (at + 1) & (constant_slots_.size() - 1)) {
    const Constant& c = constants_[constant_slots_[at]];
    if (c.hash == hash && same_bits(c.array, value)) return c.id;
  }
  const Id id = builder_.constant(value);
  constant_slots_[at] = static_cast<uint32_t>(constants_.size());
  node_of_.push_back(none);
  constant_index_.push_back(static_cast<uint32_t>(constants_.size()));
  constants_.push_back({value, id, hash});
  grow(constant_slots_, constants_.size(), true);
  return id;
}

Id Rewriter::equation(Op op, std::span<const Id> operands, const nx::Attrs& attrs) {
  uint64_t hash = nx::attrs_hash(op, attrs, operands.size());
  for (const Id id : operands) hash = mix(hash, id);
  size_t at = hash & (node_slots_.size() - 1);
  if (!nx::has_flag(op, nx::op_flag::effect))
    for (; node_slots_[at] != none; at = (at + 1) & (node_slots_.size() - 1)) {
      const Node& n = nodes_[node_slots_[at]];
      if (n.hash == hash && n.op == op &&
          std::equal(n.operands.begin(), n.operands.end(), operands.begin(), operands.end()) &&
          nx::attrs_equal(op, n.attrs.get(), attrs))
        return n.first_result;
    }
  else
    while (node_slots_[at] != none) at = (at + 1) & (node_slots_.size() - 1);
  const size_t before = node_of_.size();
  const Id first = builder_.equation(op, operands, attrs);
  const auto results = static_cast<size_t>(nx::result_count(op, attrs, operands.size()));
  node_slots_[at] = static_cast<uint32_t>(nodes_.size());
  node_of_.resize(before + results, static_cast<uint32_t>(nodes_.size()));
  constant_index_.resize(before + results, none);
  nodes_.push_back({op, nx::AttrsBox(op, attrs), {operands.begin(), operands.end()}, first, hash});
  grow(node_slots_, nodes_.size(), false);
  return first;
}

const Rewriter::Node* Rewriter::node(Id id) const { return node_of_[id] == none ? nullptr : &nodes_[node_of_[id]]; }
const Rewriter::Node* Rewriter::node(Id id, Op op) const {
  const Node* n = node(id);
  return n && n->op == op ? n : nullptr;
}
nx::Array Rewriter::constant_of(Id id) const {
  return constant_index_[id] == none ? nx::Array{} : constants_[constant_index_[id]].array;
}

Program Rewriter::build(std::span<const Id> outputs) { return builder_.build(outputs); }

std::vector<Id> start(Rewriter& rewriter, const Program& program) {
  std::vector<Id> renamed(program.values());
  for (Id i = 0; i < program.inputs(); ++i) renamed[i] = rewriter.input(program.aval(i));
  for (size_t i = 0; i < program.constants().size(); ++i)
    renamed[program.inputs() + i] = rewriter.constant(program.constants()[i]);
  return renamed;
}

Program finish(Rewriter& rewriter, const Program& program, const std::vector<Id>& renamed) {
  std::vector<Id> outputs;
  for (const Id id : program.outputs()) outputs.push_back(renamed[id]);
  return rewriter.build(outputs);
}

}  // namespace tolk
