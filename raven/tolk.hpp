#pragma once
// The compiler: the umbrella header of tolk.
#include "raven/tolk/error.hpp"
#include "raven/tolk/passes.hpp"
#include "raven/tolk/plan.hpp"
