#pragma once
// nx::Program: a staged computation as typed equations in single static assignment. Made by a ProgramBuilder (rune's
// Recorder fills one), printed and read back, evaluated through the gateway, so that it can be transformed again.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raven/nx/array.hpp"
#include "raven/nx/attrs.hpp"
#include "raven/nx/aval.hpp"

namespace nx {

/// Immutable. Values are numbered: inputs first, then constants, then the results of the equations in order.
class RAVEN_API Program {
 public:
  using Id = uint32_t;
  /// One op: `results` values from `first_result` on.
  struct Equation {
    Op op;
    AttrsBox attrs;
    std::vector<Id> operands;
    Id first_result;
    uint32_t results;
  };
  /// 128 bits of ops, attributes, dtypes, shapes, topology and the bits of constants; no addresses.
  struct Hash {
    uint64_t low, high;
    friend bool operator==(const Hash&, const Hash&) = default;
  };

  /// The program without inputs, equations and outputs.
  Program() = default;

  /// Number of inputs; their ids are 0 … inputs() − 1.
  Id inputs() const noexcept { return inputs_; }
  /// C-contiguous plain arrays; their ids follow the inputs'.
  std::span<const Array> constants() const noexcept { return constants_; }
  std::span<const Equation> equations() const noexcept { return equations_; }
  std::span<const Id> outputs() const noexcept { return outputs_; }
  /// Number of values, and shape and dtype of one.
  Id values() const noexcept { return static_cast<Id>(avals_.size()); }
  const Aval& aval(Id id) const { return avals_[id]; }

  /// Infers every equation again and checks that each value is defined before its use. Throws ValueError or infer's
  /// error.
  void verify() const;
  /// Throws ValueError, ShapeError or DTypeError under `name` when arguments of these avals do not fit the inputs.
  void check_arguments(const char* name, std::span<const Aval> arguments) const;

  /// Time linear in the program and its constants.
  Hash hash() const;
  /// The same content: what hash() covers, compared exactly.
  friend RAVEN_API bool operator==(const Program& a, const Program& b);

  /// One line per constant and equation:
  ///
  ///   program(%0:f32[2,3]) {
  ///     %1:f32[3] = constant(0000803f0000004000004040)
  ///     %2:f32[2,3] = Expand{shape=(2, 3), axes=(1,)}(%1)
  ///     %3:f32[2,3] = Add(%0, %2)
  ///     return %3
  ///   }
  ///
  /// Bytes of constants are in memory order, little-endian.
  std::string print() const;
  /// Reads what print() wrote; white space is free. Throws ValueError with the line, what was found and what was
  /// expected, or infer's error for an equation whose types do not fit.
  static Program parse(std::string_view text);

 private:
  friend class ProgramBuilder;
  Id inputs_ = 0;
  std::vector<Aval> avals_;
  std::vector<Array> constants_;
  std::vector<Equation> equations_;
  std::vector<Id> outputs_;
};

/// Collects inputs, constants and equations in any order that defines values before they are used. Its ids are its own:
/// build() numbers them as Program says.
class RAVEN_API ProgramBuilder {
 public:
  using Id = Program::Id;
  Id input(const Aval& aval);
  /// Keeps the array (a C-contiguous copy when it is not so). Throws TracerError when a transformation follows it.
  Id constant(const Array& value);
  /// Verifies the op by infer. Returns the id of the first result; the others follow.
  Id equation(Op op, std::span<const Id> operands, const Attrs& attrs = no_attrs);
  const Aval& aval(Id id) const { return avals_[id]; }
  /// Number of equations so far.
  size_t equations() const noexcept { return equations_.size(); }
  /// Turns a constant into an input and returns its array. Inputs are numbered in the order of their ids here.
  Array take_constant(Id constant);
  /// The program with these outputs; the builder is empty afterwards.
  Program build(std::span<const Id> outputs);

 private:
  void require_id(Id id) const;

  enum class Kind : uint8_t { input, constant, result };
  std::vector<Aval> avals_;
  std::vector<Kind> kinds_;
  std::vector<Array> constants_;
  std::vector<Program::Equation> equations_;
};

/// A compiled form of a Program (raven/tolk): gives the bits of eval.
class RAVEN_API Executable {
 public:
  virtual ~Executable();
  /// Arguments are plain arrays that fit the program's inputs; `results` has one handle per output.
  virtual void run(std::span<const Array> arguments, std::span<Array> results) const = 0;
};

/// Runs a program through the gateway: eagerly, or as ops of the interpreter of this thread. Values are freed at their
/// last use, where in-place ops may take them over. Throws ValueError, ShapeError or DTypeError when the arguments do
/// not fit.
RAVEN_API std::vector<Array> eval(const Program& program, std::span<const Array> arguments);
/// The program as one op (Op::Call), which transformations and compilers see whole. Eager calls run `executable` when there
/// is one.
RAVEN_API std::vector<Array> call(std::shared_ptr<const Program> program, std::span<const Array> arguments,
                                  std::shared_ptr<const Executable> executable = nullptr);

}  // namespace nx
