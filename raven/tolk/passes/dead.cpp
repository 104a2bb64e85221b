// What no output needs is dropped, constants too.
#include "raven/tolk/internal/rewriter.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

using Id = Program::Id;

Program drop_dead(const Program& program) {
  std::vector<bool> live(program.values());
  for (const Id id : program.outputs()) live[id] = true;
  const auto equations = program.equations();
  const auto needed = [&](const Program::Equation& e) {
    if (nx::has_flag(e.op, nx::op_flag::effect)) return true;
    for (uint32_t i = 0; i < e.results; ++i)
      if (live[e.first_result + i]) return true;
    return false;
  };
  for (size_t k = equations.size(); k-- > 0;)
    if (needed(equations[k]))
      for (const Id id : equations[k].operands) live[id] = true;

  Rewriter rewriter;
  std::vector<Id> renamed(program.values());
  for (Id i = 0; i < program.inputs(); ++i) renamed[i] = rewriter.input(program.aval(i));
  for (size_t i = 0; i < program.constants().size(); ++i) {
    const Id id = program.inputs() + static_cast<Id>(i);
    if (live[id]) renamed[id] = rewriter.constant(program.constants()[i]);
  }
  std::vector<Id> operands;
  for (const Program::Equation& e : equations) {
    if (!needed(e)) continue;
    operands.clear();
    for (const Id id : e.operands) operands.push_back(renamed[id]);
    const Id first = rewriter.equation(e.op, operands, e.attrs.get());
    for (uint32_t i = 0; i < e.results; ++i) renamed[e.first_result + i] = first + i;
  }
  return finish(rewriter, program, renamed);
}

}  // namespace tolk
