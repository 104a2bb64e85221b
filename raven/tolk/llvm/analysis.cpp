#include "raven/tolk/llvm/internal/analysis.hpp"

#include <algorithm>

namespace tolk::backend {
namespace {

using loop::Code;
using loop::Kernel;
using loop::Kind;
using loop::no_id;
using loop::Node;
using loop::Type;

bool reads_memory(Code code) { return code == Code::load || code == Code::load_if || code == Code::fetch; }
bool writes_memory(Code code) { return code == Code::store || code == Code::store_if; }

/// Whether lanes fold into registers that outlive them, which fixes their width.
bool folds(const Kernel& kernel, const std::vector<Id>& lanes, Id block, Id end) {
  for (Id id = block; id < end; ++id) {
    const Node& node = kernel.nodes[id];
    if (node.code != Code::set && node.code != Code::get) continue;
    const Id reg = node.operand[0];
    const bool outer = lanes[reg] != block;
    if (outer && (node.code == Code::set || kernel.nodes[reg].immediate > 1)) return true;
  }
  return false;
}

}  // namespace

Analysis::Analysis(const Kernel& kernel, int vector_bytes)
    : shape(kernel.nodes.size(), Shape::uniform),
      stride(kernel.nodes.size(), 0),
      needs_vector(kernel.nodes.size(), false),
      lanes(kernel.nodes.size(), no_id),
      end_of(kernel.nodes.size(), no_id),
      changed(kernel.nodes.size()),
      width(kernel.nodes.size(), 0),
      checks(kernel.nodes.size(), false) {
  find_blocks(kernel);
  find_shapes(kernel);
  for (Id id = 0; id < kernel.nodes.size(); ++id)
    if (kernel.nodes[id].code == Code::lanes) choose_width(kernel, id, vector_bytes);
}

void Analysis::find_blocks(const Kernel& kernel) {
  std::vector<Id> open;
  Id current = no_id;  // the lanes that are open
  for (Id id = 0; id < kernel.nodes.size(); ++id) {
    const Node& node = kernel.nodes[id];
    if (node.code == Code::lanes) current = id;
    // What the call brings is the same everywhere, wherever it is written.
    const bool brought = node.code == Code::constant || node.code == Code::dim || node.code == Code::task_begin ||
                         node.code == Code::task_end;
    lanes[id] = brought ? no_id : current;
    if (info(node.code).kind == Kind::block) open.push_back(id);
    if (node.code == Code::end) {
      end_of[open.back()] = id;
      if (open.back() == current) current = no_id;
      open.pop_back();
    }
    if (node.code == Code::set) {
      for (const Id block : open) {
        std::vector<Id>& registers = changed[block];
        const bool outer = node.operand[0] < block;
        if (outer && std::find(registers.begin(), registers.end(), node.operand[0]) == registers.end())
          registers.push_back(node.operand[0]);
      }
    }
    if (writes_memory(node.code) && node.immediate != 0) streams = true;
  }
}

void Analysis::find_shapes(const Kernel& kernel) {
  bool scalar_lanes = false;
  for (Id id = 0; id < kernel.nodes.size(); ++id) {
    const Node& node = kernel.nodes[id];
    if (node.code == Code::lanes) {
      scalar_lanes = node.immediate == 1 && folds(kernel, lanes, id, end_of[id]);
      width[id] = scalar_lanes ? 0 : static_cast<int>(node.immediate);
      if (!scalar_lanes) shape[id] = Shape::affine, stride[id] = 1;
      continue;
    }
    if (lanes[id] == no_id || scalar_lanes || node.code == Code::end) continue;
    const auto of = [&](int i) { return shape[node.operand[i]]; };
    const int operands = info(node.code).operands;
    if (node.code == Code::get) {
      const Id reg = node.operand[0];
      const bool own = lanes[reg] == lanes[id], wide = kernel.nodes[reg].immediate > 1;
      shape[id] = own || wide ? Shape::varying : Shape::uniform;
      continue;
    }
    bool uniform = true;
    for (int i = 0; i < operands; ++i) uniform = uniform && of(i) == Shape::uniform;
    if (uniform) continue;
    shape[id] = Shape::varying;
    if (node.type == Type::i64 &&
        (node.code == Code::add || node.code == Code::sub || node.code == Code::mul || node.code == Code::neg)) {
      const auto linear = [&](int i) { return of(i) != Shape::varying; };
      const auto rate = [&](int i) { return static_cast<uint64_t>(stride[node.operand[i]]); };
      const auto constant = [&](int i) { return kernel.nodes[node.operand[i]].code == Code::constant; };
      const auto value = [&](int i) { return static_cast<uint64_t>(kernel.nodes[node.operand[i]].immediate); };
      bool affine = linear(0);
      uint64_t result = 0;  // wraps, as the values do
      if (node.code == Code::neg) {
        result = 0 - rate(0);
      } else if (node.code == Code::mul) {
        affine = (linear(0) && constant(1)) || (constant(0) && linear(1));
        if (affine) result = constant(1) ? rate(0) * value(1) : value(0) * rate(1);
      } else {
        affine = affine && linear(1);
        result = node.code == Code::add ? rate(0) + rate(1) : rate(0) - rate(1);
      }
      if (affine) {
        stride[id] = static_cast<int64_t>(result);
        shape[id] = stride[id] == 0 ? Shape::uniform : Shape::affine;
      }
    }
    // Addresses are made of lane 0's value; every other use needs the vector.
    for (int i = 0; i < operands; ++i) {
      const bool address = i == 1 && (reads_memory(node.code) || writes_memory(node.code));
      if (of(i) == Shape::affine && !address && shape[id] == Shape::varying && !is_counter(*this, kernel, id))
        needs_vector[node.operand[i]] = true;
    }
    if (node.code == Code::check && of(0) != Shape::uniform) checks[lanes[id]] = true;
  }
}

bool is_counter(const Analysis& analysis, const Kernel& kernel, Id id) {
  const Node& node = kernel.nodes[id];
  return node.code == Code::cast && analysis.shape[node.operand[0]] == Shape::affine &&
         analysis.shape[id] == Shape::varying && (node.type == Type::u32 || node.type == Type::i32);
}

/// Whether the lanes are one long chain of integer steps, as random bits are: no step can begin before the one before.
static bool is_chain(const Analysis& analysis, const Kernel& kernel, Id block) {
  constexpr int long_chain = 48;
  int steps = 0;
  for (Id id = block + 1; id < analysis.end_of[block]; ++id) {
    const Node& node = kernel.nodes[id];
    const bool integer = node.type == Type::u32 || node.type == Type::u64 || node.type == Type::i32;
    if (info(node.code).kind == Kind::block) return false;
    if (info(node.code).kind == Kind::value && integer && analysis.shape[id] == Shape::varying) ++steps;
  }
  return steps >= long_chain;
}

/// Without registers to fold into, any number of iterations at a time is right. One register of the narrowest data
/// type: wider data then take several, and bytes beside them a part.
void Analysis::choose_width(const Kernel& kernel, Id block, int vector_bytes) {
  if (width[block] == 0 || folds(kernel, lanes, block, end_of[block])) return;
  int narrowest = 0;
  bool bytes = false;
  for (Id id = block + 1; id < end_of[block]; ++id) {
    const Node& node = kernel.nodes[id];
    Type type = node.type;
    if (writes_memory(node.code)) type = kernel.nodes[node.operand[2]].type;
    if (type == Type::none || (shape[id] != Shape::varying && !writes_memory(node.code))) continue;
    const int size = loop::size_of(type);
    if (size == 1)
      bytes = true;
    else
      narrowest = narrowest == 0 ? size : std::min(narrowest, size);
  }
  if (narrowest == 0) narrowest = bytes ? 1 : 8;
  width[block] = vector_bytes / narrowest;
  if (is_chain(*this, kernel, block)) width[block] *= 4;  // as many chains as the CPU can run beside each other
}

}  // namespace tolk::backend
