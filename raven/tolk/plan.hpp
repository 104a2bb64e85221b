#pragma once
// A compiled Program: kernel calls in a row over one arena.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "raven/nx/program.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

struct CompileOpts {
  /// By input: the caller gives it up, so its bytes may become a result. Shorter lists mean false.
  std::vector<bool> donated;
};

/// What a plan is made of.
struct PlanStats {
  size_t steps = 0;     ///< kernel calls
  size_t externs = 0;   ///< of these, calls of nx's kernels
  size_t kernels = 0;   ///< of these, loops generated for the program
  size_t in_place = 0;  ///< results that took the place of an operand
  size_t donated = 0;   ///< donated inputs whose bytes become a result
  int64_t arena_bytes = 0;
  int64_t live_bytes = 0;  ///< the most that is alive at once in this order: no arena can be smaller
  int64_t constant_bytes = 0;
  std::vector<PassReport> passes;
};

/// What one run did.
struct RunReport {
  int64_t input_copies = 0;      ///< inputs made dense first
  int64_t donations_taken = 0;   ///< donated inputs overwritten in place
  int64_t donations_missed = 0;  ///< donated inputs copied, because somebody else held them too
};

/// An argument of a run. A donated one is moved from.
struct PlanArgument {
  nx::Array* array = nullptr;
  bool donated = false;
};

/// Immutable; run by several threads at once, each run in an arena of its own.
class RAVEN_API Plan {
 public:
  struct Impl;
  explicit Plan(std::unique_ptr<Impl> impl);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// The program as it was optimised.
  const nx::Program& program() const;
  const PlanStats& stats() const;
  /// One line per step: op, results, operands, each with its place.
  std::string print() const;
  /// Replays the steps over the memory map. Throws VerifyError naming the step that reads what was overwritten, writes
  /// over an operand, or leaves the arena.
  void verify() const;

  /// Fresh results for plain arguments that fit the program's inputs; handles in `results` are overwritten. Arguments
  /// that were compiled as donated and are donated here become results where nobody else holds them. `poison` fills the
  /// arena and the results with 0xFF first (tests). Throws nx::IndexError for an index outside its axis.
  void run(std::span<const PlanArgument> arguments, std::span<nx::Array> results, RunReport* report = nullptr,
           bool poison = false) const;
  /// The same without donation.
  void run(std::span<const nx::Array> arguments, std::span<nx::Array> results) const;

 private:
  std::unique_ptr<Impl> impl_;
};

/// Passes, then a plan. With TOLK_VERIFY=1 the plan is verified. Throws tolk::Error.
RAVEN_API std::shared_ptr<const Plan> compile(const nx::Program& program, const CompileOpts& options = {});
/// The same, shared with every other plan of an equal program and options that is still in use.
RAVEN_API std::shared_ptr<const Plan> compile_cached(const nx::Program& program, const CompileOpts& options,
                                                     bool* found = nullptr);

}  // namespace tolk
