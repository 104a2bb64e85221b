#pragma once
// Values that are one number everywhere. Not installed.
#include "raven/tolk/internal/rewriter.hpp"

namespace tolk {

/// The only element of a 0-d array as a weak number that Full turns into the same bits.
nx::Scalar scalar_of(const nx::Array& zero_d);

/// The attributes of a value that is one number everywhere; null for others.
inline const nx::FullAttrs* uniform(const Rewriter& rewriter, Program::Id id) {
  const Rewriter::Node* full = rewriter.node(id, Op::Full);
  return full ? &full->attrs.as<nx::FullAttrs>() : nullptr;
}
/// Whether the value is `number` everywhere, in bits: −0 is not 0.
bool is_number(const Rewriter& rewriter, Program::Id id, double number);

}  // namespace tolk
