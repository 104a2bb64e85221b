#pragma once
// Shape rules: one function per op, in a file per family. infer() checked the number of operands. Not installed.
#include "raven/base/message.hpp"
#include "raven/nx/aval.hpp"
#include "raven/nx/error.hpp"

namespace nx::infer_rule {

struct Call {
  Op op;
  const char* name;  ///< public name, for messages
  std::span<const Aval> in;
  const Attrs& attrs;
  std::span<Aval> out;

  template <class A>
  const A& as() const {
    return static_cast<const A&>(attrs);
  }
};
using Rule = void(const Call& call);

#define PRIMITIVE(name, ...) Rule name;
// In a namespace of its own: `Call` is an op as well as what a rule receives.
#define HIGHER_ORDER(name, ...) \
  namespace higher_order {      \
  Rule name;                    \
  }
#define COMPOSITE(name, ...) Rule name;
#include "raven/nx/op.def"

// Checks shared by families.
void require_axis(const Call& call, int64_t axis, int rank);
void require_axes(const Call& call, const Dims& axes, int rank);  ///< ascending, in range
void require_float(const Call& call, DType dtype);
void require_same_dtype(const Call& call);

}  // namespace nx::infer_rule
