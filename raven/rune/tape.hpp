#pragma once
// The reverse-mode tape: an interpreter that records ops on watched values and replays them backwards.
#include <memory>
#include <span>
#include <vector>

#include "raven/nx/gateway.hpp"

namespace rune {

namespace detail {
class CompiledProgram;
}

/// Records while it is the innermost interpreter (nx::InterpreterScope). Values inside its tracers are the parent's.
class RAVEN_API Tape final : public nx::Interpreter {
 public:
  explicit Tape(const char* name = "rune::grad");
  ~Tape() override;

  /// A tracer for a value of the parent. Its cotangent can be asked after backward().
  nx::Array watch(const nx::Array& value);
  /// The parent-level value of a tracer of this tape; any other array as it is.
  nx::Array lower(const nx::Array& x) const;
  /// Whether x is followed by this tape.
  bool follows(const nx::Array& x) const;

  /// Pulls `cotangents` of `outputs` (tracers of this tape or constants) back to everything watched. Runs with the parent
  /// active. With `consume` every residual is freed right after its last use, and the tape cannot be pulled again.
  /// Returns the cotangents of the first `watched` watched values: empty handles where nothing flowed.
  std::vector<nx::Array> backward(std::span<const nx::Array> outputs, std::span<const nx::Array> cotangents, bool consume);
  /// Number of watched values.
  int watched() const;

  void process(nx::Op op, std::span<const nx::Operand> in, const nx::Attrs& attrs, std::span<nx::Array> out) override;
  nx::Array value_of(const nx::Array& tracer) override;
  const char* name() const noexcept override { return name_; }
  bool allows_implicit_random() const noexcept override { return true; }

 private:
  /// A compiled call is recorded whole: its derivative is traced once, and both halves run compiled.
  void process_call(const detail::CompiledProgram& callee, std::span<const nx::Operand> in, std::span<nx::Array> out);

  struct Records;
  std::unique_ptr<Records> records_;
  const char* name_;
};

}  // namespace rune
