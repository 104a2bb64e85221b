#pragma once
// Everything.
#include "raven/kaun.hpp"
#include "raven/nx.hpp"
#include "raven/rune.hpp"
#include "raven/vega.hpp"
