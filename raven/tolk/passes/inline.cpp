// Calls replaced by what they call.
#include "raven/tolk/internal/rewriter.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

namespace {

using Id = Program::Id;

/// The equations of `program` with `renamed` holding the ids of its inputs; its constants are added.
void inline_into(Rewriter& rewriter, const Program& program, std::vector<Id>& renamed) {
  for (size_t i = 0; i < program.constants().size(); ++i)
    renamed[program.inputs() + i] = rewriter.constant(program.constants()[i]);
  std::vector<Id> operands;
  for (const Program::Equation& e : program.equations()) {
    operands.clear();
    for (const Id id : e.operands) operands.push_back(renamed[id]);
    if (e.op != Op::Call) {
      const Id first = rewriter.equation(e.op, operands, e.attrs.get());
      for (uint32_t i = 0; i < e.results; ++i) renamed[e.first_result + i] = first + i;
      continue;
    }
    // Nesting is as deep as the user's calls of jitted functions.
    const Program& callee = *e.attrs.as<nx::CallAttrs>().program;
    std::vector<Id> inner(callee.values());
    std::copy(operands.begin(), operands.end(), inner.begin());
    inline_into(rewriter, callee, inner);
    for (uint32_t i = 0; i < e.results; ++i) renamed[e.first_result + i] = inner[callee.outputs()[i]];
  }
}

}  // namespace

Program inline_calls(const Program& program) {
  Rewriter rewriter;
  std::vector<Id> renamed(program.values());
  for (Id i = 0; i < program.inputs(); ++i) renamed[i] = rewriter.input(program.aval(i));
  inline_into(rewriter, program, renamed);
  return finish(rewriter, program, renamed);
}

}  // namespace tolk
