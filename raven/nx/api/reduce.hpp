#pragma once
// Reductions. Sums have one canonical order, a function of shape and axes alone, so every CPU level and thread count
// gives the same bits. Errors: AxisError; ValueError for a maximum of nothing.
#include "raven/nx/api/options.hpp"
#include "raven/nx/array.hpp"

namespace nx {

// Each reduction takes `f(x)`, `f(x, axis)`, `f(x, {0, 1})` and `f(x, {.axis = 0, .keepdims = true})`.
#define NX_REDUCTION(name)                                                            \
  RAVEN_API Array name(const Array& x, const ReduceOpts& options);                    \
  inline Array name(const Array& x) { return name(x, ReduceOpts{}); }                 \
  template <class A>                                                                  \
    requires(std::integral<A> || std::same_as<A, Axes>)                               \
  Array name(const Array& x, const A& axis) {                                         \
    ReduceOpts options;                                                               \
    options.axis = axis;                                                              \
    return name(x, options);                                                          \
  }                                                                                   \
  template <std::integral T>                                                          \
  Array name(const Array& x, std::initializer_list<T> axes) {                         \
    Dims list;                                                                        \
    for (T axis : axes) list.push_back(axis);                                         \
    ReduceOpts options;                                                               \
    options.axis = Axes(list);                                                        \
    return name(x, options);                                                          \
  }

/// Σ x. Bools and i32 sum in i64, u8 and u32 in u64. NumPy: sum.
NX_REDUCTION(sum)
/// Largest element; NaN wins. NumPy: max.
NX_REDUCTION(max)

}  // namespace nx
