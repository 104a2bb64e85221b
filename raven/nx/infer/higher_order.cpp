#include "raven/nx/infer/infer.hpp"
#include "raven/nx/program.hpp"

namespace nx::infer_rule::higher_order {

void Call(const infer_rule::Call& call) {
  const Program* program = call.as<CallAttrs>().program.get();
  if (!program) throw ValueError(call.name, "the attributes hold no program");
  program->check_arguments(call.name, call.in);
  for (size_t i = 0; i < call.out.size(); ++i) call.out[i] = program->aval(program->outputs()[i]);
}

}  // namespace nx::infer_rule::higher_order
