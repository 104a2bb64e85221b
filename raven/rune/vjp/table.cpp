#include "raven/nx/internal/op_table.hpp"
#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

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

}  // namespace rune::vjp_rule
