#pragma once
// Refusals under the name of the function that was called, not of one it is made of. Not installed.
#include <string_view>

#include "raven/base/error.hpp"

namespace nx::detail {

/// Runs the body of the public function `name`, which calls others. A transformation's own errors keep their name. Costs
/// nothing unless something is thrown.
template <class Body>
auto named(const char* name, const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (raven::Error& error) {
    if (std::string_view(error.op()).starts_with("nx.")) error.rename(name);
    throw;
  }
}

}  // namespace nx::detail
