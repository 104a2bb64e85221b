// Where a function and its derivative at the same place are both computed, the derivative is made beside the function:
// the two have most of their arithmetic in common, and what is kept for later is the slope instead of the place.
//
//   y = gelu(x) … gelu_grad(x, g)   becomes   y = gelu(x), s = gelu_grad(x, 1) … s · g
#include "raven/nx/program.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

using nx::Aval;
using nx::Op;
using nx::Program;
using Id = Program::Id;
using Equation = Program::Equation;

namespace {
bool belong_together(const Equation& function, const Equation& gradient) {
  return function.op == Op::Gelu && gradient.op == Op::GeluGrad && function.operands[0] == gradient.operands[0] &&
         nx::attrs_equal(Op::Gelu, function.attrs.get(), gradient.attrs.get());
}
}  // namespace

Program share_slopes(const Program& program) {
  std::vector<std::vector<const Equation*>> gradients(program.values());  // by place
  std::vector<int> functions(program.values());
  for (const Equation& e : program.equations()) {
    if (e.op == Op::GeluGrad) gradients[e.operands[0]].push_back(&e);
    if (e.op == Op::Gelu) ++functions[e.operands[0]];
  }

  // Not a Rewriter: an equation that the program has twice is to be computed twice.
  nx::ProgramBuilder builder;
  std::vector<Id> renamed(program.values()), slope(program.values()), operands, outputs;
  for (Id i = 0; i < program.inputs(); ++i) renamed[i] = builder.input(program.aval(i));
  for (size_t i = 0; i < program.constants().size(); ++i)
    renamed[program.inputs() + i] = builder.constant(program.constants()[i]);
  std::vector<bool> has_slope(program.values());  // by result of the gradient
  for (const Equation& e : program.equations()) {
    operands.clear();
    for (const Id id : e.operands) operands.push_back(renamed[id]);
    if (e.op == Op::GeluGrad && has_slope[e.first_result]) {
      const Id product[] = {slope[e.first_result], operands[1]};
      renamed[e.first_result] = builder.equation(Op::Mul, product);
      continue;
    }
    const Id first = builder.equation(e.op, operands, e.attrs.get());
    for (uint32_t i = 0; i < e.results; ++i) renamed[e.first_result + i] = first + i;
    // A function that is computed again later is there for the gradient.
    if (e.op != Op::Gelu || functions[e.operands[0]] > 1) continue;
    for (const Equation* gradient : gradients[e.operands[0]]) {
      if (!belong_together(e, *gradient)) continue;
      const Aval& aval = program.aval(e.first_result);
      nx::FullAttrs one;
      one.shape = aval.shape;
      one.dtype = aval.dtype;
      one.value = nx::Scalar::from(1.0);
      const Id at[] = {operands[0], builder.equation(Op::Full, {}, one)};
      slope[gradient->first_result] = builder.equation(Op::GeluGrad, at, gradient->attrs.get());
      has_slope[gradient->first_result] = true;
    }
  }
  for (const Id id : program.outputs()) outputs.push_back(renamed[id]);
  return builder.build(outputs);
}

}  // namespace tolk
