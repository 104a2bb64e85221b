#pragma once
// Composites as primitives, higher-order ops as the ops of their Programs: one function each, in a file per family. Not installed.
#include <span>

#include "raven/nx/array.hpp"
#include "raven/nx/attrs.hpp"

namespace nx::decompose_rule {

struct Call {
  std::span<const Array> in;
  const Attrs& attrs;
  std::span<Array> out;
  template <class A>
  const A& as() const {
    return static_cast<const A&>(attrs);
  }
};
using Rule = void(const Call& call);

// In a namespace of its own: `Call` is an op as well as what a rule receives.
#define HIGHER_ORDER(name, ...) \
  namespace higher_order {      \
  Rule name;                    \
  }
#define COMPOSITE(name, ...) Rule name;
#include "raven/nx/op.def"

}  // namespace nx::decompose_rule
