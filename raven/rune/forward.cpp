#include "raven/rune/forward.hpp"

#include "raven/nx/composite.hpp"
#include "raven/rune/jvp/rules.hpp"

namespace rune {

using nx::Array;

Forward::Forward() = default;
Forward::~Forward() = default;

Array Forward::watch(const Array& primal, const Array& tangent) {
  tangents_.push_back(tangent);
  return nx::make_tracer(*this, static_cast<uint32_t>(tangents_.size() - 1), primal);
}
Array Forward::lower(const Array& x) const { return x.defined() && nx::tracer_tag(x) == tag() ? nx::tracer_value(x) : x; }
Array Forward::tangent_of(const Array& x) const {
  return x.defined() && nx::tracer_tag(x) == tag() ? tangents_[nx::tracer_id(x)] : Array{};
}
Array Forward::value_of(const Array& tracer) { return nx::tracer_value(tracer); }

void Forward::process(nx::Op op, std::span<const nx::Operand> in, const nx::Attrs& attrs, std::span<Array> out) {
  std::vector<Array> primals, tangents;
  bool any = false;
  for (const nx::Operand& o : in) {
    primals.push_back(lower(o.array()));
    tangents.push_back(tangent_of(o.array()));
    any = any || tangents.back().defined();
  }
  const jvp_rule::Rule& rule = jvp_rule::rule_of(op);
  if (any && rule.decompose) {
    // Its parts would broadcast what the op itself refuses.
    std::vector<nx::Aval> avals;
    for (const nx::Operand& o : in) avals.push_back(nx::aval_of(o.array()));
    std::vector<nx::Aval> results(out.size());
    nx::infer(op, avals, attrs, results);
    std::vector<Array> operands;
    for (const nx::Operand& o : in) operands.push_back(o.array());
    const nx::ParentScope here(this);
    return nx::decompose(op, operands, attrs, out);
  }
  std::vector<nx::Operand> operands(primals.begin(), primals.end());
  nx::apply(op, operands, attrs, out);
  if (!any || !rule.push) return;
  std::vector<Array> results(out.size());
  rule.push({op, attrs, primals, tangents, out, results});
  for (size_t i = 0; i < out.size(); ++i)
    if (results[i].defined()) out[i] = watch(out[i], results[i]);
}

}  // namespace rune
