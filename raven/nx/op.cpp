#include "raven/nx/op.hpp"

namespace nx {

namespace {
struct OpTable {
  OpInfo rows[op_table_size];
};
constexpr OpTable make_table() {
  OpTable table{};
#define PRIMITIVE(name, public_name, attrs, operands, results, flags) \
  table.rows[static_cast<int>(Op::name)] = OpInfo{#name, "nx." public_name, operands, results, flags};
#define HIGHER_ORDER PRIMITIVE
#define COMPOSITE PRIMITIVE
#include "raven/nx/op.def"
  return table;
}
constexpr OpTable table = make_table();
}  // namespace

const OpInfo& op_info(Op op) noexcept { return table.rows[static_cast<int>(op)]; }

bool find_op(std::string_view name, Op& op) noexcept {
  for (int i = 0; i < op_table_size; ++i)
    if (!name.empty() && table.rows[i].name == name) {
      op = static_cast<Op>(i);
      return true;
    }
  return false;
}

}  // namespace nx
