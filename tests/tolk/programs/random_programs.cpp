#include "tolk/programs/random_programs.hpp"

#include <algorithm>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
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

std::optional<RandomProgram> random_program(uint64_t seed, const std::optional<Cell>& wish) {
  Dice dice(seed);
  Maker maker(dice, 2);
  if (!maker.grow(static_cast<int>(dice.in(1, 30)), wish)) return std::nullopt;
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
RandomProgram random_program(uint64_t seed) { return *random_program(seed, std::nullopt); }

bool is_reachable(const Cell& cell) {
  for (uint64_t seed = 0; seed < 3; ++seed) {
    Dice dice(seed);
    Maker maker(dice, 0);
    if (!maker.grow(1, cell)) continue;
    const auto cells = cells_of(maker.build());
    if (std::find(cells.begin(), cells.end(), cell) != cells.end()) return true;
  }
  return false;
}

}  // namespace tolk_test
