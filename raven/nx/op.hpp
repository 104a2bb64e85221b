#pragma once
// The enum of ops and what op.def says of each.
#include <cstdint>
#include <string_view>

#include "raven/base/export.hpp"

namespace nx {

enum class Op : int16_t {
  // Three sections, numbered apart so that each can grow without renumbering the others.
  before_primitives = -1,
#define PRIMITIVE(name, ...) name,
#include "raven/nx/op.def"
  primitives_end,
  before_higher_order = 127,
#define HIGHER_ORDER(name, ...) name,
#include "raven/nx/op.def"
  higher_order_end,
  before_composites = 191,
#define COMPOSITE(name, ...) name,
#include "raven/nx/op.def"
  composites_end,
};
/// Size of a table indexed by Op; unused numbers hold empty rows.
inline constexpr int op_table_size = static_cast<int>(Op::composites_end);

namespace op_flag {
inline constexpr uint32_t none = 0;
inline constexpr uint32_t elementwise = 1;  ///< operands broadcast and promote; kernels take stride-0 operands
inline constexpr uint32_t predicate = 2;    ///< elementwise with a b1 result
inline constexpr uint32_t view = 4;         ///< eager result shares the operand's data when strides allow
inline constexpr uint32_t B = 8, I = 16, F = 32;  ///< kinds an elementwise op computes in
inline constexpr uint32_t in_place = 64;    ///< the result may take the place of operand 0 when that may be consumed
inline constexpr uint32_t effect = 128;     ///< must not be dropped or merged
inline constexpr uint32_t checked = 256;    ///< eager calls check operand values (indices) first
}  // namespace op_flag

struct OpInfo {
  std::string_view name;    ///< `Add`; empty in unused rows
  const char* public_name;  ///< `nx.add`
  int8_t operands, results;
  uint32_t flags;
};
/// Row of op.def.
RAVEN_API const OpInfo& op_info(Op op) noexcept;
/// Finds an op by its name; false when there is none.
RAVEN_API bool find_op(std::string_view name, Op& op) noexcept;

inline bool is_higher_order(Op op) { return op > Op::before_higher_order && op < Op::higher_order_end; }
inline bool is_composite(Op op) { return op > Op::before_composites && op < Op::composites_end; }
inline bool has_flag(Op op, uint32_t flag) { return (op_info(op).flags & flag) != 0; }

}  // namespace nx
