#pragma once
// Arrays: the umbrella header of nx.
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/join.hpp"
#include "raven/nx/api/linalg.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/random.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/array.hpp"
#include "raven/nx/composite.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/program.hpp"
