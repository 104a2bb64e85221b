// expect: x(i) = v changes a temporary; write x.at(i) = v
#include "raven/rune.hpp"

void change(nx::Array& x) { x(0) = nx::ones({3}); }
