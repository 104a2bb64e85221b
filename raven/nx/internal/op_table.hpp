#pragma once
// How a rule table is made: NX_RULE_TABLE(Fn, room) declares room::<OpName> for every op and an array of them indexed by
// Op. A rule nobody wrote is an undefined symbol that names itself. Not installed.
#include "raven/nx/op.hpp"

namespace nx::detail {
template <class Fn>
struct RuleTable {
  Fn* row[op_table_size] = {};
  constexpr Fn* operator[](Op op) const { return row[static_cast<int>(op)]; }
};
}  // namespace nx::detail
