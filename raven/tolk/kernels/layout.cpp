#include "raven/tolk/kernels/layout.hpp"

#include "raven/nx/internal/views.hpp"

namespace tolk::kernels {

using nx::Op;
using nx::Program;
using Id = Program::Id;

namespace {

/// Strides of x that make permute(x) lie in C order; empty where rows of x would be torn apart.
nx::Dims strides_before(const nx::Dims& permutation, const nx::Shape& permuted) {
  const int last = permutation.size() - 1;
  if (permutation[last] != last) return {};
  const nx::Dims after = nx::contiguous_strides(permuted.span());
  nx::Dims before = nx::Dims::filled(permutation.size(), 0);
  for (int i = 0; i <= last; ++i) before[static_cast<int>(permutation[i])] = after[i];
  return before;
}

}  // namespace

std::vector<nx::Dims> layouts_of(const Program& program) {
  std::vector<nx::Dims> layouts(program.values());
  std::vector<bool> open(program.values());  // a result that may lie in any order
  const auto equations = program.equations();
  for (const Program::Equation& e : equations)
    if (e.op == Op::Sdpa || e.op == Op::SdpaGrad)
      for (Id id = e.first_result; id < e.first_result + e.results; ++id) open[id] = program.aval(id).shape.size() == 4;
  // What leaves the program, perhaps through views, leaves it in C order.
  std::vector<bool> leaves(program.values());
  for (const Id id : program.outputs()) leaves[id] = true;
  for (size_t k = equations.size(); k-- > 0;)
    if (nx::has_flag(equations[k].op, nx::op_flag::view) && leaves[equations[k].first_result])
      leaves[equations[k].operands[0]] = true;
  for (const Program::Equation& e : equations)
    for (size_t i = 0; i < e.operands.size(); ++i) {
      const Id id = e.operands[i];
      if (!open[id] || leaves[id]) continue;
      if (e.op == Op::Permute && layouts[id].size() == 0)
        layouts[id] = strides_before(e.attrs.as<nx::PermuteAttrs>().permutation, program.aval(e.first_result).shape);
      // Kernels read these in the order of the bytes.
      if (e.op == Op::Reshape || e.op == Op::Bitcast) leaves[id] = true;
    }
  for (Id id = 0; id < program.values(); ++id)
    if (leaves[id] || nx::element_count(program.aval(id).shape.span()) == 0) layouts[id] = {};
  return layouts;
}

}  // namespace tolk::kernels
