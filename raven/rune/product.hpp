#pragma once
// The derivative of a product. Not installed.
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"

namespace rune {

/// For each element the product of the others along `axes`, in x's shape and without dividing by 0: with one zero among
/// them only that element has a product of others, with two none.
inline nx::Array product_of_others(const nx::Array& x, const nx::Dims& axes) {
  using namespace nx;
  const SumOpts over{.axis = Axes(axes), .keepdims = true};
  const Array zero = x == 0;
  const Array zeros_met = sum(zero, over);
  const Array safe = where(zero, 1, x);
  const Array product = prod(safe, over);
  return where(zeros_met == 0, product / safe, where((zeros_met == 1) & zero, product, 0));
}

}  // namespace rune
