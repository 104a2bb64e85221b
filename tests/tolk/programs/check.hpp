#pragma once
// One program, computed in every way there is: the same bits, or a text that says where not.
#include <functional>
#include <optional>
#include <string>

#include "tolk/programs/random_programs.hpp"

namespace tolk_test {

/// Empty, or how the first two arrays differ that should have equal bits. NaN equals NaN: its payload is no promise.
std::string difference(std::span<const nx::Array> got, std::span<const nx::Array> expected);

/// Evaluated op by op, after each pass, and as plans: kernels interpreted, as machine code of every level, and calls
/// alone; plain and with donation, on one thread and two, between forbidden pages. Empty when all agree. An index out
/// of range must be an IndexError everywhere, unless its equation is dropped.
std::string value_disagreement(const RandomProgram& program);

/// The derivative by the inputs of floating dtype, of a weighted sum of the floating outputs: as a program over the
/// same inputs (floating ones first). Nothing when there is none.
std::optional<RandomProgram> gradient_of(const RandomProgram& program);
/// The derivative taken op by op, as a program, of the compiled function, and compiled; the compiled function itself.
/// Nothing when there is no derivative: no floating input, an op without one, an index out of range.
std::optional<std::string> gradient_disagreement(const RandomProgram& program);

/// What is done to a program before it runs.
struct Transformation {
  const char* name;
  /// Nothing: it does not apply. Empty: the same bits in every way.
  std::optional<std::string> (*check)(const RandomProgram&);
  /// The same for shrinking: empty when it does not apply.
  std::string disagreement(const RandomProgram& program) const { return check(program).value_or(""); }
};
/// value, gradient.
std::span<const Transformation> transformations();

using Disagreement = std::function<std::string(const RandomProgram&)>;
/// The smallest program found for which `disagreement` still says something: fewer outputs, equations replaced by
/// inputs of their values, calls inlined, operations left out, simple values.
RandomProgram shrink(RandomProgram program, const Disagreement& disagreement);

/// A program and its inputs as text: the program, a line `---`, a program of constants that returns the inputs, and the
/// donated inputs' numbers. Read back by `parse`.
std::string print(const RandomProgram& program);
RandomProgram parse(std::string_view text);

}  // namespace tolk_test
