#include "raven/nx/infer/infer.hpp"

#include "raven/nx/internal/op_table.hpp"
#include "raven/nx/program.hpp"

namespace nx {

namespace {
constexpr detail::RuleTable<infer_rule::Rule> make_table() {
  detail::RuleTable<infer_rule::Rule> table;
#define PRIMITIVE(name, ...) table.row[static_cast<int>(Op::name)] = &infer_rule::name;
#define HIGHER_ORDER(name, ...) table.row[static_cast<int>(Op::name)] = &infer_rule::higher_order::name;
#define COMPOSITE PRIMITIVE
#include "raven/nx/op.def"
  return table;
}
constexpr auto rules = make_table();
}  // namespace

void infer(Op op, std::span<const Aval> in, const Attrs& attrs, std::span<Aval> out) {
  const OpInfo& info = op_info(op);
  if (info.operands >= 0 && in.size() != static_cast<size_t>(info.operands))
    throw ValueError(info.public_name, raven::Message("got ") << in.size() << " operands, expected " << int(info.operands));
  const auto results = static_cast<size_t>(result_count(op, attrs, in.size()));
  if (out.size() != results)
    throw ValueError(info.public_name, raven::Message("got ") << out.size() << " results, expected " << results);
  rules[op]({op, info.public_name, in, attrs, out});
}

int result_count(Op op, const Attrs& attrs, size_t operands) {
  if (op == Op::LayerNormGrad && !static_cast<const LayerNormGradAttrs&>(attrs).affine) return 1;
  const int fixed = op_info(op).results;
  if (fixed >= 0) return fixed;
  // −1: as many as operands (Sort), or as a Program has (Call).
  if (!is_higher_order(op)) return static_cast<int>(operands);
  const Program* program = static_cast<const CallAttrs&>(attrs).program.get();
  if (!program) throw ValueError(op_info(op).public_name, "the attributes hold no program");
  return static_cast<int>(program->outputs().size());
}

raven::Message& operator<<(raven::Message& message, const Aval& aval) {
  message << dtype_name(aval.dtype) << "[";
  for (int i = 0; i < aval.shape.size(); ++i) message << (i > 0 ? "," : "") << aval.shape[i];
  message << "]";
  return message;
}

namespace infer_rule {

void require_axis(const Call& call, int64_t axis, int rank) {
  if (axis < 0 || axis >= rank) {
    raven::Message m("axis ");
    m << axis << " is out of bounds for an array of rank " << rank;
    if (rank > 0) m << " (valid: " << -rank << ".." << rank - 1 << ")";
    throw AxisError(call.name, m);
  }
}
void require_axes(const Call& call, const Dims& axes, int rank) {
  for (int i = 0; i < axes.size(); ++i) {
    require_axis(call, axes[i], rank);
    if (i > 0 && axes[i] <= axes[i - 1])
      throw AxisError(call.name, raven::Message("axes ") << axes << " must be ascending and distinct");
  }
}
void require_float(const Call& call, DType dtype) {
  if (!is_float(dtype))
    throw DTypeError(call.name, raven::Message("got ") << dtype_name(dtype) << ", expected a floating dtype; use .astype(nx::f32)");
}
void require_same_dtype(const Call& call) {
  for (const Aval& a : call.in)
    if (a.dtype != call.in[0].dtype)
      throw DTypeError(call.name, raven::Message("dtypes differ: ") << dtype_name(call.in[0].dtype) << " and "
                                                                    << dtype_name(a.dtype) << "; use .astype(…)");
}

}  // namespace infer_rule
}  // namespace nx
