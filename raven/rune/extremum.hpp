#pragma once
// What the derivative of a maximum or minimum goes to. Not installed.
#include "raven/nx/api/logic.hpp"

namespace rune {

/// Where x is the extremum: equal to it, or NaN, which wins over every number.
inline nx::Array is_extremum(const nx::Array& x, const nx::Array& extremum) {
  return nx::equal(x, extremum) | nx::not_equal(x, x);
}

}  // namespace rune
