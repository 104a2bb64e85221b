#pragma once
// The abstract value of an array, and the shape rules of all ops.
#include <span>

#include "raven/nx/attrs.hpp"
#include "raven/nx/dims.hpp"
#include "raven/nx/dtype.hpp"

namespace nx {

/// Shape and dtype without data.
struct Aval {
  DType dtype = DType::f64;
  Shape shape;
  friend bool operator==(const Aval& a, const Aval& b) { return a.dtype == b.dtype && a.shape == b.shape; }
};
/// `f32[2,3]`.
RAVEN_API raven::Message& operator<<(raven::Message& message, const Aval& aval);
inline raven::Message&& operator<<(raven::Message&& message, const Aval& aval) {
  message << aval;
  return static_cast<raven::Message&&>(message);
}

/// Verifies an op over abstract operands and writes the results' shapes and dtypes. Shared by eager calls, tracing and
/// compilers. `out` has op_info(op).results entries (Call: as many as its program returns).
/// Throws ShapeError, AxisError, DTypeError or ValueError under the op's public name.
RAVEN_API void infer(Op op, std::span<const Aval> in, const Attrs& attrs, std::span<Aval> out);
/// Number of results of this call; −1: as many as operands (Sort).
RAVEN_API int result_count(Op op, const Attrs& attrs, size_t operands);

}  // namespace nx
