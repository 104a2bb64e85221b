#pragma once
// Vector math over a value domain: `vmath::exp(d, x)`. Bounds in ULP stand beside each function; tests/vmath measures
// them.
#include "raven/vmath/activation.hpp"
#include "raven/vmath/error_function.hpp"
#include "raven/vmath/exponential.hpp"
#include "raven/vmath/logarithm.hpp"
#include "raven/vmath/power.hpp"
#include "raven/vmath/trigonometric.hpp"
