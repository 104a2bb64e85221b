#include "raven/nx/api/creation.hpp"
#include "raven/nx/internal/op_table.hpp"
#include "raven/rune/jvp/rules.hpp"

namespace rune::jvp_rule {

namespace {
constexpr nx::detail::RuleTable<const Rule> make_table() {
  nx::detail::RuleTable<const Rule> table;
#define PRIMITIVE(name, ...) table.row[static_cast<int>(nx::Op::name)] = &name;
#define HIGHER_ORDER PRIMITIVE
#define COMPOSITE PRIMITIVE
#include "raven/nx/op.def"
  return table;
}
constexpr auto rules = make_table();
}  // namespace

const Rule& rule_of(nx::Op op) { return *rules[op]; }

void push_linear(const Push& p) { p.add(nx::apply(p.op, {p.t()}, p.attrs)); }

Array Push::t_or_zeros(int i) const { return has(i) ? t(i) : nx::zeros_like(x(i)); }

}  // namespace rune::jvp_rule
