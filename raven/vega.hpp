#pragma once
// Optimizers and schedules: the umbrella header of vega.
#include "raven/vega/error.hpp"
#include "raven/vega/mask.hpp"
#include "raven/vega/schedule.hpp"
#include "raven/vega/transform.hpp"
