#include "raven/nx/api/reduce.hpp"

#include <algorithm>
#include <limits>

#include "raven/base/message.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/cpu/levels.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/impl.hpp"

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

constexpr int64_t small_reduction = 4096;  // below, the gateway costs more than the sum

/// Few elements over the trailing axes: runs of neighbours, given straight to the loop that the stages of Reduce end in.
/// An empty handle when the axes are others.
Array reduce_trailing(const char* name, ReduceKind kind, const Array& x, const ReduceOpts& options, DType dtype) {
  const int rank = x.ndim();
  int kept = 0;
  if (!options.axis.all()) {
    const Dims axes = detail::resolve_axes(name, options.axis, rank);
    kept = rank - axes.size();
    for (int i = 0; i < axes.size(); ++i)
      if (axes[i] != kept + i) return {};
    if (x.size() == 0) return {};
  }
  const cpu::ReduceLoops& loop = cpu::loops().reduce[static_cast<int>(kind)][static_cast<int>(x.dtype())][static_cast<int>(dtype)];
  if (!loop.rows) return {};
  int64_t shape[Dims::max_size], rows = 1;
  for (int i = 0; i < kept; ++i) rows *= shape[i] = detail::shape_of(x.header())[i];
  for (int i = kept; i < rank; ++i) shape[i] = 1;
  Array out = detail::empty_array(dtype, {shape, static_cast<size_t>(options.keepdims ? rank : kept)});
  const int64_t n = x.size() / rows;
  loop.rows(detail::impl_of(out)->data, detail::impl_of(x)->data, rows, n, n, 1);
  return out;
}

Array reduce(const char* name, ReduceKind kind, const Array& x, const ReduceOpts& options, DType dtype) {
  detail::require_defined(name, x);
  if (x.size() <= small_reduction && x.is_contiguous() && detail::is_direct(x)) {
    Array out = reduce_trailing(name, kind, x, options, dtype);
    if (out.defined()) return out;
  }
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
  if (x.size() > 0) return;
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
Array prod(const Array& x, const ReduceOpts& options) {
  const DType dtype = options.dtype.value_or(sum_dtype(x.dtype()));
  if (dtype != x.dtype() && dtype != sum_dtype(x.dtype()))
    return reduce("nx.prod", ReduceKind::prod, x.astype(dtype), options, dtype);
  return reduce("nx.prod", ReduceKind::prod, x, options, dtype);
}
Array max(const Array& x, const ReduceOpts& options) {
  require_elements("nx.max", x, options);
  return reduce("nx.max", ReduceKind::max, x, options, x.dtype());
}
Array min(const Array& x, const ReduceOpts& options) {
  require_elements("nx.min", x, options);
  return reduce("nx.min", ReduceKind::min, x, options, x.dtype());
}

namespace {
Array truth(const char* name, const Array& x) {
  detail::require_defined(name, x);
  return is_bool(x.dtype()) ? x : not_equal(x, 0);
}
/// Elements per result.
int64_t count_over(const char* name, const Array& x, const Axes& axes) {
  int64_t n = 1;
  for (int64_t axis : detail::resolve_axes(name, axes, x.ndim())) n *= x.shape(static_cast<int>(axis));
  return n;
}
Array as_real(const char* name, const Array& x) {
  detail::require_defined(name, x);
  return is_float(x.dtype()) ? x : x.astype(default_float());
}
}  // namespace

Array any(const Array& x, const ReduceOpts& options) {
  return reduce("nx.any", ReduceKind::max, truth("nx.any", x), options, DType::b1);
}
Array all(const Array& x, const ReduceOpts& options) {
  return reduce("nx.all", ReduceKind::min, truth("nx.all", x), options, DType::b1);
}

Array mean(const Array& x, const ReduceOpts& options) {
  const Array real = as_real("nx.mean", options.dtype.has_value() ? x.astype(options.dtype.value_or(f64)) : x);
  const int64_t n = count_over("nx.mean", real, options.axis);
  return reduce("nx.mean", ReduceKind::sum, real, options, real.dtype()) / static_cast<double>(n);
}

Array var(const Array& x, const VarOpts& options) {
  const Array real = as_real("nx.var", x);
  const int64_t n = count_over("nx.var", real, options.axis);
  const Array centre = mean(real, {.axis = options.axis, .keepdims = true});
  const ReduceOpts over{.axis = options.axis, .keepdims = options.keepdims};
  const int64_t divisor = n > options.ddof ? n - options.ddof : 0;
  return reduce("nx.var", ReduceKind::sum, square(real - centre), over, real.dtype()) / static_cast<double>(divisor);
}
/// √v; where v = 0 a constant, so that the derivative there is 0 and not 0·∞.
Array std(const Array& x, const VarOpts& options) {
  const Array v = var(x, options);
  const Array zero = equal(v, 0);
  return where(zero, 0, sqrt(where(zero, 1, v)));
}

/// m + ln Σ e^(x − m), m = max x where that is finite, else 0. The sum is 0 where all x are −∞ and nowhere else: a
/// constant there, whose derivative is 0.
Array logsumexp(const Array& x, const ReduceOpts& options) {
  const Array real = as_real("nx.logsumexp", x);
  if (count_over("nx.logsumexp", real, options.axis) == 0)
    return log(reduce("nx.logsumexp", ReduceKind::sum, real, options, real.dtype()));
  ReduceOpts kept;
  kept.axis = options.axis;
  kept.keepdims = true;
  const Array top = stop_gradient(max(real, kept));
  const Array shift = where(isfinite(top), top, 0);
  const Array powers = sum(exp(real - shift), kept);
  const Array empty = equal(powers, 0);
  const Array total = where(empty, -std::numeric_limits<double>::infinity(), log(where(empty, 1, powers))) + shift;
  if (options.keepdims) return total;
  return squeeze(total, Axes(detail::resolve_axes("nx.logsumexp", options.axis, real.ndim())));
}

namespace {
Array arg_reduce(const char* name, ReduceKind kind, const Array& x, const ReduceOpts& options) {
  detail::require_defined(name, x);
  ArgReduceAttrs attrs;
  attrs.kind = kind;
  if (options.axis.all()) {
    if (x.size() == 0) throw ValueError(name, raven::Message("no elements to compare: shape ") << x.shape());
    const Array index = apply(Op::ArgReduce, {reshape(x, {-1})}, attrs);
    return options.keepdims ? reshape(index, Dims::filled(x.ndim(), 1)) : index;
  }
  const Dims axes = detail::resolve_axes(name, options.axis, x.ndim());
  if (axes.size() != 1)
    throw AxisError(name, raven::Message("got axes ") << options.axis.list() << ", expected one axis, or none for the flattened array");
  attrs.axis = axes[0];
  if (x.shape(static_cast<int>(attrs.axis)) == 0)
    throw ValueError(name, raven::Message("no elements to compare: shape ") << x.shape() << ", axis " << attrs.axis << " is empty");
  const Array index = apply(Op::ArgReduce, {x}, attrs);
  return options.keepdims ? detail::restore_axes(index, x.shape(), axes) : index;
}
}  // namespace
Array argmax(const Array& x, const ReduceOpts& options) { return arg_reduce("nx.argmax", ReduceKind::max, x, options); }
Array argmin(const Array& x, const ReduceOpts& options) { return arg_reduce("nx.argmin", ReduceKind::min, x, options); }

}  // namespace nx
