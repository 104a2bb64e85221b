#pragma once
// The forward-mode interpreter: a tracer carries its primal; tangents travel beside, by id.
#include <span>
#include <vector>

#include "raven/nx/gateway.hpp"

namespace rune {

class RAVEN_API Forward final : public nx::Interpreter {
 public:
  Forward();
  ~Forward() override;

  /// A tracer for a primal of the parent with its tangent.
  nx::Array watch(const nx::Array& primal, const nx::Array& tangent);
  /// Primal of a tracer of this interpreter; any other array as it is.
  nx::Array lower(const nx::Array& x) const;
  /// Tangent of a tracer; an empty handle when it is zero.
  nx::Array tangent_of(const nx::Array& x) const;

  void process(nx::Op op, std::span<const nx::Operand> in, const nx::Attrs& attrs, std::span<nx::Array> out) override;
  nx::Array value_of(const nx::Array& tracer) override;
  const char* name() const noexcept override { return "rune::jvp"; }
  bool allows_implicit_random() const noexcept override { return true; }

 private:
  std::vector<nx::Array> tangents_;
};

}  // namespace rune
