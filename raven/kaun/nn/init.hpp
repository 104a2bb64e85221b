#pragma once
// Initial weights.
#include "raven/kaun/nn/ctx.hpp"

namespace kaun::init {

/// U[low, high).
RAVEN_API Array uniform(Rng& rng, const nx::Shape& shape, double low, double high, nx::DType dtype);
/// N(mean, deviation²).
RAVEN_API Array normal(Rng& rng, const nx::Shape& shape, double mean, double deviation, nx::DType dtype);

}  // namespace kaun::init
