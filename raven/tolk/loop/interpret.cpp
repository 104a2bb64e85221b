// The reference: one scalar at a time, every access checked. It knows no vectors, so that what back ends make of lanes
// has something independent to be compared with.
#include <algorithm>
#include <cstring>

#include "raven/tolk/loop/internal/evaluate.hpp"
#include "raven/tolk/loop/internal/rules.hpp"
#include "raven/tolk/loop/internal/text.hpp"

namespace tolk::loop {
namespace detail {
namespace {

/// An element of memory; a boolean is one byte.
uint64_t read_element(const std::byte* at, Type type) {
  uint64_t bits = 0;
  std::memcpy(&bits, at, static_cast<size_t>(size_of(type)));
  return type == Type::b1 ? bits != 0 : bits;
}

/// An array that nodes address by index.
struct Array {
  std::byte* data = nullptr;
  int64_t declared = 0, real = 0;  ///< elements: as the kernel says, as the caller gave
};

/// An open block: `trip` of `trips` runs.
struct Frame {
  Id block;
  uint64_t from, trip, trips;
};

class Interpreter {
 public:
  Interpreter(const Kernel& kernel, bool backwards)
      : kernel_(kernel), nodes_(kernel.nodes), backwards_(backwards), value_(nodes_.size()), place_(nodes_.size()) {}

  std::string run(std::span<const Buffer> buffers, std::span<const int64_t> dims, int64_t begin, int64_t end) {
    if (std::string fault = prepare(buffers, dims, begin, end); !fault.empty()) return fault;
    for (Id at = 0; at < nodes_.size() && fault_.empty() && !stopped_;) at = step(at);
    return fault_;
  }

 private:
  /// Fills in what stays the same during the call, and finds the end of each block.
  std::string prepare(std::span<const Buffer> buffers, std::span<const int64_t> dims, int64_t begin, int64_t end) {
    scratch_.resize(static_cast<size_t>(kernel_.scratch_bytes()), std::byte{0xff});
    size_t params = 0, lanes = 0;
    std::vector<Id> open;
    for (Id id = 0; id < nodes_.size(); ++id) {
      const Node& node = nodes_[id];
      switch (node.code) {
        case Code::constant: value_[id] = static_cast<uint64_t>(node.immediate); break;
        case Code::task_begin: value_[id] = static_cast<uint64_t>(begin); break;
        case Code::task_end: value_[id] = static_cast<uint64_t>(end); break;
        case Code::dim:
          if (node.immediate >= static_cast<int64_t>(dims.size()))
            return describe(kernel_, id) + ": the call brings " + std::to_string(dims.size()) + " dims";
          value_[id] = static_cast<uint64_t>(dims[static_cast<size_t>(node.immediate)]);
          break;
        case Code::param:
          if (params == buffers.size())
            return describe(kernel_, id) + ": the call brings " + std::to_string(buffers.size()) + " buffers";
          place_[id] = static_cast<Id>(arrays_.size());
          arrays_.push_back({static_cast<std::byte*>(buffers[params].data), 0, buffers[params].count});
          ++params;
          break;
        case Code::local:
          place_[id] = static_cast<Id>(arrays_.size());
          arrays_.push_back({scratch_.data() + kernel_.local_offset(id), node.immediate, node.immediate});
          break;
        case Code::reg:
          place_[id] = static_cast<Id>(lanes);
          lanes += static_cast<size_t>(node.immediate);
          break;
        case Code::end:
          place_[open.back()] = id;
          open.pop_back();
          break;
        default:
          if (info(node.code).kind == Kind::block) open.push_back(id);
      }
    }
    if (params != buffers.size())
      return std::to_string(buffers.size()) + " buffers for " + std::to_string(params) + " params";
    registers_.resize(lanes);
    return {};
  }

  /// Runs one node; returns the next one.
  Id step(Id id) {
    const Node& node = nodes_[id];
    const auto operand = [&](int i) { return value_[node.operand[i]]; };
    switch (node.code) {
      case Code::constant:
      case Code::task_begin:
      case Code::task_end:
      case Code::dim:
      case Code::local: break;
      case Code::param: arrays_[place_[id]].declared = static_cast<int64_t>(operand(0)); break;
      case Code::reg: std::fill_n(&registers_[place_[id]], node.immediate, operand(0)); break;
      case Code::load: value_[id] = load(id, node.operand[0], operand(1)); break;
      case Code::load_if: value_[id] = operand(2) ? load(id, node.operand[0], operand(1)) : operand(3); break;
      case Code::get: value_[id] = lane_of(node.operand[0]); break;
      case Code::set: lane_of(node.operand[0]) = operand(1); break;
      case Code::halve_sum: value_[id] = halve(Code::add, node); break;
      case Code::halve_prod: value_[id] = halve(Code::mul, node); break;
      case Code::halve_max: value_[id] = halve(Code::maximum, node); break;
      case Code::halve_min: value_[id] = halve(Code::minimum, node); break;
      case Code::store: store(id, node.operand[0], operand(1), operand(2)); break;
      case Code::store_if:
        if (operand(3)) store(id, node.operand[0], operand(1), operand(2));
        break;
      case Code::check:
        if (operand(0)) break;
        store(id, node.operand[2], static_cast<uint64_t>(2 * node.immediate), 1);
        store(id, node.operand[2], static_cast<uint64_t>(2 * node.immediate + 1), operand(1));
        stopped_ = true;
        break;
      case Code::fetch: break;
      case Code::turn: turn(id, operand(1), operand(3)); break;
      case Code::loop:
      case Code::lanes: return open(id, operand(0), trips(node));
      case Code::when: return open(id, 0, operand(0));
      case Code::end: return close(id);
      default: {
        const Type data = nodes_[node.operand[node.code == Code::select ? 1 : 0]].type;
        const int count = info(node.code).operands;
        value_[id] =
            function_of(node.code, data, node.type)(operand(0), count > 1 ? operand(1) : 0, count > 2 ? operand(2) : 0);
      }
    }
    return id + 1;
  }

