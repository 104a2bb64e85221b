// What must hold of a kernel, node by node in program order. Back ends rely on all of it and check none of it.
#include <algorithm>

#include "raven/tolk/loop/internal/rules.hpp"
#include "raven/tolk/loop/internal/text.hpp"

namespace tolk::loop {
namespace detail {
namespace {

bool is_power_of_two(int64_t x) { return x > 0 && (x & (x - 1)) == 0; }
bool is_width(int64_t x) { return is_power_of_two(x) && x <= max_width; }

class Verifier {
 public:
  explicit Verifier(const Kernel& kernel)
      : nodes_(kernel.nodes), block_of_(kernel.nodes.size(), no_id), varying_(kernel.nodes.size(), false) {}

  /// Each check may rely on those before it.
  std::string fault_of(Id id) {
    const Node& node = nodes_[id];
    for (const auto check : {&Verifier::arity, &Verifier::operands, &Verifier::types, &Verifier::immediate,
                             &Verifier::placement, &Verifier::storage, &Verifier::registers}) {
      if (std::string fault = (this->*check)(node, id); !fault.empty()) return fault;
    }
    enter(node, id);
    return {};
  }
  bool closed() const { return blocks_.empty(); }

 private:
  std::string arity(const Node& node, Id) {
    for (int i = 0; i < 4; ++i)
      if ((node.operand[i] != no_id) != (i < info(node.code).operands))
        return "takes " + std::to_string(info(node.code).operands) + " operands";
    return {};
  }

  std::string operands(const Node& node, Id id) {
    const Slots& slots = slots_of(node.code);
    for (int i = 0; i < info(node.code).operands; ++i) {
      const std::string which = "operand " + std::to_string(i + 1) + " ";
      const Id operand = node.operand[i];
      if (operand >= id) return which + "does not stand before it";
      const Id block = block_of_[operand];
      if (block != no_id && std::find(blocks_.begin(), blocks_.end(), block) == blocks_.end())
        return which + "is used outside its block";
      const Code code = nodes_[operand].code;
      switch (slots[i]) {
        case Slot::array:
          if (code != Code::param && code != Code::local) return which + "is neither param nor local";
          break;
        case Slot::lanes:
          if (code != Code::reg) return which + "is no reg";
          break;
        case Slot::status:
          if (code != Code::param) return which + "is no param";
          break;
        default:
          if (!is_numbered(code) && code != Code::constant) return which + "has no value";
          if (info(code).kind == Kind::declaration) return which + "is storage, not a value";
      }
    }
    return {};
  }

  std::string types(const Node& node, Id) {
    const Slots& slots = slots_of(node.code);
    const Type from = slots[0] == Slot::from ? nodes_[node.operand[0]].type : Type::none;
    const CodeInfo& code = info(node.code);
    const bool from_operand = code.predicate || code.kind == Kind::statement;
    const Type data = from_operand && code.operands > 0 ? nodes_[node.operand[0]].type : node.type;
    Type result = data;
    if (code.predicate) result = Type::b1;
    if (code.kind == Kind::statement || node.code == Code::when) result = Type::none;
    if (node.code == Code::loop || node.code == Code::lanes) result = Type::i64;
    if (node.type != result)
      return "has type " + std::string(name_of(node.type)) + ", not " + std::string(name_of(result));
    if (names_type(node.code) && !contains(types_of(node.code), data)) return no_such_type(data);
    if ((node.code == Code::dim || node.code == Code::task_begin || node.code == Code::task_end) && data != Type::i64)
      return no_such_type(data);
    if (from != Type::none && !contains(types_of(node.code), from)) return no_such_type(from);
    if (node.code == Code::bitcast && size_of(from) != size_of(data)) return "types of different sizes";
    for (int i = 0; i < code.operands; ++i) {
      const Type expected = slot_type(slots[i], data, from), got = nodes_[node.operand[i]].type;
      if (got != expected)
        return "operand " + std::to_string(i + 1) + " has type " + std::string(name_of(got)) + ", not " +
               std::string(name_of(expected));
    }
    return {};
  }
  static std::string no_such_type(Type type) { return "does not exist for type " + std::string(name_of(type)); }

  std::string immediate(const Node& node, Id) {
    const int64_t x = node.immediate;
    switch (node.code) {
      case Code::param: return x >= 0 && x <= 2 ? "" : "no such access";
      case Code::local: return x >= 0 && x <= max_local_count ? "" : "count outside 0 … 2^32";
      case Code::constant: return (static_cast<uint64_t>(x) & ~mask_of(node.type)) == 0 ? "" : "bits beyond the type";
      case Code::dim: return x >= 0 && x <= INT32_MAX ? "" : "no such dimension";
      case Code::loop: return x >= 1 ? "" : "step below 1";
      case Code::reg:
      case Code::lanes: return is_width(x) ? "" : "width is not a power of two up to 1024";
      case Code::store:
      case Code::store_if: return x == 0 || x == 1 ? "" : "stream is neither 0 nor 1";
      case Code::check: return x >= 0 && x <= INT32_MAX ? "" : "no such site";
      case Code::turn: return "";
      default: return x == 0 ? "" : "takes no immediate";
    }
  }

