#pragma once
// What code.def says about operands and types, as tables: the printer, the parser, the verifier and the builder all
// read the same rows.
#include <array>
#include <cstdint>

#include "raven/tolk/loop/loop.hpp"

namespace tolk::loop::detail {

// The type sets of code.def.
inline constexpr unsigned B = 1, I = 2, F = 4, X = 8;

constexpr bool contains(unsigned types, Type type) {
  switch (type) {
    case Type::none: return false;
    case Type::b1: return (types & B) != 0;
    case Type::f32:
    case Type::f64: return (types & F) != 0;
    case Type::i64: return (types & (I | X)) != 0;
    default: return (types & I) != 0;
  }
}

inline constexpr int code_count = 0
#define DECLARE(...) +1
#define VALUE DECLARE
#define READ DECLARE
#define STATEMENT DECLARE
#define BLOCK DECLARE
#include "raven/tolk/loop/code.def"
    ;

inline constexpr int max_width = 1024;      ///< lanes of a register
inline constexpr int max_block_depth = 64;  ///< blocks open at once
inline constexpr int64_t max_local_count = int64_t{1} << 32;

/// What may stand at one operand. `data` is the type a line names: the type of the node's value, of the operands of a
/// predicate, or of the elements of the storage that is read or written.
enum class Slot : uint8_t {
  none,
  data,    ///< a value of the data type
  from,    ///< a value of the type that a cast comes from
  index,   ///< a value i64
  mask,    ///< a value b1
  array,   ///< param or local of the data type
  lanes,   ///< reg of the data type
  status,  ///< param i64
};
using Slots = std::array<Slot, 4>;

const Slots& slots_of(Code code);
/// The types a code exists for.
TOLK_LOOP_API unsigned types_of(Code code);
/// Whether lines of this code name their data type: `add.f32`, but `loop`.
bool names_type(Code code);
/// The data type of a node; none where the node is malformed.
Type data_type(const Kernel& kernel, const Node& node);
/// The type an operand must have, given the data type and the type a cast comes from.
Type slot_type(Slot slot, Type data, Type from);

/// The bits that a value of this type may have set.
constexpr uint64_t mask_of(Type type) {
  switch (type) {
    case Type::none: return 0;
    case Type::b1: return 1;
    case Type::u8: return 0xff;
    case Type::u32:
    case Type::i32:
    case Type::f32: return 0xffffffff;
    default: return ~uint64_t{0};
  }
}

}  // namespace tolk::loop::detail
