// expect: list it with NX_TREE_STATIC(Type, features)
#include "raven/rune.hpp"

struct Linear {
  nx::Array weight;
  int features = 0;
  NX_TREE(Linear, weight, features)
};
