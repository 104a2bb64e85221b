#pragma once
// Arrays, transformations, optimizers, networks. Tokenizers are raven/brot.hpp.
#include "raven/kaun.hpp"
#include "raven/nx.hpp"
#include "raven/rune.hpp"
#include "raven/vega.hpp"
