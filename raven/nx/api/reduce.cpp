#include "raven/nx/api/reduce.hpp"

#include <algorithm>
#include <limits>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/cpu/levels.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

using detail::named;

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
Array reduce_trailing(const char* name, ReduceKind kind, const Array& x, const Axes& over, bool keepdims, DType dtype) {
  const int rank = x.ndim();
  int kept = 0;
  if (!over.all()) {
    const Dims axes = detail::resolve_axes(name, over, rank);
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
  Array out = detail::empty_array(dtype, {shape, static_cast<size_t>(keepdims ? rank : kept)});
  const int64_t n = x.size() / rows;
  loop.rows(detail::impl_of(out)->data, detail::impl_of(x)->data, rows, n, n, 1);
  return out;
}

Array reduce(const char* name, ReduceKind kind, const Array& x, const Axes& over, bool keepdims, DType dtype) {
  detail::require_defined(name, x);
  if (x.size() <= small_reduction && x.is_contiguous() && detail::is_direct(x)) {
    Array out = reduce_trailing(name, kind, x, over, keepdims, dtype);
    if (out.defined()) return out;
  }
  ReduceAttrs attrs;
  attrs.kind = kind;
  attrs.axes = detail::resolve_axes(name, over, x.ndim());
  attrs.dtype = dtype;
  Array out = apply(Op::Reduce, {x}, attrs);
  return keepdims ? detail::restore_axes(out, x.shape(), attrs.axes) : out;
}

Array number(const MaybeNumber& given, DType dtype) {
  FullAttrs attrs;
  attrs.dtype = dtype;
  attrs.value = given.value();
  std::byte checked[8];
  detail::write_scalar("nx.full", attrs.value, dtype, checked);
  return apply(Op::Full, {}, attrs);
}

/// x with `fill` in the place of elements that do not count.
Array counted(const char* name, const Array& x, const Array& where, const Operand& fill) {
  if (!is_bool(where.dtype()))
    throw DTypeError(name, raven::Message("where is ") << dtype_name(where.dtype()) << ", expected b1; compare it with 0");
  return nx::where(broadcast_to(where, x.shape()), x, fill);
}

/// Σ or Π. A narrower (or unrelated) result dtype converts the operand first, as NumPy.
Array accumulate(const char* name, ReduceKind kind, const Array& given, const SumOpts& options) {
  return named(name, [&] {
    detail::require_defined(name, given);
    const DType dtype = options.dtype.value_or(sum_dtype(given.dtype()));
    Array x = dtype == given.dtype() || dtype == sum_dtype(given.dtype()) ? given : given.astype(dtype);
    const bool neutral = kind == ReduceKind::prod;
    if (options.where.defined())
      x = counted(name, x, options.where, is_bool(x.dtype()) ? Operand(neutral) : Operand(static_cast<int>(neutral)));
    // The sum of truths is their OR, the product their AND.
    const ReduceKind step = !is_bool(dtype) ? kind : neutral ? ReduceKind::min : ReduceKind::max;
    Array out = reduce(name, step, x, options.axis, options.keepdims, dtype);
    if (!options.initial.has_value()) return out;
    const Array initial = number(options.initial, dtype);
    return neutral ? multiply(std::move(out), initial) : add(std::move(out), initial);
  });
}

Array extremum(const char* name, ReduceKind kind, const Array& given, const ExtremumOpts& options) {
  return named(name, [&] {
    detail::require_defined(name, given);
    const Dims axes = given.size() == 0 || options.where.defined() ? detail::resolve_axes(name, options.axis, given.ndim()) : Dims();
    const DType dtype = given.dtype();
    const Array initial = options.initial.has_value() ? number(options.initial, dtype) : Array{};
    Array x = given;
    if (options.where.defined()) {
      if (!initial.defined()) throw ValueError(name, "where without an initial value; give .initial for results of no elements");
      x = counted(name, x, options.where, initial);
    }
    if (x.size() == 0) {
      const auto empty = std::find_if(axes.begin(), axes.end(), [&](int64_t axis) { return x.shape(static_cast<int>(axis)) == 0; });
      if (empty != axes.end()) {
        if (!initial.defined())
          throw ValueError(name, raven::Message("no elements to compare: shape ")
                                     << x.shape() << ", axis " << *empty << " is empty; give .initial or check the size");
        Shape shape;
        for (int i = 0; i < x.ndim(); ++i)
          if (!axes.contains(i))
            shape.push_back(x.shape(i));
          else if (options.keepdims)
            shape.push_back(1);
        return broadcast_to(initial, shape);
      }
    }
    Array out = reduce(name, kind, x, options.axis, options.keepdims, dtype);
    if (!initial.defined()) return out;
    return kind == ReduceKind::max ? maximum(std::move(out), initial) : minimum(std::move(out), initial);
  });
}
}  // namespace

Array sum(const Array& x, const SumOpts& options) { return accumulate("nx.sum", ReduceKind::sum, x, options); }
Array prod(const Array& x, const SumOpts& options) { return accumulate("nx.prod", ReduceKind::prod, x, options); }
Array max(const Array& x, const ExtremumOpts& options) { return extremum("nx.max", ReduceKind::max, x, options); }
Array min(const Array& x, const ExtremumOpts& options) { return extremum("nx.min", ReduceKind::min, x, options); }

