// expect: options are named: {.axis = 0, .keepdims = true}
#include "raven/rune.hpp"

nx::Array total(const nx::Array& x) { return nx::sum(x, {0, true}); }
