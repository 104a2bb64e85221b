#include <utility>

#include "raven/nx/decompose/decompose.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/program.hpp"

namespace nx::decompose_rule::higher_order {

void Call(const decompose_rule::Call& call) {
  const auto& attrs = call.as<CallAttrs>();
  if (attrs.executable && !current_interpreter()) return attrs.executable->run(call.in, call.out);
  std::vector<Array> results = eval(*attrs.program, call.in);
  for (size_t i = 0; i < results.size(); ++i) call.out[i] = std::move(results[i]);
}

}  // namespace nx::decompose_rule::higher_order
