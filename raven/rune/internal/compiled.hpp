#pragma once
// A traced program with its compiled forms: the plan, and the halves of its derivative. Not installed.
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "raven/nx/program.hpp"
#include "raven/tolk/plan.hpp"

namespace rune::detail {

class CompiledProgram;

/// The derivative of a call, cut where the forward pass ends. `forward`: arguments → results, residuals. `backward`:
/// residuals, cotangents of the floating results → cotangents of the arguments that it flows to.
struct CallDerivative {
  std::vector<bool> wanted;  ///< arguments that may get a cotangent
  std::vector<bool> flows;   ///< those that do
  std::shared_ptr<const CompiledProgram> forward, backward;
};

/// How a program is compiled, and its derivatives too.
struct CompileChoice {
  bool kernels = true;
  bool fall_back = false;  ///< a program that does not compile is run by eager kernels, and counted
};

/// Compiled at its first run; derivatives are traced when a tape asks. Thread-safe.
class CompiledProgram final : public nx::Executable {
 public:
  /// `donated` by input.
  explicit CompiledProgram(std::shared_ptr<const nx::Program> program, std::vector<bool> donated = {},
                           CompileChoice choice = {});

  const std::shared_ptr<const nx::Program>& program() const { return program_; }
  /// Null when the program is evaluated op by op. Throws CompileError.
  const tolk::Plan* plan() const;
  /// The same without compiling: null before the first run.
  const tolk::Plan* plan_so_far() const { return done_.load(std::memory_order_acquire) ? plan_.get() : nullptr; }
  /// True once, for who counts compilations.
  bool count_once() const { return !counted_.load(std::memory_order_relaxed) && !counted_.exchange(true); }
  /// Milliseconds that compiling took, 0 when an equal program was compiled already; how often it was not.
  double compile_ms() const { return compile_ms_; }
  bool shared() const { return shared_; }
  /// It did not compile.
  bool fell_back() const { return fell_back_; }

  void run(std::span<const nx::Array> arguments, std::span<nx::Array> results) const override;
  void run(std::span<const tolk::PlanArgument> arguments, std::span<nx::Array> results, tolk::RunReport* report) const;

  /// The derivative with respect to the wanted arguments.
  std::shared_ptr<const CallDerivative> derivative(const std::vector<bool>& wanted) const;

 private:
  void compile() const;

  std::shared_ptr<const nx::Program> program_;
  std::vector<bool> donated_;
  CompileChoice choice_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<const tolk::Plan> plan_;
  mutable double compile_ms_ = 0;
  mutable bool shared_ = false, fell_back_ = false;
  mutable std::atomic<bool> done_{false}, counted_{false};
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const CallDerivative>> derivatives_;
};

}  // namespace rune::detail
