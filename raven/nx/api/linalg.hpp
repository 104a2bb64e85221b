#pragma once
// Products of arrays.
#include "raven/nx/array.hpp"
#include "raven/nx/dims.hpp"

namespace nx {

/// Matrix product with NumPy's rules: 1-d operands are vectors, leading axes broadcast. dtypes promote.
/// (…, m, k) @ (…, k, n) → (…, m, n). NumPy: matmul. Throws ShapeError naming both shapes.
RAVEN_API Array matmul(const Array& a, const Array& b);

struct DotGeneralOpts {
  Dims lhs_contract{}, rhs_contract{}, lhs_batch{}, rhs_batch{};
};
/// The contraction behind all products; result axes: batch, free of `a`, free of `b`. JAX: lax.dot_general.
RAVEN_API Array dot_general(const Array& a, const Array& b, const DotGeneralOpts& options);

}  // namespace nx