namespace {
/// Any (max) or all (min) of b1.
Array truth(const char* name, ReduceKind kind, const Array& x, const TruthOpts& options) {
  return named(name, [&] {
    detail::require_defined(name, x);
    Array truths = is_bool(x.dtype()) ? x : not_equal(x, 0);
    if (options.where.defined()) truths = counted(name, truths, options.where, kind == ReduceKind::min);
    return reduce(name, kind, truths, options.axis, options.keepdims, DType::b1);
  });
}
Array as_real(const char* name, const Array& x) {
  detail::require_defined(name, x);
  return is_float(x.dtype()) ? x : x.astype(default_float());
}
/// Elements per result.
int64_t count_over(const char* name, const Array& x, const Axes& axes) {
  int64_t n = 1;
  for (int64_t axis : detail::resolve_axes(name, axes, x.ndim())) n *= x.shape(static_cast<int>(axis));
  return n;
}
/// Those among them that count, in the dtype.
Array count_where(const Array& x, const Array& where, const Axes& axes, bool keepdims, DType dtype) {
  return sum(broadcast_to(where, x.shape()), {.axis = axes, .keepdims = keepdims}).astype(dtype);
}
}  // namespace

Array any(const Array& x, const TruthOpts& options) { return truth("nx.any", ReduceKind::max, x, options); }
Array all(const Array& x, const TruthOpts& options) { return truth("nx.all", ReduceKind::min, x, options); }

Array mean(const Array& x, const MeanOpts& options) {
  constexpr const char* name = "nx.mean";
  return named(name, [&] {
    detail::require_defined(name, x);
    const DType dtype = options.dtype.value_or(default_float());
    const bool inexact = is_float(dtype);
    Array terms = options.dtype.has_value() && inexact ? x.astype(dtype) : inexact ? as_real(name, x) : x;
    if (inexact && !options.where.defined()) {
      const int64_t n = count_over(name, terms, options.axis);
      return reduce(name, ReduceKind::sum, terms, options.axis, options.keepdims, terms.dtype()) / static_cast<double>(n);
    }
    const DType quotient = inexact ? terms.dtype() : f64;
    SumOpts over{.axis = options.axis, .keepdims = options.keepdims, .dtype = inexact ? quotient : dtype};
    over.where = options.where;
    const Array total = accumulate(name, ReduceKind::sum, terms, over);
    const Array n = options.where.defined() ? count_where(x, options.where, options.axis, options.keepdims, quotient)
                                            : scalar(static_cast<double>(count_over(name, x, options.axis)), quotient);
    return (total / n).astype(inexact ? quotient : dtype);
  });
}

namespace {
Array variance(const char* name, const Array& x, const VarOpts& options) {
  return named(name, [&] {
    const Array real = as_real(name, x);
    const Array centre = mean(real, {.axis = options.axis, .keepdims = true, .where = options.where});
    Array difference = real - centre;
    if (options.where.defined()) difference = counted(name, difference, options.where, 0);
    const Array total = reduce(name, ReduceKind::sum, square(difference), options.axis, options.keepdims, real.dtype());
    if (options.where.defined()) {
      const Array n = count_where(real, options.where, options.axis, options.keepdims, real.dtype());
      return total / maximum(n - options.ddof, 0);
    }
    const int64_t n = count_over(name, real, options.axis), divisor = n > options.ddof ? n - options.ddof : 0;
    return total / static_cast<double>(divisor);
  });
}
}  // namespace
Array var(const Array& x, const VarOpts& options) { return variance("nx.var", x, options); }
/// √v; where v = 0 a constant, so that the derivative there is 0 and not 0·∞.
Array std(const Array& x, const VarOpts& options) {
  const Array v = variance("nx.std", x, options);
  if (!current_interpreter()) return sqrt(v);  // the same value
  const Array zero = equal(v, 0);
  return where(zero, 0, sqrt(where(zero, 1, v)));
}

/// m + ln Σ e^(x − m), m = max x where that is finite, else 0. The sum is 0 where all x are −∞ and nowhere else: a
/// constant there, whose derivative is 0.
Array logsumexp(const Array& x, const ReduceOpts& options) {
  return named("nx.logsumexp", [&] {
    const Array real = as_real("nx.logsumexp", x);
    if (count_over("nx.logsumexp", real, options.axis) == 0)
      return log(reduce("nx.logsumexp", ReduceKind::sum, real, options.axis, options.keepdims, real.dtype()));
    const Array top = stop_gradient(max(real, {.axis = options.axis, .keepdims = true}));
    const Array shift = where(isfinite(top), top, 0);
    const Array powers = sum(exp(real - shift), {.axis = options.axis, .keepdims = true});
    const auto logarithm = [&] {
      if (!current_interpreter()) return log(powers);  // the same value
      const Array empty = equal(powers, 0);
      return where(empty, -std::numeric_limits<double>::infinity(), log(where(empty, 1, powers)));
    };
    const Array total = logarithm() + shift;
    if (options.keepdims) return total;
    return squeeze(total, Axes(detail::resolve_axes("nx.logsumexp", options.axis, real.ndim())));
  });
}

namespace {
Array arg_reduce(const char* name, ReduceKind kind, const Array& x, const ReduceOpts& options) {
  return named(name, [&] {
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
  });
}
}  // namespace
Array argmax(const Array& x, const ReduceOpts& options) { return arg_reduce("nx.argmax", ReduceKind::max, x, options); }
Array argmin(const Array& x, const ReduceOpts& options) { return arg_reduce("nx.argmin", ReduceKind::min, x, options); }

// ---- members ---------------------------------------------------------------------------------------------------------

#define NX_MEMBER(name)                                           \
  Array Array::name() const { return nx::name(*this); }           \
  Array Array::name(const Axes& axes) const { return nx::name(*this, axes); }
NX_MEMBER(sum)
NX_MEMBER(prod)
NX_MEMBER(max)
NX_MEMBER(min)
NX_MEMBER(any)
NX_MEMBER(all)
NX_MEMBER(mean)
NX_MEMBER(var)
NX_MEMBER(std)
NX_MEMBER(argmax)
NX_MEMBER(argmin)
#undef NX_MEMBER

}  // namespace nx
