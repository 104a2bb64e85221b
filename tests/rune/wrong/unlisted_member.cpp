// expect: list every member: NX_TREE
// expect: list_every_data_member_in_NX_TREE
#include "raven/rune.hpp"

struct Linear {
  nx::Array weight, bias;
  NX_TREE(Linear, weight)
};
