#pragma once
// A compiled Program: launches of generated kernels and calls of nx's kernels, one after the other over one arena.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "raven/base/cpu.hpp"
#include "raven/nx/program.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

struct CompileOpts {
  /// By input: the caller gives it up, so its bytes may become a result. Shorter lists mean false.
  std::vector<bool> donated{};
  /// Loops are generated for the program. Off, or with the environment variable TOLK_KERNELS=0, every equation is a
  /// call of one of nx's kernels: slower, the same bits, and no back end is needed.
  bool kernels = true;
  /// The instructions that generated kernels may use. The bits are the same at every level.
  raven::CpuLevel level = raven::cpu_level();
  friend bool operator==(const CompileOpts&, const CompileOpts&) = default;
};

/// What a plan is made of.
struct PlanStats {
  size_t steps = 0;     ///< what runs one after the other: launches and externs
  size_t launches = 0;  ///< of these, launches of generated kernels
  size_t externs = 0;   ///< of these, calls of nx's kernels
  size_t kernels = 0;   ///< different kernels generated
  size_t segments = 0;  ///< launches before those of one kernel were joined
  size_t in_place = 0;  ///< results that took the place of an operand
  size_t donated = 0;   ///< donated inputs whose bytes become a result
  int64_t arena_bytes = 0;
  int64_t live_bytes = 0;  ///< the most that is alive at once in this order: no arena can be smaller
  int64_t constant_bytes = 0;
  int64_t scratch_bytes = 0;  ///< of each thread, beside the arena
  double code_ms = 0;         ///< making machine code, or finding it
  std::vector<PassReport> passes;
};

/// What one run did.
struct RunReport {
  int64_t input_copies = 0;      ///< inputs made dense first
  int64_t donations_taken = 0;   ///< donated inputs overwritten in place
  int64_t donations_missed = 0;  ///< donated inputs copied, because somebody else held them too
};

/// What one step of a run took.
struct StepTime {
  std::string name;     ///< of the kernel, or the op
  bool launch = false;  ///< of a generated kernel; else a call of one of nx's
  double seconds = 0;
};

/// An argument of a run. A donated one is moved from.
struct PlanArgument {
  nx::Array* array = nullptr;
  bool donated = false;
};

/// Tests only: every value in pages of its own, which end or start where nobody may touch.
enum class Guard : uint8_t { end, start };

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
  /// One line per step: kernel or op, results, operands, each with its place.
  std::string print() const;
  /// Why values have bytes of their own and equations are calls, then print().
  std::string explain() const;
  /// Files that show every level under `directory`, which is made: the program as given and as scheduled, the text of
  /// each kernel, the plan. Throws IoError.
  void dump(const std::string& directory, const nx::Program& given) const;
  /// Replays the steps over the memory map. Throws VerifyError naming the step that reads what was overwritten, writes
  /// over an operand, or leaves the arena.
  void verify() const;

  /// Fresh results for plain arguments that fit the program's inputs; handles in `results` are overwritten. Arguments
  /// that were compiled as donated and are donated here become results where nobody else holds them. `poison` fills the
  /// arena and the results with 0xFF first (tests). Throws nx::IndexError for an index outside its axis. After an
  /// exception donated arguments may be lost; results and other arguments are as before.
  void run(std::span<const PlanArgument> arguments, std::span<nx::Array> results, RunReport* report = nullptr,
           bool poison = false) const;
  /// The same, and what each step took. TOLK_DEBUG=2 reports that of every run.
  std::vector<StepTime> run_timed(std::span<const PlanArgument> arguments, std::span<nx::Array> results) const;
  /// The same without donation.
  void run(std::span<const nx::Array> arguments, std::span<nx::Array> results) const;
  /// The same, slowly: inputs, constants, results, scratch and every part of the arena are poisoned memory of their own
  /// between two pages that nobody may touch, aligned to one of them as `guard` says; inputs that stay and constants
  /// are read-only. An access beyond them ends the process.
  void run_guarded(std::span<const nx::Array> arguments, std::span<nx::Array> results, Guard guard) const;

 private:
  void run_steps(std::span<const PlanArgument> arguments, std::span<nx::Array> results, RunReport* report, bool poison,
                 std::vector<StepTime>* times) const;
  std::unique_ptr<Impl> impl_;
};

/// Passes, then a plan. With TOLK_VERIFY=1 the plan is verified, and each launch is compared with the interpreter when
/// it runs. Throws tolk::Error; BackendError when machine code is needed and cannot be made.
RAVEN_API std::shared_ptr<const Plan> compile(const nx::Program& program, const CompileOpts& options = {});
/// The same, shared with every other plan of an equal program and options that is still in use.
RAVEN_API std::shared_ptr<const Plan> compile_cached(const nx::Program& program, const CompileOpts& options,
                                                     bool* found = nullptr);

}  // namespace tolk
