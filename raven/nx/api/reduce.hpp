#pragma once
// Reductions. Sums have one canonical order, a function of shape and axes alone, so every CPU level and thread count
// gives the same bits. Errors: AxisError; ValueError for a maximum of nothing.
#include "raven/nx/api/options.hpp"
#include "raven/nx/array.hpp"

namespace nx {

// Each reduction takes `f(x)`, `f(x, axis)`, `f(x, {0, 1})` and `f(x, {.axis = 0, .keepdims = true})`.
#define NX_REDUCTION_OF(name, Opts)                                                   \
  RAVEN_API Array name(const Array& x, const Opts& options);                          \
  inline Array name(const Array& x) { return name(x, Opts{}); }                       \
  __attribute__((unavailable("options are named: {.axis = 0, .keepdims = true}")))   \
  Array name(const Array& x, detail::PositionalOptions);                              \
  template <class A>                                                                  \
    requires(std::integral<A> || std::same_as<A, Axes>)                               \
  Array name(const Array& x, const A& axis) {                                         \
    Opts options;                                                                     \
    options.axis = axis;                                                              \
    return name(x, options);                                                          \
  }                                                                                   \
  template <std::integral T>                                                          \
  Array name(const Array& x, std::initializer_list<T> axes) {                         \
    Dims list;                                                                        \
    for (T axis : axes) list.push_back(axis);                                         \
    Opts options;                                                                     \
    options.axis = Axes(list);                                                        \
    return name(x, options);                                                          \
  }
#define NX_REDUCTION(name) NX_REDUCTION_OF(name, ReduceOpts)

/// Σ x. Bools and i32 sum in i64, u8 and u32 in u64. NumPy: sum.
NX_REDUCTION_OF(sum, SumOpts)
/// Π x; dtypes as sum. NumPy: prod.
NX_REDUCTION_OF(prod, SumOpts)
/// Largest, and smallest, element; NaN wins. Throws ValueError over no elements without an initial value. NumPy: max, min.
NX_REDUCTION_OF(max, ExtremumOpts)
NX_REDUCTION_OF(min, ExtremumOpts)
/// Whether any (every) element is true; numbers are true when not 0. NumPy: any, all.
NX_REDUCTION_OF(any, TruthOpts)
NX_REDUCTION_OF(all, TruthOpts)
/// Σ x / n; of integers in the default float, NaN over no elements. With an integer dtype the sum wraps around in it and the
/// quotient truncates. NumPy: mean.
NX_REDUCTION_OF(mean, MeanOpts)
/// ln Σ e^x without overflow; −inf over no elements. SciPy: logsumexp.
NX_REDUCTION(logsumexp)
/// Σ (x − mean)² / (n − ddof), in two passes, and its square root. NumPy: var, std.
NX_REDUCTION_OF(var, VarOpts)
NX_REDUCTION_OF(std, VarOpts)
/// Index (i64) of the first largest (smallest) element along one axis, by default of the flattened array; the first NaN
/// wins. Throws ValueError over no elements. NumPy: argmax, argmin.
NX_REDUCTION(argmax)
NX_REDUCTION(argmin)
#undef NX_REDUCTION
#undef NX_REDUCTION_OF

}  // namespace nx
