#pragma once
// Composites as primitives: one function per composite, in a file per family. Not installed.
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

#define COMPOSITE(name, ...) Rule name;
#include "raven/nx/op.def"

}  // namespace nx::decompose_rule
