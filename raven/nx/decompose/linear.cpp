#include "raven/nx/api/linalg.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/decompose/decompose.hpp"

namespace nx::decompose_rule {

/// y = x·wᵀ + b
void Linear(const Call& call) {
  const Array &x = call.in[0], &w = call.in[1];
  Array y = dot_general(x, w, {.lhs_contract = {x.ndim() - 1}, .rhs_contract = {1}});
  call.out[0] = call.in.size() == 3 ? std::move(y) + call.in[2] : std::move(y);
}

}  // namespace nx::decompose_rule
