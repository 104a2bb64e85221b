#pragma once
// Products of all but one: what the derivative of a product is made of. Not installed.
#include "raven/nx/array.hpp"

namespace rune {

/// For each element the product of the others along `axes`, in x's shape. Multiplications only, so it is exact at
/// zeros, does not overflow before the products themselves do, and has the right derivatives of every order.
nx::Array product_of_others(const nx::Array& x, const nx::Dims& axes);

/// 1, 2, … in this shape: a gather of it says which element an update goes to, 0 where to none.
nx::Array places_of(const nx::Shape& shape);
/// For each update the product of the other updates with the same place (integers, in u's shape). Exactly 1 where no
/// other has it.
nx::Array product_of_others_at(const nx::Array& u, const nx::Array& place);

}  // namespace rune
