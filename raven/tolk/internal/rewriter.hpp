#pragma once
// A hash-consing builder of Programs: an equation asked for twice is made once. Not installed.
#include <cstdint>
#include <vector>

#include "raven/nx/program.hpp"

namespace tolk {

using nx::Aval;
using nx::Op;
using nx::Program;

/// Equations and constants are compared exactly, by content; hashes only find candidates.
class Rewriter {
 public:
  /// How a value came to be.
  struct Node {
    Op op;
    nx::AttrsBox attrs;
    std::vector<Program::Id> operands;
    Program::Id first_result;
    uint64_t hash;
  };

  Rewriter();
  Program::Id input(const Aval& aval);
  Program::Id constant(const nx::Array& value);
  /// First result of the equation.
  Program::Id equation(Op op, std::span<const Program::Id> operands, const nx::Attrs& attrs);

  const Aval& aval(Program::Id id) const { return builder_.aval(id); }
  /// The equation that made a value; null for inputs and constants.
  const Node* node(Program::Id id) const;
  /// The equation, when it is one of `op`; else null.
  const Node* node(Program::Id id, Op op) const;
  /// The array of a constant; an empty handle for other values.
  nx::Array constant_of(Program::Id id) const;

  Program build(std::span<const Program::Id> outputs);

 private:
  void grow(std::vector<uint32_t>& slots, size_t count, bool constants);

  static constexpr uint32_t none = ~0u;
  struct Constant {
    nx::Array array;
    Program::Id id;
    uint64_t hash;
  };
  nx::ProgramBuilder builder_;
  std::vector<Node> nodes_;
  std::vector<Constant> constants_;
  std::vector<uint32_t> node_of_, constant_index_;     // by id
  std::vector<uint32_t> node_slots_, constant_slots_;  // open addressing, sizes powers of two
};

/// Copies `program`'s inputs and constants into the rewriter; ids of values so far by their id in the program.
std::vector<Program::Id> start(Rewriter& rewriter, const Program& program);
/// Outputs renamed.
Program finish(Rewriter& rewriter, const Program& program, const std::vector<Program::Id>& renamed);

}  // namespace tolk
