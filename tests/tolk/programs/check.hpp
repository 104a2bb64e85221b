#pragma once
// One program, computed in every way there is: the same bits, or a text that says where not.
#include <functional>
#include <optional>
#include <string>

#include "raven/base/cpu.hpp"
#include "raven/tolk/kernels/limits.hpp"
#include "raven/tolk/plan.hpp"
#include "tolk/programs/random_programs.hpp"

namespace tolk_test {

/// How a program is compiled and run.
struct Way {
  std::string name{};
  bool interpreted = false, kernels = true;
  raven::CpuLevel level = raven::CpuLevel::portable;
  tolk::Limits limits{};
  bool donate = false;
  std::vector<tolk::Guard> guards{};  ///< runs between forbidden pages beside those on one thread and two
};
struct Ways {
  std::vector<Way> list;
  /// Derivatives: the compiled function itself too, and the derivative of that.
  bool jitted = true;
};
/// All of them: kernels interpreted, as machine code of every level, and calls alone; with donation and without; under
/// the limits of the compiler and under low ones.
Ways all_ways();
/// A share of them: machine code of one level, and now and then another way, mostly under low limits.
Ways ways_of(uint64_t seed);
/// Those of a program that was kept: all of them, and the share in which it was checked.
Ways ways_for(const RandomProgram& program);

/// Empty, or how the first two arrays differ that should have equal bits. NaN equals NaN: its payload is no promise.
std::string difference(std::span<const nx::Array> got, std::span<const nx::Array> expected);

struct Verdict {
  std::string disagreement;  ///< empty: the same in every way
  bool compared = true;      ///< bits were; false where an index out of range was an IndexError in every way
};

/// Evaluated op by op, after each pass, and as plans, on one thread and two. An index out of range must be an
/// IndexError everywhere, unless its equation is dropped.
Verdict check_values(const RandomProgram& program, const Ways& ways);

/// A weighted sum of the floating outputs, its derivative by the inputs of floating dtype, and the outputs: as a
/// program over the same inputs, floating ones first, then the weights. So every output is computed, and the derivative
/// of every floating one is. Nothing when there is none: no floating input, an index out of range.
std::optional<RandomProgram> gradient_of(const RandomProgram& program);
/// The derivative taken op by op, as a program, and compiled; of the compiled function, and that itself.
std::optional<Verdict> check_gradient(const RandomProgram& program, const Ways& ways);
/// The same of the outputs and their change in a direction that is an input too.
std::optional<Verdict> check_direction(const RandomProgram& program, const Ways& ways);

/// What is done to a program before it runs.
struct Transformation {
  const char* name;
  /// Nothing: it does not apply.
  std::optional<Verdict> (*check)(const RandomProgram&, const Ways&);
  /// For shrinking: empty when it does not apply.
  std::string disagreement(const RandomProgram& program, const Ways& ways) const {
    const auto verdict = check(program, ways);
    return verdict ? verdict->disagreement : "";
  }
};
/// value, grad, jvp.
std::span<const Transformation> transformations();

using Disagreement = std::function<std::string(const RandomProgram&)>;
/// The smallest program found for which `disagreement` still says something: fewer outputs, equations replaced by
/// inputs of their values, calls inlined, operations left out, simple values.
RandomProgram shrink(RandomProgram program, const Disagreement& disagreement);

/// A program and its inputs as text: the program, a line `---`, a program of constants that returns the inputs, and the
/// donated inputs' numbers, `ways` and the seed of its ways. Read back by `parse`.
std::string print(const RandomProgram& program);
RandomProgram parse(std::string_view text);

}  // namespace tolk_test
