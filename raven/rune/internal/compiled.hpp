#pragma once
// A traced program with its compiled forms: the plan, and the halves of its derivative. Not installed.
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
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

/// What compiling and running one jitted function did, its derivatives included.
struct CompileCounts {
  std::atomic<int64_t> compiles{0}, shared{0}, nanoseconds{0};
  std::atomic<int64_t> fallbacks{0}, input_copies{0}, donations{0}, donations_missed{0};
};

/// How a program is compiled, and its derivatives too.
struct CompileChoice {
  bool kernels = true;
  bool fall_back = false;  ///< a program that does not compile is run by eager kernels, and counted
  std::string where{};     ///< the jitted function in messages
  std::shared_ptr<CompileCounts> counts = std::make_shared<CompileCounts>();
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
  /// It was compiled, or has fallen back to evaluation.
  bool is_done() const { return done_.load(std::memory_order_acquire); }
  /// The plan without compiling: null before the first run.
  const tolk::Plan* plan_so_far() const { return is_done() ? plan_.get() : nullptr; }
  /// Why it did not compile when that was tried last; empty when it did, or was not tried.
  std::string fault() const;

  void run(std::span<const nx::Array> arguments, std::span<nx::Array> results) const override;
  void run(std::span<const tolk::PlanArgument> arguments, std::span<nx::Array> results) const;

  /// The derivative with respect to the wanted arguments.
  std::shared_ptr<const CallDerivative> derivative(const std::vector<bool>& wanted) const;
  /// Those that were asked for so far.
  std::vector<std::shared_ptr<const CallDerivative>> derivatives() const;

 private:
  void compile() const;

  std::shared_ptr<const nx::Program> program_;
  std::vector<bool> donated_;
  CompileChoice choice_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<const tolk::Plan> plan_;
  mutable bool fell_back_ = false;
  mutable std::atomic<bool> done_{false};
  mutable std::mutex mutex_;  ///< of what follows; never held while something is compiled or traced
  mutable std::string fault_;
  mutable std::vector<std::shared_ptr<const CallDerivative>> derivatives_;
};

}  // namespace rune::detail
