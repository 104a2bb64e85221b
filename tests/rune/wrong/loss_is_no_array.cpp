// expect: the function must return one nx::Array, or rune::with_aux(array, anything); leave out item<double>()
#include "raven/rune.hpp"

nx::Array gradient(const nx::Array& x) {
  return rune::grad([](const nx::Array& v) { return nx::sum(v).item<double>(); })(x);
}