  // ---- blocks

  uint64_t trips(const Node& node) const {
    const uint64_t from = value_[node.operand[0]], to = value_[node.operand[1]];
    if (static_cast<int64_t>(from) >= static_cast<int64_t>(to)) return 0;
    const uint64_t step = node.code == Code::loop ? static_cast<uint64_t>(node.immediate) : 1;
    return (to - from - 1) / step + 1;
  }

  Id open(Id block, uint64_t from, uint64_t trips) {
    if (trips == 0) return place_[block] + 1;
    frames_.push_back({block, from, 0, trips});
    start_trip();
    return block + 1;
  }
  Id close(Id end) {
    Frame& frame = frames_.back();
    if (++frame.trip < frame.trips) {
      start_trip();
      return frame.block + 1;
    }
    if (nodes_[frame.block].code == Code::lanes) lane_ = 0;
    frames_.pop_back();
    return end + 1;
  }
  void start_trip() {
    const Frame& frame = frames_.back();
    const Node& block = nodes_[frame.block];
    if (block.code == Code::loop) {
      value_[frame.block] = frame.from + frame.trip * static_cast<uint64_t>(block.immediate);
    } else if (block.code == Code::lanes) {
      const uint64_t width = static_cast<uint64_t>(block.immediate), first = frame.trip / width * width;
      const uint64_t size = std::min(width, frame.trips - first);
      lane_ = backwards_ ? first + size - 1 - frame.trip : frame.trip - first;
      value_[frame.block] = frame.from + first + lane_;
    }
  }

  // ---- storage

  uint64_t& lane_of(Id reg) {
    return registers_[place_[reg] + (lane_ & static_cast<uint64_t>(nodes_[reg].immediate - 1))];
  }

  uint64_t halve(Code code, const Node& node) const {
    const Node& reg = nodes_[node.operand[0]];
    const auto first = registers_.begin() + place_[node.operand[0]];
    std::vector<uint64_t> p(first, first + reg.immediate);
    const Function combine = function_of(code, reg.type, reg.type);
    for (size_t half = p.size() / 2; half > 0; half /= 2)
      for (size_t i = 0; i < half; ++i) p[i] = combine(p[i], p[i + half], 0);
    return p[0];
  }

  std::byte* address(Id id, Id storage, uint64_t index) {
    const Array& array = arrays_[place_[storage]];
    const int64_t at = static_cast<int64_t>(index);
    if (at >= 0 && at < array.declared && at < array.real) return array.data + at * size_of(nodes_[storage].type);
    fault_ = describe(kernel_, id) + ": index " + std::to_string(at) + " outside " + std::to_string(array.declared) +
             " elements";
    if (array.real < array.declared) fault_ += " (the buffer has " + std::to_string(array.real) + ")";
    return nullptr;
  }
  uint64_t load(Id id, Id storage, uint64_t index) {
    const std::byte* at = address(id, storage, index);
    return at ? read_element(at, nodes_[storage].type) : 0;
  }
  void store(Id id, Id storage, uint64_t index, uint64_t bits) {
    std::byte* at = address(id, storage, index);
    if (at) std::memcpy(at, &bits, static_cast<size_t>(size_of(nodes_[storage].type)));
  }
  void turn(Id id, uint64_t from, uint64_t to) {
    const Node& node = nodes_[id];
    const Node& target = nodes_[node.operand[2]];
    const uint64_t row = static_cast<uint64_t>(target.immediate / turn_rows);
    const uint64_t side = static_cast<uint64_t>(turn_side(target.type));
    for (uint64_t r = 0; r < side; ++r)
      for (uint64_t k = 0; k < side && fault_.empty(); ++k)
        store(id, node.operand[2], to + k * row + r,
              load(id, node.operand[0], from + r * static_cast<uint64_t>(node.immediate) + k));
  }

  const Kernel& kernel_;
  const std::vector<Node>& nodes_;
  const bool backwards_;
  std::vector<uint64_t> value_;  ///< bits of each node's value
  std::vector<Id> place_;        ///< storage: where in arrays_ or registers_; blocks: their end
  std::vector<Array> arrays_;
  std::vector<uint64_t> registers_;  ///< every lane of every register
  std::vector<std::byte> scratch_;
  std::vector<Frame> frames_;
  uint64_t lane_ = 0;
  bool stopped_ = false;
  std::string fault_;
};

}  // namespace
}  // namespace detail

std::string interpret(const Kernel& kernel, std::span<const Buffer> buffers, std::span<const int64_t> dims,
                      int64_t begin, int64_t end, bool backwards) {
  return detail::Interpreter(kernel, backwards).run(buffers, dims, begin, end);
}

}  // namespace tolk::loop
