#pragma once
// The one evaluator of VALUE codes, for the interpreter and for constant folding. Values are the bits of an element,
// zero-extended.
#include <cstdint>

#include "raven/tolk/loop/loop.hpp"

namespace tolk::loop::detail {

/// Unused operands are ignored.
using Function = uint64_t (*)(uint64_t a, uint64_t b, uint64_t c);

/// How `code` computes a value of type `result` from operands of type `data` (those that are not masks); they differ
/// for predicates and casts. Null where the code has no operands or does not exist for the type.
Function function_of(Code code, Type data, Type result);

}  // namespace tolk::loop::detail
