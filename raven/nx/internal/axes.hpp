#pragma once
// Checks and axis arithmetic of public functions. Not installed.
#include "raven/nx/api/options.hpp"
#include "raven/nx/array.hpp"

namespace nx::detail {

/// Throws ValueError under `name` for an empty handle.
void require_defined(const char* name, const Array& x);
/// `axis` counted from the front. Throws AxisError under `name`.
int64_t resolve_axis(const char* name, int64_t axis, int rank);
/// Ascending, distinct, counted from the front; all axes when none are named.
Dims resolve_axes(const char* name, const Axes& axes, int rank);
/// Puts reduced axes back with extent 1.
Array restore_axes(const Array& reduced, const Shape& before, const Dims& axes);

}  // namespace nx::detail
