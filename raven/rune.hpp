#pragma once
// Transformations: the umbrella header of rune.
#include "raven/nx.hpp"
#include "raven/rune/error.hpp"
#include "raven/rune/grad.hpp"
