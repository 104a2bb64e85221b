#include "raven/rune/jvp.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/error.hpp"
#include "raven/rune/error.hpp"

namespace rune::detail {

Array watch_pair(Forward& forward, const Array& primal, const Array& tangent, const tree::PathNode* path) {
  if (!primal.defined() || !tangent.defined()) return primal;
  if (!nx::is_float(primal.dtype()))
    throw NonDifferentiableError("rune.jvp", raven::Message("leaf '") << tree::path_string(path) << "' " << nx::aval_of(primal)
                                                                      << " takes no tangent: its dtype is not floating; give an "
                                                                         "absent tangent (Array{})");
  if (primal.shape() != tangent.shape() || primal.dtype() != tangent.dtype())
    throw nx::ShapeError("rune.jvp", raven::Message("the tangent at '") << tree::path_string(path) << "' is "
                                                                        << nx::aval_of(tangent) << ", expected "
                                                                        << nx::aval_of(primal) << " like the primal");
  return forward.watch(primal, tangent);
}

Array tangent_or_zeros(const Forward& forward, const Array& x) {
  if (!x.defined()) return {};
  Array tangent = forward.tangent_of(x);
  return tangent.defined() ? tangent : nx::zeros(x.shape(), {.dtype = x.dtype()});
}

}  // namespace rune::detail
