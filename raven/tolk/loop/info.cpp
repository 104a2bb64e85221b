// Tables of types and codes, made from code.def, and what a kernel's declarations add up to.
#include <algorithm>

#include "raven/tolk/loop/internal/rules.hpp"

namespace tolk::loop {
namespace detail {
namespace {

constexpr CodeInfo code_info[] = {
#define IS_PREDICATE(name) \
  (Code::name == Code::eq || Code::name == Code::ne || Code::name == Code::lt || Code::name == Code::le)
#define DECLARE(name, text, operands, ...) {text, Kind::declaration, operands, false},
#define VALUE(name, text, operands, types) {text, Kind::value, operands, IS_PREDICATE(name)},
#define READ(name, text, operands) {text, Kind::read, operands, false},
#define STATEMENT(name, text, operands) {text, Kind::statement, operands, false},
#define BLOCK(name, text, operands) {text, Kind::block, operands, false},
#include "raven/tolk/loop/code.def"
};
#undef IS_PREDICATE

constexpr unsigned code_types[] = {
#define DECLARE(...) B | I | F,
#define VALUE(name, text, operands, types) types,
#define READ DECLARE
#define STATEMENT DECLARE
#define BLOCK DECLARE
#include "raven/tolk/loop/code.def"
};

// Values take as many operands of the data type as they have operands, but for those named here.
constexpr Slots slots(Code code) {
  using enum Slot;
  switch (code) {
    case Code::param: return {index};
    case Code::reg: return {data};
    case Code::select: return {mask, data, data};
    case Code::cast:
    case Code::bitcast: return {from};
    case Code::load: return {array, index};
    case Code::load_if: return {array, index, mask, data};
    case Code::get:
    case Code::halve_sum:
    case Code::halve_prod:
    case Code::halve_max:
    case Code::halve_min: return {lanes};
    case Code::store: return {array, index, data};
    case Code::store_if: return {array, index, data, mask};
    case Code::set: return {lanes, data};
    case Code::check: return {mask, index, status};
    case Code::turn: return {array, index, array, index};
    case Code::fetch: return {array, index};
    case Code::loop:
    case Code::lanes: return {index, index};
    case Code::when: return {mask};
    default: break;
  }
  Slots all{};
  for (int i = 0; i < code_info[static_cast<int>(code)].operands; ++i) all[i] = data;
  return all;
}

constexpr auto code_slots = [] {
  std::array<Slots, code_count> table{};
  for (int i = 0; i < code_count; ++i) table[i] = slots(static_cast<Code>(i));
  return table;
}();

constexpr bool every_operand_has_a_slot() {
  for (int i = 0; i < code_count; ++i)
    for (int k = 0; k < 4; ++k)
      if ((code_slots[i][k] != Slot::none) != (k < code_info[i].operands)) return false;
  return true;
}
static_assert(every_operand_has_a_slot());

}  // namespace

const Slots& slots_of(Code code) { return code_slots[static_cast<int>(code)]; }
unsigned types_of(Code code) { return code_types[static_cast<int>(code)]; }

bool names_type(Code code) {
  switch (code) {
    case Code::dim:
    case Code::task_begin:
    case Code::task_end:
    case Code::check:
    case Code::end:
    case Code::loop:
    case Code::lanes:
    case Code::when: return false;
    default: return true;
  }
}

Type data_type(const Kernel& kernel, const Node& node) {
  const bool from_operand = info(node.code).predicate || info(node.code).kind == Kind::statement;
  if (!from_operand) return node.type;
  return node.operand[0] < kernel.nodes.size() ? kernel.nodes[node.operand[0]].type : Type::none;
}

Type slot_type(Slot slot, Type data, Type from) {
  switch (slot) {
    case Slot::none: return Type::none;
    case Slot::from: return from;
    case Slot::mask: return Type::b1;
    case Slot::index:
    case Slot::status: return Type::i64;
    default: return data;
  }
}

}  // namespace detail

std::string_view name_of(Type type) {
  static constexpr std::string_view names[type_count] = {"none", "b1", "u8", "u32", "u64", "i32", "i64", "f32", "f64"};
  return names[static_cast<int>(type)];
}

int size_of(Type type) {
  static constexpr int sizes[type_count] = {0, 1, 1, 4, 8, 4, 8, 4, 8};
  return sizes[static_cast<int>(type)];
}

int turn_side(Type type) { return std::min(turn_rows, 64 / size_of(type)); }

const CodeInfo& info(Code code) { return detail::code_info[static_cast<int>(code)]; }

std::vector<Id> Kernel::params() const {
  std::vector<Id> ids;
  for (Id id = 0; id < nodes.size(); ++id)
    if (nodes[id].code == Code::param) ids.push_back(id);
  return ids;
}

// Every local starts on a cache line of its own.
static int64_t padded_bytes(const Node& local) { return (local.immediate * size_of(local.type) + 63) / 64 * 64; }

int64_t Kernel::scratch_bytes() const { return local_offset(static_cast<Id>(nodes.size())); }

int64_t Kernel::local_offset(Id local) const {
  int64_t offset = 0;
  for (Id id = 0; id < std::min<size_t>(local, nodes.size()); ++id)
    if (nodes[id].code == Code::local) offset += padded_bytes(nodes[id]);
  return offset;
}

}  // namespace tolk::loop