  std::string placement(const Node& node, Id) {
    const CodeInfo& code = info(node.code);
    if (node.code == Code::end && blocks_.empty()) return "closes no block";
    if ((node.code == Code::param || node.code == Code::local) && !blocks_.empty()) return "stands inside a block";
    if (code.kind == Kind::block && blocks_.size() == max_block_depth)
      return "opens more than " + std::to_string(max_block_depth) + " blocks";
    if (lanes_ == no_id) return {};
    if (node.code == Code::lanes || node.code == Code::when || node.code == Code::turn) return "stands inside lanes";
    if (node.code == Code::loop && (varying_[node.operand[0]] || varying_[node.operand[1]]))
      return "bounds differ between lanes";
    return {};
  }

  std::string storage(const Node& node, Id) {
    if (node.code == Code::param) {
      int64_t count = 0;
      return constant_index(node.operand[0], count) && count < 0 ? "count is negative" : "";
    }
    if (node.code == Code::check) {
      const Node& status = nodes_[node.operand[2]];
      int64_t count = 0;
      if (static_cast<Access>(status.immediate) == Access::read) return "writes to a param that is read only";
      if (constant_index(status.operand[0], count) && 2 * node.immediate + 1 >= count) return "site outside the status";
      return {};
    }
    if (slots_of(node.code)[0] != Slot::array) return {};
    const Node& array = nodes_[node.operand[0]];
    if (array.code == Code::param) {
      const Access access = static_cast<Access>(array.immediate);
      const bool reads = info(node.code).kind == Kind::read || node.code == Code::turn || node.code == Code::fetch;
      if (reads && access == Access::write) return "reads a param that is write only";
      if (!reads && access == Access::read) return "writes to a param that is read only";
    }
    if (node.code == Code::turn) {
      const Node& target = nodes_[node.operand[2]];
      if (target.code != Code::local || node.operand[2] == node.operand[0]) return "operand 3 is not another local";
      if (target.immediate % turn_rows != 0) return "operand 3 is not " + std::to_string(turn_rows) + " rows";
      return {};
    }
    // The index of a false load_if or store_if may be anything.
    int64_t index = 0, count = array.immediate;
    const bool bounded = array.code == Code::local || constant_index(array.operand[0], count);
    if ((node.code == Code::load || node.code == Code::store) && bounded && constant_index(node.operand[1], index) &&
        (index < 0 || index >= count))
      return "index " + std::to_string(index) + " outside " + std::to_string(count) + " elements";
    return {};
  }

  std::string registers(const Node& node, Id) {
    if (node.code == Code::reg)
      return lanes_ != no_id && node.immediate != 1 ? "declared inside lanes with a width" : "";
    if (slots_of(node.code)[0] != Slot::lanes) return {};
    const Id reg = node.operand[0];
    const int64_t width = nodes_[reg].immediate;
    const bool halves = node.code != Code::get && node.code != Code::set;
    if (lanes_ == no_id)
      return halves || width == 1 ? "" : "register of width " + std::to_string(width) + " used outside lanes";
    if (halves) return "halves a register inside lanes";
    if (own(reg) || width == nodes_[lanes_].immediate || (width == 1 && node.code == Code::get)) return {};
    return "register of width " + std::to_string(width) + " in lanes of width " +
           std::to_string(nodes_[lanes_].immediate);
  }
  /// Declared inside the lanes that are open, one for each lane.
  bool own(Id reg) const { return lanes_ != no_id && reg > lanes_; }

  void enter(const Node& node, Id id) {
    if (node.code == Code::end) {
      if (blocks_.back() == lanes_) lanes_ = no_id;
      blocks_.pop_back();
    } else if (info(node.code).kind == Kind::block) {
      blocks_.push_back(id);
      if (node.code == Code::lanes) lanes_ = id, varying_[id] = true;
    } else if (node.code == Code::get) {
      const Id reg = node.operand[0];
      varying_[id] = own(reg) || (lanes_ != no_id && nodes_[reg].immediate == nodes_[lanes_].immediate);
    } else {
      for (int i = 0; i < info(node.code).operands; ++i) varying_[id] = varying_[id] || varying_[node.operand[i]];
    }
    block_of_[id] = blocks_.empty() ? no_id : blocks_.back();
  }

  bool constant_index(Id id, int64_t& value) const {
    value = nodes_[id].immediate;
    return nodes_[id].code == Code::constant;
  }

  const std::vector<Node>& nodes_;
  std::vector<Id> block_of_;   ///< the innermost block a node stands in; a block's index stands inside it
  std::vector<bool> varying_;  ///< may differ between the lanes that are open
  std::vector<Id> blocks_;     ///< open, outermost first
  Id lanes_ = no_id;
};

bool is_name(const std::string& name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_letter);
}

// Everything else may look into the tables by code and type.
bool is_listed(const Node& node) {
  return static_cast<int>(node.code) < code_count && static_cast<int>(node.type) < type_count;
}

}  // namespace
}  // namespace detail

std::string verify(const Kernel& kernel) {
  using namespace detail;
  if (!is_name(kernel.name)) return "name: letters, digits and _ only";
  if (kernel.nodes.size() >= no_id) return "too many nodes";
  for (Id id = 0; id < kernel.nodes.size(); ++id)
    if (!is_listed(kernel.nodes[id])) return "node " + std::to_string(id) + ": no such code or type";
  Verifier verifier(kernel);
  for (Id id = 0; id < kernel.nodes.size(); ++id)
    if (const std::string fault = verifier.fault_of(id); !fault.empty()) return describe(kernel, id) + ": " + fault;
  return verifier.closed() ? "" : "a block is not closed";
}

}  // namespace tolk::loop
