#include "raven/nx/decompose/decompose.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/composite.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/op_table.hpp"

namespace nx {

namespace {
constexpr detail::RuleTable<decompose_rule::Rule> make_table() {
  detail::RuleTable<decompose_rule::Rule> table;
#define HIGHER_ORDER(name, ...) table.row[static_cast<int>(Op::name)] = &decompose_rule::higher_order::name;
#define COMPOSITE(name, ...) table.row[static_cast<int>(Op::name)] = &decompose_rule::name;
#include "raven/nx/op.def"
  return table;
}
constexpr auto rules = make_table();
}  // namespace

void decompose(Op op, std::span<const Array> in, const Attrs& attrs, std::span<Array> out) {
  if (!rules[op]) throw UnsupportedError("nx.decompose", raven::Message(op_info(op).name) << " is a primitive");
  rules[op]({in, attrs, out});
}

}  // namespace nx
