#pragma once
// Transformations: the umbrella header of rune.
#include "raven/nx.hpp"
#include "raven/nx/tree.hpp"
#include "raven/rune/error.hpp"
#include "raven/rune/grad.hpp"
#include "raven/rune/check.hpp"
#include "raven/rune/jit.hpp"
#include "raven/rune/jvp.hpp"
#include "raven/rune/record.hpp"
#include "raven/rune/stop_gradient.hpp"
