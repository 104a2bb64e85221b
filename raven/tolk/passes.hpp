#pragma once
// Passes over Programs. Each gives a program with the same results, bit for bit.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raven/nx/program.hpp"

namespace tolk {

/// What one pass did.
struct PassReport {
  std::string_view name;
  size_t before = 0, after = 0;  ///< equations
};

using Pass = nx::Program(const nx::Program&);
struct PassRow {
  std::string_view name;
  Pass* run;
  std::string_view does;
};
/// All passes in their order: inline, simplify, fold, dead.
RAVEN_API std::span<const PassRow> passes();
/// Those that may be left out, here and while kernels are formed: names for TOLK_DISABLE_PASSES. Without `inline` and
/// `decompose` there would be equations without a kernel.
RAVEN_API std::span<const std::string_view> optional_passes();

/// Calls replaced by the equations of their programs, at any depth.
RAVEN_API nx::Program inline_calls(const nx::Program& program);
/// Equations of constants alone evaluated, when operands and result are at most 1 MiB. What checks indices is kept.
RAVEN_API nx::Program fold_constants(const nx::Program& program);
/// The rules of simplify_rules(), from operands to results; equal equations merged.
RAVEN_API nx::Program simplify(const nx::Program& program);
/// The same without the rules of these names.
RAVEN_API nx::Program simplify(const nx::Program& program, std::span<const std::string> rules_off);
/// Equations and constants that no output needs dropped.
RAVEN_API nx::Program drop_dead(const nx::Program& program);

/// Composites that kernels are formed of become primitives; reductions become their stages (of one group of neighbouring
/// axes each). Not among passes(): plans of nx's kernels keep both.
RAVEN_API nx::Program decompose(const nx::Program& program);

/// A derivative of gelu is made where gelu of the same value is, for what multiplies it later. Not among passes(): nx has
/// one kernel for the product.
RAVEN_API nx::Program share_slopes(const nx::Program& program);

/// A rewrite rule of `simplify`, for documentation and tests.
struct RuleInfo {
  std::string_view name, does;
};
RAVEN_API std::vector<RuleInfo> simplify_rules();

struct Settings;
/// All passes in order. With TOLK_VERIFY=1 every result is verified; passes named in TOLK_DISABLE_PASSES and rules in
/// TOLK_DISABLE_RULES (separated by commas) are left out. Throws nx::ValueError for names that are none.
RAVEN_API nx::Program optimise(const nx::Program& program, std::vector<PassReport>* report = nullptr);
/// The same with settings that were read before.
RAVEN_API nx::Program optimise(const nx::Program& program, std::vector<PassReport>* report, const Settings& settings);

}  // namespace tolk
