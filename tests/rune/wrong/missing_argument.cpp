// expect: grad<I>: there is no argument of that number; the first is 0
#include "raven/rune.hpp"

nx::Array gradient(const nx::Array& x) {
  return rune::grad<5>([](const nx::Array& v) { return nx::sum(v); })(x);
}
