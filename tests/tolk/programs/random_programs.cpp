#include "tolk/programs/random_programs.hpp"

#include <algorithm>
#include <optional>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/tolk/passes.hpp"
#include "tolk/programs/maker.hpp"

namespace tolk_test {

using nx::Op;

const std::vector<Op>& tested_ops() {
  static const std::vector<Op>& ops = *new std::vector<Op>{
#define PRIMITIVE(name, ...) Op::name,
#define COMPOSITE PRIMITIVE
#include "raven/nx/op.def"
  };
  return ops;
}

std::string to_string(const Cell& cell) {
  return (raven::Message() << nx::op_info(cell.op).name << " " << nx::dtype_name(cell.dtype) << " rank " << cell.rank
                           << (cell.rank == rank_classes - 1 ? "+" : ""))
      .str();
}

std::vector<Cell> cells_of(const nx::Program& program) {
  std::vector<Cell> cells;
  for (const nx::Program::Equation& equation : program.equations()) {
    if (equation.op == Op::Call) {
      for (const Cell& cell : cells_of(*equation.attrs.as<nx::CallAttrs>().program)) cells.push_back(cell);
      continue;
    }
    const nx::Aval& first = program.aval(equation.operands.empty() ? equation.first_result : equation.operands[0]);
    cells.push_back({equation.op, first.dtype, std::min<int>(first.shape.size(), rank_classes - 1)});
  }
  return cells;
}

namespace {
RandomProgram with_inputs(Dice& dice, Maker& maker) {
  RandomProgram out;
  out.program = maker.build();
  for (nx::Program::Id i = 0; i < out.program.inputs(); ++i) {
    nx::Array x = maker.input_values()[i];
    if (!x.defined()) x = random_array(dice, out.program.aval(i));
    if (x.ndim() >= 2 && dice.chance(25)) x = nx::transpose(nx::contiguous(nx::transpose(x)));
    out.inputs.push_back(std::move(x));
    out.donated.push_back(dice.chance(40));
  }
  return out;
}

/// A program of one equation of the cell, from a seed, unless infer refuses it.
std::optional<nx::Program> program_of(const Cell& cell, uint64_t seed) {
  Dice dice(seed);
  Maker maker(dice, 0);
  maker.stay_small();
  if (!maker.grow(std::span(&cell, 1), 0)) return std::nullopt;
  return maker.build();
}

bool holds(const std::vector<Cell>& cells, const Cell& cell) {
  return std::find(cells.begin(), cells.end(), cell) != cells.end();
}
}  // namespace

RandomProgram random_program(uint64_t seed) {
  Dice dice(seed);
  Maker maker(dice, 2);
  maker.grow({}, static_cast<int>(dice.in(1, 30)));
  return with_inputs(dice, maker);
}

RandomProgram random_program(uint64_t seed, std::span<const Cell> wishes, int wrong_indices_percent) {
  Dice dice(seed);
  Maker maker(dice, 1);
  maker.take_wrong_indices(wrong_indices_percent);
  maker.stay_small();
  if (dice.chance(60)) maker.stay_apart();
  maker.grow(wishes, static_cast<int>(dice.in(0, 6)));
  return with_inputs(dice, maker);
}

bool is_reachable(const Cell& cell) {
  for (uint64_t seed = 0; seed < 3; ++seed)
    if (const auto program = program_of(cell, seed); program && holds(cells_of(*program), cell)) return true;
  return false;
}

std::vector<Cell> cells_that_run(const nx::Program& program) { return cells_of(tolk::optimise(program)); }

bool is_ever_run(const Cell& cell) {
  for (uint64_t seed = 0; seed < 12; ++seed)
    if (const auto program = program_of(cell, seed); program && holds(cells_that_run(*program), cell)) return true;
  return false;
}

}  // namespace tolk_test
