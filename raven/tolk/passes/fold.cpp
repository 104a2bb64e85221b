// Equations of constants alone are evaluated, by the kernels that eager calls use.
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/tolk/internal/rewriter.hpp"
#include "raven/tolk/internal/uniform.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

namespace {

using Id = Program::Id;
using nx::Array;

constexpr int64_t fold_bytes = 1 << 20;

int64_t bytes_of(const Aval& aval) { return nx::element_count(aval.shape.span()) * nx::item_size(aval.dtype); }

/// The array of a constant, or of a number everywhere (small ones only); an empty handle for others.
Array known(const Rewriter& rewriter, Id id) {
  const Array constant = rewriter.constant_of(id);
  if (constant.defined()) return constant.nbytes() <= fold_bytes ? constant : Array{};
  const Rewriter::Node* full = rewriter.node(id, Op::Full);
  if (!full || bytes_of(rewriter.aval(id)) > fold_bytes) return {};
  return nx::apply(Op::Full, {}, full->attrs.get());
}

/// An elementwise op of numbers everywhere is a number everywhere: one element is enough.
bool fold_uniform(Rewriter& rewriter, const Program::Equation& e, std::span<const Id> operands, Id& result) {
  if (!nx::has_flag(e.op, nx::op_flag::elementwise) && e.op != Op::Cast) return false;
  std::vector<Array> scalars;
  for (const Id id : operands) {
    const Rewriter::Node* full = rewriter.node(id, Op::Full);
    if (!full) return false;
    nx::FullAttrs one = full->attrs.as<nx::FullAttrs>();
    one.shape = nx::Shape();
    scalars.push_back(nx::apply(Op::Full, {}, one));
  }
  if (scalars.empty()) return false;
  Array out;
  const std::vector<nx::Operand> arguments(scalars.begin(), scalars.end());
  nx::apply(e.op, arguments, e.attrs.get(), std::span<Array>(&out, 1));
  nx::FullAttrs attrs;
  attrs.shape = rewriter.aval(operands[0]).shape;
  attrs.dtype = out.dtype();
  attrs.value = scalar_of(out);
  result = rewriter.equation(Op::Full, {}, attrs);
  return true;
}

bool fold(Rewriter& rewriter, const Program::Equation& e, std::span<const Id> operands, std::vector<Array>& results) {
  if (operands.empty() || nx::has_flag(e.op, nx::op_flag::checked | nx::op_flag::effect) || e.op == Op::Call)
    return false;
  // A view of a constant costs nothing as it is.
  if (nx::has_flag(e.op, nx::op_flag::view)) return false;
  std::vector<Array> arrays;
  std::vector<Aval> avals, out(e.results);
  for (const Id id : operands) {
    arrays.push_back(known(rewriter, id));
    if (!arrays.back().defined()) return false;
    avals.push_back(rewriter.aval(id));
  }
  nx::infer(e.op, avals, e.attrs.get(), out);
  int64_t bytes = 0;
  for (const Aval& aval : out) bytes += bytes_of(aval);
  if (bytes > fold_bytes) return false;
  results.assign(e.results, Array{});
  const std::vector<nx::Operand> arguments(arrays.begin(), arrays.end());
  nx::apply(e.op, arguments, e.attrs.get(), results);
  return true;
}

}  // namespace

Program fold_constants(const Program& program) {
  const nx::InterpreterScope eager(nullptr);
  Rewriter rewriter;
  std::vector<Id> renamed = start(rewriter, program), operands;
  std::vector<Array> results;
  for (const Program::Equation& e : program.equations()) {
    operands.clear();
    for (const Id id : e.operands) operands.push_back(renamed[id]);
    Id first;
    if (e.results == 1 && fold_uniform(rewriter, e, operands, first)) {
      renamed[e.first_result] = first;
    } else if (fold(rewriter, e, operands, results)) {
      for (uint32_t i = 0; i < e.results; ++i)
        renamed[e.first_result + i] = rewriter.constant(nx::detail::contiguous_array(results[i]));
    } else {
      first = rewriter.equation(e.op, operands, e.attrs.get());
      for (uint32_t i = 0; i < e.results; ++i) renamed[e.first_result + i] = first + i;
    }
  }
  return finish(rewriter, program, renamed);
}

}  // namespace tolk
