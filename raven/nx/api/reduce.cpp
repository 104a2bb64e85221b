#include "raven/nx/api/reduce.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/axes.hpp"

namespace nx {

namespace {

/// bool and narrow integers accumulate in 64 bits.
DType sum_dtype(DType dtype) {
  switch (kind_of(dtype)) {
    case DTypeKind::boolean:
    case DTypeKind::signed_integer: return DType::i64;
    case DTypeKind::unsigned_integer: return DType::u64;
    case DTypeKind::real: return dtype;
  }
  return dtype;
}

Array reduce(const char* name, ReduceKind kind, const Array& x, const ReduceOpts& options, DType dtype) {
  detail::require_defined(name, x);
  ReduceAttrs attrs;
  attrs.kind = kind;
  attrs.axes = detail::resolve_axes(name, options.axis, x.ndim());
  attrs.dtype = dtype;
  Array out = apply(Op::Reduce, {x}, attrs);
  return options.keepdims ? detail::restore_axes(out, x.shape(), attrs.axes) : out;
}

/// A maximum or minimum needs at least one element per result.
void require_elements(const char* name, const Array& x, const ReduceOpts& options) {
  detail::require_defined(name, x);
  for (int64_t axis : detail::resolve_axes(name, options.axis, x.ndim()))
    if (x.shape(static_cast<int>(axis)) == 0)
      throw ValueError(name, raven::Message("no elements to compare: shape ") << x.shape() << ", axis " << axis << " is empty");
}

}  // namespace

Array sum(const Array& x, const ReduceOpts& options) {
  const DType dtype = options.dtype.value_or(sum_dtype(x.dtype()));
  // A narrower (or unrelated) result dtype converts the operand first, as NumPy.
  if (dtype != x.dtype() && dtype != sum_dtype(x.dtype()))
    return reduce("nx.sum", ReduceKind::sum, x.astype(dtype), options, dtype);
  return reduce("nx.sum", ReduceKind::sum, x, options, dtype);
}
Array max(const Array& x, const ReduceOpts& options) {
  require_elements("nx.max", x, options);
  return reduce("nx.max", ReduceKind::max, x, options, x.dtype());
}

}  // namespace nx
