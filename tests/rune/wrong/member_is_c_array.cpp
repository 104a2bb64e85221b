// expect: NX_TREE: member 'weights' is a C array; make it a std::array or std::vector
#include "raven/rune.hpp"

struct Pair {
  nx::Array weights[2];
  NX_TREE(Pair, weights)
};

size_t count(const Pair& pair) { return nx::tree::leaves(pair).size(); }
