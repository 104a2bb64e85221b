#include <utility>

#include "raven/nx/decompose/decompose.hpp"
#include "raven/nx/program.hpp"

namespace nx::decompose_rule::higher_order {

void Call(const decompose_rule::Call& call) {
  std::vector<Array> results = eval(*call.as<CallAttrs>().program, call.in);
  for (size_t i = 0; i < results.size(); ++i) call.out[i] = std::move(results[i]);
}

}  // namespace nx::decompose_rule::higher_order
