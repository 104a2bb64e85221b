// The same things written as they should be.
#include "raven/rune.hpp"

struct Linear {
  nx::Array weight, bias;
  int features = 0;
  NX_TREE(Linear, weight, bias)
  NX_TREE_STATIC(Linear, features)
};
struct Scaled : Linear {
  nx::Array scale;
  NX_TREE_BASE(Scaled, Linear, scale)
};

nx::Array gradient(const nx::Array& x) {
  return rune::grad([](const nx::Array& v) { return nx::sum(v, {.axis = 0, .keepdims = true}) + nx::sum(v, {0}); })(x);
}
Scaled gradients(const Scaled& model) {
  return rune::grad([](const Scaled& m) { return nx::sum(m.weight * m.scale); })(model);
}
nx::Array change(nx::Array x) {
  x.at(0) = nx::ones({3});
  return x;
}
