// expect: differentiated arguments are nx::Array or trees of them; write nx::array(3.0) for a number
#include "raven/rune.hpp"

nx::Array gradient() {
  return rune::grad([](const nx::Array& x) { return x * x; })(3.0);
}
